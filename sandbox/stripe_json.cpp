#include "sandbox/stripe_json.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/test_methods.hpp"

namespace purser::sandbox {
namespace {

std::int64_t unix_seconds(Instant at) { return at.unix_ms / 1000; }

std::string map_json(const Pairs& pairs) {
  std::string out;
  JsonObject json(out);
  for (const auto& [name, value] : pairs) {
    std::string quoted;
    append_json_string(quoted, name);
    json.text(std::string_view(quoted).substr(1, quoted.size() - 2), value);
  }
  json.close();
  return out;
}

std::string card_json(std::string_view payment_method) {
  const TestMethod* method = find_test_method(payment_method);
  std::string out;
  JsonObject(out)
      .text("brand", method ? method->brand : "visa")
      .raw("checks", R"({"address_line1_check":null,"address_postal_code_check":null,"cvc_check":null})")
      .text("country", "US")
      .number("exp_month", 12)
      .number("exp_year", 2034)
      .text("fingerprint", method ? method->id : "unknown")
      .text("funding", "credit")
      .text("last4", method ? method->last4 : "0000")
      .text("network", method ? method->brand : "visa")
      .null("three_d_secure")
      .null("wallet")
      .close();
  return out;
}

std::string last_error_json(const PaymentIntent& intent) {
  if (intent.last_error.code.empty()) return "null";
  const LastError& error = intent.last_error;
  std::string out;
  JsonObject json(out);
  if (!error.charge.empty()) json.text("charge", error.charge);
  json.text("code", error.code).text("doc_url", "https://stripe.com/docs/error-codes/" + error.code);
  if (!error.decline_code.empty()) json.text("decline_code", error.decline_code);
  json.text("message", decline_message(error.code, error.decline_code));
  json.raw("payment_method", method_json(error.payment_method, intent.created));
  json.text("type", error.code == "payment_intent_authentication_failure" ? "invalid_request_error" : "card_error").close();
  return out;
}

std::string next_action_json(const PaymentIntent& intent) {
  if (intent.status != Status::requires_action || intent.authenticate_url.empty()) return "null";
  std::string redirect, out;
  JsonObject(redirect).text_or_null("return_url", intent.return_url).text("url", intent.authenticate_url).close();
  JsonObject(out).raw("redirect_to_url", redirect).text("type", "redirect_to_url").close();
  return out;
}

std::string method_options_json(const PaymentIntent& intent) {
  std::string card, out;
  JsonObject options(card);
  options.null("installments").null("mandate_options").null("network");
  if (intent.multicapture) options.text("request_multicapture", "if_available");
  options.text("request_three_d_secure", "automatic").close();
  JsonObject(out).raw("card", card).close();
  return out;
}

std::string outcome_json(const Charge& charge) {
  std::string out;
  JsonObject(out)
      .text("network_status", charge.succeeded ? "approved_by_network" : "declined_by_network")
      .text_or_null("reason", charge.decline_code.empty() ? charge.failure_code : charge.decline_code)
      .text("risk_level", "normal")
      .text("type", charge.succeeded ? "authorized" : "issuer_declined")
      .close();
  return out;
}

}  // namespace

std::string intent_json(const PaymentIntent& intent, std::string_view expanded_charge) {
  std::string out;
  out.reserve(1800);
  JsonObject json(out);
  json.text("id", intent.id).text("object", "payment_intent");
  json.number("amount", intent.amount).number("amount_capturable", intent.amount_capturable).raw("amount_details", R"({"tip":{}})");
  json.number("amount_received", intent.amount_received).null("application").null("application_fee_amount").null("automatic_payment_methods");
  json.number_or_null("canceled_at", intent.canceled_at ? std::optional(unix_seconds(*intent.canceled_at)) : std::nullopt);
  json.text_or_null("cancellation_reason", intent.cancellation_reason);
  json.text("capture_method", intent.manual_capture ? "manual" : "automatic").text("client_secret", intent.client_secret);
  json.text("confirmation_method", "automatic").number("created", unix_seconds(intent.created)).text("currency", intent.currency);
  json.text_or_null("customer", value_of(intent.details, "customer")).text_or_null("description", value_of(intent.details, "description"));
  json.raw("last_payment_error", last_error_json(intent));
  if (expanded_charge.empty())
    json.text_or_null("latest_charge", intent.latest_charge);
  else
    json.raw("latest_charge", expanded_charge);
  json.flag("livemode", false).raw("metadata", map_json(intent.metadata)).raw("next_action", next_action_json(intent)).null("on_behalf_of");
  json.text_or_null("payment_method", intent.payment_method).null("payment_method_configuration_details");
  json.raw("payment_method_options", method_options_json(intent)).raw("payment_method_types", R"(["card"])").null("processing");
  json.text_or_null("receipt_email", value_of(intent.details, "receipt_email")).null("review");
  json.text_or_null("setup_future_usage", value_of(intent.details, "setup_future_usage")).null("shipping").null("source");
  json.text_or_null("statement_descriptor", value_of(intent.details, "statement_descriptor"));
  json.text_or_null("statement_descriptor_suffix", value_of(intent.details, "statement_descriptor_suffix"));
  json.text("status", text_of(intent.status)).null("transfer_data").text_or_null("transfer_group", value_of(intent.details, "transfer_group"));
  json.close();
  return out;
}

std::string charge_json(const Charge& charge) {
  std::string out, details;
  out.reserve(1400);
  JsonObject(details).raw("card", card_json(charge.payment_method)).text("type", "card").close();
  JsonObject json(out);
  json.text("id", charge.id).text("object", "charge");
  json.number("amount", charge.amount).number("amount_captured", charge.amount_captured).number("amount_refunded", charge.amount_refunded);
  json.null("application").null("application_fee").null("application_fee_amount").null("balance_transaction");
  json.raw("billing_details", R"({"address":null,"email":null,"name":null,"phone":null})").flag("captured", charge.captured);
  json.number("created", unix_seconds(charge.created)).text("currency", charge.currency).null("customer").null("description").flag("disputed", false);
  json.text_or_null("failure_code", charge.failure_code);
  json.text_or_null("failure_message", charge.failure_code.empty() ? "" : decline_message(charge.failure_code, charge.decline_code));
  json.raw("fraud_details", "{}").flag("livemode", false).raw("metadata", map_json(charge.metadata)).raw("outcome", outcome_json(charge));
  json.flag("paid", charge.succeeded).text("payment_intent", charge.payment_intent).text("payment_method", charge.payment_method);
  json.raw("payment_method_details", details).null("receipt_email").null("receipt_url");
  json.flag("refunded", charge.amount_captured > 0 && charge.amount_refunded == charge.amount_captured);
  json.null("statement_descriptor").null("statement_descriptor_suffix").text("status", charge.succeeded ? "succeeded" : "failed");
  json.null("transfer_data").null("transfer_group").close();
  return out;
}

std::string refund_json(const Refund& refund) {
  std::string out;
  JsonObject json(out);
  json.text("id", refund.id).text("object", "refund").number("amount", refund.amount).null("balance_transaction").text("charge", refund.charge);
  json.number("created", unix_seconds(refund.created)).text("currency", refund.currency);
  if (!refund.failure_reason.empty()) json.text("failure_reason", refund.failure_reason);
  json.raw("metadata", map_json(refund.metadata)).text_or_null("payment_intent", refund.payment_intent).text_or_null("reason", refund.reason);
  json.null("receipt_number").null("source_transfer_reversal").text("status", text_of(refund.status)).null("transfer_reversal").close();
  return out;
}

std::string method_json(std::string_view payment_method, Instant created) {
  std::string out;
  JsonObject json(out);
  json.text("id", payment_method).text("object", "payment_method");
  json.raw("billing_details", R"({"address":null,"email":null,"name":null,"phone":null})").raw("card", card_json(payment_method));
  json.number("created", unix_seconds(created)).null("customer").flag("livemode", false).raw("metadata", "{}").text("type", "card").close();
  return out;
}

std::string event_json(const Event& event) {
  std::string request, data, out;
  JsonObject(request).text_or_null("id", event.request_id).text_or_null("idempotency_key", event.idempotency_key).close();
  JsonObject(data).raw("object", event.object).close();
  JsonObject(out)
      .text("id", event.id)
      .text("object", "event")
      .text("api_version", default_api_version)
      .number("created", event.created.unix_ms / 1000)
      .raw("data", data)
      .flag("livemode", false)
      .number("pending_webhooks", 1)
      .raw("request", request)
      .text("type", event.type)
      .close();
  return out;
}

std::string list_json(std::string_view data, bool has_more, std::string_view url) {
  std::string out, array = "[" + std::string(data) + "]";
  JsonObject(out).text("object", "list").raw("data", array).flag("has_more", has_more).text("url", url).close();
  return out;
}

std::string search_json(std::string_view data, std::string_view next_page, std::string_view url) {
  std::string out, array = "[" + std::string(data) + "]";
  JsonObject(out)
      .text("object", "search_result")
      .raw("data", array)
      .flag("has_more", !next_page.empty())
      .text_or_null("next_page", next_page)
      .text("url", url)
      .close();
  return out;
}

std::string error_json_of(const StripeError& error, const PaymentIntent* intent) {
  const bool shows = intent != nullptr && error.shows_intent;
  const bool shows_method = shows && error.type == "card_error";
  return error_json(error, shows ? intent_json(*intent) : std::string(),
                    shows_method ? method_json(intent->last_error.payment_method, intent->created) : std::string());
}

}  // namespace purser::sandbox
