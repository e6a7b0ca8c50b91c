// PayPal's manners: access tokens, JSON bodies, its error envelope, its webhooks under an RSA signature.
#include <array>

#include "sandbox/face.hpp"
#include "sandbox/json_form.hpp"
#include "sandbox/json_text.hpp"
#include "sandbox/paypal_json.hpp"
#include "sandbox/paypal_operations.hpp"
#include "sandbox/paypal_signature.hpp"
#include "sandbox/signature.hpp"

namespace purser::sandbox {
namespace {

constexpr Duration token_lasts = hours(9);
// Under which tokens are signed: what grants them does not know the client's secret, which was checked before.
constexpr std::string_view token_secret = "sandbox";

Answer grant_token(Call& call, std::string_view) {
  std::string out;
  JsonObject(out)
      .text("scope", "https://uri.paypal.com/services/payments/payment")
      .text("access_token", paypal_token(token_secret, call.now + token_lasts))
      .text("token_type", "Bearer")
      .number("expires_in", token_lasts.ms / 1000)
      .close();
  return {.body = out, .executed = false};
}

std::optional<Answer> check_grant(const Form& form) {
  if (form.text("grant_type") == "client_credentials") return std::nullopt;
  return Answer{.status = 400, .body = R"({"error":"unsupported_grant_type","error_description":"grant_type is client_credentials."})"};
}

constexpr std::string_view token_path = "/paypal/v1/oauth2/token";
constexpr std::array paypal_routes = {
    // clang-format off
    Route{"POST", token_path,                                  check_grant,        grant_token,                  nullptr},
    Route{"POST", "/paypal/v2/checkout/orders",                check_paypal_order, create_paypal_order,          nullptr},
    Route{"POST", "/paypal/v2/checkout/orders/*/authorize",    nullptr,            authorize_paypal_order,       nullptr},
    Route{"POST", "/paypal/v2/checkout/orders/*/capture",      nullptr,            capture_paypal_order,         nullptr},
    Route{"POST", "/paypal/v2/payments/authorizations/*/capture", nullptr,         capture_paypal_authorization, nullptr},
    Route{"POST", "/paypal/v2/payments/authorizations/*/void", nullptr,            void_paypal_authorization,    nullptr},
    Route{"POST", "/paypal/v2/payments/captures/*/refund",     nullptr,            refund_paypal_capture,        nullptr},
    Route{"GET",  "/paypal/v2/checkout/orders/*",              nullptr,            nullptr,                      show_paypal_order},
    Route{"GET",  "/paypal/v2/payments/authorizations/*",      nullptr,            nullptr,                      show_paypal_authorization},
    Route{"GET",  "/paypal/v2/payments/captures/*",            nullptr,            nullptr,                      show_paypal_capture},
    Route{"GET",  "/paypal/v2/payments/refunds/*",             nullptr,            nullptr,                      show_paypal_refund},
    // clang-format on
};

std::string_view bearer_of(const http::Request& request) {
  const std::string_view header = request.headers.find("authorization").value_or("");
  return header.starts_with("Bearer ") ? header.substr(7) : "";
}

Answer refuse_as(int status, std::string_view name, std::string_view issue, std::string_view description) {
  return {.status = status, .body = paypal_error_json(name, issue, description), .executed = false};
}

std::optional<Visit> visit_of(const std::optional<PaypalOrder>& order) {
  if (!order) return std::nullopt;
  const std::string joint = order->return_url.find('?') == std::string::npos ? "?" : "&";
  return Visit{.id = order->id,
               .status = order->status,
               .currency = order->currency,
               .amount = order->amount,
               .waits = order->status == "PAYER_ACTION_REQUIRED",
               .json = order_json(*order, {}),
               .return_to = order->return_url.empty() ? "" : order->return_url + joint + "token=" + order->id};
}

class PaypalFace final : public Face {
 public:
  std::string_view name() const override { return paypal_name; }
  std::string_view prefix() const override { return "/paypal/"; }
  std::span<const Route> routes() const override { return paypal_routes; }
  std::string_view key_header() const override { return "paypal-request-id"; }
  std::size_t key_length_max() const override { return 108; }
  Duration key_lifetime() const override { return hours(6); }
  bool keeps_failures() const override { return false; }

  // A token for whoever has a client id and, where one is configured, the secret; all else for whoever has a token.
  bool admits(const http::Request& request, std::string_view secret_key) const override {
    if (!request.target.starts_with(token_path)) return paypal_token_end(bearer_of(request), token_secret).has_value();
    return knows_secret(request.headers.find("authorization").value_or(""), secret_key);
  }
  bool has_run_out(const http::Request& request, Instant now) const override {
    const auto end = paypal_token_end(bearer_of(request), token_secret);
    return !request.target.starts_with(token_path) && end && *end <= now;
  }

  std::optional<Form> read_body(const http::Request& request) const override {
    if (request.target != token_path) return form_of_json(request.body);
    auto fields = http::parse_form(request.body);
    return fields ? std::optional(Form(*std::move(fields))) : std::nullopt;
  }
  std::string reference_in(const Form& form) const override {
    for (const std::string_view name : {"purchase_units[0][custom_id]", "custom_id", "invoice_id"})
      if (const std::string* reference = form.find(name)) return *reference;
    return "";
  }

  Answer refuse(Refusal why, std::string_view about) const override {
    const std::string subject(about);
    switch (why) {
      case Refusal::wants_secret_key:
        return {.status = 401,
                .body = R"({"error":"invalid_token","error_description":"The token or the credentials are not valid."})",
                .executed = false};
      case Refusal::no_such_operation:
        return refuse_as(404, "RESOURCE_NOT_FOUND", "", "There is no " + subject + " in the sandbox.");
      case Refusal::body_unreadable:
        return refuse_as(400, "INVALID_REQUEST", "MALFORMED_REQUEST_JSON", "The body is not a JSON object.");
      case Refusal::key_too_long:
        return refuse_as(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH", "PayPal-Request-Id may have at most 108 characters.");
      case Refusal::key_in_use:
        return refuse_as(422, "UNPROCESSABLE_ENTITY", "PREVIOUS_REQUEST_IN_PROGRESS", "A request under this id is still running: " + subject);
      case Refusal::key_used_otherwise:
        return refuse_as(422, "UNPROCESSABLE_ENTITY", "PAYPAL_REQUEST_ID_PREVIOUSLY_USED", "The id was first used for another request: " + subject);
      case Refusal::fault_unknown:
        return refuse_as(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", about);
      case Refusal::rate_limited:
        return refuse_as(429, "RATE_LIMIT_REACHED", "", "Too many requests came too quickly.");
      case Refusal::locked:
        return refuse_as(429, "RATE_LIMIT_REACHED", "", "Another request holds this order; try again in a little while.");
      case Refusal::failed_on_request:
        return {.status = 500, .body = paypal_error_json("INTERNAL_SERVER_ERROR", "", "The sandbox was asked to fail here.")};
      case Refusal::store_failed:
        return refuse_as(503, "SERVICE_UNAVAILABLE", "", "The sandbox's store refused; nothing was done.");
    }
    return {};
  }

  void write_headers(http::Response& response, const Told& told) const override { response.headers.set("paypal-debug-id", told.request_id); }

  http::Outbound webhook(const Event& event, const std::string& secret, Instant sent) const override {
    http::Outbound outbound{.method = "POST", .url = "", .body = event_json_paypal(event)};
    outbound.headers.set("content-type", "application/json");
    sign_paypal_webhook(outbound.headers, secret, "transmission-" + event.id, sent, outbound.body);
    return outbound;
  }

  std::optional<Instant> next_settling(store::Tx& tx) const override { return next_paypal_settling(tx); }
  void settle(Call& call) const override { settle_paypal(call); }
  std::optional<Visit> visit(store::Tx& tx, std::string_view id) const override { return visit_of(load_paypal_order(tx, id)); }
  std::optional<Visit> decide(Call& call, std::string_view id, bool approves) const override {
    return visit_of(let_paypal_buyer_decide(call, id, approves));
  }

  std::vector<PaymentRow> newest_payments(store::Tx& tx, std::int64_t rows_max) const override {
    std::vector<PaymentRow> rows;
    for (const PaypalOrder& order : newest_paypal_orders(tx, rows_max)) rows.push_back(row_of(tx, order));
    return rows;
  }

 private:
  static bool knows_secret(std::string_view header, std::string_view secret_key);
  static PaymentRow row_of(store::Tx& tx, const PaypalOrder& order) {
    std::int64_t received = 0;
    for (const PaypalPart& part : paypal_parts_of(tx, order.id))
      if (part.kind == PaypalPartKind::capture && part.status != "PENDING" && part.status != "DECLINED") received += part.amount;
    return {order.created, order.id, order.status, order.amount, received, order.currency, order.reference_id, order.custom_id};
  }
};

// "Basic base64(client id:secret)".
bool PaypalFace::knows_secret(std::string_view header, std::string_view secret_key) {
  if (!header.starts_with("Basic ")) return false;
  const std::string credentials = base64_decoded(header.substr(6));
  const std::size_t colon = credentials.find(':');
  if (colon == 0 || colon == std::string::npos) return false;
  const std::string_view secret = std::string_view(credentials).substr(colon + 1);
  return secret_key.empty() ? !secret.empty() : secret == secret_key;
}

}  // namespace

const Face& paypal_face() {
  static const PaypalFace face;
  return face;
}

}  // namespace purser::sandbox
