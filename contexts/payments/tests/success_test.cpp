#include "contexts/payments/rules/success.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "contexts/payments/rules/plan.hpp"

namespace purser::payments {
namespace {

using Names = std::vector<std::string>;
const Names all = {"stripe", "adyen", "paypal"};
const SuccessRouting on{.enabled = true, .exploration_percent = 0};

TEST(Success, WhoSucceededMostOftenLeads) {
  struct Row {
    const char* why;
    SuccessRouting routing;
    Names candidates;
    std::vector<SuccessRate> rates;
    std::string leader;
  };
  const Row rows[] = {
      // clang-format off
      {"switched off",              {},  all,        {{"stripe", 100, 10}, {"adyen", 100, 99}},                     ""},
      {"nothing known",             on,  all,        {},                                                           ""},
      {"the second is better",      on,  all,        {{"stripe", 100, 90}, {"adyen", 100, 91}},                     "adyen"},
      {"the first is better",       on,  all,        {{"stripe", 100, 92}, {"adyen", 100, 91}},                     "stripe"},
      {"as good: the first",        on,  all,        {{"stripe", 50, 45}, {"adyen", 100, 90}},                      "stripe"},
      {"by share, not by number",   on,  all,        {{"stripe", 1000, 900}, {"adyen", 100, 95}},                   "adyen"},
      {"the best of three",         on,  all,        {{"stripe", 100, 1}, {"adyen", 100, 2}, {"paypal", 100, 3}},   "paypal"},
      {"too little traffic",        on,  all,        {{"stripe", 100, 10}, {"adyen", 19, 19}},                      "stripe"},
      {"just enough",               on,  all,        {{"stripe", 100, 10}, {"adyen", 20, 19}},                      "adyen"},
      {"of the first too little",   on,  all,        {{"stripe", 19, 0}, {"adyen", 100, 99}},                       ""},
      {"not a candidate",           on,  {"stripe", "paypal"}, {{"stripe", 100, 10}, {"adyen", 100, 99}},           "stripe"},
      {"nobody else",               on,  {"stripe"}, {{"stripe", 100, 10}},                                        ""},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(leader_of(row.candidates, "pay_1", row.routing, row.rates).processor, row.leader) << row.why;
  EXPECT_EQ(leader_of(all, "pay_1", on, {{"stripe", 100, 90}, {"adyen", 100, 91}}).why, "succeeded most often lately: 91 of 100");
}

TEST(Success, FewGoToTheOthersInTurnAndAlwaysTheSame) {
  const SuccessRouting routing{.enabled = true, .exploration_percent = 10};
  const std::vector<SuccessRate> rates = {{"stripe", 100, 99}, {"adyen", 100, 50}, {"paypal", 100, 40}};
  std::map<std::string, int> asked;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "pay_" + std::to_string(i);
    const Leader leader = leader_of(all, id, routing, rates);
    EXPECT_EQ(leader.processor, leader_of(all, id, routing, rates).processor);
    if (leader.processor != "stripe") EXPECT_EQ(leader.why, "explored: 10 % of the payments go to the others in turn");
    ++asked[leader.processor];
  }
  EXPECT_NEAR(asked["stripe"], 9'000, 200);
  EXPECT_NEAR(asked["adyen"], 500, 150);
  EXPECT_NEAR(asked["paypal"], 500, 150);
}

CoreRequestContext request() { return {.payment_id = "pay_1", .amount = {1000, *Currency::parse("USD")}, .at = {0}}; }
const std::vector<SuccessRate> adyen_leads = {{"stripe", 100, 50}, {"adyen", 100, 90}, {"paypal", 100, 95}};

TEST(Success, PlanIsLedByItWhereNothingElseDecides) {
  MerchantConfig config{.priority = {"stripe", "adyen"}, .success = on};
  PaymentStep step = build_plan(request(), config, all, adyen_leads).steps.front();
  EXPECT_EQ(step.candidates, (Names{"adyen", "stripe"}));
  EXPECT_EQ(step.why, "succeeded most often lately: 90 of 100");

  config.volume = {{"stripe", 100}};
  step = build_plan(request(), config, all, adyen_leads).steps.front();
  EXPECT_EQ(step.candidates.front(), "stripe");
  EXPECT_EQ(step.why, "100 % of the volume");

  config.rules = {{.name = "r", .processors = {"stripe", "paypal"}}};
  step = build_plan(request(), config, all, adyen_leads).steps.front();
  EXPECT_EQ(step.candidates, (Names{"paypal", "stripe", "adyen"}));
  EXPECT_EQ(step.why, "rule \"r\", succeeded most often lately: 95 of 100");
}

// payment_method is the first one's; another can lead only with a token of its own.
TEST(Success, WhoHasNoTokenDoesNotLead) {
  const MerchantConfig config{.priority = {"stripe", "adyen", "paypal"}, .success = on};
  const auto first = [&](std::optional<Names> tokens_at) {
    CoreRequestContext context = request();
    context.tokens_at = std::move(tokens_at);
    return build_plan(context, config, all, adyen_leads).steps.front().candidates.front();
  };
  EXPECT_EQ(first(std::nullopt), "paypal");
  EXPECT_EQ(first(Names{"adyen"}), "adyen");
  EXPECT_EQ(first(Names{}), "stripe");
}

RC_GTEST_PROP(Success, PlanNamesTheSameProcessorsWhoeverLeads, (std::vector<std::uint8_t> counts, std::string id)) {
  std::vector<SuccessRate> rates;
  for (std::size_t i = 0; i < counts.size() && i < all.size(); ++i) rates.push_back({all[i], 255, counts[i]});
  CoreRequestContext context = request();
  context.payment_id = id;
  MerchantConfig config{.priority = all};
  Names before = build_plan(context, config, all).steps.front().candidates;
  config.success = {.enabled = true, .exploration_percent = 50};
  Names after = build_plan(context, config, all, rates).steps.front().candidates;
  std::ranges::sort(before), std::ranges::sort(after);
  RC_ASSERT(before == after);
}

}  // namespace
}  // namespace purser::payments
