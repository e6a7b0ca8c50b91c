#include "contexts/payments/webhooks.hpp"

#include "kernel/card_number.hpp"
#include "platform/crash_point.hpp"
#include "platform/log.hpp"
#include "platform/metrics.hpp"

namespace purser::payments {
namespace {

using store::Tx;

// The attempt a notice is about: by our own reference, or, where the processor sent none, by its id for the charge.
std::optional<AttemptKey> attempt_of(Tx& tx, const std::string& processor, const Notice& notice) {
  if (!notice.reference.empty())
    if (auto key = find_by_reference(tx, notice.reference)) return key;
  if (notice.about == Notice::About::money) return find_money_attempt(tx, processor, notice.processor_ref);
  return std::nullopt;
}

// A processor that speaks of other money than it was asked for has not told what became of our attempt.
bool speaks_of(const Notice& notice, const Payment& payment, AttemptId id) {
  const Money asked{payment.attempt(id)->amount, payment.amount.currency};
  if (!notice.amount || *notice.amount == asked) return true;
  log::error("a webhook is about another amount than its attempt; look at it at the processor",
             {{"payment_id", payment.id.text()}, {"event_id", notice.event_id}, {"asked", to_text(asked)}, {"told", to_text(*notice.amount)}});
  return false;
}

// What carries an attempt's reference need not be its outcome: metadata can be copied from a charge to its refund.
bool is_about(const Notice& notice, const Attempt& attempt) {
  switch (notice.about) {
    case Notice::About::money:
      return attempt.gets_money();
    case Notice::About::capture:
      return attempt.kind == AttemptKind::capture;
    case Notice::About::refund:
      return attempt.kind == AttemptKind::refund || attempt.kind == AttemptKind::reverse;
    case Notice::About::release:
      return attempt.kind == AttemptKind::release || attempt.kind == AttemptKind::reverse;
    case Notice::About::nothing:
      break;
  }
  return false;
}

// A decline that overtakes the reply is left to whoever waits for that: he may ask another processor, which we cannot. Should the reply
// be lost, the janitor finds the decline.
bool is_for_the_caller(const Notice& notice, const Payment& payment, const Attempt& attempt) {
  return notice.outcome.end == End::declined && attempt.gets_money() && attempt.status == AttemptStatus::sent && payment.candidates.size() > 1;
}

// What is to be done with it: applied, unmatched (not ours, or not about this), mismatched (another amount), left (to the caller).
std::string verdict_on(const Notice& notice, const std::string& processor, const std::optional<Payment>& payment, const AttemptKey& key) {
  if (!payment) return "unmatched";
  const Attempt& attempt = *payment->attempt(key.attempt_id);
  // One processor's word does not count for what another was asked.
  if (attempt.processor != processor || !is_about(notice, attempt)) return "unmatched";
  if (!speaks_of(notice, *payment, key.attempt_id)) return "mismatched";
  return is_for_the_caller(notice, *payment, attempt) ? "left" : "applied";
}

// Says what became of it, or that it is a duplicate.
Result<std::string> take(Orchestrator& orchestrator, Tx& tx, const std::string& processor, const Notice& notice) {
  PaymentBook& book = orchestrator.book();
  const auto key = attempt_of(tx, processor, notice);
  const auto payment = key ? find(tx, key->merchant_id, key->payment_id) : std::nullopt;
  const std::string verdict = key ? verdict_on(notice, processor, payment, *key) : "unmatched";
  if (!take_in(tx, processor, notice.event_id, notice.type, book.clock().now(), verdict)) return std::string("duplicate");
  if (verdict == "unmatched") return verdict;
  rpc::Call call = rpc::system_call(key->merchant_id, "webhook/" + notice.event_id);
  if (verdict != "applied") {
    book.note(tx, call, payment->id, key->attempt_id, notice.outcome);
    return verdict;
  }
  call.caller.actor = "processor:" + processor;
  TRY(const Payment after, book.settle(tx, call, *payment, key->attempt_id, notice.outcome));
  // The buyer came back, or something else moved there: the janitor need not wait to see what it came to.
  const Attempt* attempt = after.attempt(key->attempt_id);
  if (attempt->is_open() && notice.outcome.end != End::succeeded) schedule_check(tx, attempt->id, book.clock().now(), attempt->checks);
  return verdict;
}

void count(const std::string& processor, const std::string& outcome) {
  metrics::counter("purser_webhooks_received_total", "Webhooks from processors.", {{"processor", processor}, {"outcome", outcome}}).add();
}

http::Response acknowledged() {
  pass_crash_point("before webhook acknowledged");
  http::Response response{.status = 200, .body = R"({"received":true})"};
  response.headers.set("Content-Type", "application/json");
  return response;
}

Task<http::Response> receive(Orchestrator& orchestrator, http::Request request, std::string processor) {
  pass_crash_point("before webhook handled");
  const std::string target = "/webhooks/" + processor;
  const std::string request_id(request.headers.find("Request-Id").value_or(""));
  const Guard* guard = orchestrator.processors().find(processor);
  if (!guard)
    co_return rpc::problem({.kind = Kind::not_found, .code = "processor_unknown", .detail = "There is no processor of this name."}, request_id,
                           target);
  auto notice = guard->parse_webhook(request, orchestrator.book().clock().now());
  // A processor's own numbers may look like a card's, and only what it signed may hold any.
  if (!notice.ok() && contains_card_number(request.body))
    notice = Error{.kind = Kind::invalid, .code = "card_number_refused", .detail = "A card number was found in the request body."};
  if (notice.ok() && contains_card_number(notice->event_id + " " + notice->type + " " + notice->reference))
    notice = Error{.kind = Kind::invalid, .code = "card_number_refused", .detail = "A card number was found in the event's id, type or reference."};
  if (!notice.ok()) {
    count(processor, "refused");
    log::warn("webhook refused", {{"processor", processor}, {"code", notice.error().code}});
    co_return rpc::problem(notice.error(), request_id, target);
  }
  // Most of what a processor tells is no news about money: there is nothing to store, and so nothing to wait for.
  if (notice->about == Notice::About::nothing) {
    count(processor, "ignored");
    co_return acknowledged();
  }
  auto taken = co_await orchestrator.store().transact([&](Tx& tx) { return take(orchestrator, tx, processor, *notice); });
  const std::string outcome = taken.ok() ? *taken : "failed";
  count(processor, outcome);
  log::info("webhook received", {{"processor", processor},
                                 {"event_id", notice->event_id},
                                 {"type", notice->type},
                                 {"processor_ref", notice->processor_ref},
                                 {"reference", notice->reference},
                                 {"outcome", outcome}});
  if (!taken.ok()) co_return rpc::problem(taken.error(), request_id, target);
  co_return acknowledged();
}

}  // namespace

rpc::RawRoute webhook_route(Orchestrator& orchestrator) {
  return {"POST", "/webhooks/{processor}",
          [&orchestrator](http::Request request, std::vector<std::pair<std::string, std::string>> path_values) -> Task<http::Response> {
            return receive(orchestrator, std::move(request), path_values.empty() ? "" : std::move(path_values.front().second));
          }};
}

}  // namespace purser::payments
