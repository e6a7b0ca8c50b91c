// What decisions (payment.cpp) and outcomes (settle.cpp) both build a Change from. Within rules/ alone.
#pragma once
#include "contexts/payments/rules/payment.hpp"

namespace purser::payments {

// A change that leaves every figure as it is; the decision then says what differs.
Change unchanged(const Payment& payment, What what);
// An attempt that is SENT from now on, under the next number and its reference. What is no ask for the money is about the charge that
// holds it, and goes to its processor.
Attempt begin(const Payment& payment, const NewAttempt& fresh, AttemptKind kind, std::int64_t amount, Instant now);

// The ladders of commands, without the attempt that they come to: how much is captured or given back.
Decision<std::int64_t> may_capture(const Payment& payment, std::optional<std::int64_t> amount, bool final);
Decision<std::int64_t> may_refund(const Payment& payment, std::optional<std::int64_t> amount);
std::optional<Refused> why_not_released(const Payment& payment);

// Where captures and refunds leave the payment.
Status status_by_amounts(const Change& change);

}  // namespace purser::payments
