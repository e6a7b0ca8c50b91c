// The SQL of the Adyen face's payments and modifications.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "platform/store/store.hpp"
#include "sandbox/adyen_payment.hpp"

namespace purser::sandbox::adyen {

std::optional<Payment> load_payment(store::Tx& tx, std::string_view psp_reference);
// The newest of the merchant account under this reference of the merchant's.
std::optional<Payment> find_payment(store::Tx& tx, std::string_view merchant_account, std::string_view reference);
std::optional<Payment> find_by_redirect_result(store::Tx& tx, std::string_view redirect_result);
std::vector<Payment> newest_payments(store::Tx& tx, std::int64_t rows_max);
void save(store::Tx& tx, const Payment& payment);
void save(store::Tx& tx, const Modification& modification);

// The first that is due, or nothing.
std::optional<Payment> due_payment(store::Tx& tx, Instant now);
std::optional<Modification> due_modification(store::Tx& tx, Instant now);
std::optional<Instant> next_due(store::Tx& tx);

}  // namespace purser::sandbox::adyen
