#include "contexts/payments/payment_book.hpp"

#include <algorithm>
#include <array>

#include "contexts/payments/policy_enforcer.hpp"
#include "contexts/payments/rules/split.hpp"
#include "contexts/payments/wire.hpp"
#include "kernel/assert.hpp"
#include "kernel/card_number.hpp"
#include "payments/v1/payment_service.pb.h"
#include "platform/log.hpp"
#include "platform/metrics.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::payments {
namespace {

Error has_live_payment(const std::string& order_id, const std::string& payment_id) {
  return {.kind = Kind::conflict,
          .code = "order_has_live_payment",
          .detail = "Another payment of this order, " + payment_id + ", holds or may hold its money. Read that one; pay anew only if it fails.",
          .metadata = {{"order_id", order_id}, {"payment_id", payment_id}}};
}

// The database guards this too (payments_live_for_order); asked first, it can be told well.
Result<Done> must_be_alone(store::Tx& tx, const Payment& payment) {
  if (payment.order_id.empty()) return Done{};
  const auto live = live_payment_of(tx, payment.order_id);
  if (live && *live != payment.id.text()) return has_live_payment(payment.order_id, *live);
  return Done{};
}

void count(const Payment& payment, const Change& change) {
  static metrics::Counter& started = metrics::counter("purser_payment_attempts_total", "Attempts to get the money of a payment.");
  static metrics::Counter& doubted = metrics::counter("purser_payments_doubted_total", "Attempts whose outcome was not known at first.");
  static metrics::Counter& elsewhere =
      metrics::counter("purser_payment_fallbacks_total", "Attempts that ended without money and were followed by one at another processor.");
  static metrics::Counter& late =
      metrics::counter("purser_payments_late_success_total", "Charges that succeeded after they were given up; each is reversed.");
  static metrics::Counter& paid = metrics::counter("purser_payments_succeeded_total", "Payments authorised or sold.");
  static metrics::Counter& failed = metrics::counter("purser_payments_failed_total", "Attempts that ended without money.");
  static metrics::Counter& refunded = metrics::counter("purser_refunds_succeeded_total", "Refunds that the processor made.");
  switch (change.what) {
    case What::started:
      started.add();
      break;
    case What::doubted:
      doubted.add();
      break;
    case What::authorized:
    case What::sold:
      paid.add();
      break;
    case What::failed:
      failed.add();
      break;
    case What::fell_back:
      failed.add();
      started.add();
      elsewhere.add();
      break;
    case What::refunded:
      refunded.add();
      break;
    case What::refund_failed:
      log::warn("a refund failed: the money stays with the shop",
                {{"payment_id", payment.id.text()}, {"order_id", payment.order_id}, {"refund_id", change.refund->id.text()}});
      break;
    case What::late_success:
      late.add();
      log::warn("a charge succeeded after it was given up; it is being reversed",
                {{"payment_id", payment.id.text()}, {"order_id", payment.order_id}, {"reference", change.attempts.front().reference}});
      break;
    case What::reverse_failed:
      log::error("a stray charge could not be reversed; reverse it at the processor",
                 {{"payment_id", payment.id.text()}, {"processor_ref", change.attempts.front().processor_ref}});
      break;
    default:
      break;
  }
}

facts::StepSucceeded step_succeeded(const Payment& leg, const Attempt& attempt) {
  facts::StepSucceeded event;
  event.set_step_index(leg.leg);
  event.set_processor_id(attempt.processor);
  event.set_latency_ms((attempt.updated_at - attempt.created_at).ms);
  event.set_amount(attempt.amount);
  return event;
}

// A whole fails by what went wrong in a leg.
const std::optional<Failure>& failure_in(const Change& change) { return change.attempts.empty() ? change.failure : change.attempts.front().failure; }

// The whole's refund that a change of a leg is about; "" where it is about none.
std::string refund_told_of(const Payment& leg, const Change& of_leg) {
  for (const Attempt& attempt : of_leg.attempts)
    for (const Refund& refund : leg.refunds)
      if (attempt.kind == AttemptKind::refund && attempt.subject == refund.id.text()) return refund.part_of;
  return "";
}

bool is_being_sent(const Payment& whole, const std::string& refund_id) {
  for (const Payment& leg : whole.legs)
    for (const Refund& part : leg.refunds)
      for (const Attempt& attempt : leg.attempts)
        if (part.part_of == refund_id && attempt.subject == part.id.text() && attempt.status == AttemptStatus::sent) return true;
  return false;
}

// Ids are in the order of time.
std::string last_capture_of(const Payment& whole) {
  std::string last;
  for (const Payment& leg : whole.legs)
    for (const Capture& capture : leg.captures) last = std::max(last, capture.part_of);
  return last;
}

// Money that moved at the processor and has no place in our books any more: somebody has to look.
void note_unbooked(const Payment& payment, const Attempt& attempt, const Outcome& outcome) {
  const bool part = attempt.kind == AttemptKind::capture || attempt.kind == AttemptKind::refund;
  if (!part || outcome.end != End::succeeded || attempt.is_open() || attempt.status == AttemptStatus::succeeded) return;
  log::error("a capture or refund that was given up succeeded and cannot be booked; look at it at the processor",
             {{"payment_id", payment.id.text()}, {"reference", attempt.reference}, {"processor_ref", outcome.processor_ref}});
}

}  // namespace

Error payment_not_found(const std::string& id) {
  return {.kind = Kind::not_found,
          .code = "payment_not_found",
          .detail = "There is no payment with this id, or none of this order.",
          .metadata = {{"id", id}}};
}

Duration recheck_after(AttemptStatus status, int checks) {
  constexpr std::array doubt = {seconds(1), seconds(2), seconds(5), seconds(15), minutes(1), minutes(5), minutes(15), hours(1)};
  constexpr std::array action = {seconds(30), minutes(1), minutes(5), minutes(15)};
  const auto at = static_cast<std::size_t>(std::max(checks, 0));
  if (status == AttemptStatus::requires_action) return action[std::min(at, action.size() - 1)];
  return doubt[std::min(at, doubt.size() - 1)];
}

Result<Payment> PaymentBook::open(store::Tx& tx, const rpc::Call& call, const Payment& payment, const PaymentPlan& plan,
                                  const Decision<Change>& first) {
  PURSER_ASSERT(first.has_value());
  Payment opened = apply(payment, *first, clock_.now());
  TRY_DONE(announce(tx, call, opened, *first));
  TRY_DONE(must_be_alone(tx, opened));
  if (opened.is_whole()) opened.advance_at = due_at(opened, clock_.now());
  insert(tx, opened, plan);
  if (!opened.is_whole()) count(opened, *first);
  if (opened.is_leg()) TRY_DONE(follow(tx, call, opened, *first));
  return opened;
}

Result<Payment> PaymentBook::change(store::Tx& tx, const rpc::Call& call, const Payment& payment, const Decision<Change>& decision) {
  if (!decision) return explain(decision.error(), payment);
  Payment after = apply(payment, *decision, clock_.now());
  if (after.is_whole()) after.advance_at = due_at(after, clock_.now());
  TRY_DONE(announce(tx, call, after, *decision));
  if (decision->what == What::started) TRY_DONE(must_be_alone(tx, after));
  update(tx, payment, after, *decision);
  PaymentPolicyEnforcer::note(tx, payment, after, *decision);
  // What a whole comes to is counted in its legs.
  if (!after.is_whole()) count(after, *decision);
  if (after.is_leg()) TRY_DONE(follow(tx, call, after, *decision));
  return after;
}

// The whole moves with its legs, so that no snapshot shows them apart, and answers whoever waits for it once there is nothing to wait for.
Result<Done> PaymentBook::follow(store::Tx& tx, const rpc::Call& call, const Payment& leg, const Change& of_leg) {
  const auto whole = find(tx, leg.merchant_id, leg.parent_id);
  PURSER_ASSERT(whole.has_value());
  TRY(const Payment after, change(tx, call, *whole, payments::follow(*whole, of_leg, clock_.now())));
  answer_whole(tx, after, refund_told_of(leg, of_leg));
  return Done{};
}

void PaymentBook::answer_whole(store::Tx& tx, const Payment& whole, const std::string& refund_id) {
  const Instant now = clock_.now();
  const auto refund = std::ranges::find(whole.refunds, refund_id, [](const Refund& other) { return other.id.text(); });
  if (refund != whole.refunds.end() && !is_being_sent(whole, refund_id)) {
    api::RefundPaymentResponse response;
    *response.mutable_refund() = to_api(whole, *refund);
    rpc::finish_work(tx, refund_id, response, now);
  }
  if (is_at_work(whole, now)) return;
  api::GetPaymentResponse response;
  *response.mutable_payment() = to_api(whole);
  rpc::finish_work(tx, whole.id.text(), response, now);
  rpc::finish_work(tx, last_capture_of(whole), response, now);
}

Result<Payment> PaymentBook::settle(store::Tx& tx, const rpc::Call& call, const Payment& payment, AttemptId id, const Outcome& outcome,
                                    const std::string& why_no_other) {
  const Instant now = clock_.now();
  const Attempt* before = payment.attempt(id);
  PURSER_ASSERT(before != nullptr);
  const NewAttempt reverse{.id = make_id<AttemptId>(now, random_), .processor = before->processor, .check_at = now, .asked_by = "system"};
  rpc::Call as_asked = call;
  as_asked.caller.actor = before->asked_by;
  note(tx, call, payment.id, id, outcome);

  auto change = payments::settle(payment, id, outcome, reverse, now);
  if (!change) {
    note_unbooked(payment, *before, outcome);
    return payment;
  }
  for (Attempt& attempt : change->attempts) {
    if (attempt.id != id) continue;
    if (attempt.is_open()) attempt.checks = 0, attempt.next_check_at = now + recheck_after(attempt.status, 0);
    if (attempt.status != AttemptStatus::succeeded && !why_no_other.empty()) attempt.next = why_no_other;
  }
  TRY(Payment after, this->change(tx, as_asked, payment, *change));
  for (const Attempt& attempt : change->attempts) answer(tx, after, attempt);
  return after;
}

Result<std::optional<Payment>> PaymentBook::fall_back(store::Tx& tx, const rpc::Call& call, const Payment& payment, AttemptId id,
                                                      const Outcome& outcome, const NewAttempt& next) {
  const auto change = payments::fall_back(payment, id, outcome, next, clock_.now());
  if (!change) return std::optional<Payment>();
  note(tx, call, payment.id, id, outcome);
  rpc::Call as_asked = call;
  as_asked.caller.actor = payment.attempt(id)->asked_by;
  TRY(Payment after, this->change(tx, as_asked, payment, *change));
  rpc::pass_work_on(tx, id.text(), next.id.text());
  return std::optional(std::move(after));
}

void PaymentBook::note(store::Tx& tx, const rpc::Call& call, const PaymentId& payment, AttemptId attempt, const Outcome& outcome) {
  AttemptAnswer answer{.at = clock_.now(),
                       .attempt_id = attempt.text(),
                       .cause = call.request_id,
                       .outcome = std::string(text(outcome.end)),
                       .processor_ref = outcome.processor_ref,
                       .failure = outcome.failure,
                       .took = outcome.took};
  // A processor's words are its own; a card's number has no place here whoever writes it.
  if (answer.failure && contains_card_number(answer.failure->message)) answer.failure->message = "(left out: it holds a card number)";
  note_answer(tx, payment, answer);
}

// All requests that pay, retry, capture and void are answered with the payment; those that refund, with the refund.
void PaymentBook::answer(store::Tx& tx, const Payment& payment, const Attempt& attempt) {
  if (attempt.kind != AttemptKind::refund) {
    api::GetPaymentResponse response;
    *response.mutable_payment() = to_api(payment);
    rpc::finish_work(tx, attempt.id.text(), response, clock_.now());
    return;
  }
  const auto refund = std::ranges::find(payment.refunds, attempt.subject, [](const Refund& other) { return other.id.text(); });
  PURSER_ASSERT(refund != payment.refunds.end());
  api::RefundPaymentResponse response;
  *response.mutable_refund() = to_api(payment, *refund);
  rpc::finish_work(tx, attempt.id.text(), response, clock_.now());
}

Result<Done> PaymentBook::announce(store::Tx& tx, const rpc::Call& call, const Payment& payment, const Change& change) {
  const std::string id = payment.id.text();
  const auto publish = [&](auto event) {
    *event.mutable_payment() = facts_of(payment);
    return outbox_.publish(tx, call, id, event);
  };
  const auto with_error = [&](auto event, const std::optional<Failure>& failure) {
    if (failure) *event.mutable_error() = to_api(*failure);
    return publish(event);
  };
  const auto captured = [&](const std::string& capture_id, std::int64_t amount) -> Result<Done> {
    facts::PaymentCaptured event;
    event.set_capture_id(capture_id);
    event.set_captured_now(amount);
    TRY_DONE(publish(event));
    if (!payment.closed) return Done{};
    facts::PaymentCompleted completed;
    completed.set_request_id(call.request_id);
    return publish(completed);
  };
  switch (change.what) {
    case What::started: {
      facts::PaymentIntentCreated event;
      event.set_attempt(change.attempts.empty() ? 1 : change.attempts.front().number);
      return publish(event);
    }
    case What::action_required:
      return publish(facts::PaymentActionRequired());
    case What::doubted:
      return publish(facts::PaymentInDoubt());
    case What::authorized:
      TRY_DONE(publish(facts::PaymentAuthorized()));
      return payment.is_leg() ? publish(step_succeeded(payment, change.attempts.front())) : Done{};
    case What::sold:
      return captured("", change.captured);
    case What::failed:
      return with_error(facts::PaymentFailed(), failure_in(change));
    case What::fell_back: {
      const Attempt& over = change.attempts.front();
      facts::StepFailed event;
      event.set_step_index(payment.is_leg() ? payment.leg : 1);
      event.set_processor_id(over.processor);
      event.set_error_code(over.failure ? over.failure->code : "unknown");
      event.set_retryable(over.failure && over.failure->retryable);
      event.set_latency_ms((over.updated_at - over.created_at).ms);
      event.set_next_processor_id(change.attempts.back().processor);
      return publish(event);
    }
    case What::captured:
      return captured(change.capture->id.text(), change.capture->amount);
    case What::closed: {
      facts::PaymentCompleted event;
      event.set_request_id(call.request_id);
      return publish(event);
    }
    case What::capture_failed: {
      facts::PaymentCaptureFailed event;
      event.set_capture_id(change.capture->id.text());
      return with_error(event, change.capture->failure);
    }
    case What::refunded: {
      facts::PaymentRefunded event;
      event.set_refund_id(change.refund->id.text());
      event.set_refunded_now(payment.is_whole() ? change.amount_now : change.refund->amount);
      event.set_reason(change.refund->reason);
      return publish(event);
    }
    case What::refund_failed: {
      facts::PaymentRefundFailed event;
      event.set_refund_id(change.refund->id.text());
      return with_error(event, payment.is_whole() ? change.failure : change.refund->failure);
    }
    case What::voided: {
      facts::PaymentVoided event;
      event.set_reason(change.reason);
      return publish(event);
    }
    case What::release_failed:
      return with_error(facts::PaymentVoidFailed(), failure_in(change));
    case What::reversed: {
      facts::PaymentReversed event;
      event.set_reference(change.attempts.front().reference);
      event.set_amount_reversed(change.attempts.front().amount);
      event.set_reason("succeeded after it was given up");
      return publish(event);
    }
    case What::capture_started:
    case What::refund_started:
    case What::release_started:
    case What::release_settled:
    case What::late_success:
    case What::reverse_failed:
    case What::moved_on:
      break;  // intentions and troubles of our own: told by what comes of them
  }
  return Done{};
}

}  // namespace purser::payments
