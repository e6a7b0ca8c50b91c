#include "sandbox/test_methods.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace purser::sandbox {
namespace {

using enum CardEnd;

constexpr std::array methods = {
    // clang-format off
    TestMethod{"pm_card_visa"},
    TestMethod{"pm_card_visa_debit",                            approved, {}, {}, "visa", "5556"},
    TestMethod{"pm_card_mastercard",                            approved, {}, {}, "mastercard", "4444"},
    TestMethod{"pm_card_mastercard_debit",                      approved, {}, {}, "mastercard", "8210"},
    TestMethod{"pm_card_amex",                                  approved, {}, {}, "amex", "8431"},
    TestMethod{"pm_card_discover",                              approved, {}, {}, "discover", "1117"},
    TestMethod{"pm_card_diners",                                approved, {}, {}, "diners", "0004"},
    TestMethod{"pm_card_jcb",                                   approved, {}, {}, "jcb", "0505"},
    TestMethod{"pm_card_unionpay",                              approved, {}, {}, "unionpay", "0005"},
    TestMethod{"pm_card_pendingRefund",                         approved, {}, {}, "visa", "7726", RefundEnd::pending},
    TestMethod{"pm_card_refundFail",                            approved, {}, {}, "visa", "5126", RefundEnd::failed},
    TestMethod{"pm_card_chargeDeclined",                        declined, "card_declined", "generic_decline", "visa", "0002"},
    TestMethod{"pm_card_visa_chargeDeclined",                   declined, "card_declined", "generic_decline", "visa", "0002"},
    TestMethod{"pm_card_chargeDeclinedInsufficientFunds",       declined, "card_declined", "insufficient_funds", "visa", "9995"},
    TestMethod{"pm_card_visa_chargeDeclinedInsufficientFunds",  declined, "card_declined", "insufficient_funds", "visa", "9995"},
    TestMethod{"pm_card_chargeDeclinedLostCard",                declined, "card_declined", "lost_card", "visa", "9987"},
    TestMethod{"pm_card_visa_chargeDeclinedLostCard",           declined, "card_declined", "lost_card", "visa", "9987"},
    TestMethod{"pm_card_chargeDeclinedStolenCard",              declined, "card_declined", "stolen_card", "visa", "9979"},
    TestMethod{"pm_card_visa_chargeDeclinedStolenCard",         declined, "card_declined", "stolen_card", "visa", "9979"},
    TestMethod{"pm_card_chargeDeclinedFraudulent",              declined, "card_declined", "fraudulent", "visa", "0019"},
    TestMethod{"pm_card_radarBlock",                            declined, "card_declined", "fraudulent", "visa", "0019"},
    TestMethod{"pm_card_visa_chargeDeclinedVelocityLimitExceeded", declined, "card_declined", "card_velocity_exceeded", "visa", "6975"},
    TestMethod{"pm_card_chargeDeclinedExpiredCard",             declined, "expired_card", {}, "visa", "0069"},
    TestMethod{"pm_card_chargeDeclinedIncorrectCvc",            declined, "incorrect_cvc", {}, "visa", "0127"},
    TestMethod{"pm_card_chargeDeclinedProcessingError",         declined, "processing_error", {}, "visa", "0119"},
    TestMethod{"pm_card_chargeCustomerFail",                    declined, "card_declined", "generic_decline", "visa", "0341"},
    TestMethod{"pm_card_authenticationRequired",                authentication, {}, {}, "visa", "3184"},
    TestMethod{"pm_card_authenticationRequiredOnSetup",         authentication, {}, {}, "visa", "3155"},
    TestMethod{"pm_card_threeDSecure2Required",                 authentication, {}, {}, "visa", "3220"},
    TestMethod{"pm_card_threeDSecureRequired",                  authentication, {}, {}, "visa", "3063"},
    TestMethod{"pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
               authentication_then_declined, "card_declined", "insufficient_funds", "visa", "8260"},
    TestMethod{"pm_card_threeDSecureRequiredChargeDeclined",    authentication_then_declined, "card_declined", "generic_decline", "visa", "8149"},
    // clang-format on
};

// Tokens are written tok_visa, tok_chargeDeclined, tok_visa_chargeDeclined: the same words behind another prefix.
std::string_view behind_prefix(std::string_view id) {
  if (id.starts_with("pm_card_")) return id.substr(8);
  if (id.starts_with("tok_")) return id.substr(4);
  return {};
}

}  // namespace

const TestMethod* find_test_method(std::string_view id) {
  const std::string_view name = behind_prefix(id);
  if (name.empty()) return nullptr;
  const auto found = std::ranges::find(methods, name, [](const TestMethod& method) { return method.id.substr(8); });
  return found == methods.end() ? nullptr : &*found;
}

std::string_view decline_message(std::string_view code, std::string_view decline_code) {
  if (decline_code == "insufficient_funds") return "The card does not have enough funds for this amount.";
  if (code == "card_declined") return "The card was declined.";
  if (code == "expired_card") return "The card's expiry date has passed.";
  if (code == "incorrect_cvc") return "The card's security code is not right.";
  if (code == "processing_error") return "The card's issuer could not process the payment; try again in a little while.";
  if (code == "authentication_required") return "The card's issuer asks for the customer to authenticate this payment.";
  if (code == "payment_intent_authentication_failure") return "The customer did not pass the authentication this payment needs.";
  return "The payment was refused.";
}

}  // namespace purser::sandbox
