#include "contexts/payments/processors/adyen.hpp"

#include "contexts/payments/processors/adapter.hpp"
#include "contexts/payments/processors/adyen_notification.hpp"
#include "contexts/payments/processors/adyen_words.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::payments {
namespace {

using simdjson::dom::element;

// A reference of ours, where Adyen told none of its own; theirs are capitals and digits.
bool is_our_reference(std::string_view processor_ref) { return processor_ref.starts_with("pay_"); }

Outcome refused_here(std::string message) { return declined("unknown", std::move(message), "", false); }

std::string path_of(const Instruction& instruction, std::string_view what) {
  return "/payments/" + http::percent_encode(instruction.processor_ref) + "/" + std::string(what);
}

void write_amount(JsonWriter& json, std::int64_t value, Currency currency) {
  json.key("amount").begin_object().key("value").integer(value).key("currency").string(currency.code()).end_object();
}

Outcome error_outcome(int status, const element& document) {
  const std::string code = text_at(document, "/errorCode"), message = text_at(document, "/message");
  const std::string told = "Adyen answered " + std::to_string(status) + (message.empty() ? "." : ": " + message);
  if (status == 429) {
    Outcome outcome = not_sent(told);
    outcome.answered = true;
    return outcome;
  }
  if (status < 400 || status >= 500) return in_doubt("unknown", told);
  if (code == "704") return undecided(told);  // the same key is being worked on
  if (status == 401 || status == 403) return declined("unknown", "Adyen refused our credentials: " + message, code, true);
  if (code.empty()) return in_doubt("unknown", told);
  return declined(is_about_the_card(code) ? "invalid_card" : "unknown", told, code, false);
}

// Adyen must speak of what it was asked for; anything else is not an answer to our question.
bool speaks_of(const element& payment, const Instruction& instruction) {
  const std::string reference = text_at(payment, "/merchantReference");
  if (!reference.empty() && reference != instruction.reference) return false;
  const auto amount = object_at(payment, "/amount");
  if (!amount) return true;
  return text_at(*amount, "/currency") == instruction.currency.code() &&
         integer_at(*amount, "/value") == adyen_amount(instruction.amount, instruction.currency);
}

// The answer of /payments and /payments/details.
Outcome payment_outcome(const element& payment, const Instruction& instruction) {
  const std::string result = text_at(payment, "/resultCode"), id = text_at(payment, "/pspReference");
  if (!speaks_of(payment, instruction)) return in_doubt("unknown", "Adyen's answer is about another payment or amount than it was asked for.");
  if (result == "Authorised" && id.empty()) return in_doubt("unknown", "Adyen's answer names no pspReference.");
  if (result == "Authorised") return {.end = End::succeeded, .processor_ref = id};
  if (result == "Refused" || result == "Error" || result == "Cancelled")
    return adyen_refusal(text_at(payment, "/refusalReasonCode"), text_at(payment, "/refusalReason"), id);
  // Before the buyer comes back it may have no pspReference yet: then ours is what can undo it.
  const std::string known_as = id.empty() ? instruction.reference : id;
  const std::string url = text_at(payment, "/action/url");
  if (!url.empty()) return {.end = End::requires_action, .processor_ref = known_as, .action_url = url};
  return undecided("Adyen says \"" + result + "\".", known_as);
}

class Adyen final : public Processor {
 public:
  Adyen(std::shared_ptr<http::Client> client, AdyenOptions options) : client_(std::move(client)), options_(std::move(options)) {
    capabilities_.multi_capture = options_.several_captures;
  }

  std::string_view name() const override { return options_.name; }
  const Capabilities& capabilities() const override { return capabilities_; }

  Task<Outcome> process(Instruction instruction) override {
    const auto value = adyen_amount(instruction.amount, instruction.currency);
    if (!value)
      co_return refused_here("Adyen counts " + std::string(instruction.currency.code()) + " in another unit: this amount has no whole number of it.");
    switch (instruction.kind) {
      case AttemptKind::authorize:
      case AttemptKind::sale:
        co_return co_await pay(std::move(instruction), *value);
      case AttemptKind::capture:
        if (!instruction.final && !options_.several_captures)
          co_return refused_here("Several captures of a payment are not enabled at Adyen: capture once, finally.");
        co_return co_await modify(std::move(instruction), "captures", value);
      case AttemptKind::refund:
        co_return co_await modify(std::move(instruction), "refunds", value);
      case AttemptKind::release:
        co_return co_await modify(std::move(instruction), "cancels", std::nullopt);
      case AttemptKind::reverse:
        co_return co_await modify(std::move(instruction), "reversals", std::nullopt);
    }
    co_return in_doubt("unknown", "no such operation");
  }

  Task<Outcome> look_up(Instruction instruction) override {
    const bool pays = instruction.kind == AttemptKind::authorize || instruction.kind == AttemptKind::sale;
    if (pays && !instruction.action_result.empty()) co_return co_await complete(std::move(instruction));
    co_return undecided("Adyen cannot be asked for a payment; what became of it comes by notification.");
  }

  Result<Notice> parse_webhook(const http::Request& request, Instant) const override {
    return parse_adyen_notification(request.body, options_.hmac_key, options_.merchant_account);
  }

 private:
  Task<Answer> send(std::string path, std::string body, std::string key, std::string traceparent) {
    http::Outbound request{.method = "POST",
                           .url = options_.base_url + path,
                           .body = std::move(body),
                           .connect_timeout = options_.connect_timeout,
                           .total_timeout = options_.total_timeout};
    request.headers.set("X-API-Key", options_.api_key);
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Idempotency-Key", key);
    if (!traceparent.empty()) request.headers.set("traceparent", traceparent);
    Answer answer = read_answer(co_await client_->send(std::move(request)));
    if (!answer.outcome && answer.status != 200 && answer.status != 201) answer.outcome = error_outcome(answer.status, answer.document);
    co_return answer;
  }

  Task<Outcome> pay(Instruction instruction, std::int64_t value) {
    const std::string& return_url = instruction.return_url.empty() ? options_.return_url : instruction.return_url;
    if (return_url.empty()) co_return refused_here("Adyen wants a return_url: name one, or set one for all payments.");
    const Answer answer = co_await send("/payments", payment_body(instruction, value, return_url), instruction.reference, instruction.traceparent);
    co_return answer.outcome ? *answer.outcome : payment_outcome(answer.document, instruction);
  }

  std::string payment_body(const Instruction& instruction, std::int64_t value, const std::string& return_url) const {
    const auto slash = instruction.payment_method.find('/');
    const bool names_shopper = slash != std::string::npos;
    const std::string shopper = names_shopper ? instruction.payment_method.substr(0, slash) : instruction.user_id;
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    write_amount(json, value, instruction.currency);
    json.key("reference").string(instruction.reference).key("merchantAccount").string(options_.merchant_account);
    json.key("returnUrl").string(return_url).key("channel").string("Web");
    json.key("paymentMethod").begin_object().key("type").string("scheme");
    json.key("storedPaymentMethodId").string(names_shopper ? instruction.payment_method.substr(slash + 1) : instruction.payment_method).end_object();
    if (!shopper.empty()) json.key("shopperReference").string(shopper);
    json.key("shopperInteraction").string("ContAuth").key("recurringProcessingModel").string("CardOnFile");
    json.key("authenticationData").begin_object().key("threeDSRequestData").begin_object();
    json.key("nativeThreeDS").string("disabled").end_object().end_object();
    if (instruction.kind == AttemptKind::sale) json.key("captureDelayHours").integer(0);
    if (instruction.kind == AttemptKind::authorize) json.key("additionalData").begin_object().key("manualCapture").string("true").end_object();
    json.key("metadata").begin_object().key("payment_id").string(instruction.payment_id);
    if (!instruction.order_id.empty()) json.key("order_id").string(instruction.order_id);
    json.end_object().end_object();
    return body;
  }

  // The buyer is back from his bank: only now is the payment made.
  Task<Outcome> complete(Instruction instruction) {
    std::string body;
    JsonWriter(body).begin_object().key("details").begin_object().key("redirectResult").string(instruction.action_result).end_object().end_object();
    const Answer answer = co_await send("/payments/details", std::move(body), instruction.reference + "-details", instruction.traceparent);
    co_return answer.outcome ? *answer.outcome : payment_outcome(answer.document, instruction);
  }

  // What Adyen receives and does later. `value`: where it is about an amount.
  Task<Outcome> modify(Instruction instruction, std::string_view what, std::optional<std::int64_t> value) {
    if (instruction.processor_ref.empty()) co_return refused_here("It is not known which of Adyen's payments this is about.");
    const bool by_reference = is_our_reference(instruction.processor_ref);
    if (by_reference && value) co_return refused_here("Adyen told no pspReference of this payment, so nothing can be captured or refunded of it.");
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("merchantAccount").string(options_.merchant_account);
    // By reference, both are the charge's: then its notification names the charge, whichever of them it brings back.
    json.key("reference").string(by_reference ? instruction.processor_ref : instruction.reference);
    if (by_reference) json.key("paymentReference").string(instruction.processor_ref);
    if (value) write_amount(json, *value, instruction.currency);
    json.end_object();
    const std::string path = by_reference ? "/cancels" : path_of(instruction, what);
    const Answer answer = co_await send(path, std::move(body), instruction.reference, instruction.traceparent);
    if (answer.outcome) co_return *answer.outcome;
    if (text_at(answer.document, "/status") != "received") co_return in_doubt("unknown", "Adyen's answer to a modification cannot be understood.");
    co_return undecided("Adyen has received it; what came of it is told by notification.", text_at(answer.document, "/pspReference"));
  }

  std::shared_ptr<http::Client> client_;
  AdyenOptions options_;
  Capabilities capabilities_{.key_lifetime = hours(7 * 24),
                             .look_up_by_reference = false,
                             .void_by_reference = true,
                             .visibility_lag = {},
                             .multi_capture = false,
                             .partial_refund = true,
                             .webhooks = true,
                             .methods = {"card"}};
};

}  // namespace

std::vector<std::string> adyen_webhook_types() {
  return {"AUTHORISATION",    "CAPTURE", "CAPTURE_FAILED", "CANCELLATION",     "TECHNICAL_CANCEL",
          "CANCEL_OR_REFUND", "REFUND",  "REFUND_FAILED",  "REFUNDED_REVERSED"};
}

std::shared_ptr<Processor> make_adyen(std::shared_ptr<http::Client> client, AdyenOptions options) {
  return std::make_shared<Adyen>(std::move(client), std::move(options));
}

}  // namespace purser::payments
