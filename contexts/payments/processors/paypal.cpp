#include "contexts/payments/processors/paypal.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "contexts/payments/processors/paypal_access.hpp"
#include "contexts/payments/processors/paypal_event.hpp"
#include "contexts/payments/processors/paypal_order.hpp"
#include "contexts/payments/processors/paypal_wire.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::payments {
namespace {

using namespace paypal;
using simdjson::dom::element;

constexpr Duration let_go_remembered = hours(1);

std::string order_path(const std::string& id) { return "/v2/checkout/orders/" + http::percent_encode(id); }
std::string authorization_path(const std::string& id) { return "/v2/payments/authorizations/" + http::percent_encode(id); }
std::string capture_path(const std::string& id) { return "/v2/payments/captures/" + http::percent_encode(id); }

std::string why(const Outcome& outcome) { return outcome.failure ? outcome.failure->message : ""; }

// The order could not be read, so nothing was asked of it.
Outcome unasked(const Answer& read) {
  Outcome outcome = not_sent("The order could not be read: " + why(*read.outcome));
  outcome.answered = read.status != 0;
  return outcome;
}

Outcome not_expressible(const Instruction& instruction) {
  return declined("unknown", "PayPal cannot take " + to_text({instruction.amount, instruction.currency}) + ". Use another currency or processor.",
                  "amount_not_supported", false);
}

Outcome with_ref(Outcome outcome, const std::string& processor_ref) {
  if (outcome.processor_ref.empty()) outcome.processor_ref = processor_ref;
  return outcome;
}

class Paypal final : public Processor {
 public:
  Paypal(std::shared_ptr<http::Client> client, Clock& clock, PaypalOptions options)
      : clock_(clock), options_(std::move(options)), access_(std::move(client), clock, options_) {
    // A repetition must arrive while the key is kept, however slow it is.
    capabilities_ = {.key_lifetime = Duration{std::max<std::int64_t>(0, options_.key_lifetime.ms - minutes(5).ms)},
                     .look_up_by_reference = false,
                     .void_by_reference = false,
                     .visibility_lag = hours(3),
                     .multi_capture = true,
                     .partial_refund = true,
                     .webhooks = true,
                     .methods = {"paypal"}};
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
    if (instruction.processor_ref.empty()) co_return undecided("PayPal cannot be asked for an order by our reference.");
    const Answer order = co_await read_order(instruction);
    const bool gets_money = instruction.kind == AttemptKind::authorize || instruction.kind == AttemptKind::sale;
    // PayPal forgets orders that were never paid. It must say so itself: a proxy's 404 is nobody's word.
    if (gets_money && order.status == 404 && says_forgotten(issue_of_answer(order)))
      co_return Outcome{
          .end = End::released,
          .processor_ref = instruction.processor_ref,
          .failure = Failure{.code = "abandoned", .message = "The order ran out at the processor.", .retryable = true, .outcome = "declined"}};
    if (order.outcome) co_return in_doubt("unknown", why(*order.outcome));
    switch (instruction.kind) {
      case AttemptKind::authorize:
      case AttemptKind::sale:
        co_return co_await proceed(order, std::move(instruction));
      case AttemptKind::capture:
        co_return captured_already(order.document, instruction);
      case AttemptKind::refund:
        co_return refunded_already(order.document, instruction);
      case AttemptKind::release:
        co_return is_voided(order.document) ? succeeded(instruction) : Outcome{.end = End::absent};
      case AttemptKind::reverse:
        co_return reversed_already(order.document, instruction);
    }
    co_return in_doubt("unknown", "no such operation");
  }

  Result<Notice> parse_webhook(const http::Request& request, Instant now) const override {
    TRY_DONE(verify_paypal_signature(request, options_.webhook_id, options_.webhook_certificates, now, options_.webhook_tolerance));
    return read_event(request.body);
  }

 private:
  static Outcome succeeded(const Instruction& instruction) { return {.end = End::succeeded, .processor_ref = instruction.processor_ref}; }

  // What an order shows decides what is asked of it next, and what it does not show would be taken as not done: so it must be whole.
  Task<Answer> read_order(Instruction instruction) {
    Answer order = co_await access_.send({.method = "GET", .path = order_path(instruction.processor_ref), .traceparent = instruction.traceparent});
    if (!order.outcome && !is_whole(order.document, instruction.processor_ref))
      order.outcome = in_doubt("unknown", "The processor's order cannot be understood.");
    co_return order;
  }
  Task<Answer> post(std::string path, std::string body, std::string key, std::string traceparent) {
    return access_.send(
        {.method = "POST", .path = std::move(path), .body = std::move(body), .key = std::move(key), .traceparent = std::move(traceparent)});
  }

  // ---- the money ----

  Task<Outcome> pay(Instruction instruction) {
    if (!instruction.processor_ref.empty()) co_return co_await look_up(std::move(instruction));
    const auto amount = amount_text({instruction.amount, instruction.currency});
    if (!amount) co_return not_expressible(instruction);
    const auto source = payment_source(instruction);
    if (!source)
      co_return declined("invalid_card", R"(The payment method is none of PayPal's: "paypal", "paypal:<id>", "card:<id>" or "token:<id>".)",
                         "payment_method_unknown", false);
    const Answer order =
        co_await post("/v2/checkout/orders", order_body(instruction, *amount, *source), instruction.reference, instruction.traceparent);
    if (order.outcome) co_return sent_to_buyer(order, "");
    co_return co_await proceed(order, std::move(instruction));
  }

  // What an order says, and what is to be done where the buyer has approved it.
  Task<Outcome> proceed(const Answer& order, Instruction instruction) {
    Outcome outcome = order_outcome(order.document, instruction);
    if (outcome.end != End::requires_action || !is_approved(order.document)) co_return outcome;
    co_return co_await complete(std::move(instruction), outcome.processor_ref);
  }

  Task<Outcome> complete(Instruction instruction, std::string order) {
    if (let_go_.contains(order))
      co_return Outcome{
          .end = End::released,
          .processor_ref = order,
          .failure = Failure{.code = "abandoned", .message = "The order was released before it was paid.", .retryable = true, .outcome = "declined"}};
    const Completing completing{completing_, completing_.insert(order)};
    const std::string verb = instruction.kind == AttemptKind::sale ? "/capture" : "/authorize";
    const Answer paid = co_await post(order_path(order) + verb, "{}", instruction.reference + "-complete", instruction.traceparent);
    if (!paid.outcome) co_return with_ref(order_outcome(paid.document, instruction), order);
    instruction.processor_ref = order;
    if (says_already(issue_of_answer(paid)))
      if (const Answer now = co_await read_order(instruction); !now.outcome && !is_approved(now.document))
        co_return order_outcome(now.document, instruction);
    co_return with_ref(sent_to_buyer(paid, order), order);
  }

  static std::string issue_of_answer(const Answer& answer) { return answer.status >= 400 && answer.status < 500 ? issue_of(answer.document) : ""; }

  // An error that only says where the buyer has to go. The order's id stands in that address, where we do not know it.
  static Outcome sent_to_buyer(const Answer& answer, std::string order) {
    if (issue_of_answer(answer) != "PAYER_ACTION_REQUIRED") return *answer.outcome;
    const std::string link = approval_link(answer.document);
    if (order.empty())
      for (const auto& [name, value] : http::parse_target("/" + link.substr(std::min(link.find('?'), link.size()))).query)
        if (name == "token") order = value;
    if (link.empty() || order.empty()) return *answer.outcome;
    return {.end = End::requires_action, .processor_ref = order, .action_url = link};
  }

  Task<Outcome> capture(Instruction instruction) {
    const auto amount = amount_text({instruction.amount, instruction.currency});
    if (!amount) co_return not_expressible(instruction);
    const Answer order = co_await read_order(instruction);
    if (order.outcome) co_return unasked(order);
    if (const Outcome known = captured_already(order.document, instruction); known.end != End::absent) co_return known;
    const std::string authorization = held_authorization(order.document);
    if (authorization.empty())
      co_return declined("abandoned", "No authorisation holds money for this order any more.", "authorization_not_held", false,
                         instruction.processor_ref);
    const Answer taken = co_await post(authorization_path(authorization) + "/capture", capture_body(instruction, *amount), instruction.reference,
                                       instruction.traceparent);
    if (says_already(issue_of_answer(taken)))
      if (const Answer now = co_await read_order(instruction); !now.outcome)
        if (const Outcome known = captured_already(now.document, instruction); known.end != End::absent) co_return known;
    if (taken.outcome) co_return *taken.outcome;
    if (money_at(taken.document, "/amount") != Money{instruction.amount, instruction.currency})
      co_return in_doubt("unknown", "The processor's capture is of another amount or currency.");
    co_return capture_outcome(taken.document, instruction.processor_ref);
  }

  // ---- giving back ----

  Task<Outcome> refund(Instruction instruction) {
    if (!amount_text({instruction.amount, instruction.currency})) co_return not_expressible(instruction);
    const Answer order = co_await read_order(instruction);
    if (order.outcome) co_return unasked(order);
    const Outcome known = refunded_already(order.document, instruction);
    if (known.end != End::absent && !is_partly_refunded(order.document, instruction)) co_return known;
    const auto plan = plan_refund(order.document, instruction);
    if (plan.empty() && known.end != End::absent) co_return known;
    if (plan.empty())
      co_return declined("declined", "What was captured and is not refunded yet is less than the refund.", "refund_amount_exceeded", false);
    bool given = known.end != End::absent;  // a part of it
    Outcome last{.end = End::absent};
    for (const RefundPart& part : plan) {
      const Outcome outcome = co_await refund_part(instruction, part);
      if (outcome.end != End::succeeded && given) co_return undecided("Only a part was refunded: " + why(outcome));
      if (outcome.end != End::succeeded) co_return outcome;
      last = outcome;
      given = true;
    }
    co_return last;
  }

  Task<Outcome> refund_part(Instruction instruction, RefundPart part) {
    const Answer given = co_await post(capture_path(part.capture) + "/refund", refund_body(part), part.key, instruction.traceparent);
    if (says_already(issue_of_answer(given)))
      if (const Answer now = co_await read_order(instruction); !now.outcome)
        if (const Outcome known = refunded_already(now.document, instruction); known.end != End::absent) co_return known;
    if (given.outcome) co_return *given.outcome;
    if (money_at(given.document, "/amount") != part.amount) co_return in_doubt("unknown", "The processor's refund is of another amount or currency.");
    co_return refund_outcome(given.document);
  }

  Task<Outcome> release(Instruction instruction) {
    const Answer order = co_await read_order(instruction);
    if (order.outcome) co_return unasked(order);
    co_return co_await let_go(order, instruction, instruction.reference);
  }

  Task<Outcome> let_go(const Answer& order, Instruction instruction, std::string key) {
    if (is_voided(order.document)) co_return succeeded(instruction);
    if (is_unpaid(order.document)) co_return forget_unpaid(instruction);
    const std::string authorization = held_authorization(order.document);
    if (authorization.empty()) co_return declined("unknown", "There is no authorisation left to release.", "nothing_held", false);
    const Answer voided = co_await post(authorization_path(authorization) + "/void", "{}", std::move(key), instruction.traceparent);
    const bool gone = voided.status == 204 || text_at(voided.document, "/status") == "VOIDED";
    if (!voided.outcome) co_return gone ? succeeded(instruction) : in_doubt("unknown", "The processor's answer does not say that it let go.");
    if (says_already(issue_of_answer(voided)))
      if (const Answer now = co_await read_order(instruction); !now.outcome && is_voided(now.document)) co_return succeeded(instruction);
    co_return *voided.outcome;
  }

  // Nobody completes the order any more, unless somebody is at it right now.
  Outcome forget_unpaid(const Instruction& instruction) {
    const std::string& order = instruction.processor_ref;
    if (completing_.contains(order)) return undecided("The order is being completed: what becomes of that decides.", order);
    const Instant now = clock_.now();
    std::erase_if(let_go_, [now](const auto& entry) { return now - entry.second > let_go_remembered; });
    let_go_[order] = now;
    return succeeded(instruction);
  }

  // Gives back whatever the order took. Each repetition has keys of its own, for an error that is kept under one must not keep it from
  // being done; the order tells what is done already.
  Task<Outcome> reverse(Instruction instruction) {
    const Answer order = co_await read_order(instruction);
    if (order.outcome) co_return unasked(order);
    const std::string repetition = instruction.repetition > 0 ? "-" + std::to_string(instruction.repetition) : "";
    const Outcome known = reversed_already(order.document, instruction);
    if (known.end != End::absent) co_return known;
    if (is_unpaid(order.document)) co_return forget_unpaid(instruction);
    if (!held_authorization(order.document).empty()) {
      const Outcome voided = co_await let_go(order, instruction, instruction.reference + "-void" + repetition);
      if (voided.end != End::succeeded) co_return voided;
    }
    Outcome last = succeeded(instruction);
    for (const RefundPart& part : plan_reversal(order.document, instruction, repetition)) {
      const Answer given = co_await post(capture_path(part.capture) + "/refund", refund_body(part), part.key, instruction.traceparent);
      if (given.outcome && issue_of_answer(given) != "CAPTURE_FULLY_REFUNDED") co_return *given.outcome;
      if (!given.outcome && money_at(given.document, "/amount") != part.amount)
        co_return in_doubt("unknown", "The processor's refund is of another amount or currency.");
      if (!given.outcome) last = refund_outcome(given.document);
      if (last.end != End::succeeded) co_return last;
    }
    co_return last;
  }

  struct Completing {
    std::multiset<std::string>& all;
    std::multiset<std::string>::iterator mine;
    ~Completing() { all.erase(mine); }
  };

  Clock& clock_;
  const PaypalOptions options_;
  Capabilities capabilities_{};
  Access access_;
  // An order must not be completed once it was said to be released, nor be said so while it is being completed.
  std::multiset<std::string> completing_{};
  std::map<std::string, Instant> let_go_{};
};

}  // namespace

std::vector<std::string> paypal_webhook_types() {
  return {"CHECKOUT.ORDER.APPROVED",       "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
          "PAYMENT.AUTHORIZATION.CREATED", "PAYMENT.AUTHORIZATION.VOIDED",
          "PAYMENT.CAPTURE.COMPLETED",     "PAYMENT.CAPTURE.PENDING",
          "PAYMENT.CAPTURE.DENIED",        "PAYMENT.CAPTURE.DECLINED",
          "PAYMENT.CAPTURE.REFUNDED",      "PAYMENT.REFUND.PENDING",
          "PAYMENT.REFUND.FAILED"};
}

std::shared_ptr<Processor> make_paypal(std::shared_ptr<http::Client> client, Clock& clock, PaypalOptions options) {
  return std::make_shared<Paypal>(std::move(client), clock, std::move(options));
}

}  // namespace purser::payments
