// PaymentPolicyEnforcer: asks the merchant's policy (rules/policy.hpp) in the transaction that begins an attempt, and books what the attempt
// takes of the day and may add to the declines, so that requests at once cannot pass together.
#pragma once
#include "contexts/payments/rules/payment.hpp"
#include "contexts/payments/rules/plan.hpp"
#include "platform/store/store.hpp"

namespace purser::payments {

class PaymentPolicyEnforcer {
 public:
  // Before the attempt is stored. The refusal has changed nothing that outlives its transaction.
  static Result<Done> enforce(store::Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, const AttemptId& attempt, Instant now);
  // The same of a payment in parts, before it is stored: what is of one method is asked of each part, the rest once. Its parts are begun
  // later and are not asked again: their sums are booked already.
  static Result<Done> enforce_parts(store::Tx& tx, const PaymentPolicy& policy, const Payment& whole, Instant now);
  // A part is asked for: it may be declined.
  static void note_begun(store::Tx& tx, const PaymentPolicy& policy, const CoreRequestContext& request, const AttemptId& attempt, Instant now);
  // After every change of a payment: what its attempts turned out to be, and what its day gets back.
  static void note(store::Tx& tx, const Payment& before, const Payment& after, const Change& change);
};

}  // namespace purser::payments
