#include "contexts/payments/router.hpp"

#include <algorithm>

#include "kernel/assert.hpp"

namespace purser::payments {
namespace {

std::string name_of(const Outcome& outcome) {
  if (!outcome.failure) return "unknown";
  return outcome.failure->decline_code.empty() ? outcome.failure->code : outcome.failure->decline_code;
}

// Whether what happened can turn out otherwise elsewhere.
bool may_do_better(const Outcome& outcome, const FallbackPolicy& policy) {
  if (outcome.end == End::not_sent || outcome.end == End::absent) return true;
  if (!outcome.failure) return false;
  // Not the card's fault and not the bank's: the processor could not do it.
  if (outcome.failure->code == "unknown" && outcome.failure->retryable) return true;
  return std::ranges::find(policy.decline_codes, outcome.failure->decline_code) != policy.decline_codes.end();
}

}  // namespace

Result<Route> Router::first(const PaymentStep& step) const {
  std::optional<Error> unavailable;
  for (const std::string& candidate : step.candidates) {
    const Guard* processor = processors_.find(candidate);
    PURSER_ASSERT(processor != nullptr);
    const auto ready = processor->ready();
    if (ready.ok()) return Route{candidate, unavailable ? "those before it do not answer; then " + step.why : step.why};
    if (!unavailable) unavailable = ready.error();
  }
  if (unavailable) return *std::move(unavailable);
  return Error{.kind = Kind::invalid,
               .code = "method_not_routed",
               .detail = "No processor takes \"" + step.method + "\": name another method, or route it in the merchant's configuration.",
               .fields = {{"/method", "No processor takes this method.", "method_not_routed"}}};
}

NextStep Router::after(const Payment& payment, const Attempt& attempt, const Outcome& outcome, const FallbackPolicy& policy) const {
  if (!attempt.gets_money() || outcome.end == End::succeeded || outcome.end == End::requires_action) return {};
  if (outcome.end == End::in_doubt) return {.why = "nobody else is asked while it is unknown whether money moved"};
  if (!policy.enabled) return {.why = "the merchant asks nobody else"};
  if (!may_do_better(outcome, policy)) return {.why = "nobody else is asked after " + name_of(outcome)};
  const auto of_this_card = [&](const Attempt& other) { return other.gets_money() && other.payment_method == payment.token_for(other.processor); };
  const auto asked = std::ranges::count_if(payment.attempts, of_this_card);
  if (asked >= policy.attempts_max) return {.why = "as often as the merchant allows were asked already"};
  for (const std::string& candidate : payment.candidates) {
    const bool tried =
        std::ranges::any_of(payment.attempts, [&](const Attempt& other) { return of_this_card(other) && other.processor == candidate; });
    const Guard* processor = processors_.find(candidate);
    if (tried || processor == nullptr || !processor->ready().ok()) continue;
    return {.route = Route{candidate, "after " + name_of(outcome) + " at " + attempt.processor + ", where no money moved"}};
  }
  return {.why = "no other processor is left"};
}

}  // namespace purser::payments
