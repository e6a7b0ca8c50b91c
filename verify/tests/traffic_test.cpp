// Traffic that is hard to book right: the checkers find nothing, neither in the books nor against the processor.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "verify/stripe_records.hpp"
#include "verify/tests/shop.hpp"

namespace purser::verify {
namespace {

class TrafficTest : public testing::Test {
 protected:
  // Both accounts of what happened, as they are now.
  void expect_in_order(bool at_rest = true) {
    const Options options{.now = shop.clock.now(), .at_rest = at_rest};
    const auto charges = shop.run(read_stripe_records(shop.processor_wire(), shop.clock,
                                                      {.base_url = "http://sandbox.test", .secret_key = "sk_test_1"}, std::nullopt, [](Progress) {}));
    ASSERT_TRUE(charges.ok()) << charges.error().detail;
    const auto violations = look_at(folder / "books.db", [&](store::Tx& tx) {
      auto all = check_books(tx, options);
      const auto more = compare_with_processor(tx, *charges, options);
      all.insert(all.end(), more.begin(), more.end());
      return all;
    });
    EXPECT_TRUE(violations.empty()) << listed(violations);
  }
  void fault(const std::string& name) { shop.at_processor("POST", "/_sandbox/faults", R"({"fault":")" + name + R"(","count":1})"); }
  // The processor charges once more for an attempt, unasked, and tells of it.
  void stray_charge(const std::string& reference, std::int64_t amount) {
    const auto made = shop.at_processor("POST", "/v1/payment_intents",
                                        "amount=" + std::to_string(amount) +
                                            "&currency=usd&payment_method=pm_card_visa&confirm=true&payment_method_types[]=card&"
                                            "metadata[purser_reference]=" +
                                            reference);
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(shop.tell("payment_intent.succeeded", made.body).status, 200);
  }

  Folder folder;
  Shop shop{folder / "books.db", folder / "sandbox.db"};
};

TEST_F(TrafficTest, CurrenciesThatStripeCountsInHundredths) {
  for (const char* currency : {"ISK", "UGX", "JPY", "KWD"}) {
    const std::string order = shop.order(1230, currency);
    const std::string payment = shop.pay(order).value().payment().id();
    shop.refund(payment, 230).value();
  }
  expect_in_order();
}

TEST_F(TrafficTest, AnswersThatAreLost) {
  const std::string order = shop.order(900);
  const std::string payment = shop.pay(order, "pm_card_visa", true).value().payment().id();
  for (const auto& step : {1, 2, 3}) {
    fault("error_500_after_charge");
    if (step == 1) shop.capture(payment, 300).value();
    if (step == 2) shop.capture(payment, 500, true).value();
    if (step == 3) shop.refund(payment, 800).value();
    expect_in_order(false);
    shop.look_after(3);
  }
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_REFUNDED");
  expect_in_order();
}

// The first payment was given up and another one paid. Then the first one's charge succeeds after all: it is undone, though undoing it
// is in doubt for a moment, and the order, which has another payment by now, is left alone.
TEST_F(TrafficTest, AChargeThatArrivesAfterAnotherPaymentPaid) {
  const std::string order = shop.order();
  const std::string given_up = shop.pay(order, "pm_card_chargeDeclined").value().payment().id();
  shop.pay(order).value();
  stray_charge(given_up + "-1-1", 1000);
  shop.look_after(5);
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_PAYMENT_DONE");
  expect_in_order();
}

// The same with a void: its end is found out after the buyer was declined and paid in another way.
TEST_F(TrafficTest, AVoidThatFailsAfterAnotherPaymentPaid) {
  const std::string order = shop.order();
  const auto waiting = shop.pay(order, "pm_card_authenticationRequired").value().payment();
  fault("error_500_before");
  shop.release(waiting.id()).value();
  EXPECT_EQ(shop.at_processor("POST", "/_sandbox/authenticate/" + waiting.provider_ref(), "outcome=decline").status / 100, 2);
  EXPECT_EQ(shop.tell("payment_intent.payment_failed", shop.at_processor("GET", "/v1/payment_intents/" + waiting.provider_ref()).body).status, 200);
  shop.pay(order).value();
  shop.look_after(10, minutes(1));
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_PAYMENT_DONE");
  expect_in_order();
}

TEST_F(TrafficTest, AChargeThatArrivesTwice) {
  const std::string order = shop.order();
  const std::string payment = shop.pay(order).value().payment().id();
  stray_charge(payment + "-1-1", 1000);
  shop.look_after(5);
  expect_in_order();
}

// Part of what was captured goes back while more is still held; the order is complete and partly refunded at once.
TEST_F(TrafficTest, ARefundBeforeTheLastCapture) {
  const std::string order = shop.order(900);
  const std::string payment = shop.pay(order, "pm_card_visa", true).value().payment().id();
  shop.capture(payment, 300).value();
  shop.refund(payment, 100).value();
  expect_in_order();
  shop.capture(payment, 300, true).value();
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_PARTIALLY_REFUNDED");
  expect_in_order();
  shop.refund(payment).value();
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_REFUNDED");
  expect_in_order();
}

// A cancellation waits for two refunds: one comes back from the buyer's bank before the other is made.
TEST_F(TrafficTest, ARefundThatComesBackWhileTheOrderIsBeingCancelled) {
  const std::string order = shop.order(1000);
  const std::string payment = shop.pay(order, "pm_card_visa").value().payment().id();
  fault("error_500_before");
  const std::string slow = shop.refund(payment, 300).value().refund().id();
  shop.cancel(order).value();
  expect_in_order(false);
  const auto refunds = shop.at_processor("GET", "/v1/refunds?limit=1");
  ASSERT_EQ(refunds.status, 200);
  std::string made = refunds.body.substr(refunds.body.find("[{") + 1);
  made = made.substr(0, made.rfind("}]") + 1);
  for (std::size_t at; (at = made.find("\"succeeded\"")) != std::string::npos;) made.replace(at, 11, "\"failed\"");
  EXPECT_EQ(shop.tell("refund.failed", made).status, 200);
  const auto violations = look_at(folder / "books.db", [&](store::Tx& tx) { return check_agreement(tx, std::vector{order}); });
  EXPECT_TRUE(violations.empty()) << listed(violations);
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_PAYMENT_DONE");
  shop.look_after(8);
}

// A cancellation that is refused after part of the money went back: what went back stays gone.
TEST_F(TrafficTest, ACancellationThatIsRefusedHalfway) {
  const std::string order = shop.order(1000);
  const std::string payment = shop.pay(order, "pm_card_visa").value().payment().id();
  fault("error_500_before");
  shop.refund(payment, 300).value();
  shop.cancel(order).value();
  const auto loaded = look_at(folder / "books.db", [&](store::Tx& tx) { return check_agreement(tx, std::vector{order}); });
  EXPECT_TRUE(loaded.empty()) << listed(loaded);
  // The processor never made the first refund: it is given up, and with it the cancellation.
  for (int look = 0; look < 12; ++look) shop.look_after(1, minutes(30));
  EXPECT_EQ(shop.order_status(order), "ORDER_STATUS_PARTIALLY_REFUNDED");
  expect_in_order();
}

// How long the checks take, over as many orders as PURSER_VERIFY_ORDERS says: each paid, captured in parts, partly refunded.
TEST_F(TrafficTest, TakesLittleTime) {
  const char* wanted = std::getenv("PURSER_VERIFY_ORDERS");
  const int orders = wanted ? std::atoi(wanted) : 40;
  std::vector<std::string> last(1);
  for (int at = 0; at < orders; ++at) {
    last[0] = shop.order(1000);
    const std::string payment = shop.pay(last[0], "pm_card_visa", true).value().payment().id();
    shop.capture(payment, 900, true).value();
    shop.refund(payment, 100).value();
    if (orders < 1'000) continue;
    shop.check_out().value();  // every other one is a checkout that is held
    ++at;
  }
  const auto timed = [&](const char* what, auto look, int times) {
    store::Connection connection(folder / "books.db", store::Connection::Mode::read_only, 1000);
    if (times > 1) look(connection);
    const auto began = std::chrono::steady_clock::now();
    std::vector<Violation> violations;
    for (int time = 0; time < times; ++time) violations = look(connection);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    std::printf("%s, of %d orders: %.3f ms\n", what, orders, took.count() / times);
    EXPECT_TRUE(violations.empty()) << listed(violations);
  };
  const auto books = [&](store::Tx& tx) { return check_books(tx, {.now = shop.clock.now(), .at_rest = true}); };
  const auto agreement = [&](store::Tx& tx) { return check_agreement(tx, last); };
  timed("all books", books, 1);
  timed("all books, on an open connection", books, 5);
  timed("one order's agreement, on an open connection", agreement, 100);
}

}  // namespace
}  // namespace purser::verify
