#include "contexts/payments/rules/policy.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "contexts/payments/rules/plan.hpp"

namespace purser::payments {
namespace {

const Currency usd = *Currency::parse("USD");
constexpr Instant now{1'700'000'000'000};  // 22:13:20 UTC

CoreRequestContext request(std::int64_t amount = 1000) {
  return {.order_id = "ord_1", .user_id = "u", .client_ip = "203.0.113.7", .amount = {amount, usd}, .method = "card", .country = "DE", .at = now};
}
PolicyFacts facts_with(std::vector<std::int64_t> day_sums = {0}) { return {.day_sums = std::move(day_sums)}; }

// Every rule breaks its own row and all that come later, so that the order shows.
PaymentPolicy strictest() {
  return {.amounts = {{.currency = "USD", .payment_minimum = 2000, .payment_maximum = 500, .day_maximum = 100}},
          .methods_allowed = {"wallet"},
          .countries_allowed = {"AT"},
          .countries_refused = {"DE"},
          .attempts_per_order = 1,
          .velocity = {.declines_per_order = 1, .declines_per_customer = 1, .declines_per_address = 1}};
}
const PolicyFacts worst{.attempts_of_order = 9,
                        .of_order = {.declined = 9, .next_free = now + minutes(10)},
                        .of_customer = {.declined = 9, .next_free = now + minutes(20)},
                        .of_address = {.declined = 9, .next_free = now + minutes(30)},
                        .day_sums = {90}};

TEST(Policy, RulesAreAskedInOrder) {
  using enum PolicyRefusal;
  struct Row {
    PolicyRefusal why;
    void (*relax)(PaymentPolicy& policy);  // takes the rule away, so that the next one is seen
    Kind kind;
    const char* pointer;
    const char* code;
    std::optional<int> retry_after;
  };
  const Row rows[] = {
      // clang-format off
      {method_refused,          [](PaymentPolicy& p) { p.methods_allowed = {"wallet", "card"}; },      Kind::invalid,      "/method",    "method_refused",          {}},
      {country_refused,         [](PaymentPolicy& p) { p.countries_refused.clear(); },                 Kind::invalid,      "/country",   "country_refused",         {}},
      {country_refused,         [](PaymentPolicy& p) { p.countries_allowed.emplace_back("DE"); },      Kind::invalid,      "/country",   "country_refused",         {}},
      {amount_below_minimum,    [](PaymentPolicy& p) { p.amounts.front().payment_minimum = 1000; },    Kind::invalid,      "/order_id",  "amount_below_minimum",    {}},
      {amount_above_maximum,    [](PaymentPolicy& p) { p.amounts.front().payment_maximum = 1000; },    Kind::invalid,      "/order_id",  "amount_above_maximum",    {}},
      {order_attempts_used,     [](PaymentPolicy& p) { p.attempts_per_order = 10; },                   Kind::invalid,      "/order_id",  "order_attempts_used",     {}},
      {order_declined_often,    [](PaymentPolicy& p) { p.velocity.declines_per_order = 10; },          Kind::rate_limited, "/order_id",  "order_declined_often",    600},
      {customer_declined_often, [](PaymentPolicy& p) { p.velocity.declines_per_customer = 0; },        Kind::rate_limited, "/user_id",   "customer_declined_often", 1200},
      {address_declined_often,  [](PaymentPolicy& p) { p.velocity.declines_per_address = 10; },        Kind::rate_limited, "/client_ip", "address_declined_often",  1800},
      {day_limit_reached,       [](PaymentPolicy& p) { p.amounts.front().day_maximum = 1090; },        Kind::rate_limited, "/order_id",  "day_limit_reached",       6400},
      // clang-format on
  };
  PaymentPolicy policy = strictest();
  for (const Row& row : rows) {
    const auto refused = refusal_of(policy, request(), worst);
    ASSERT_TRUE(refused) << row.code;
    EXPECT_EQ(int(refused->why), int(row.why)) << row.code;
    const Error error = explain(*refused, request(), now);
    EXPECT_EQ(error.kind, row.kind) << row.code;
    EXPECT_EQ(error.code, row.code);
    ASSERT_EQ(error.fields.size(), 1U);
    EXPECT_EQ(error.fields.front().pointer, row.pointer) << row.code;
    EXPECT_EQ(error.retry_after_seconds, row.retry_after) << row.code;
    row.relax(policy);
  }
  EXPECT_FALSE(refusal_of(policy, request(), worst));
}

TEST(Policy, NothingSaidIsNothingRefused) { EXPECT_FALSE(refusal_of({}, request(), {})); }

TEST(Policy, CountriesAllowedNeedOneNamed) {
  CoreRequestContext from_nowhere = request();
  from_nowhere.country.clear();
  EXPECT_EQ(refusal_of({.countries_allowed = {"DE"}}, from_nowhere, {})->why, PolicyRefusal::country_required);
  EXPECT_FALSE(refusal_of({.countries_refused = {"DE"}}, from_nowhere, {}));
  EXPECT_FALSE(refusal_of({.countries_allowed = {"DE"}}, request(), {}));
}

TEST(Policy, LimitIsOfItsCurrencyAndMethodAlone) {
  struct Row {
    const char* why;
    AmountLimit limit;
    bool refuses;
  };
  const Row rows[] = {
      {"all methods", {.currency = "USD", .payment_maximum = 999}, true},
      {"this method", {.currency = "USD", .method = "card", .payment_maximum = 999}, true},
      {"another method", {.currency = "USD", .method = "wallet", .payment_maximum = 999}, false},
      {"another currency", {.currency = "EUR", .payment_maximum = 999}, false},
      {"its maximum", {.currency = "USD", .payment_maximum = 1000}, false},
      {"its minimum", {.currency = "USD", .payment_minimum = 1000}, false},
      {"one below", {.currency = "USD", .payment_minimum = 1001}, true},
      {"what is left of the day", {.currency = "USD", .day_maximum = 1500}, false},
      {"one more than is left", {.currency = "USD", .day_maximum = 1499}, true},
      {"the day of another currency", {.currency = "EUR", .day_maximum = 1}, false},
  };
  for (const Row& row : rows) EXPECT_EQ(refusal_of({.amounts = {row.limit}}, request(), facts_with({500})).has_value(), row.refuses) << row.why;
}

// Ten requests at once must not pass because none of them was declined yet.
TEST(Policy, WhatIsUnderWayMayBeDeclined) {
  const PaymentPolicy policy{.velocity = {.declines_per_customer = 3}};
  EXPECT_FALSE(refusal_of(policy, request(), {.of_customer = {.declined = 1, .under_way = 1}}));
  const auto refused = refusal_of(policy, request(), {.of_customer = {.declined = 1, .under_way = 2, .next_free = now + hours(1)}});
  ASSERT_TRUE(refused);
  EXPECT_EQ(explain(*refused, request(), now).retry_after_seconds, 2);
}

TEST(Policy, SumThatOverflowsIsTooMuch) {
  const PaymentPolicy policy{.amounts = {{.currency = "USD", .day_maximum = INT64_MAX}}};
  EXPECT_TRUE(refusal_of(policy, request(), facts_with({INT64_MAX - 999})));
  EXPECT_FALSE(refusal_of(policy, request(), facts_with({INT64_MAX - 1000})));
}

TEST(Policy, DirectPaymentsAmountIsItsOwnField) {
  CoreRequestContext direct = request();
  direct.order_id.clear();
  const PaymentPolicy policy{.amounts = {{.currency = "USD", .payment_maximum = 1}}};
  EXPECT_EQ(explain(*refusal_of(policy, direct, facts_with()), direct, now).fields.front().pointer, "/amount");
}

RC_GTEST_PROP(Policy, DayNeverComesToMoreThanItsMaximum, (std::vector<std::uint16_t> amounts, std::uint16_t maximum)) {
  const PaymentPolicy policy{.amounts = {{.currency = "USD", .day_maximum = maximum}}};
  std::int64_t sum = 0;
  for (const std::uint16_t amount : amounts)
    if (!refusal_of(policy, request(amount), facts_with({sum}))) sum += amount;
  RC_ASSERT(sum <= maximum);
}

TEST(Policy, FaultsNameTheirPlace) {
  struct Row {
    const char* why;
    PaymentPolicy policy;
    std::string pointer, code;
  };
  const Row rows[] = {
      // clang-format off
      {"no such currency",    {.amounts = {{.currency = "EUX", .payment_maximum = 1}}},                         "/policy/amounts/0/currency",        "unknown_currency"},
      {"limits nothing",      {.amounts = {{.currency = "USD"}}},                                               "/policy/amounts/0",                 "required"},
      {"minimum above",       {.amounts = {{.currency = "USD", .payment_minimum = 2, .payment_maximum = 1}}},   "/policy/amounts/0/payment_maximum", "out_of_range"},
      {"day below minimum",   {.amounts = {{.currency = "USD", .payment_minimum = 2, .day_maximum = 1}}},       "/policy/amounts/0/day_maximum",     "out_of_range"},
      {"the same twice",      {.amounts = {{.currency = "USD", .payment_maximum = 1}, {.currency = "USD", .payment_maximum = 2}}}, "/policy/amounts/1", "duplicate"},
      {"a method twice",      {.methods_allowed = {"card", "card"}},                                            "/policy/methods_allowed/1",         "duplicate"},
      {"a country of three",  {.countries_allowed = {"DEU"}},                                                   "/policy/countries_allowed/0",       "country_malformed"},
      {"a country of digits", {.countries_refused = {"D1"}},                                                    "/policy/countries_refused/0",       "country_malformed"},
      {"a country twice",     {.countries_allowed = {"DE", "DE"}},                                              "/policy/countries_allowed/1",       "duplicate"},
      {"allowed and refused", {.countries_allowed = {"DE"}, .countries_refused = {"DE"}},                       "/policy/countries_refused/0",       "contradiction"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto faults = faults_of(row.policy);
    ASSERT_EQ(faults.size(), 1U) << row.why;
    EXPECT_EQ(faults.front().pointer, row.pointer) << row.why;
    EXPECT_EQ(faults.front().code, row.code) << row.why;
  }
  EXPECT_TRUE(faults_of(PaymentPolicy{}).empty());
}

}  // namespace
}  // namespace purser::payments
