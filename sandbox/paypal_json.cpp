#include "sandbox/paypal_json.hpp"

#include <algorithm>
#include <array>

#include "sandbox/json_text.hpp"

namespace purser::sandbox {
namespace {

using namespace std::string_view_literals;

constexpr std::array currencies = {"AUD"sv, "BRL"sv, "CAD"sv, "CHF"sv, "CNY"sv, "CZK"sv, "DKK"sv, "EUR"sv, "GBP"sv, "HKD"sv, "HUF"sv, "ILS"sv,
                                   "JPY"sv, "MXN"sv, "MYR"sv, "NOK"sv, "NZD"sv, "PHP"sv, "PLN"sv, "SEK"sv, "SGD"sv, "THB"sv, "TWD"sv, "USD"sv};

std::size_t decimals_of(Currency currency) { return currency.code() == "HUF" || currency.code() == "JPY" || currency.code() == "TWD" ? 0 : 2; }

std::string money_json(std::int64_t minor, std::string_view code) {
  std::string out;
  JsonObject(out).text("currency_code", code).text("value", paypal_value(minor, Currency::parse(code).value())).close();
  return out;
}

std::string link_json(std::string_view relation, std::string_view href, std::string_view method) {
  std::string out;
  JsonObject(out).text("href", href).text("rel", relation).text("method", method).close();
  return out;
}

std::string address_of(const PaypalOrder& order, PaypalPartKind kind, std::string_view id) {
  return order.base_url + std::string(paypal_prefix) + "/v2/payments/" + std::string(text_of(kind)) + "s/" + std::string(id);
}
std::string address_of(const PaypalOrder& order) { return order.base_url + std::string(paypal_prefix) + "/v2/checkout/orders/" + order.id; }

// What it was made of.
std::string up_address(const PaypalOrder& order, const PaypalPart& part) {
  if (part.parent.empty()) return address_of(order);
  return address_of(order, part.kind == PaypalPartKind::refund ? PaypalPartKind::capture : PaypalPartKind::authorization, part.parent);
}

std::string related_json(const PaypalOrder& order, const PaypalPart& part) {
  std::string ids, out;
  JsonObject object(ids);
  object.text("order_id", order.id);
  if (part.kind == PaypalPartKind::capture && !part.parent.empty()) object.text("authorization_id", part.parent);
  if (part.kind == PaypalPartKind::refund) object.text("capture_id", part.parent);
  object.close();
  JsonObject(out).raw("related_ids", ids).close();
  return out;
}

std::string list_of(const PaypalOrder& order, const std::vector<PaypalPart>& parts, PaypalPartKind kind) {
  std::string out;
  for (const PaypalPart& part : parts)
    if (part.kind == kind) out += (out.empty() ? "" : ",") + part_json(order, part);
  return "[" + out + "]";
}

std::string payments_json(const PaypalOrder& order, const std::vector<PaypalPart>& parts) {
  std::string out;
  JsonObject object(out);
  for (const PaypalPartKind kind : {PaypalPartKind::authorization, PaypalPartKind::capture, PaypalPartKind::refund})
    if (std::ranges::find(parts, kind, &PaypalPart::kind) != parts.end()) object.raw(std::string(text_of(kind)) + "s", list_of(order, parts, kind));
  object.close();
  return out;
}

std::string unit_json(const PaypalOrder& order, const std::vector<PaypalPart>& parts) {
  std::string out;
  JsonObject object(out);
  object.text("reference_id", order.reference_id.empty() ? "default" : order.reference_id).raw("amount", money_json(order.amount, order.currency));
  if (!order.custom_id.empty()) object.text("custom_id", order.custom_id);
  if (!order.invoice_id.empty()) object.text("invoice_id", order.invoice_id);
  if (!parts.empty()) object.raw("payments", payments_json(order, parts));
  object.close();
  return out;
}

std::string_view resource_type_of(std::string_view event) {
  if (event.starts_with("CHECKOUT.")) return "checkout-order";
  if (event.starts_with("PAYMENT.AUTHORIZATION.")) return "authorization";
  return event == "PAYMENT.CAPTURE.REFUNDED" || event.starts_with("PAYMENT.REFUND.") ? "refund" : "capture";
}

}  // namespace

std::optional<Currency> paypal_currency(std::string_view code) {
  return std::ranges::binary_search(currencies, code) ? Currency::parse(code) : std::nullopt;
}

std::optional<std::int64_t> paypal_minor(std::string_view value, Currency currency) {
  const std::size_t point = value.find('.'), decimals = decimals_of(currency);
  const std::string_view fraction = point == std::string_view::npos ? "" : value.substr(point + 1);
  const bool bare_point = point != std::string_view::npos && fraction.empty();
  if (point == 0 || bare_point || value.size() > 32 || fraction.size() > decimals) return std::nullopt;
  std::string digits = std::string(value.substr(0, point)) + std::string(fraction);
  digits.append(static_cast<std::size_t>(currency.exponent()) - fraction.size(), '0');
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const auto minor = parse_integer(digits);
  return minor && *minor > 0 ? minor : std::nullopt;
}

std::string paypal_value(std::int64_t minor, Currency currency) {
  std::string text = to_text({minor, currency});
  text.resize(text.size() - 4);  // " USD"
  if (decimals_of(currency) == 0 && currency.exponent() > 0) text.resize(text.size() - static_cast<std::size_t>(currency.exponent()) - 1);
  return text;
}

std::string part_json(const PaypalOrder& order, const PaypalPart& part) {
  std::string out;
  JsonObject object(out);
  object.text("id", part.id).text("status", part.status).raw("amount", money_json(part.amount, order.currency));
  if (!part.custom_id.empty()) object.text("custom_id", part.custom_id);
  if (!part.invoice_id.empty()) object.text("invoice_id", part.invoice_id);
  if (part.kind == PaypalPartKind::capture) object.flag("final_capture", part.final_capture);
  if (!part.response_code.empty()) object.raw("processor_response", R"({"response_code":")" + part.response_code + "\"}");
  if (part.status == "PENDING") object.raw("status_details", R"({"reason":"PENDING_REVIEW"})");
  object.raw("supplementary_data", related_json(order, part));
  object.raw("links",
             "[" + link_json("self", address_of(order, part.kind, part.id), "GET") + "," + link_json("up", up_address(order, part), "GET") + "]");
  object.text("create_time", rfc3339(part.created)).close();
  return out;
}

std::string order_json(const PaypalOrder& order, const std::vector<PaypalPart>& parts) {
  std::string links = link_json("self", address_of(order), "GET"), out;
  if (order.status == "PAYER_ACTION_REQUIRED") links += "," + link_json("payer-action", order.base_url + "/_sandbox/authenticate/" + order.id, "GET");
  JsonObject(out)
      .text("id", order.id)
      .text("intent", order.captures ? "CAPTURE" : "AUTHORIZE")
      .text("status", order.status)
      .raw("purchase_units", "[" + unit_json(order, parts) + "]")
      .text("create_time", rfc3339(order.created))
      .raw("links", "[" + links + "]")
      .close();
  return out;
}

std::string event_json_paypal(const Event& event) {
  std::string out;
  JsonObject(out)
      .text("id", event.id)
      .text("event_version", "1.0")
      .text("create_time", rfc3339(event.created))
      .text("resource_type", resource_type_of(event.type))
      .text("resource_version", "2.0")
      .text("event_type", event.type)
      .raw("resource", event.object)
      .close();
  return out;
}

std::string paypal_error_json(std::string_view name, std::string_view issue, std::string_view description, std::string_view links) {
  std::string detail, out;
  JsonObject(detail).text("issue", issue).text("description", description).close();
  JsonObject object(out);
  object.text("name", name).text("message", description).text("debug_id", "sandbox");
  if (!issue.empty()) object.raw("details", "[" + detail + "]");
  if (!links.empty()) object.raw("links", links);
  object.close();
  return out;
}

Answer paypal_refusal(std::string_view issue, std::string_view description, int status) {
  const std::string_view name = status == 404 ? "RESOURCE_NOT_FOUND" : status == 400 ? "INVALID_REQUEST" : "UNPROCESSABLE_ENTITY";
  return {.status = status, .body = paypal_error_json(name, issue, description), .executed = status == 422};
}

}  // namespace purser::sandbox
