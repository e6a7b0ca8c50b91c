// The SQL of what a policy asks (rules/policy.hpp) and of how processors did lately (rules/success.hpp).
#pragma once
#include <string>
#include <vector>

#include "contexts/payments/rules/payment.hpp"
#include "platform/store/store.hpp"

namespace purser::payments {

int money_attempts_of_order(store::Tx& tx, const std::string& merchant_id, const std::string& order_id);

enum class DeclinesOf : std::uint8_t { order, customer, address };
// After `since`; nothing of an empty id.
Declines declines_of(store::Tx& tx, const std::string& merchant_id, DeclinesOf whose, const std::string& id, Instant since);
// An attempt that may be declined, until it ends.
void note_under_way(store::Tx& tx, const CoreRequestContext& request, const AttemptId& attempt, Instant now);
void forget_under_way(store::Tx& tx, const AttemptId& attempt);
void note_decline(store::Tx& tx, const Payment& payment, const Attempt& attempt);

// The payments of this day that hold, took or may yet take money, by currency and, where it is not empty, method.
std::int64_t day_sum(store::Tx& tx, const std::string& merchant_id, const AmountLimit& limit, std::int64_t day);
// Trouble::busy where it would go beyond the limit: somebody was quicker, and the body runs again.
void add_to_day(store::Tx& tx, const std::string& merchant_id, const AmountLimit& limit, std::int64_t day, std::int64_t amount);
void take_from_day(store::Tx& tx, const Payment& payment, std::int64_t day);
// Of a payment in parts: each sum by its method.
void take_whole_from_day(store::Tx& tx, const Payment& whole, std::int64_t day);
// The limits changed: what they came to is counted anew when it is asked next.
void forget_day_sums(store::Tx& tx, const std::string& merchant_id);

// Of the merchant's last payments within the window (a thousand at most), by this method: by processor, what became of their attempts.
std::vector<SuccessRate> success_rates(store::Tx& tx, const std::string& merchant_id, const std::string& method, Instant since);

}  // namespace purser::payments
