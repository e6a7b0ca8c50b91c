// What all faces share: the ledger's processor, the settings of each, JSON bodies read as forms, and stores older than the faces.
#include "sandbox/face.hpp"

#include "sandbox/json_form.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

class Faces : public Workbench {};

TEST(JsonForm, ReadsNestedFieldsAsAFormWritesThem) {
  struct Row {
    const char* json;
    const char* form;
  };
  const Row rows[] = {
      // clang-format off
      {R"({})",                                            ""},
      {"",                                                 ""},
      {R"({"amount":{"value":1000,"currency":"EUR"}})",    "amount[value]=1000 amount[currency]=EUR "},
      {R"({"a":["x",{"b":true}],"n":null,"c":{}})",        "a[0]=x a[1][b]=true "},
      {R"({"metadata":{"sandbox_fault":"slow"}})",         "metadata[sandbox_fault]=slow "},
      {"[]",                                               "(unreadable)"},
      {"{",                                                "(unreadable)"},
      {R"({"a":1} x)",                                     "(unreadable)"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto form = form_of_json(row.json);
    std::string text = form ? "" : "(unreadable)";
    for (const auto& [name, value] : form ? form->fields() : Pairs()) text += name + "=" + value + " ";
    EXPECT_EQ(text, row.form) << row.json;
  }
}

TEST_F(Faces, AreFoundByPathAndByName) {
  for (const Face* face : faces()) {
    EXPECT_EQ(face_named(face->name()), face);
    for (const Route& route : face->routes()) {
      EXPECT_EQ(&face_for(route.pattern), face) << route.pattern;
      EXPECT_NE(route.change == nullptr, route.look == nullptr) << route.pattern;
    }
  }
  EXPECT_EQ(face_named("nobody"), nullptr);
  EXPECT_EQ(face_for("/whatever").name(), "stripe");
}

TEST_F(Faces, ShareTheLedgerUnderTheirNames) {
  const auto made = post("/v1/payment_intents", "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true");
  EXPECT_EQ(at(get("/_sandbox/ledger"), "/data/0/processor"), "stripe");
  EXPECT_EQ(ledger("?processor=stripe"), "charged 1000");
  EXPECT_EQ(ledger("?processor=nobody"), "");
  EXPECT_EQ(at(get("/_sandbox/summary?processor=stripe"), "/data/0/amount"), "1000");
  EXPECT_EQ(at(get("/_sandbox/summary?processor=nobody"), "/data"), "[]");
  EXPECT_NE(get("/").body.find("<td>stripe</td><td>charged</td>"), std::string::npos);
}

TEST_F(Faces, HaveSettingsOfTheirOwn) {
  for (const char* broken : {R"({"faces":{"nobody":{}}})", R"({"faces":{"stripe":{}}})", R"({"faces":1})"})
    EXPECT_EQ(post("/_sandbox/settings", broken).status, 400) << broken;
  EXPECT_EQ(at(get("/_sandbox/settings"), "/faces/stripe"), "(none)");
}

TEST_F(Faces, AnOldStoreIsStripes) {
  const auto folder = folder_ / "old";
  std::filesystem::create_directory(folder);
  auto first = migrations();
  first.resize(1);
  {
    auto old = store::open_sqlite({.file = folder / "sandbox.db"}, first).value();
    bool done = false;
    const auto fill = [&]() -> Task<void> {
      const auto filled = co_await old->transact([](store::Tx& tx) -> Result<Done> {
        tx.exec("insert into sandbox_ledger values (1, 5, 'charged', 'pi_1', 'ch_1', 700, 'usd', 'r', 'o', 'k')");
        tx.exec("insert into sandbox_idempotency values ('k', 'f', 5, 200, '{}')");
        return Done{};
      });
      EXPECT_TRUE(filled.ok());
    };
    boost::asio::co_spawn(io_, fill(), [&](std::exception_ptr) { done = true; });
    run_until([&] { return done; });
  }
  store_ = store::open_sqlite({.file = folder / "sandbox.db"}, migrations()).value();
  start({});
  EXPECT_EQ(ledger("?processor=stripe"), "charged 700");
}

}  // namespace
}  // namespace purser::sandbox
