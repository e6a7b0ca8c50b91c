// What Adyen's Checkout API lets a caller do here. Each operation runs inside the transaction of its call and gives the answer.
#pragma once
#include <optional>
#include <string_view>

#include "sandbox/adyen_payment.hpp"
#include "sandbox/call.hpp"

namespace purser::sandbox::adyen {

// What can be refused by the parameters alone.
std::optional<Answer> check_payment(const Form& form);
std::optional<Answer> check_details(const Form& form);
std::optional<Answer> check_amount_modification(const Form& form);  // of a capture or a refund
std::optional<Answer> check_modification(const Form& form);         // of a cancel or a reversal
std::optional<Answer> check_technical_cancel(const Form& form);

Answer make_payment(Call& call);
Answer submit_details(Call& call);
Answer capture(Call& call, std::string_view psp_reference);
Answer cancel(Call& call, std::string_view psp_reference);
Answer refund(Call& call, std::string_view psp_reference);
Answer reverse(Call& call, std::string_view psp_reference);
Answer cancel_by_reference(Call& call);

// The shopper on the sandbox's page. Nothing changes unless the payment waits for him; gives the payment as it is then.
std::optional<Payment> let_shopper_decide(Call& call, std::string_view psp_reference, bool approves);
// Brings one thing that is due to its end, and lets the call be struck by the fault that was asked for with it.
void settle_one(Call& call);

}  // namespace purser::sandbox::adyen
