// The policy and the rates over a real database: what a day comes to, who was declined, who succeeded; what a payment keeps of its request.
#include "contexts/payments/policy_repository.hpp"

#include <gtest/gtest.h>

#include "contexts/payments/migrations.hpp"
#include "contexts/payments/policy_enforcer.hpp"
#include "contexts/payments/repository.hpp"
#include "platform/random.hpp"
#include "platform/store/tests/scratch_store.hpp"

namespace purser::payments {
namespace {

using store::Tx;

const Currency usd = *Currency::parse("USD"), eur = *Currency::parse("EUR");
constexpr Instant noon{20'000LL * 86'400'000 + 12 * 3'600'000};

class PolicyRepository : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_sqlite({.file = folder_.database()}, migrations());
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = *opened;
  }
  void TearDown() override { store_.reset(); }

  template <class Body>
  auto in_tx(Body body) {
    return *store::run_until_done(io_, store_->transact(std::move(body)));
  }

  Payment made(std::int64_t amount, Instant at, Currency currency = usd) const {
    return {.id = make_id<PaymentId>(at, system_random()),
            .merchant_id = "m",
            .order_id = "ord_1",
            .user_id = "u",
            .amount = {amount, currency},
            .payment_method = "pm",
            .client_ip = "203.0.113.7",
            .validation_issues = {{"/amount", "amount_as_text", "12 \"50\"", "1250"}, {"/é", "unknown_field", "a text", ""}},
            .created_at = at,
            .updated_at = at};
  }
  // As the service does: asked, stored, and settled.
  Result<Payment> begun(Tx& tx, const PaymentPolicy& policy, Payment payment, const std::string& processor = "stripe") const {
    const AttemptId attempt = make_id<AttemptId>(payment.created_at, system_random());
    TRY_DONE(PaymentPolicyEnforcer::enforce(tx, policy, request_of(payment), attempt, payment.created_at));
    payment = apply(payment, *start(payment, {.id = attempt, .processor = processor, .check_at = noon}, "", payment.created_at), payment.created_at);
    payment.order_id = payment.id.text();  // an order of its own, so that many can be paid at once
    insert(tx, payment, plan_of(payment));
    return payment;
  }
  static Payment settled(Tx& tx, const Payment& payment, Outcome outcome) {
    if (outcome.end == End::declined) outcome.failure = Failure{.code = "declined", .outcome = "declined"};
    const auto change =
        settle(payment, payment.attempts.back().id, outcome, {.id = payment.attempts.back().id, .check_at = noon}, payment.created_at);
    Payment after = apply(payment, *change, payment.created_at);
    update(tx, payment, after, *change);
    PaymentPolicyEnforcer::note(tx, payment, after, *change);
    return after;
  }
  static std::string code_of(const Result<Payment>& result) { return result.ok() ? "" : result.error().code; }

  store::ScratchFolder folder_;
  boost::asio::io_context io_;  // outlives the store
  std::shared_ptr<store::SqliteStore> store_;
};

TEST_F(PolicyRepository, DayHoldsWhatDidNotFail) {
  const PaymentPolicy policy{.amounts = {{.currency = "USD", .day_maximum = 1000}}};
  in_tx([&](Tx& tx) -> Result<Done> {
    const auto sum = [&] { return day_sum(tx, "m", policy.amounts.front(), day_of(noon)); };
    TRY(const Payment first, begun(tx, policy, made(600, noon)));
    EXPECT_EQ(sum(), 600);
    EXPECT_EQ(code_of(begun(tx, policy, made(401, noon))), "day_limit_reached");
    TRY(const Payment second, begun(tx, policy, made(400, noon)));
    EXPECT_EQ(sum(), 1000);
    settled(tx, second, {.end = End::declined});
    EXPECT_EQ(sum(), 600);
    settled(tx, first, {.end = End::in_doubt});
    EXPECT_EQ(sum(), 600);
    // Another currency, another day.
    TRY(const Payment other, begun(tx, policy, made(5000, noon, eur)));
    EXPECT_EQ(sum(), 600);
    TRY(const Payment tomorrow, begun(tx, policy, made(1000, noon + hours(24))));
    EXPECT_EQ(sum(), 600);
    // Counted anew from the payments, it is the same.
    forget_day_sums(tx, "m");
    EXPECT_EQ(sum(), 600);
    EXPECT_EQ(day_sum(tx, "m", {.currency = "USD", .method = "wallet"}, day_of(noon)), 0);
    EXPECT_EQ(day_sum(tx, "another", policy.amounts.front(), day_of(noon)), 0);
    return Done{};
  });
}

// Two transactions that read the same sum: the second is told to read again.
TEST_F(PolicyRepository, DayIsNotRaisedBeyondItsLimit) {
  const AmountLimit limit{.currency = "USD", .day_maximum = 1000};
  in_tx([&](Tx& tx) -> Result<Done> {
    EXPECT_EQ(day_sum(tx, "m", limit, 1), 0);
    add_to_day(tx, "m", limit, 1, 1000);
    EXPECT_THROW(add_to_day(tx, "m", limit, 1, 1), store::Trouble);
    EXPECT_EQ(day_sum(tx, "m", limit, 1), 1000);
    return Done{};
  });
}

TEST_F(PolicyRepository, DeclinesAreCountedWithWhatIsUnderWay) {
  const PaymentPolicy policy{.velocity = {.declines_per_customer = 2}};
  in_tx([&](Tx& tx) -> Result<Done> {
    const auto now_of = [&](Instant since) { return declines_of(tx, "m", DeclinesOf::customer, "u", since); };
    TRY(const Payment first, begun(tx, policy, made(1, noon)));
    TRY(const Payment second, begun(tx, policy, made(1, noon + seconds(1))));
    EXPECT_EQ(now_of(noon - hours(1)).under_way, 2);
    EXPECT_EQ(code_of(begun(tx, policy, made(1, noon + seconds(2)))), "customer_declined_often");
    settled(tx, first, {.end = End::succeeded, .processor_ref = "pi_1"});
    EXPECT_EQ(now_of(noon - hours(1)).under_way, 1);
    settled(tx, second, {.end = End::declined});
    const Declines declines = now_of(noon - hours(1));
    EXPECT_EQ(declines.declined, 1);
    EXPECT_EQ(declines.under_way, 0);
    EXPECT_EQ(declines.next_free, noon + seconds(1));
    EXPECT_EQ(now_of(noon + seconds(1)).declined, 0) << "it left the window";
    EXPECT_EQ(declines_of(tx, "m", DeclinesOf::address, "203.0.113.7", noon).declined, 1);
    EXPECT_EQ(declines_of(tx, "m", DeclinesOf::address, "", noon).declined, 0);
    EXPECT_EQ(declines_of(tx, "another", DeclinesOf::customer, "u", noon).declined, 0);
    return Done{};
  });
}

// A buyer who stayed away, and what was found never to have arrived, are no declines.
TEST_F(PolicyRepository, OnlyANoIsADecline) {
  const PaymentPolicy policy{.velocity = {.declines_per_customer = 9}};
  in_tx([&](Tx& tx) -> Result<Done> {
    for (const End end : {End::not_sent, End::in_doubt, End::requires_action, End::succeeded}) {
      TRY(const Payment payment, begun(tx, policy, made(1, noon)));
      settled(tx, payment, {.end = end});
    }
    const Declines declines = declines_of(tx, "m", DeclinesOf::customer, "u", noon - hours(1));
    EXPECT_EQ(declines.declined + declines.under_way, 0);
    return Done{};
  });
}

TEST_F(PolicyRepository, OldDeclinesGoAsNewOnesCome) {
  in_tx([&](Tx& tx) -> Result<Done> {
    TRY(const Payment old, begun(tx, {}, made(1, noon)));
    settled(tx, old, {.end = End::declined});
    EXPECT_EQ(declines_of(tx, "m", DeclinesOf::customer, "u", {0}).declined, 1);
    TRY(const Payment late, begun(tx, {}, made(1, noon + hours(9 * 24))));
    settled(tx, late, {.end = End::declined});
    EXPECT_EQ(declines_of(tx, "m", DeclinesOf::customer, "u", {0}).declined, 1);
    return Done{};
  });
}

TEST_F(PolicyRepository, RatesAreOfWhatIsKnownWithinTheWindow) {
  in_tx([&](Tx& tx) -> Result<Done> {
    const auto pay = [&](const std::string& processor, End end, Instant at) -> Result<Done> {
      TRY(const Payment payment, begun(tx, {}, made(1, at), processor));
      settled(tx, payment, {.end = end});
      return Done{};
    };
    TRY_DONE(pay("stripe", End::succeeded, noon - hours(2)));  // before the window
    TRY_DONE(pay("stripe", End::succeeded, noon));
    TRY_DONE(pay("stripe", End::declined, noon));
    TRY_DONE(pay("stripe", End::in_doubt, noon));
    TRY_DONE(pay("stripe", End::requires_action, noon));  // not known yet
    TRY_DONE(pay("adyen", End::succeeded, noon));
    TRY(const Payment under_way, begun(tx, {}, made(1, noon), "adyen"));
    const auto rates = success_rates(tx, "m", "card", noon - hours(1));
    EXPECT_EQ(rates.size(), 2U);
    EXPECT_EQ(rates.at(0).processor, "adyen");
    EXPECT_EQ(rates.at(0).attempts, 1);
    EXPECT_EQ(rates.at(0).succeeded, 1);
    EXPECT_EQ(rates.at(1).processor, "stripe");
    EXPECT_EQ(rates.at(1).attempts, 3);
    EXPECT_EQ(rates.at(1).succeeded, 1);
    EXPECT_TRUE(success_rates(tx, "m", "wallet", noon - hours(1)).empty());
    EXPECT_TRUE(success_rates(tx, "another", "card", noon - hours(1)).empty());
    return Done{};
  });
}

TEST_F(PolicyRepository, AttemptsOfAnOrderAreThoseOfAllItsPayments) {
  in_tx([&](Tx& tx) -> Result<Done> {
    TRY(const Payment payment, begun(tx, {}, made(1, noon)));
    EXPECT_EQ(money_attempts_of_order(tx, "m", payment.order_id), 1);
    EXPECT_EQ(money_attempts_of_order(tx, "another", payment.order_id), 0);
    return Done{};
  });
}

TEST_F(PolicyRepository, PaymentKeepsWhatWasRepaired) {
  in_tx([&](Tx& tx) -> Result<Done> {
    TRY(const Payment payment, begun(tx, {}, made(1, noon)));
    const auto found = find(tx, "m", payment.id.text());
    EXPECT_EQ(found->validation_issues, payment.validation_issues);
    EXPECT_EQ(found->client_ip, "203.0.113.7");
    return Done{};
  });
}

}  // namespace
}  // namespace purser::payments
