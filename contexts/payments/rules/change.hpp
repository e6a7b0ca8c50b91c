// What decisions (payment.cpp) and outcomes (settle.cpp) both build a Change from. Within rules/ alone.
#pragma once
#include "contexts/payments/rules/payment.hpp"

namespace purser::payments {

// A change that leaves every figure as it is; the decision then says what differs.
Change unchanged(const Payment& payment, What what);
// An attempt that is SENT from now on, under the next number and its reference. What is no ask for the money is about the charge that
// holds it, and goes to its processor.
Attempt begin(const Payment& payment, const NewAttempt& fresh, AttemptKind kind, std::int64_t amount, Instant now);

}  // namespace purser::payments
