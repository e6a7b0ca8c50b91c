// Adyen's manners: JSON bodies, an API key in a header, its error body, signed standard webhooks. Checkout API, version 71.
#include <array>

#include "sandbox/adyen_json.hpp"
#include "sandbox/adyen_operations.hpp"
#include "sandbox/adyen_repository.hpp"
#include "sandbox/face.hpp"
#include "sandbox/json_form.hpp"

namespace purser::sandbox {
namespace {

using Id = std::string_view;

constexpr std::array adyen_routes = {
    // clang-format off
    Route{"POST", "/adyen/v71/payments",              adyen::check_payment,             [](Call& call, Id) { return adyen::make_payment(call); }, nullptr},
    Route{"POST", "/adyen/v71/payments/details",      adyen::check_details,             [](Call& call, Id) { return adyen::submit_details(call); }, nullptr},
    Route{"POST", "/adyen/v71/payments/*/captures",   adyen::check_amount_modification, adyen::capture, nullptr},
    Route{"POST", "/adyen/v71/payments/*/cancels",    adyen::check_modification,        adyen::cancel, nullptr},
    Route{"POST", "/adyen/v71/payments/*/refunds",    adyen::check_amount_modification, adyen::refund, nullptr},
    Route{"POST", "/adyen/v71/payments/*/reversals",  adyen::check_modification,        adyen::reverse, nullptr},
    Route{"POST", "/adyen/v71/cancels",               adyen::check_technical_cancel,    [](Call& call, Id) { return adyen::cancel_by_reference(call); }, nullptr},
    // clang-format on
};

std::optional<Visit> visit_of(const std::optional<adyen::Payment>& payment) {
  if (!payment) return std::nullopt;
  const bool decided = !payment->redirect_result.empty();
  const std::string_view joint = payment->return_url.find('?') == std::string::npos ? "?" : "&";
  return Visit{
      .id = payment->psp_reference,
      .status = std::string(text_of(payment->status)),
      .currency = payment->currency,
      .amount = payment->amount,
      .waits = payment->status == adyen::PaymentStatus::redirected,
      .json = adyen::payment_json(*payment),
      .return_to = decided ? payment->return_url + std::string(joint) + http::write_form({{"redirectResult", payment->redirect_result}}) : ""};
}

class AdyenFace final : public Face {
 public:
  std::string_view name() const override { return "adyen"; }
  std::string_view prefix() const override { return "/adyen/"; }
  std::span<const Route> routes() const override { return adyen_routes; }
  std::size_t key_length_max() const override { return 64; }
  Duration key_lifetime() const override { return hours(7 * 24); }

  // Every key of Adyen's begins with these letters.
  bool admits(const http::Request& request, std::string_view secret_key) const override {
    const std::string_view key = request.headers.find("x-api-key").value_or("");
    return secret_key.empty() ? key.starts_with("AQE") : key == secret_key;
  }
  std::optional<Form> read_body(const http::Request& request) const override { return form_of_json(request.body); }
  std::string reference_in(const Form& form) const override { return form.text("reference"); }

  Answer refuse(Refusal why, std::string_view about) const override {
    const std::string subject(about);
    switch (why) {
      case Refusal::wants_secret_key:
        return adyen::error(401, "000", "HTTP Status Response - Unauthorized", "security");
      case Refusal::no_such_operation:
        return adyen::error(404, "000", "There is no " + subject + " in the sandbox");
      case Refusal::body_unreadable:
        return adyen::error(400, "702", "The body is not a JSON object");
      case Refusal::key_too_long:
        return adyen::error(422, "702", "An idempotency key may have at most 64 characters");
      case Refusal::key_in_use:
      case Refusal::key_used_otherwise:
        return adyen::error(422, "704", "request already processed or in progress");
      case Refusal::fault_unknown:
        return adyen::error(422, "702", subject);
      case Refusal::rate_limited:
        return adyen::error(429, "000", "Too many requests", "security");
      case Refusal::locked:
        return adyen::error(422, "704", "Another request holds this payment; try again in a little while");
      case Refusal::failed_on_request:
        return adyen::error(500, "000", "The sandbox was asked to fail here", "internal", true);
      case Refusal::store_failed:
        return adyen::error(503, "000", "The sandbox's store refused; nothing was done", "internal");
    }
    return {};
  }

  void write_headers(http::Response& response, const Told& told) const override {
    response.headers.set("pspreference", told.request_id);
    if (!told.idempotency_key.empty()) response.headers.set("idempotency-key", told.idempotency_key);
    if (response.status == 429 || response.status == 503 || told.fault == FaultKind::lock_timeout) response.headers.set("transient-error", "true");
  }

  http::Outbound webhook(const Event& event, const std::string& secret, Instant) const override {
    http::Outbound outbound{.method = "POST", .url = "", .body = adyen::notification_json(event.object, secret)};
    outbound.headers.set("content-type", "application/json; charset=utf-8");
    return outbound;
  }

  std::optional<Instant> next_settling(store::Tx& tx) const override { return adyen::next_due(tx); }
  void settle(Call& call) const override { adyen::settle_one(call); }

  std::optional<Visit> visit(store::Tx& tx, std::string_view id) const override { return visit_of(adyen::load_payment(tx, id)); }
  std::optional<Visit> decide(Call& call, std::string_view id, bool approves) const override {
    return visit_of(adyen::let_shopper_decide(call, id, approves));
  }

  std::vector<PaymentRow> newest_payments(store::Tx& tx, std::int64_t rows_max) const override {
    std::vector<PaymentRow> rows;
    for (const adyen::Payment& payment : adyen::newest_payments(tx, rows_max))
      rows.push_back({payment.created, payment.psp_reference, std::string(text_of(payment.status)), payment.amount, payment.captured,
                      payment.currency, std::string(value_of(payment.metadata, "order_id")), payment.reference});
    return rows;
  }
};

}  // namespace

const Face& adyen_face() {
  static const AdyenFace face;
  return face;
}

}  // namespace purser::sandbox
