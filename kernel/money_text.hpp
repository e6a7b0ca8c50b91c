// Amounts and currencies as people and other systems write them: "1,234.50", "12.50 USD", "€", "US dollars". Only what has one reading is
// read; whatever could be meant in two ways is a fault that says so. docs/edge.md tells the rules. Pure.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "kernel/money.hpp"

namespace purser {

enum class AmountFault : std::uint8_t {
  unreadable,
  ambiguous,        // two readings: "1.234", "1,234", "12 USD"
  too_precise,      // more decimals than the currency has
  too_large,        // beyond 64 bits
  other_currency,   // names another one than the request
  currency_needed,  // major units of an unknown currency
};

struct ForeignAmount {
  std::int64_t minor = 0;
  std::optional<Currency> named{};  // the currency that the text itself names, if it is one alone
  bool operator==(const ForeignAmount&) const = default;
};

// Digits alone are minor units: an integer that was written as text. With a decimal mark it is major units of `currency`, or of the one that
// the text names. A sign, an exponent, a leading zero: unreadable.
std::expected<ForeignAmount, AmountFault> read_amount(std::string_view text, std::optional<Currency> currency);

enum class CurrencyFault : std::uint8_t { unknown, ambiguous };

// An ISO 4217 code in any case, or a sign or name that only one currency has: "€", "euros", "US$"; "$" is ambiguous.
std::expected<Currency, CurrencyFault> read_currency(std::string_view text);

// Without the spaces of any kind around it.
std::string_view trimmed(std::string_view text);

}  // namespace purser
