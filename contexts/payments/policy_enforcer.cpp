#include "contexts/payments/policy_enforcer.hpp"

#include "contexts/payments/policy_repository.hpp"
#include "platform/metrics.hpp"

namespace purser::payments {
namespace {

using store::Tx;

PolicyFacts facts_for(Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, Instant now) {
  const VelocityLimit& velocity = policy.velocity;
  PolicyFacts facts;
  const auto declines = [&](int limit, DeclinesOf whose, const std::string& id) {
    if (limit == 0) return Declines{};
    Declines found = declines_of(tx, request.merchant_id, whose, id, now - velocity.window);
    found.next_free = found.next_free + velocity.window;
    return found;
  };
  if (policy.attempts_per_order > 0 && !request.order_id.empty())
    facts.attempts_of_order = money_attempts_of_order(tx, request.merchant_id, request.order_id);
  facts.of_order = declines(velocity.declines_per_order, DeclinesOf::order, request.order_id);
  facts.of_customer = declines(velocity.declines_per_customer, DeclinesOf::customer, request.user_id);
  facts.of_address = declines(velocity.declines_per_address, DeclinesOf::address, request.client_ip);
  for (const AmountLimit& limit : policy.amounts)
    facts.day_sums.push_back(limit.day_maximum && applies(limit, request) ? day_sum(tx, request.merchant_id, limit, day_of(now)) : 0);
  return facts;
}

bool holds_no_money(Status status) { return status == Status::failed || status == Status::voided; }

// By the processor or the bank: a buyer who did not come back was not, nor what was undone because nobody knew of it.
bool was_declined(const Attempt& attempt) {
  return attempt.status == AttemptStatus::declined && attempt.failure && attempt.failure->code != "abandoned" && attempt.failure->outcome != "absent";
}

// When the request began whose attempt this is: the day that its amount was booked on.
Instant began(const Payment& payment) { return payment.asked_for_this_request().front().created_at; }

Result<Done> admit(Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, Instant now) {
  const PolicyFacts facts = facts_for(tx, policy, request, now);
  if (const auto refused = refusal_of(policy, request, facts)) {
    Error error = explain(*refused, request, now);
    metrics::counter("purser_payment_policy_refusals_total", "Payments and retries that the merchant's policy refused.", {{"code", error.code}})
        .add();
    return error;
  }
  for (const AmountLimit& limit : policy.amounts)
    if (limit.day_maximum && applies(limit, request)) add_to_day(tx, request.merchant_id, limit, day_of(now), request.amount.minor);
  return Done{};
}

PaymentPolicy of_all_methods(PaymentPolicy policy) {
  std::erase_if(policy.amounts, [](const AmountLimit& limit) { return !limit.method.empty(); });
  policy.methods_allowed.clear();
  return policy;
}

PaymentPolicy of_one_method(const PaymentPolicy& policy) {
  PaymentPolicy of_each{.amounts = policy.amounts, .methods_allowed = policy.methods_allowed};
  std::erase_if(of_each.amounts, [](const AmountLimit& limit) { return limit.method.empty(); });
  return of_each;
}

// The field that mends it is the part's own.
Error about_part(Error error, std::size_t index) {
  for (FieldError& field : error.fields) field.pointer = "/parts/" + std::to_string(index) + (field.pointer == "/method" ? "/method" : "/amount");
  return error;
}

}  // namespace

Result<Done> PaymentPolicyEnforcer::enforce(Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, const AttemptId& attempt,
                                            Instant now) {
  TRY_DONE(admit(tx, policy, request, now));
  note_begun(tx, policy, request, attempt, now);
  return Done{};
}

Result<Done> PaymentPolicyEnforcer::enforce_parts(Tx& tx, const PaymentPolicy& policy, const Payment& whole, Instant now) {
  TRY_DONE(admit(tx, of_all_methods(policy), request_of(whole), now));
  const PaymentPolicy of_each = of_one_method(policy);
  for (std::size_t i = 0; i < whole.shares.size(); ++i)
    if (auto admitted = admit(tx, of_each, request_of(whole, whole.shares[i]), now); !admitted.ok())
      return about_part(std::move(admitted).error(), i);
  return Done{};
}

void PaymentPolicyEnforcer::note_begun(Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, const AttemptId& attempt,
                                       Instant now) {
  if (policy.velocity.any()) note_under_way(tx, request, attempt, now);
}

void PaymentPolicyEnforcer::note(Tx& tx, const Payment& before, const Payment& after, const Change& change) {
  for (const Attempt& attempt : change.attempts) {
    const Attempt* was = before.attempt(attempt.id);
    if (!was || !was->is_open() || !attempt.gets_money() || attempt.status == was->status) continue;
    if (was_declined(attempt))
      note_decline(tx, after, attempt);
    else
      forget_under_way(tx, attempt.id);
  }
  // A leg's sum is given back with its whole's.
  if (!holds_no_money(after.status) || holds_no_money(before.status) || after.is_leg()) return;
  if (after.is_whole())
    take_whole_from_day(tx, after, day_of(after.created_at));
  else if (after.money_attempt())
    take_from_day(tx, after, day_of(began(after)));
}

}  // namespace purser::payments
