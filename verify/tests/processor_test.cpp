// Our books against the processor's: the same, and with one thing different on either side. And what it takes to read its records.
#include <deque>
#include <set>

#include "verify/stripe_records.hpp"
#include "verify/tests/shop.hpp"

namespace purser::verify {
namespace {

using Charges = std::vector<ProcessorCharge>;

class ProcessorTest : public testing::Test {
 protected:
  static constexpr const char* url = "http://sandbox.test";

  Result<Charges> read(http::Client& client, StripeAccess access = {.base_url = url, .secret_key = "sk_test_1"}, std::optional<Instant> since = {}) {
    return shop.run(read_stripe_records(client, shop.clock, std::move(access), since, [this](Progress progress) { told.push_back(progress); }));
  }
  Charges read() { return read(shop.processor_wire()).value(); }

  std::vector<Violation> compare(const Charges& charges, Options options) {
    return look_at(folder / "books.db", [&](store::Tx& tx) { return compare_with_processor(tx, charges, options); });
  }
  Options at_rest() { return {.now = shop.clock.now(), .at_rest = true}; }

  // The charge of a payment, in a list.
  static ProcessorCharge& of(Charges& charges, const std::string& payment) {
    return *std::ranges::find_if(charges, [&](const ProcessorCharge& charge) { return charge.reference.starts_with(payment); });
  }

  Folder folder;
  Shop shop{folder / "books.db", folder / "sandbox.db"};
  std::vector<Progress> told;
};

// Each part of a payment is a step of its own; store credit is not at the processor.
TEST_F(ProcessorTest, ComparesAPaymentInPartsByItsParts) {
  shop.give_credit("gift", 500);
  shop.pay_in_parts(shop.order(1500), {{"card", "pm_card_visa", 600}, {"wallet", "", 200}, {"card", "pm_card_mastercard"}}).value();
  shop.pay_in_parts(shop.order(900), {{"card", "pm_card_visa", 400}, {"card", "pm_card_chargeDeclined"}}).value();
  const Charges same = read();
  EXPECT_TRUE(compare(same, at_rest()).empty()) << listed(compare(same, at_rest()));
  Charges twice = same;
  twice.push_back(*std::ranges::find_if(twice, [](const ProcessorCharge& charge) { return charge.captured == 600; }));
  twice.back().processor_ref = "pi_twice";
  std::set<std::string> names;
  for (const Violation& violation : compare(twice, at_rest())) names.insert(violation.check);
  EXPECT_EQ(names, (std::set<std::string>{"one_live_charge_per_order_step", "stray_charges_are_reversed"}));
}

TEST_F(ProcessorTest, DiffersInOneThingAndTellsIt) {
  const std::string sold = shop.pay(shop.order(1000)).value().payment().id();
  const std::string held = shop.pay(shop.order(2000), "pm_card_visa", true).value().payment().id();
  const std::string parts = shop.pay(shop.order(3000), "pm_card_visa", true).value().payment().id();
  shop.capture(parts, 1000).value();
  shop.capture(parts, 1500, true).value();
  shop.refund(parts, 400).value();
  const std::string declined = shop.pay(shop.order(), "pm_card_chargeDeclined").value().payment().id();
  const std::string released = shop.pay(shop.order(), "pm_card_visa", true).value().payment().id();
  shop.release(released).value();
  // What was paid elsewhere is not looked for there.
  shop.give_credit("gift", 1000);
  ASSERT_EQ(shop.pay_by_credit(700).value().payment().status(), ::payments::v1::PAYMENT_STATUS_CAPTURED);
  const Charges same = read();
  ASSERT_EQ(same.size(), 5u);
  EXPECT_TRUE(compare(same, at_rest()).empty()) << listed(compare(same, at_rest()));

  struct Row {
    const char* check;
    std::function<void(Charges&)> change;
    std::set<std::string> also{};
  };
  const Row rows[] = {
      // clang-format off
      {"our_charges_are_at_the_processor", [&](Charges& all) { std::erase_if(all, [&](const auto& charge) { return charge.reference.starts_with(sold); }); }},
      {"processor_charges_are_booked", [&](Charges& all) { all.push_back({.processor_ref = "pi_new", .reference = "", .currency = "usd", .status = "succeeded", .authorized = 5, .captured = 5}); }},
      {"processor_charges_are_booked", [&](Charges& all) { all.push_back({.processor_ref = "pi_new", .reference = "pay_none-1-1", .currency = "usd", .status = "requires_capture", .authorized = 5}); }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, sold).captured = 999; of(all, sold).released = 1; }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, held).captured = 100; }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, held).released = 2000; }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, sold).currency = "eur"; }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, sold).reference = ""; }},
      {"charge_amounts_are_equal", [&](Charges& all) { of(all, parts).released = 0; }},
      {"refunds_are_equal", [&](Charges& all) { of(all, parts).refunds.clear(); }},
      {"refunds_are_equal", [&](Charges& all) { of(all, parts).refunds[0].amount = 401; }},
      {"refunds_are_equal", [&](Charges& all) { of(all, parts).refunds[0].status = "failed"; }},
      {"refunds_are_equal", [&](Charges& all) { of(all, sold).refunds.push_back({.id = "re_new", .reference = "", .amount = 7, .status = "succeeded"}); }},
      {"one_live_charge_per_order_step", [&](Charges& all) { all.push_back(of(all, sold)); all.back().processor_ref = "pi_twice"; }, {"stray_charges_are_reversed"}},
      {"stray_charges_are_reversed", [&](Charges& all) { of(all, declined).authorized = of(all, declined).captured = 1000; }},
      {"stray_charges_are_reversed", [&](Charges& all) { of(all, released).authorized = 1000; of(all, released).released = 0; }},
      // clang-format on
  };
  std::set<std::string> tried;
  for (const Row& row : rows) {
    Charges changed = same;
    row.change(changed);
    const auto violations = compare(changed, at_rest());
    std::set<std::string> names, wanted = row.also;
    wanted.insert(row.check);
    for (const Violation& violation : violations) names.insert(violation.check);
    EXPECT_EQ(names, wanted) << listed(violations);
    tried.insert(row.check);
  }
  for (const Check& known : processor_checks()) EXPECT_TRUE(tried.contains(std::string(known.name))) << known.name << " has no row";

  // What is no longer worth anything there is no difference.
  Charges spent = same;
  spent.push_back({.processor_ref = "pi_new", .reference = "", .currency = "usd", .status = "canceled"});
  of(spent, declined).authorized = of(spent, declined).captured = 1000;
  of(spent, declined).refunds.push_back({.id = "re_new", .reference = declined + "-1-2", .amount = 1000, .status = "succeeded"});
  EXPECT_TRUE(compare(spent, at_rest()).empty()) << listed(compare(spent, at_rest()));
}

// Beside a running server: what changed since the reading began is somebody's turn, and so is what is under way.
TEST_F(ProcessorTest, LeavesOutWhatIsInFlux) {
  const Instant began = shop.clock.now();
  const std::string payment = shop.pay(shop.order()).value().payment().id();
  EXPECT_FALSE(compare({}, {.now = began + hours(1)}).empty()) << "settled before the reading began, and not there";
  EXPECT_TRUE(compare({}, {.now = began}).empty()) << "changed since";
  EXPECT_TRUE(compare({}, {.now = began + hours(1), .since = began + hours(1)}).empty()) << "begun before what was read";

  shop.at_processor("POST", "/_sandbox/faults", R"({"fault":"error_500_after_charge","count":1})");
  shop.clock.advance(hours(1));
  shop.pay(shop.order(500)).value();
  const Charges charges = read();
  const Instant later = shop.clock.now() + minutes(1);
  EXPECT_TRUE(compare(charges, {.now = later}).empty()) << "in doubt, and younger than it may be";
  const auto late = compare(charges, {.now = later + hours(26)});
  ASSERT_EQ(late.size(), 1u) << listed(late);
  EXPECT_EQ(late.front().check, "processor_charges_are_booked");
}

// A wire that answers as it is told to before it passes anything on.
class Moody final : public http::Client {
 public:
  explicit Moody(http::Client& inner) : inner_(inner) {}
  Task<http::Outcome> send(http::Outbound request) override {
    ++asked;
    if (moods.empty()) co_return co_await inner_.send(std::move(request));
    http::Outcome mood = std::move(moods.front());
    moods.pop_front();
    co_return mood;
  }
  std::deque<http::Outcome> moods;
  int asked = 0;

 private:
  http::Client& inner_;
};

TEST_F(ProcessorTest, IsReadPageByPage) {
  for (int at = 0; at < 230; ++at) {
    const auto made = shop.at_processor("POST", "/v1/payment_intents",
                                        "amount=100&currency=usd&payment_method=pm_card_visa&confirm=true&payment_method_types[]=card");
    ASSERT_EQ(made.status, 200) << made.body;
    shop.clock.advance(seconds(1));
  }
  EXPECT_EQ(read().size(), 230u);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].records, 100u);
  EXPECT_EQ(read(shop.processor_wire(), {.base_url = url, .secret_key = "sk_test_1"}, shop.clock.now() - seconds(10)).value().size(), 10u);
}

TEST_F(ProcessorTest, IsAskedAgainPolitelyAndGivenUp) {
  shop.pay(shop.order()).value();
  Moody client(shop.processor_wire());
  http::Response busy{.status = 429};
  busy.headers.set("Retry-After", "7");
  client.moods = {busy, http::Response{.status = 503}, http::NotSent{"refused"}, http::InDoubt{"cut"}};
  const Instant began = shop.clock.now();
  EXPECT_EQ(read(client).value().size(), 1u);
  EXPECT_EQ(client.asked, 6);
  EXPECT_GE((shop.clock.now() - began).ms, 7'000);

  client.moods.assign(8, http::Response{.status = 429});
  EXPECT_EQ(read(client).error().code, "processor_unavailable");
  client.moods = {http::Response{.status = 401, .body = R"({"error":{"message":"no such key"}})"}};
  const Error refused = read(client).error();
  EXPECT_EQ(refused.code, "processor_refused");
  EXPECT_NE(refused.detail.find("no such key"), std::string::npos);
  client.moods = {http::Response{.status = 200, .body = "<html>"}};
  EXPECT_EQ(read(client).error().code, "processor_unreadable");
}

}  // namespace
}  // namespace purser::verify
