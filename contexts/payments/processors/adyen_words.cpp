#include "contexts/payments/processors/adyen_words.hpp"

#include <algorithm>
#include <array>

#include "contexts/payments/processors/adapter.hpp"
#include "kernel/money.hpp"

namespace purser::payments {
namespace {

bool in_hundredths(Currency currency) { return currency.code() == "CLP" || currency.code() == "ISK"; }
bool in_whole_units(Currency currency) { return currency.code() == "CVE" || currency.code() == "IDR"; }

// bank: another day or another card may do. final: not with this card. card: the card or what was typed of it is wrong.
enum class Whose : std::uint8_t { bank, final, card };

struct Word {
  std::string_view code;
  std::string_view reason;
  std::string_view decline_code;
  Whose whose;
};
constexpr std::array words = {
    // clang-format off
    Word{"2",  "Refused",                   "generic_decline",             Whose::bank},
    Word{"3",  "Referral",                  "call_issuer",                 Whose::bank},
    Word{"4",  "Acquirer Error",            "processing_error",            Whose::bank},
    Word{"5",  "Blocked Card",              "blocked_card",                Whose::final},
    Word{"6",  "Expired Card",              "expired_card",                Whose::card},
    Word{"7",  "Invalid Amount",            "invalid_amount",              Whose::final},
    Word{"8",  "Invalid Card Number",       "incorrect_number",            Whose::card},
    Word{"9",  "Issuer Unavailable",        "issuer_not_available",        Whose::bank},
    Word{"10", "Not supported",             "card_not_supported",          Whose::card},
    Word{"11", "3D Not Authenticated",      "authentication_failed",       Whose::bank},
    Word{"12", "Not enough balance",        "insufficient_funds",          Whose::bank},
    Word{"14", "Acquirer Fraud",            "fraudulent",                  Whose::final},
    Word{"15", "Cancelled",                 "canceled",                    Whose::bank},
    Word{"16", "Shopper Cancelled",         "canceled",                    Whose::bank},
    Word{"17", "Invalid Pin",               "incorrect_pin",               Whose::bank},
    Word{"18", "Pin tries exceeded",        "pin_try_exceeded",            Whose::final},
    Word{"20", "FRAUD",                     "fraudulent",                  Whose::final},
    Word{"21", "Not Submitted",             "processing_error",            Whose::bank},
    Word{"22", "FRAUD-CANCELLED",           "fraudulent",                  Whose::final},
    Word{"23", "Transaction Not Permitted", "transaction_not_allowed",     Whose::final},
    Word{"24", "CVC Declined",              "incorrect_cvc",               Whose::card},
    Word{"25", "Restricted Card",           "restricted_card",             Whose::final},
    Word{"26", "Revocation Of Auth",        "revocation_of_authorization", Whose::final},
    Word{"27", "Declined Non Generic",      "do_not_honor",                Whose::bank},
    Word{"28", "Withdrawal amount exceeded", "withdrawal_limit_exceeded",  Whose::bank},
    Word{"29", "Withdrawal count exceeded", "withdrawal_limit_exceeded",   Whose::bank},
    Word{"31", "Issuer Suspected Fraud",    "fraudulent",                  Whose::final},
    Word{"32", "AVS Declined",              "incorrect_address",           Whose::bank},
    Word{"38", "Authentication required",   "authentication_required",     Whose::bank},
    // clang-format on
};

const Word* find_word(std::string_view code, std::string_view reason) {
  const auto known = std::ranges::find_if(words, [&](const Word& word) { return code.empty() ? word.reason == reason : word.code == code; });
  return known == words.end() ? nullptr : &*known;
}

}  // namespace

std::optional<std::int64_t> adyen_amount(std::int64_t minor, Currency currency) {
  if (in_hundredths(currency)) return checked_multiply(minor, 100);
  if (in_whole_units(currency)) return minor % 100 == 0 ? std::optional(minor / 100) : std::nullopt;
  return minor;
}

std::optional<std::int64_t> minor_of_adyen(std::int64_t value, Currency currency) {
  if (in_hundredths(currency)) return value % 100 == 0 ? std::optional(value / 100) : std::nullopt;
  if (in_whole_units(currency)) return checked_multiply(value, 100);
  return value;
}

Outcome adyen_refusal(std::string_view code, std::string_view reason, std::string processor_ref) {
  const Word* word = find_word(code, reason);
  const Whose whose = word ? word->whose : Whose::bank;
  std::string message = "The payment was refused";
  if (!reason.empty()) message += ": " + std::string(reason);
  return declined(whose == Whose::card ? "invalid_card" : "declined", message + ".", std::string(word ? word->decline_code : "generic_decline"),
                  whose == Whose::bank, std::move(processor_ref));
}

bool is_about_the_card(std::string_view error_code) {
  constexpr std::array<std::string_view, 6> codes = {"101", "103", "129", "140", "800", "803"};
  return std::ranges::find(codes, error_code) != codes.end();
}

}  // namespace purser::payments
