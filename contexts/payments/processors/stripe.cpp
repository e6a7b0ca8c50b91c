#include "contexts/payments/processors/stripe.hpp"

#include <algorithm>
#include <array>

#include "contexts/payments/processors/adapter.hpp"
#include "kernel/letters.hpp"
#include "kernel/mutant.hpp"

namespace purser::payments {
namespace {

using simdjson::dom::element;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view reference_key = "purser_reference";
constexpr int list_pages_max = 3;  // of a hundred intents each, before the search is asked

// Stripe counts the króna and the Ugandan shilling in hundredths, though ISO 4217 gives them none.
std::int64_t stripe_amount(std::int64_t minor, Currency currency) {
  const bool in_hundredths = currency.code() == "ISK" || currency.code() == "UGX";
  return in_hundredths ? checked_multiply(minor, 100).value_or(-1) : minor;
}
// What an object of Stripe's says it is about, in our minor units.
std::optional<Money> money_at(const element& object) {
  const auto currency = Currency::parse(text_at(object, "/currency"));
  if (!currency) return std::nullopt;
  return Money{integer_at(object, "/amount") / stripe_amount(1, *currency), *currency};
}
std::int64_t amount_of(const Instruction& instruction) { return stripe_amount(instruction.amount, instruction.currency); }
std::int64_t captured_after(const Instruction& capture) { return stripe_amount(capture.captured_before + capture.amount, capture.currency); }

// ---- what Stripe's words mean ----

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

// A card error. What is wrong with the card itself, and what a bank says for good, does not get better by asking again.
Outcome card_declined(const element& error, std::string processor_ref) {
  constexpr std::array<std::string_view, 8> card_faults = {"expired_card", "incorrect_number",     "invalid_number",      "incorrect_cvc",
                                                           "invalid_cvc",  "invalid_expiry_month", "invalid_expiry_year", "card_not_supported"};
  constexpr std::array<std::string_view, 6> final_declines = {"lost_card",   "stolen_card",     "fraudulent",
                                                              "pickup_card", "restricted_card", "merchant_blacklist"};
  const std::string code = text_at(error, "/code"), decline_code = text_at(error, "/decline_code");
  const bool card_fault = is_one_of(card_faults, code);
  const bool retryable = !card_fault && !is_one_of(final_declines, decline_code);
  return declined(card_fault ? "invalid_card" : "declined", text_at(error, "/message"), decline_code.empty() ? code : decline_code, retryable,
                  std::move(processor_ref));
}

bool is_a(const element& object, std::string_view kind) { return text_at(object, "/object") == kind && !text_at(object, "/id").empty(); }

// An answer about the intent that was asked about, and so fit to say what became of it.
bool is_intent(const element& document, std::string_view id) { return is_a(document, "payment_intent") && text_at(document, "/id") == id; }

bool is_in_currency_of(const element& object, const Instruction& instruction) {
  return text_at(object, "/currency") == in_lower_case(std::string(instruction.currency.code()));
}

// A page of objects of one kind; nothing where it cannot be understood, for what is not in it would be taken as absent.
std::optional<std::vector<element>> page_of(const element& document, std::string_view kind) {
  simdjson::dom::array list;
  bool has_more = false;
  if (document["data"].get(list) != simdjson::SUCCESS || document["has_more"].get(has_more) != simdjson::SUCCESS) return std::nullopt;
  for (const element object : list)
    if (!is_a(object, kind)) return std::nullopt;
  return std::vector<element>(list.begin(), list.end());
}

// A PaymentIntent's status as the outcome of the attempt that made it.
Outcome intent_outcome(const element& intent) {
  const std::string status = text_at(intent, "/status"), id = text_at(intent, "/id");
  if (status == "succeeded" || status == "requires_capture") return {.end = End::succeeded, .processor_ref = id};
  if (status == "requires_action")
    return {.end = End::requires_action, .processor_ref = id, .action_url = text_at(intent, "/next_action/redirect_to_url/url")};
  if (status == "canceled")
    return {
        .end = End::released,
        .processor_ref = id,
        .failure = Failure{.code = "abandoned", .message = "The payment was cancelled at the processor.", .retryable = true, .outcome = "declined"}};
  if (status == "requires_payment_method") {
    if (const auto error = object_at(intent, "/last_payment_error")) return card_declined(*error, id);
    return declined("declined", "The processor wants another payment method.", "", true, id);
  }
  return undecided("The processor says \"" + status + "\".", id);
}

Outcome refund_outcome(const element& refund) {
  const std::string status = text_at(refund, "/status"), id = text_at(refund, "/id");
  if (status == "succeeded") return {.end = End::succeeded, .processor_ref = id};
  if (status == "failed" || status == "canceled")
    return declined("declined", "The refund failed at the processor.", text_at(refund, "/failure_reason"), true, id);
  return undecided("The processor has not finished the refund yet.", id);
}

class Stripe final : public Processor {
 public:
  Stripe(std::shared_ptr<http::Client> client, StripeOptions options) : client_(std::move(client)), options_(std::move(options)) {
    capabilities_.visibility_lag = options_.visibility_lag;
  }

  std::string_view name() const override { return options_.name; }
  const Capabilities& capabilities() const override { return capabilities_; }

  Task<Outcome> process(Instruction instruction) override {
    switch (instruction.kind) {
      case AttemptKind::authorize:
      case AttemptKind::sale:
        co_return co_await pay(std::move(instruction));
      case AttemptKind::capture:
        co_return co_await capture(std::move(instruction));
      case AttemptKind::refund:
        co_return co_await refund(std::move(instruction));
      case AttemptKind::release:
        co_return co_await release(std::move(instruction));
      case AttemptKind::reverse:
        co_return co_await reverse(std::move(instruction));
    }
    co_return in_doubt("unknown", "no such operation");
  }

  Task<Outcome> look_up(Instruction instruction) override {
    switch (instruction.kind) {
      case AttemptKind::authorize:
      case AttemptKind::sale:
        co_return co_await look_up_intent(std::move(instruction));
      case AttemptKind::refund:
        co_return co_await look_up_refund(std::move(instruction));
      case AttemptKind::release:
        co_return co_await look_up_release(std::move(instruction));
      case AttemptKind::capture:
        co_return co_await look_up_capture(std::move(instruction));
      case AttemptKind::reverse:
        co_return co_await look_up_reverse(std::move(instruction));
    }
    co_return Outcome{.end = End::absent};
  }

  Result<Notice> parse_webhook(const http::Request& request, Instant now) const override {
    TRY_DONE(verify_stripe_signature(request.headers.find("Stripe-Signature").value_or(""), request.body, options_.webhook_secret, now,
                                     options_.webhook_tolerance));
    simdjson::dom::parser parser;
    element event;
    if (parser.parse(request.body).get(event) != simdjson::SUCCESS || text_at(event, "/id").empty())
      return Error{.kind = Kind::malformed, .code = "webhook_unreadable", .detail = "The body is not a Stripe event."};
    Notice notice{.event_id = text_at(event, "/id"), .type = text_at(event, "/type")};
    const auto object = object_at(event, "/data/object");
    if (!object) return notice;
    notice.reference = text_at(*object, "/metadata/" + std::string(reference_key));
    notice.processor_ref = text_at(*object, "/id");
    notice.amount = money_at(*object);
    const std::string kind = text_at(*object, "/object");
    // What an intent looked like while it was being made says nothing yet.
    if (kind == "payment_intent" && notice.type != "payment_intent.created" && notice.type != "payment_intent.processing") {
      notice.about = Notice::About::money;
      notice.outcome = intent_outcome(*object);
    } else if (kind == "refund") {
      notice.about = Notice::About::refund;
      notice.outcome = refund_outcome(*object);
    }
    return notice;
  }

 private:
  Task<Answer> send(std::string method, std::string path, Fields fields, std::string key, std::string traceparent) {
    http::Outbound request{.method = std::move(method),
                           .url = options_.base_url + path,
                           .connect_timeout = options_.connect_timeout,
                           .total_timeout = options_.total_timeout};
    request.headers.set("Authorization", "Bearer " + options_.secret_key);
    request.headers.set("Stripe-Version", options_.api_version);
    if (!key.empty()) request.headers.set("Idempotency-Key", key);
    if (!traceparent.empty()) request.headers.set("traceparent", traceparent);
    if (request.method == "POST") {
      request.headers.set("Content-Type", "application/x-www-form-urlencoded");
      request.body = http::write_form(fields);
    } else if (!fields.empty()) {
      request.url += "?" + http::write_form(fields);
    }
    Answer answer = read_answer(co_await client_->send(std::move(request)));
    if (!answer.outcome && answer.status >= 400) answer.outcome = error_outcome(answer.status, answer.document);
    if (!answer.outcome && answer.status != 200)
      answer.outcome = in_doubt("unknown", "The processor answered " + std::to_string(answer.status) + ", which is no answer.");
    co_return answer;
  }

  static Outcome error_outcome(int status, const element& document) {
    const auto error = object_at(document, "/error");
    const std::string message = error ? text_at(*error, "/message") : "";
    const std::string code = error ? text_at(*error, "/code") : "", type = error ? text_at(*error, "/type") : "";
    const std::string told = "The processor answered " + std::to_string(status) + ": " + message;
    if (status == 429) {
      Outcome outcome = not_sent(told);
      outcome.answered = true;
      return outcome;
    }
    if (status >= 500 || type.empty()) return in_doubt("unknown", told);  // without a type it is nobody's word but a proxy's
    if (status == 409 || type == "idempotency_error") return undecided(told);
    if (status == 402) return card_declined(*error, text_at(*error, "/payment_intent/id"));
    if (status == 401 || status == 403) return declined("unknown", "The processor refused our credentials: " + message, code, true);
    const bool about_card = text_at(*error, "/param") == "payment_method";
    return declined(about_card ? "invalid_card" : "unknown", message, code, false, text_at(*error, "/payment_intent/id"));
  }

  // The processor must speak of the money it was asked for; anything else is not an answer to our question.
  static Outcome checked(const element& intent, const Instruction& instruction) {
    if (!is_a(intent, "payment_intent")) return in_doubt("unknown", "The processor's answer is no payment intent.");
    if (integer_at(intent, "/amount") != amount_of(instruction) || !is_in_currency_of(intent, instruction))
      return in_doubt("unknown", "The processor's amount or currency is not what it was asked for.");
    return intent_outcome(intent);
  }

  Task<Outcome> pay(Instruction instruction) {
    Fields fields{{"amount", std::to_string(amount_of(instruction))},
                  {"currency", in_lower_case(std::string(instruction.currency.code()))},
                  {"payment_method", instruction.payment_method},
                  {"payment_method_types[]", "card"},
                  {"confirm", "true"},
                  {"capture_method", instruction.kind == AttemptKind::sale ? "automatic" : "manual"},
                  {"metadata[" + std::string(reference_key) + "]", instruction.reference},
                  {"metadata[payment_id]", instruction.payment_id}};
    if (instruction.kind == AttemptKind::authorize) fields.emplace_back("payment_method_options[card][request_multicapture]", "if_available");
    if (!instruction.order_id.empty()) fields.emplace_back("metadata[order_id]", instruction.order_id);
    if (!instruction.return_url.empty()) fields.emplace_back("return_url", instruction.return_url);
    const Answer answer = co_await send("POST", "/v1/payment_intents", std::move(fields), instruction.reference, instruction.traceparent);
    co_return answer.outcome ? *answer.outcome : checked(answer.document, instruction);
  }

  Task<Outcome> capture(Instruction instruction) {
    Fields fields{{"amount_to_capture", std::to_string(amount_of(instruction))}};
    if (!instruction.final) fields.emplace_back("final_capture", "false");
    const Answer answer = co_await send("POST", "/v1/payment_intents/" + http::percent_encode(instruction.processor_ref) + "/capture",
                                        std::move(fields), instruction.reference, instruction.traceparent);
    // Captured already, by us or by other hands: the sum tells whether what was asked for holds.
    if (answer.status == 400 && text_at(answer.document, "/error/payment_intent/status") == "succeeded")
      if (const Outcome known = co_await look_up_capture(instruction); known.end == End::succeeded) co_return known;
    if (answer.outcome) co_return *answer.outcome;
    if (!is_intent(answer.document, instruction.processor_ref) || integer_at(answer.document, "/amount_received") != captured_after(instruction) ||
        !is_in_currency_of(answer.document, instruction))
      co_return in_doubt("unknown", "The processor's answer is about another payment, amount or currency than it was asked for.");
    const std::string status = text_at(answer.document, "/status");
    if (status == "succeeded" || status == "requires_capture") co_return Outcome{.end = End::succeeded, .processor_ref = instruction.processor_ref};
    co_return in_doubt("unknown", "The processor says \"" + status + "\".");
  }

  Task<Outcome> refund(Instruction instruction) {
    Fields fields{{"payment_intent", instruction.processor_ref}, {"amount", std::to_string(amount_of(instruction))}};
    const Answer answer = co_await ask_refund(std::move(fields), instruction, instruction.reference);
    co_return answer.outcome ? *answer.outcome : checked_refund(answer.document, instruction);
  }
  Task<Answer> ask_refund(Fields fields, const Instruction& instruction, std::string key) {
    fields.emplace_back("metadata[" + std::string(reference_key) + "]", instruction.reference);
    fields.emplace_back("metadata[payment_id]", instruction.payment_id);
    return send("POST", "/v1/refunds", std::move(fields), std::move(key), instruction.traceparent);
  }

  // A reversal gives back whatever is left: only a refund is of an amount.
  static Outcome checked_refund(const element& refund, const Instruction& instruction) {
    const bool of_amount = instruction.kind == AttemptKind::reverse || integer_at(refund, "/amount") == amount_of(instruction);
    if (!is_a(refund, "refund") || !of_amount || !is_in_currency_of(refund, instruction))
      return in_doubt("unknown", "The processor's refund is of another amount or currency, or none.");
    return refund_outcome(refund);
  }

  Task<Outcome> release(Instruction instruction) {
    Cancelled cancelled = co_await cancel(std::move(instruction));
    co_return std::move(cancelled.outcome);
  }

  // What came of letting the money go, and what was captured of it before.
  struct Cancelled {
    Outcome outcome;
    std::int64_t received = 0;
  };
  Task<Cancelled> cancel(Instruction instruction) {
    const Answer answer = co_await send("POST", "/v1/payment_intents/" + http::percent_encode(instruction.processor_ref) + "/cancel", {},
                                        instruction.reference, instruction.traceparent);
    if (answer.outcome && answer.status != 400) co_return Cancelled{*answer.outcome};
    // Already cancelled: what was asked for holds.
    const auto told = answer.outcome ? object_at(answer.document, "/error/payment_intent") : std::optional(answer.document);
    const bool canceled = told && is_intent(*told, instruction.processor_ref) && text_at(*told, "/status") == "canceled";
    if (canceled) co_return Cancelled{{.end = End::succeeded, .processor_ref = instruction.processor_ref}, integer_at(*told, "/amount_received")};
    if (answer.outcome) co_return Cancelled{*answer.outcome};
    co_return Cancelled{in_doubt("unknown", "The processor's answer does not say that the payment is cancelled.")};
  }

  // Gives back a charge that nobody wants: releases what is still held of it, and refunds what was taken. All of it, so that a second
  // time is refused there, and each repetition may have a key of its own: an error that is kept under one must not keep it from being done.
  Task<Outcome> reverse(Instruction instruction) {
    Instruction step = instruction;
    const std::string repetition = instruction.repetition > 0 ? "-" + std::to_string(instruction.repetition) : "";
    step.reference = instruction.reference + "-release" + repetition;
    Cancelled cancelled = co_await cancel(std::move(step));
    if (cancelled.outcome.end != End::declined && cancelled.received == 0) co_return std::move(cancelled.outcome);
    // The refund keeps our reference, by which it is found again; only its key is another's.
    const Answer answer =
        co_await ask_refund({{"payment_intent", instruction.processor_ref}}, instruction, instruction.reference + "-refund" + repetition);
    Outcome refunded = answer.outcome ? *answer.outcome : checked_refund(answer.document, instruction);
    if (refunded.end == End::declined && refunded.failure && refunded.failure->decline_code == "charge_already_refunded")
      refunded.end = End::succeeded;
    co_return refunded;
  }

  Task<Outcome> look_up_intent(Instruction instruction) {
    if (!instruction.processor_ref.empty()) {
      const Answer answer = co_await read_intent(instruction);
      co_return answer.outcome ? *answer.outcome : checked(answer.document, instruction);
    }
    // The newest first, for a list shows at once what the search may show only after a minute. Not by time: nobody knows by how much
    // our clock and the processor's differ.
    std::string last;
    for (int pages = 0; pages < list_pages_max; ++pages) {
      Fields where{{"limit", "100"}};
      if (mutated("look_up_bounded_by_our_clock"))
        where.emplace_back("created[gte]", std::to_string((instruction.begun_at.unix_ms - minutes(5).ms) / 1000));
      if (!last.empty()) where.emplace_back("starting_after", last);
      const Answer page = co_await send("GET", "/v1/payment_intents", std::move(where), "", instruction.traceparent);
      const Outcome listed = found_in(page, instruction);
      if (listed.end != End::absent || !flag_at(page.document, "/has_more")) co_return listed;
      last = last_id_in(page);
    }
    const std::string query = "metadata['" + std::string(reference_key) + "']:'" + instruction.reference + "'";
    const Answer matches = co_await send("GET", "/v1/payment_intents/search", {{"query", query}}, "", instruction.traceparent);
    co_return found_in(matches, instruction);
  }

  static std::string last_id_in(const Answer& page) {
    simdjson::dom::array list;
    if (page.document["data"].get(list) != simdjson::SUCCESS || list.size() == 0) return "";
    return text_at(list.at(list.size() - 1).value(), "/id");
  }

  // The intent that carries our reference, in a page of intents; End::absent where none does.
  static Outcome found_in(const Answer& page, const Instruction& instruction) {
    if (page.outcome) return not_found_out(page);
    const auto intents = page_of(page.document, "payment_intent");
    if (!intents) return in_doubt("unknown", "The processor's list cannot be read.");
    for (const element& intent : *intents)
      if (text_at(intent, "/metadata/" + std::string(reference_key)) == instruction.reference) return checked(intent, instruction);
    return {.end = End::absent};
  }

  static Outcome not_found_out(const Answer& answer) { return in_doubt("unknown", answer.outcome->failure ? answer.outcome->failure->message : ""); }

  // The intent that the instruction is about, with an outcome where it is none to read.
  Task<Answer> read_intent(Instruction instruction) {
    Answer answer = co_await send("GET", "/v1/payment_intents/" + http::percent_encode(instruction.processor_ref), {}, "", instruction.traceparent);
    if (answer.outcome)
      answer.outcome = not_found_out(answer);
    else if (!is_intent(answer.document, instruction.processor_ref))
      answer.outcome = in_doubt("unknown", "The processor's answer is not the payment intent that it was asked for.");
    co_return answer;
  }

  Task<Outcome> look_up_refund(Instruction instruction) {
    const Answer answer =
        co_await send("GET", "/v1/refunds", {{"payment_intent", instruction.processor_ref}, {"limit", "100"}}, "", instruction.traceparent);
    if (answer.outcome) co_return not_found_out(answer);
    const auto refunds = page_of(answer.document, "refund");
    if (!refunds) co_return in_doubt("unknown", "The processor's list cannot be read.");
    for (const element& refund : *refunds)
      if (text_at(refund, "/metadata/" + std::string(reference_key)) == instruction.reference) co_return checked_refund(refund, instruction);
    co_return Outcome{.end = End::absent};
  }

  // A capture leaves no mark of its own, but captures of a payment come one at a time: the sum tells.
  Task<Outcome> look_up_capture(Instruction instruction) {
    const Answer answer = co_await read_intent(instruction);
    if (answer.outcome) co_return *answer.outcome;
    if (!is_in_currency_of(answer.document, instruction)) co_return in_doubt("unknown", "The processor's payment is in another currency.");
    if (integer_at(answer.document, "/amount_received") >= captured_after(instruction))
      co_return Outcome{.end = End::succeeded, .processor_ref = instruction.processor_ref};
    if (text_at(answer.document, "/status") == "canceled")
      co_return declined("abandoned", "The authorisation was released at the processor.", "", false, instruction.processor_ref);
    co_return Outcome{.end = End::absent};
  }

  // Undone by a release, or by the refund that reverse() makes of what was taken.
  Task<Outcome> look_up_reverse(Instruction instruction) {
    const Answer answer = co_await read_intent(instruction);
    if (answer.outcome) co_return *answer.outcome;
    if (text_at(answer.document, "/status") == "canceled" && integer_at(answer.document, "/amount_received") == 0)
      co_return Outcome{.end = End::succeeded, .processor_ref = instruction.processor_ref};
    co_return co_await look_up_refund(std::move(instruction));
  }

  Task<Outcome> look_up_release(Instruction instruction) {
    const Answer answer = co_await read_intent(instruction);
    if (answer.outcome) co_return *answer.outcome;
    if (text_at(answer.document, "/status") == "canceled") co_return Outcome{.end = End::succeeded, .processor_ref = instruction.processor_ref};
    co_return Outcome{.end = End::absent};
  }

  std::shared_ptr<http::Client> client_;
  StripeOptions options_;
  Capabilities capabilities_{.key_lifetime = hours(24),
                             .look_up_by_reference = true,
                             .void_by_reference = false,
                             .visibility_lag = {},
                             .multi_capture = true,
                             .partial_refund = true,
                             .webhooks = true,
                             .methods = {"card", "apple_pay", "google_pay"}};
};

}  // namespace

std::vector<std::string> stripe_webhook_types() {
  return {"payment_intent.succeeded",
          "payment_intent.amount_capturable_updated",
          "payment_intent.payment_failed",
          "payment_intent.requires_action",
          "payment_intent.canceled",
          "refund.created",
          "refund.updated",
          "refund.failed"};
}

std::shared_ptr<Processor> make_stripe(std::shared_ptr<http::Client> client, StripeOptions options) {
  return std::make_shared<Stripe>(std::move(client), std::move(options));
}

}  // namespace purser::payments
