// What is answered when a request is not done: Stripe's error envelope. `executed` says that the request had begun to take
// effect, so that its answer belongs to its idempotency key for good.
#pragma once
#include <string>
#include <string_view>

namespace purser::sandbox {

struct StripeError {
  int status = 400;
  std::string type = "invalid_request_error";
  std::string code{};
  std::string message{};
  std::string param{};
  std::string decline_code{};
  std::string charge{};
  bool shows_intent = false;  // the envelope embeds the payment intent
  bool executed = false;
};

StripeError bad_parameter(std::string_view param, std::string_view code, std::string_view message);
StripeError missing_parameter(std::string_view param);
StripeError no_such(std::string_view what, std::string_view id, std::string_view param);  // 404 resource_missing
StripeError unexpected_state(std::string_view message);                                   // payment_intent_unexpected_state
StripeError card_error(std::string_view code, std::string_view decline_code, std::string_view charge);

// `intent` and `method` are JSON, or empty.
std::string error_json(const StripeError& error, std::string_view intent = {}, std::string_view method = {});

}  // namespace purser::sandbox
