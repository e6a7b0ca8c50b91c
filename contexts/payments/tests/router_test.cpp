#include "contexts/payments/router.hpp"

#include <gtest/gtest.h>

namespace purser::payments {
namespace {

const Currency usd = *Currency::parse("USD");
constexpr Instant now{1'000};

class Quiet final : public Processor {
 public:
  explicit Quiet(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Task<Outcome> process(Instruction) override { co_return Outcome{End::in_doubt}; }
  Task<Outcome> look_up(Instruction) override { co_return Outcome{End::in_doubt}; }
  Result<Notice> parse_webhook(const http::Request&, Instant) const override { return Notice{}; }

 private:
  std::string name_;
  Capabilities capabilities_{};
};

class RouterTest : public testing::Test {
 protected:
  static std::shared_ptr<Guard> guarded(const std::string& name) {
    return std::make_shared<Guard>(std::make_shared<Quiet>(name), system_clock(), system_random(), nullptr, GuardOptions{});
  }
  static Payment paying(std::vector<std::string> asked) {
    Payment payment{.id = {{1}}, .amount = {100, usd}, .payment_method = "pm_1", .candidates = {"stripe", "adyen", "paypal"}};
    for (const std::string& processor : asked) {
      const NewAttempt fresh{.id = {{static_cast<std::uint8_t>(payment.attempts.size() + 1)}}, .processor = processor, .check_at = now};
      if (payment.attempts.empty()) {
        payment = apply(payment, *start(payment, fresh, "", now), now);
      } else {
        payment = apply(payment, *fall_back(payment, payment.attempts.back().id, {.end = End::not_sent}, fresh, now), now);
      }
    }
    return payment;
  }
  NextStep after(const Payment& payment, const Outcome& outcome, const FallbackPolicy& policy = {}) {
    return router.after(payment, payment.attempts.back(), outcome, policy);
  }

  const Processors processors{{guarded("stripe"), guarded("adyen"), guarded("paypal")}};
  Router router{processors};
};

Outcome declined_with(const std::string& code) {
  return {.end = End::declined, .failure = Failure{.code = "declined", .decline_code = code, .retryable = true, .outcome = "declined"}};
}

TEST_F(RouterTest, OnlyWhatIsProvedNotToHaveHappenedIsAskedForElsewhere) {
  const Outcome refused{.end = End::declined, .failure = Failure{.code = "unknown", .retryable = true}};
  const Outcome bad_request{.end = End::declined, .failure = Failure{.code = "unknown", .retryable = false}};
  struct Row {
    const char* why;
    Outcome outcome;
    FallbackPolicy policy;
    std::vector<std::string> asked;
    std::string next;
  };
  const Row rows[] = {
      // clang-format off
      {"not sent",                       {.end = End::not_sent},                {},                          {"stripe"},                    "adyen"},
      {"proved absent",                  {.end = End::absent},                  {},                          {"stripe"},                    "adyen"},
      {"a decline others may not share", declined_with("do_not_honor"),         {},                          {"stripe"},                    "adyen"},
      {"a decline all will share",       declined_with("insufficient_funds"),   {},                          {"stripe"},                    ""},
      {"a decline the merchant lists",   declined_with("insufficient_funds"),   {.decline_codes = {"insufficient_funds"}}, {"stripe"},      "adyen"},
      {"our credentials are refused",    refused,                               {},                          {"stripe"},                    "adyen"},
      {"our request is wrong",           bad_request,                           {},                          {"stripe"},                    ""},
      {"in doubt",                       {.end = End::in_doubt},                {},                          {"stripe"},                    ""},
      {"the buyer must act",             {.end = End::requires_action},         {},                          {"stripe"},                    ""},
      {"succeeded",                      {.end = End::succeeded},               {},                          {"stripe"},                    ""},
      {"switched off",                   {.end = End::not_sent},                {.enabled = false},          {"stripe"},                    ""},
      {"often enough",                   {.end = End::not_sent},                {.attempts_max = 1},         {"stripe"},                    ""},
      {"the second, then the third",     {.end = End::not_sent},                {},                          {"stripe", "adyen"},           "paypal"},
      {"nobody is left",                 {.end = End::not_sent},                {.attempts_max = 9},         {"stripe", "adyen", "paypal"}, ""},
      // clang-format on
  };
  for (const Row& row : rows) {
    const NextStep step = after(paying(row.asked), row.outcome, row.policy);
    EXPECT_EQ(step.route ? step.route->processor : "", row.next) << row.why;
  }
}

TEST_F(RouterTest, SaysWhyNobodyElseIsAsked) {
  EXPECT_EQ(after(paying({"stripe"}), {.end = End::in_doubt}).why, "nobody else is asked while it is unknown whether money moved");
  EXPECT_EQ(after(paying({"stripe"}), declined_with("stolen_card")).why, "nobody else is asked after stolen_card");
}

TEST_F(RouterTest, NobodyTakesTheMethod) {
  const auto route = router.first({.method = "beans", .amount = 1, .candidates = {}});
  ASSERT_FALSE(route.ok());
  EXPECT_EQ(route.error().code, "method_not_routed");
}

}  // namespace
}  // namespace purser::payments
