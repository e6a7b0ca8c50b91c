// The payment methods the Adyen face knows, each with the end it always comes to: Adyen's own triggers for testing (a number in
// additionalData.RequestedTestAcquirerResponseCode, a name as the card holder's), the same names as stored payment methods
// ("test_NOT_ENOUGH_BALANCE"), and Stripe's test methods, so that one method can be tried at every face.
#pragma once
#include <optional>
#include <string_view>

#include "sandbox/form.hpp"

namespace purser::sandbox::adyen {

struct RefusalReason {
  std::string_view code;         // refusalReasonCode
  std::string_view reason;       // refusalReason
  std::string_view name;         // as a card holder's
  std::string_view result_code;  // Refused or Error
};
// Nothing where the code is none of a refusal.
const RefusalReason* find_refusal(std::string_view code);

struct Method {
  enum class End { approved, refused, redirect, redirect_then_refused, pending } end = End::approved;
  std::string_view refusal_code{};
  bool refund_comes_back = false;
};
// Nothing where the sandbox does not know the method.
std::optional<Method> find_method(std::string_view stored_payment_method_id);
// What the request asks for; a trigger for testing stands above the method.
std::optional<Method> method_in(const Form& form);

}  // namespace purser::sandbox::adyen
