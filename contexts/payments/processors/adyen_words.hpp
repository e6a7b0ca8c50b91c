// Adyen's words in ours: amounts, refusal reasons, error codes.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "contexts/payments/rules/payment.hpp"

namespace purser::payments {

// Nothing where Adyen cannot count it: a part of its unit, or too much.
std::optional<std::int64_t> adyen_amount(std::int64_t minor, Currency currency);
std::optional<std::int64_t> minor_of_adyen(std::int64_t value, Currency currency);

// A payment that was refused, by refusalReasonCode, or, as notifications tell it, by its reason alone. The decline code is in the words
// that Stripe uses too, so that a merchant's fallback policy means the same for both.
Outcome adyen_refusal(std::string_view code, std::string_view reason, std::string processor_ref);

// The payment method is what an error is about: a wrong card, or a stored one that is not there.
bool is_about_the_card(std::string_view error_code);

}  // namespace purser::payments
