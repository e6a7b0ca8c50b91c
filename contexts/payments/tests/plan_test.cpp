#include "contexts/payments/rules/plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace purser::payments {
namespace {

using Names = std::vector<std::string>;

const Names all = {"stripe", "adyen", "paypal"};
const Currency usd = *Currency::parse("USD"), eur = *Currency::parse("EUR");
constexpr Instant noon{12 * 3'600'000};
constexpr Instant night{23 * 3'600'000};

CoreRequestContext request(std::int64_t amount = 1000) { return {.payment_id = "pay_1", .amount = {amount, usd}, .at = noon}; }
MerchantConfig with(RoutingRule rule) {
  rule.name = "r";
  rule.processors = {"adyen"};
  return {.version = 3, .rules = {std::move(rule)}};
}
Names candidates(const CoreRequestContext& of, const MerchantConfig& config) { return build_plan(of, config, all).steps.front().candidates; }

TEST(Plan, EachPartOfTheConfigurationHasItsRank) {
  const MerchantConfig nothing;
  const MerchantConfig priority{.priority = {"paypal", "stripe"}};
  const MerchantConfig by_method{.methods = {{"card", {"adyen", "stripe"}}}, .priority = {"paypal", "stripe"}};
  MerchantConfig all_of_it = by_method;
  all_of_it.volume = {{"stripe", 100}};
  MerchantConfig with_rule = all_of_it;
  with_rule.rules = {{.name = "large", .processors = {"adyen"}}};
  MerchantConfig outside = by_method;
  outside.rules = {{.name = "not for cards", .processors = {"paypal"}}};
  struct Row {
    const char* why;
    MerchantConfig config;
    Names candidates;
    std::string reason;
  };
  const Row rows[] = {
      // clang-format off
      {"none: the server's first",            nothing,   {"stripe"},                    "the server's first for card"},
      {"priority, and nobody else",           priority,  {"paypal", "stripe"},          "first by priority"},
      {"a method's own processors, no other", by_method, {"adyen", "stripe"},           "first for card"},
      {"volume before the method's order",    all_of_it, {"stripe", "adyen"},           "100 % of the volume"},
      {"a rule before all",                   with_rule, {"adyen", "stripe"},           "rule \"large\""},
      {"none that cannot take the method",    outside,   {"adyen", "stripe"},           "first for card"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const PaymentPlan plan = build_plan(request(), row.config, all);
    EXPECT_EQ(plan.steps.front().candidates, row.candidates) << row.why;
    EXPECT_EQ(plan.steps.front().why, row.reason) << row.why;
  }
}

TEST(Plan, RuleHoldsWhereAllThatItNamesHolds) {
  CoreRequestContext german = request();
  german.country = "DE", german.card_network = "visa", german.metadata = {{"tier", "gold"}, {"x", "y"}};
  CoreRequestContext euros = request();
  euros.amount.currency = eur;
  CoreRequestContext late = request();
  late.at = night;
  struct Row {
    const char* why;
    CoreRequestContext request;
    RoutingRule rule;
    bool holds;
  };
  const Row rows[] = {
      // clang-format off
      {"nothing named",               request(),     {},                                                             true},
      {"currency",                    request(),     {.currencies = {"EUR", "USD"}},                                 true},
      {"another currency",            euros,         {.currencies = {"USD"}},                                        false},
      {"amount, its least",           request(1000), {.amount_minimum = 1000},                                       true},
      {"amount, one below",           request(999),  {.amount_minimum = 1000},                                       false},
      {"amount, its most",            request(1000), {.amount_maximum = 1000},                                       true},
      {"amount, one above",           request(1001), {.amount_maximum = 1000},                                       false},
      {"country",                     german,        {.countries = {"AT", "DE"}},                                    true},
      {"country unknown",             request(),     {.countries = {"DE"}},                                          false},
      {"card network",                german,        {.card_networks = {"visa"}},                                    true},
      {"another card network",        german,        {.card_networks = {"amex"}},                                    false},
      {"method",                      request(),     {.methods = {"card"}},                                          true},
      {"another method",              request(),     {.methods = {"paypal"}},                                        false},
      {"metadata",                    german,        {.metadata = {{"tier", "gold"}}},                               true},
      {"metadata of another value",   german,        {.metadata = {{"tier", "silver"}}},                             false},
      {"metadata that is not there",  request(),     {.metadata = {{"tier", "gold"}}},                               false},
      {"hours",                       request(),     {.hour_from = 12, .hour_until = 13},                            true},
      {"hours, at their end",         request(),     {.hour_from = 8, .hour_until = 12},                             false},
      {"over midnight, before it",    late,          {.hour_from = 22, .hour_until = 6},                             true},
      {"over midnight, by day",       request(),     {.hour_from = 22, .hour_until = 6},                             false},
      {"all but one hold",            german,        {.currencies = {"USD"}, .countries = {"DE"}, .methods = {"x"}}, false},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(candidates(row.request, with(row.rule)).front() == "adyen", row.holds) << row.why;
}

TEST(Plan, FirstRuleThatHoldsIsTheOne) {
  const MerchantConfig config{.rules = {{.name = "a", .processors = {"paypal"}, .currencies = {"EUR"}},
                                        {.name = "b", .processors = {"adyen"}},
                                        {.name = "c", .processors = {"paypal"}}}};
  EXPECT_EQ(build_plan(request(), config, all).steps.front().why, "rule \"b\"");
}

TEST(Plan, NobodyTakesTheMethod) {
  const MerchantConfig config{.methods = {{"card", {"gone"}}}};
  EXPECT_TRUE(candidates(request(), config).empty());
}

TEST(Plan, VolumeIsSharedAsItSays) {
  const MerchantConfig config{.volume = {{"stripe", 70}, {"adyen", 30}}};
  int stripe = 0;
  for (int i = 0; i < 10'000; ++i) {
    CoreRequestContext one = request();
    one.payment_id = "pay_" + std::to_string(i);
    if (candidates(one, config).front() == "stripe") ++stripe;
    EXPECT_EQ(candidates(one, config), candidates(one, config));
  }
  EXPECT_NEAR(stripe, 7'000, 200);
}

RC_GTEST_PROP(Plan, StepsSumToTheAmountAndNameNobodyTwice, (std::int64_t amount, std::vector<std::uint8_t> picks)) {
  MerchantConfig config;
  const Names known = {"stripe", "adyen", "paypal", "gone"};
  for (const std::uint8_t pick : picks) {
    const std::string& name = known[pick % 4];
    if (pick % 3 == 0) config.priority.push_back(name);
    if (pick % 3 == 1) config.rules.push_back({.name = "r", .processors = {name}, .amount_minimum = pick});
    if (pick % 3 == 2) config.volume.push_back({name, pick % 50});
  }
  const PaymentPlan plan = build_plan(request(std::abs(amount % 1'000'000)), config, all);
  std::int64_t sum = 0;
  for (const PaymentStep& step : plan.steps) {
    sum += step.amount;
    RC_ASSERT(!step.candidates.empty());
    RC_ASSERT((std::set<std::string>(step.candidates.begin(), step.candidates.end()).size()) == step.candidates.size());
    for (const std::string& candidate : step.candidates) RC_ASSERT(std::ranges::find(all, candidate) != all.end());
  }
  RC_ASSERT(sum == plan.amount.minor);
}

TEST(Plan, FaultsOfAConfigurationNameTheirPlace) {
  struct Row {
    const char* why;
    MerchantConfig config;
    std::string pointer, code;
  };
  const Row rows[] = {
      // clang-format off
      {"unknown in priority",       {.priority = {"stripe", "stripes"}},                                              "/priority/1",                 "processor_unknown"},
      {"twice in priority",         {.priority = {"stripe", "stripe"}},                                               "/priority",                   "duplicate"},
      {"unknown in a rule",         {.rules = {{.name = "a", .processors = {"x"}}}},                                  "/rules/0/processors/0",       "processor_unknown"},
      {"rule without any",          {.rules = {{.name = "a"}}},                                                       "/rules/0/processors",         "required"},
      {"rules of one name",         {.rules = {{.name = "a", .processors = {"stripe"}}, {.name = "a", .processors = {"stripe"}}}}, "/rules/1/name", "duplicate"},
      {"unknown currency",          {.rules = {{.name = "a", .processors = {"stripe"}, .currencies = {"EUX"}}}},      "/rules/0/currencies/0",       "unknown_currency"},
      {"amount without currency",   {.rules = {{.name = "a", .processors = {"stripe"}, .amount_minimum = 1}}},        "/rules/0/currencies",         "currency_needed"},
      {"amounts the wrong way",     {.rules = {{.name = "a", .processors = {"stripe"}, .currencies = {"USD"}, .amount_minimum = 2, .amount_maximum = 1}}}, "/rules/0/amount_maximum", "out_of_range"},
      {"one hour alone",            {.rules = {{.name = "a", .processors = {"stripe"}, .hour_until = 0}}},            "/rules/0/hour_until",         "required"},
      {"a country of three",        {.rules = {{.name = "a", .processors = {"stripe"}, .countries = {"DEU"}}}},       "/rules/0/countries/0",        "country_malformed"},
      {"no hours",                  {.rules = {{.name = "a", .processors = {"stripe"}, .hour_from = 3, .hour_until = 3}}}, "/rules/0/hour_until",    "out_of_range"},
      {"shares of 99",              {.volume = {{"stripe", 60}, {"adyen", 39}}},                                      "/volume",                     "out_of_range"},
      {"unknown in the volume",     {.volume = {{"x", 100}}},                                                         "/volume/0/processor",         "processor_unknown"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto faults = faults_of(row.config, all);
    ASSERT_EQ(faults.size(), 1U) << row.why;
    EXPECT_EQ(faults.front().pointer, row.pointer) << row.why;
    EXPECT_EQ(faults.front().code, row.code) << row.why;
  }
  EXPECT_TRUE(faults_of({}, all).empty());
}

}  // namespace
}  // namespace purser::payments
