// Each fault: what is answered, what was really done, and what a repeat under the same key meets.
#include "sandbox/faults.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

const std::string visa = "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true";
constexpr std::string_view cut = "purser-sandbox-cut";

class Faults : public Workbench {
 protected:
  http::Response with_fault(const std::string& fault, const std::string& key) {
    return post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=" + fault + "&metadata[sandbox_bytes]=7", key);
  }
};

TEST_F(Faults, InTheRequestStrikeOncePerKey) {
  struct Row {
    const char* fault;
    int first;
    const char* first_cut;
    const char* done;
    int repeat;
    bool replayed;
    const char* done_in_the_end;
  };
  const Row rows[] = {
      // clang-format off
      {"timeout_before_charge",  429, "0",  "",             200, false, "charged 1000"},
      {"timeout_after_charge",   200, "0",  "charged 1000", 200, true,  "charged 1000"},
      {"error_500_before",       500, "",   "",             500, true,  ""},
      {"error_500_after_charge", 500, "",   "charged 1000", 500, true,  "charged 1000"},
      {"cut_response",           200, "7",  "charged 1000", 200, true,  "charged 1000"},
      {"drop_response",          200, "0",  "charged 1000", 200, true,  "charged 1000"},
      {"slow",                   200, "",   "charged 1000", 200, true,  "charged 1000"},
      {"rate_limited",           429, "",   "",             200, false, "charged 1000"},
      {"lock_timeout",           429, "",   "",             200, false, "charged 1000"},
      {"decline",                402, "",   "declined 1000", 402, true, "declined 1000"},
      // clang-format on
  };
  clock_.jumps = true;
  for (const Row& row : rows) {
    std::string before = ledger();
    const auto since = [&] { return ledger().substr(before.empty() || ledger() == before ? before.size() : before.size() + 2); };
    const auto first = with_fault(row.fault, row.fault);
    EXPECT_EQ(first.status, row.first) << row.fault;
    EXPECT_EQ(first.headers.find(cut).value_or(""), row.first_cut) << row.fault;
    EXPECT_EQ(since(), row.done) << row.fault;
    const auto repeat = with_fault(row.fault, row.fault);
    EXPECT_EQ(repeat.status, row.repeat) << row.fault;
    EXPECT_EQ(repeat.headers.find("idempotent-replayed").has_value(), row.replayed) << row.fault;
    EXPECT_EQ(repeat.headers.find(cut), std::nullopt) << row.fault;
    EXPECT_EQ(since(), row.done_in_the_end) << row.fault;
  }
}

TEST_F(Faults, TimeOutsOutlastTheClient) {
  auto waiting = begin("POST", "/v1/payment_intents", visa + "&metadata[sandbox_fault]=timeout_after_charge", "k1");
  run_until([&] { return clock_.sleepers == 1; });
  EXPECT_EQ(post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=timeout_after_charge", "k1").headers.find("idempotent-replayed"), "true");
  clock_.advance(milliseconds(59'999));
  io_.poll_one();
  EXPECT_FALSE(waiting->has_value());
  clock_.advance(milliseconds(1));
  run_until([&] { return waiting->has_value(); });
}

TEST_F(Faults, ByControlCallStrikeWhatMatchesUntilTheyAreUsedUp) {
  const std::string rule = R"({"fault":"drop_response","count":1,"match":{"method":"POST","path_prefix":"/v1/payment_intents","reference":"r1"}})";
  EXPECT_EQ(post("/_sandbox/faults", rule).status, 200);
  EXPECT_EQ(post("/v1/payment_intents", visa + "&metadata[purser_reference]=r2").headers.find(cut), std::nullopt);
  EXPECT_EQ(post("/v1/payment_intents", visa + "&metadata[purser_reference]=r1").headers.find(cut), "0");
  EXPECT_EQ(post("/v1/payment_intents", visa + "&metadata[purser_reference]=r1").headers.find(cut), std::nullopt);
  EXPECT_EQ(at(get("/_sandbox/faults"), "/data/0/struck"), "1");

  post("/_sandbox/faults", R"({"fault":"error_500_before","match":{"method":"GET"}})");
  EXPECT_EQ(get("/v1/payment_intents").status, 500);
  EXPECT_EQ(at(ask("DELETE", "/_sandbox/faults"), "/data"), "[]");
  EXPECT_EQ(get("/v1/payment_intents").status, 200);
  for (const char* broken : {"", "{", R"({"fault":"rain"})", R"({"fault":"slow","count":"many"})"})
    EXPECT_EQ(post("/_sandbox/faults", broken).status, 400) << broken;
}

TEST_F(Faults, HappenAsOftenAsTheDiceSay) {
  post("/_sandbox/faults", R"({"fault":"rate_limited","probability":0.5})");
  int struck = 0;
  for (int i = 0; i < 200; ++i) struck += get("/v1/balance").status == 429;
  EXPECT_GT(struck, 50);
  EXPECT_LT(struck, 150);
}

TEST_F(Faults, ProcessingComesToItsEndByItself) {
  run_webhooks();
  const auto made = post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=processing&metadata[sandbox_delay_ms]=3000");
  EXPECT_EQ(at(made, "/status"), "processing");
  const std::string path = "/v1/payment_intents/" + at(made, "/id");
  EXPECT_EQ(at(post(path + "/cancel", ""), "/error/code"), "payment_intent_unexpected_state");
  clock_.advance(milliseconds(2999));
  EXPECT_EQ(at(get(path), "/status"), "processing");
  clock_.advance(milliseconds(1));
  while (at(get(path), "/status") == "processing") {}
  EXPECT_EQ(at(get(path), "/status"), "succeeded");
  EXPECT_EQ(ledger(), "charged 1000");
}

TEST_F(Faults, SettingsAreChangedByACall) {
  EXPECT_EQ(at(post("/_sandbox/settings", R"({"delay_ms":50,"visibility_lag_ms":0})"), "/delay_ms"), "50");
  post("/_sandbox/settings", R"({"delay_ms":0})");
  post("/v1/payment_intents", visa + "&metadata[a]=b");
  EXPECT_EQ(at(get("/v1/payment_intents/search?query=metadata['a']:'b'"), "/data/0/object"), "payment_intent");
  for (const char* broken : {"[]", R"({"delay":1})", R"({"delay_ms":"1"})"}) EXPECT_EQ(post("/_sandbox/settings", broken).status, 400) << broken;
}

TEST(FaultRule, IsReadStrictlyAndSaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      // clang-format off
      {R"({"fault":"slow","probabilty":0.5})",                    "field probabilty is none"},
      {R"({"fault":"slow","match":{"path":"/v1"}})",              "field match/path is none"},
      {R"({"fault":"slow","match":"/v1"})",                       "field match must be an object"},
      {R"({"fault":"slow","match":{"method":1}})",                "field match/method is of another type"},
      {R"({"fault":"slow","count":0})",                           "field count must be 1"},
      {R"({"fault":"slow","count":"3"})",                         "field count is of another type"},
      {R"({"fault":"slow","delay_ms":-1})",                       "field delay_ms must not be negative"},
      {R"({"fault":"cut_response","bytes":-1})",                  "field bytes is of another type than belongs there, or out of range"},
      {R"({"fault":"slow","probability":0})",                     "field probability must be"},
      {R"({"fault":"slow","probability":1.5})",                   "field probability must be"},
      {R"({"fault":"nothing"})",                                  "timeout_before_charge"},
      {R"({"fault":7})",                                          "field fault must be one of"},
      {R"({})",                                                   "field fault must be one of"},
      {R"([])",                                                   ""},
      {R"({"fault":)",                                            ""},
      // clang-format on
  };
  for (const auto& [json, says] : rows) {
    const auto rule = parse_fault_rule(json);
    ASSERT_FALSE(rule.ok()) << json;
    const std::string told = rule.error().fields.empty() ? rule.error().detail : rule.error().fields[0].detail;
    EXPECT_NE(told.find(says), std::string::npos) << json << ": " << told;
  }
  const auto whole = parse_fault_rule(
      R"({"fault":"cut_response","count":3,"probability":0.05,"delay_ms":7,"bytes":40,"match":{"method":"POST","path_prefix":"/v1","reference":"r"}})");
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->count, 3);
  EXPECT_EQ(whole->fault.bytes, 40U);
  EXPECT_EQ(whole->path_prefix, "/v1");
  EXPECT_EQ(parse_fault_rule(R"({"fault":"slow","count":null})")->count, std::nullopt);
}

}  // namespace
}  // namespace purser::sandbox
