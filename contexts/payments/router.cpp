#include "contexts/payments/router.hpp"

#include <algorithm>

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
    const auto ready = processors_.ready(candidate);
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
  const auto asked = payment.asked_for_this_request();
  if (std::ssize(asked) >= policy.attempts_max) return {.why = "as many as the merchant allows were asked already"};
  bool unknown = false;
  for (const std::string& candidate : payment.candidates) {
    if (std::ranges::find(asked, candidate, &Attempt::processor) != asked.end() || !processors_.ready(candidate).ok()) continue;
    if (!payment.tokens.contains(candidate)) {
      unknown = true;
      continue;
    }
    return {.route = Route{candidate, "after " + name_of(outcome) + " at " + attempt.processor + ", where no money moved"}};
  }
  return {.why = unknown ? "nobody else has a token for it (processor_tokens)" : "no other processor is left"};
}

}  // namespace purser::payments
