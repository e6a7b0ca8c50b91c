// What PayPal's API lets a caller do in the sandbox. Each operation runs inside the transaction of its call.
#pragma once
#include <optional>
#include <string_view>

#include "sandbox/call.hpp"
#include "sandbox/face.hpp"
#include "sandbox/paypal_payment.hpp"

namespace purser::sandbox {

// What can be refused by the parameters alone.
std::optional<Answer> check_paypal_order(const Form& form);

Answer create_paypal_order(Call& call, std::string_view);
Answer authorize_paypal_order(Call& call, std::string_view id);
Answer capture_paypal_order(Call& call, std::string_view id);
Answer capture_paypal_authorization(Call& call, std::string_view id);
Answer void_paypal_authorization(Call& call, std::string_view id);
Answer refund_paypal_capture(Call& call, std::string_view id);

Answer show_paypal_order(const View& view, std::string_view id);
Answer show_paypal_authorization(const View& view, std::string_view id);
Answer show_paypal_capture(const View& view, std::string_view id);
Answer show_paypal_refund(const View& view, std::string_view id);

// The buyer on the sandbox's page. One who turns back leaves the order as it was, as at PayPal.
std::optional<PaypalOrder> let_paypal_buyer_decide(Call& call, std::string_view id, bool approves);
// Brings everything pending to its end that is due.
void settle_paypal(Call& call);

}  // namespace purser::sandbox
