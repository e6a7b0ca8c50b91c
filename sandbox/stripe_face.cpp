// Stripe's manners: form bodies, bearer keys, its error envelope, its signed webhooks.
#include <array>

#include "sandbox/face.hpp"
#include "sandbox/operations.hpp"
#include "sandbox/repository.hpp"
#include "sandbox/signature.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {
namespace {

using Id = std::string_view;  // the "*" of the pattern, or empty

template <std::optional<StripeError> (*check)(const Form&)>
std::optional<Answer> refused_by(const Form& form) {
  const auto error = check(form);
  return error ? std::optional(refuse(*error)) : std::nullopt;
}

template <std::optional<StripeError> (*check)(const Form&)>
constexpr Route changing(std::string_view pattern, Answer (*change)(Call&, Id)) {
  return {"POST", pattern, refused_by<check>, change, nullptr};
}
constexpr Route looking(std::string_view pattern, Answer (*look)(const View&, Id)) { return {"GET", pattern, nullptr, nullptr, look}; }

// Top-down: "search" stands above the id it would be taken for.
constexpr std::array stripe_routes = {
    // clang-format off
    changing<check_create>("/v1/payment_intents",            [](Call& call, Id) { return create_payment_intent(call); }),
    changing<check_confirm>("/v1/payment_intents/*/confirm", confirm_payment_intent),
    changing<check_capture>("/v1/payment_intents/*/capture", capture_payment_intent),
    changing<check_cancel>("/v1/payment_intents/*/cancel",   cancel_payment_intent),
    changing<check_update>("/v1/payment_intents/*",          update_payment_intent),
    changing<check_refund>("/v1/refunds",                    [](Call& call, Id) { return create_refund(call); }),
    Route{"POST", "/v1/refunds/*", nullptr, update_refund, nullptr},
    looking("/v1/payment_intents/search", [](const View& view, Id) { return search_payment_intents(view.tx, view.form, view.visible_until); }),
    looking("/v1/payment_intents/*",      [](const View& view, Id id) { return retrieve_payment_intent(view.tx, view.form, id); }),
    looking("/v1/payment_intents",        [](const View& view, Id) { return list_payment_intents(view.tx, view.form); }),
    looking("/v1/charges/*",              [](const View& view, Id id) { return retrieve_charge(view.tx, id); }),
    looking("/v1/charges",                [](const View& view, Id) { return list_charges_of(view.tx, view.form); }),
    looking("/v1/refunds/*",              [](const View& view, Id id) { return retrieve_refund(view.tx, id); }),
    looking("/v1/refunds",                [](const View& view, Id) { return list_refunds_of(view.tx, view.form); }),
    looking("/v1/events/*",               [](const View& view, Id id) { return retrieve_event(view.tx, id); }),
    looking("/v1/events",                 [](const View& view, Id) { return list_events(view.tx, view.form); }),
    looking("/v1/balance",                [](const View& view, Id) { return show_balance(view.tx); }),
    // clang-format on
};

// Bearer, or Basic with the key as user.
std::string key_of(const http::Request& request) {
  const std::string_view header = request.headers.find("authorization").value_or("");
  if (header.starts_with("Bearer ")) return std::string(header.substr(7));
  if (!header.starts_with("Basic ")) return {};
  const std::string decoded = base64_decoded(header.substr(6));
  return decoded.substr(0, decoded.find(':'));
}

constexpr std::size_t metadata_keys_max = 50, metadata_key_max = 40, metadata_value_max = 500;

std::optional<StripeError> check_metadata(const Form& form) {
  const Pairs metadata = form.group("metadata");
  if (metadata.size() > metadata_keys_max) return bad_parameter("metadata", "", "metadata may have at most 50 keys.");
  for (const auto& [key, value] : metadata) {
    if (key.size() > metadata_key_max) return bad_parameter("metadata", "", "A key of metadata may have at most 40 characters.");
    if (value.size() > metadata_value_max) return bad_parameter("metadata[" + key + "]", "", "A value of metadata may have at most 500 characters.");
  }
  return std::nullopt;
}

StripeError error_for(Refusal why, std::string_view about) {
  const std::string subject(about);
  switch (why) {
    case Refusal::wants_secret_key:
      return {.status = 401, .message = "A secret test key (sk_test_…) is needed, as a bearer token or as the user of basic authentication."};
    case Refusal::no_such_operation:
      return {.status = 404, .message = "There is no " + subject + " in the sandbox."};
    case Refusal::body_unreadable:
      return bad_parameter("", "", "The body is not a form (application/x-www-form-urlencoded).");
    case Refusal::key_too_long:
      return bad_parameter("", "", "An idempotency key may have at most 255 characters.");
    case Refusal::key_in_use:
      return {.status = 409, .code = "idempotency_key_in_use", .message = "A request under this idempotency key is still running: " + subject};
    case Refusal::key_used_otherwise:
      return {.type = "idempotency_error",
              .message = "The idempotency key " + subject + " was first used for another endpoint or with other parameters."};
    case Refusal::fault_unknown:
      return bad_parameter("metadata[sandbox_fault]", "", about);
    case Refusal::rate_limited:
      return {.status = 429, .code = "rate_limit", .message = "Too many requests came too quickly."};
    case Refusal::locked:
      return {.status = 429, .code = "lock_timeout", .message = "Another request holds this object; try again in a little while."};
    case Refusal::failed_on_request:
      return {.status = 500, .type = "api_error", .message = "The sandbox was asked to fail here.", .executed = true};
    case Refusal::store_failed:
      return {.status = 503, .type = "api_error", .message = "The sandbox's store refused; nothing was done."};
  }
  return {};
}

// Where the customer's browser goes on, as Stripe sends it back to the shop.
std::string return_target(const PaymentIntent& intent) {
  if (intent.return_url.empty()) return {};
  const bool good = intent.status == Status::succeeded || intent.status == Status::requires_capture || intent.status == Status::processing;
  return intent.return_url + (intent.return_url.find('?') == std::string::npos ? "?" : "&") +
         http::write_form({{"payment_intent", intent.id},
                           {"payment_intent_client_secret", intent.client_secret},
                           {"redirect_status", good ? "succeeded" : "failed"}});
}

std::optional<Visit> visit_of(const std::optional<PaymentIntent>& intent) {
  if (!intent) return std::nullopt;
  return Visit{.id = intent->id,
               .status = std::string(text_of(intent->status)),
               .currency = intent->currency,
               .amount = intent->amount,
               .waits = intent->status == Status::requires_action,
               .json = intent_json(*intent),
               .return_to = return_target(*intent)};
}

class StripeFace final : public Face {
 public:
  std::string_view name() const override { return stripe_name; }
  std::string_view prefix() const override { return "/"; }
  std::span<const Route> routes() const override { return stripe_routes; }
  std::size_t key_length_max() const override { return 255; }
  Duration key_lifetime() const override { return hours(24); }

  bool admits(const http::Request& request, std::string_view secret_key) const override {
    const std::string key = key_of(request);
    return secret_key.empty() ? key.starts_with("sk_test_") : key == secret_key;
  }
  std::optional<Form> read_body(const http::Request& request) const override {
    auto fields = http::parse_form(request.body);
    return fields ? std::optional(Form(*std::move(fields))) : std::nullopt;
  }
  std::optional<Answer> check(const Form& form) const override { return refused_by<check_metadata>(form); }
  Answer refuse(Refusal why, std::string_view about) const override { return sandbox::refuse(error_for(why, about)); }

  void write_headers(http::Response& response, const Told& told) const override {
    response.headers.set("request-id", told.request_id);
    response.headers.set("stripe-version", told.asked.find("stripe-version").value_or(default_api_version));
    if (!told.idempotency_key.empty()) response.headers.set("idempotency-key", told.idempotency_key);
    if (told.replayed) response.headers.set("idempotent-replayed", "true");
    const bool locked = told.fault == FaultKind::lock_timeout;
    if (response.status == 409 || response.status == 503 || locked) response.headers.set("stripe-should-retry", "true");
  }

  http::Outbound webhook(const Event& event, const std::string& secret, Instant sent) const override {
    http::Outbound outbound{.method = "POST", .url = "", .body = event_json(event)};
    outbound.headers.set("content-type", "application/json; charset=utf-8");
    outbound.headers.set("stripe-signature", signature_header(secret, sent, outbound.body));
    return outbound;
  }

  std::optional<Instant> next_settling(store::Tx& tx) const override { return sandbox::next_settling(tx); }
  void settle(Call& call) const override { settle_due(call); }

  std::optional<Visit> visit(store::Tx& tx, std::string_view id) const override { return visit_of(load_intent(tx, id)); }
  std::optional<Visit> decide(Call& call, std::string_view id, bool approves) const override {
    return visit_of(authenticate_customer(call, id, approves));
  }

  std::vector<PaymentRow> newest_payments(store::Tx& tx, std::int64_t rows_max) const override {
    std::vector<PaymentRow> rows;
    for (const PaymentIntent& intent : list_intents(tx, {.rows_max = rows_max}))
      rows.push_back({intent.created, intent.id, std::string(text_of(intent.status)), intent.amount, intent.amount_received, intent.currency,
                      std::string(value_of(intent.metadata, "order_id")), std::string(value_of(intent.metadata, "purser_reference"))});
    return rows;
  }
};

}  // namespace

const Face& stripe_face() {
  static const StripeFace face;
  return face;
}

}  // namespace purser::sandbox
