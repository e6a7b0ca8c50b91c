#include "sandbox/adyen_methods.hpp"

#include <algorithm>
#include <array>

#include "sandbox/test_methods.hpp"

namespace purser::sandbox::adyen {
namespace {

using enum Method::End;

constexpr std::array refusals = {
    // clang-format off
    RefusalReason{"2",  "Refused",                 "DECLINED",             "Refused"},
    RefusalReason{"3",  "Referral",                "REFERRAL",             "Refused"},
    RefusalReason{"4",  "Acquirer Error",          "ERROR",                "Error"},
    RefusalReason{"5",  "Blocked Card",            "BLOCK_CARD",           "Refused"},
    RefusalReason{"6",  "Expired Card",            "CARD_EXPIRED",         "Refused"},
    RefusalReason{"7",  "Invalid Amount",          "INVALID_AMOUNT",       "Refused"},
    RefusalReason{"8",  "Invalid Card Number",     "INVALID_CARD",         "Refused"},
    RefusalReason{"9",  "Issuer Unavailable",      "ISSUER_UNAVAILABLE",   "Error"},
    RefusalReason{"10", "Not supported",           "NOT_SUPPORTED",        "Refused"},
    RefusalReason{"11", "3D Not Authenticated",    "NOT_3D_AUTHENTICATED", "Refused"},
    RefusalReason{"12", "Not enough balance",      "NOT_ENOUGH_BALANCE",   "Refused"},
    RefusalReason{"20", "FRAUD",                   "FRAUD",                "Refused"},
    RefusalReason{"23", "Transaction Not Permitted", "TRANSACTION_NOT_PERMITTED", "Refused"},
    RefusalReason{"24", "CVC Declined",            "CVC_DECLINED",         "Refused"},
    RefusalReason{"25", "Restricted Card",         "RESTRICTED_CARD",      "Refused"},
    RefusalReason{"26", "Revocation Of Auth",      "REVOCATION_OF_AUTH",   "Refused"},
    RefusalReason{"27", "Declined Non Generic",    "DECLINED_NON_GENERIC", "Refused"},
    RefusalReason{"31", "Issuer Suspected Fraud",  "ISSUER_SUSPECTED_FRAUD", "Refused"},
    RefusalReason{"38", "Authentication required", "AUTHENTICATION_REQUIRED", "Refused"},
    // clang-format on
};

Method refused_with(std::string_view code) { return {.end = refused, .refusal_code = code}; }

std::optional<Method> by_name(std::string_view name) {
  if (name == "APPROVED") return Method{};
  if (name == "3DS") return Method{.end = redirect};
  if (name == "3DS_NOT_ENOUGH_BALANCE") return Method{.end = redirect_then_refused, .refusal_code = "12"};
  if (name == "PENDING") return Method{.end = pending};
  if (name == "REFUND_FAILED") return Method{.refund_comes_back = true};
  const auto found = std::ranges::find(refusals, name, &RefusalReason::name);
  return found == refusals.end() ? std::nullopt : std::optional(refused_with(found->code));
}

std::string_view code_for(const TestMethod& method) {
  if (method.code == "expired_card") return "6";
  if (method.code == "incorrect_cvc") return "24";
  if (method.code == "processing_error") return "4";
  if (method.decline_code == "insufficient_funds") return "12";
  if (method.decline_code == "lost_card" || method.decline_code == "stolen_card") return "5";
  if (method.decline_code == "fraudulent") return "20";
  return "2";
}

Method like(const TestMethod& method) {
  switch (method.end) {
    case CardEnd::approved:
      return {.refund_comes_back = method.refund == RefundEnd::failed};
    case CardEnd::declined:
      return refused_with(code_for(method));
    case CardEnd::authentication:
      return {.end = redirect};
    case CardEnd::authentication_then_declined:
      return {.end = redirect_then_refused, .refusal_code = code_for(method)};
  }
  return {};
}

}  // namespace

const RefusalReason* find_refusal(std::string_view code) {
  const auto found = std::ranges::find(refusals, code, &RefusalReason::code);
  return found == refusals.end() ? nullptr : &*found;
}

std::optional<Method> find_method(std::string_view stored_payment_method_id) {
  if (stored_payment_method_id.starts_with("test_")) return by_name(stored_payment_method_id.substr(5));
  const TestMethod* known = find_test_method(stored_payment_method_id);
  return known ? std::optional(like(*known)) : std::nullopt;
}

std::optional<Method> method_in(const Form& form) {
  const std::string code = form.text("additionalData[RequestedTestAcquirerResponseCode]");
  if (code == "1") return Method{};
  if (const RefusalReason* refusal = find_refusal(code)) return refused_with(refusal->code);
  if (auto method = by_name(form.text("paymentMethod[holderName]"))) return method;
  // Raw and encrypted test cards are approved; what they hold is neither read nor kept.
  if (form.has("paymentMethod[encryptedCardNumber]")) return Method{};
  return find_method(form.text("paymentMethod[storedPaymentMethodId]"));
}

}  // namespace purser::sandbox::adyen
