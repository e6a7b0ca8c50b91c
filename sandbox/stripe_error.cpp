#include "sandbox/stripe_error.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/test_methods.hpp"

namespace purser::sandbox {

StripeError bad_parameter(std::string_view param, std::string_view code, std::string_view message) {
  return {.code = std::string(code), .message = std::string(message), .param = std::string(param)};
}

StripeError missing_parameter(std::string_view param) {
  return bad_parameter(param, "parameter_missing", "The parameter " + std::string(param) + " is required and was not given.");
}

StripeError no_such(std::string_view what, std::string_view id, std::string_view param) {
  return {.status = 404,
          .code = "resource_missing",
          .message = "No such " + std::string(what) + ": '" + std::string(id) + "'",
          .param = std::string(param)};
}

StripeError unexpected_state(std::string_view message) {
  return {.code = "payment_intent_unexpected_state", .message = std::string(message), .shows_intent = true, .executed = true};
}

StripeError card_error(std::string_view code, std::string_view decline_code, std::string_view charge) {
  return {.status = 402,
          .type = "card_error",
          .code = std::string(code),
          .message = std::string(decline_message(code, decline_code)),
          .decline_code = std::string(decline_code),
          .charge = std::string(charge),
          .shows_intent = true,
          .executed = true};
}

std::string error_json(const StripeError& error, std::string_view intent, std::string_view method) {
  std::string out = "{\"error\":";
  JsonObject json(out);
  if (!error.charge.empty()) json.text("charge", error.charge);
  if (!error.code.empty()) json.text("code", error.code).text("doc_url", "https://stripe.com/docs/error-codes/" + error.code);
  if (!error.decline_code.empty()) json.text("decline_code", error.decline_code);
  json.text("message", error.message);
  if (!error.param.empty()) json.text("param", error.param);
  if (!intent.empty() && error.shows_intent) json.raw("payment_intent", intent);
  if (!method.empty()) json.raw("payment_method", method);
  json.text("type", error.type).close();
  return out + "}";
}

}  // namespace purser::sandbox
