// What became known of an attempt, and what that makes of its payment.
#include <algorithm>

#include "contexts/payments/rules/change.hpp"
#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"

namespace purser::payments {

Status status_by_amounts(const Change& change) {
  if (!change.closed) return change.captured == 0 ? Status::authorized : Status::partially_captured;
  if (change.refunded == 0) return Status::captured;
  return change.refunded < change.captured ? Status::partially_refunded : Status::refunded;
}

namespace {

// Given up though a copy of the request may be on its way still. A processor that turned one copy away unread (429) has said nothing of
// another, which the wire may have made.
bool may_come_after_all(AttemptStatus status, const Outcome& outcome) {
  return status == AttemptStatus::absent || (status == AttemptStatus::not_sent && outcome.answered);
}

Attempt ended(Attempt attempt, AttemptStatus status, const Outcome& outcome, Instant now) {
  attempt.status = status;
  attempt.failure = status == AttemptStatus::succeeded ? std::nullopt : outcome.failure;
  if (status == AttemptStatus::succeeded) attempt.next.clear();
  // A refund that is pending, a void, a reversal go on being looked up by the charge they are about.
  const bool takes_its_id = attempt.gets_money() || (attempt.kind == AttemptKind::refund && status == AttemptStatus::succeeded);
  if (takes_its_id && !outcome.processor_ref.empty()) attempt.processor_ref = outcome.processor_ref;
  if (!outcome.action_url.empty()) attempt.action_url = outcome.action_url;
  attempt.updated_at = std::max(now, attempt.updated_at);
  if (!attempt.is_open()) attempt.next_check_at.reset(), attempt.action_url.clear();
  if (may_come_after_all(status, outcome) && !mutated("absent_is_final")) attempt.next_check_at = now + look_again_after, attempt.checks = 0;
  return attempt;
}

AttemptStatus status_of(End end) {
  switch (end) {
    case End::succeeded:
      return AttemptStatus::succeeded;
    case End::declined:
      return AttemptStatus::declined;
    case End::requires_action:
      return AttemptStatus::requires_action;
    case End::not_sent:
      return AttemptStatus::not_sent;
    case End::in_doubt:
      return AttemptStatus::in_doubt;
    case End::absent:
      return AttemptStatus::absent;
    case End::released:
      return AttemptStatus::declined;
  }
  PURSER_ASSERT(false);
}

// True where `outcome` can still change an open attempt: a doubt adds nothing to a doubt, and a call that was never sent says
// nothing about one that may have been.
bool is_news(const Attempt& attempt, End end) {
  switch (end) {
    case End::not_sent:
      return attempt.status == AttemptStatus::sent;
    case End::in_doubt:
      return attempt.status == AttemptStatus::sent;
    case End::requires_action:
      return attempt.status != AttemptStatus::requires_action;
    default:
      return true;
  }
}

// What was given up as unknown to the processor and is known there after all, and for which there is room still.
bool succeeded_after_all(const Payment& payment, const Attempt& attempt, const Outcome& outcome) {
  const bool given_up = attempt.status == AttemptStatus::absent || attempt.status == AttemptStatus::not_sent;
  if (!given_up || outcome.end != End::succeeded) return false;
  switch (attempt.kind) {
    case AttemptKind::capture:
      return attempt.amount <= payment.capturable();
    case AttemptKind::refund:
      return attempt.amount <= payment.refundable();
    case AttemptKind::release:
      // Of the charge that holds the money now: an old one's end is not this one's.
      return payment.capture_pending() == 0 && payment.money_attempt() && payment.money_attempt()->processor_ref == attempt.processor_ref;
    case AttemptKind::reverse:
      return true;
    case AttemptKind::authorize:
    case AttemptKind::sale:
      break;  // a late success: it is reversed
  }
  return false;
}

// ---- what an outcome does, by the kind of its attempt ----

std::optional<Change> late_success(const Payment& payment, const Attempt& attempt, const Outcome& outcome, const NewAttempt& fresh, Instant now) {
  const std::string charge = outcome.processor_ref.empty() ? attempt.processor_ref : outcome.processor_ref;
  for (const Attempt& other : payment.attempts)
    if (other.kind == AttemptKind::reverse && (other.is_open() || other.status == AttemptStatus::succeeded) && other.subject == attempt.id.text() &&
        (charge.empty() || other.processor_ref == charge))
      return std::nullopt;
  Change change = unchanged(payment, What::late_success);
  Attempt reverse = begin(payment, fresh, AttemptKind::reverse, attempt.amount, now);
  reverse.subject = attempt.id.text();
  reverse.processor_ref = charge;
  change.attempts = {reverse};
  change.reason = "succeeded after it was given up";
  return change;
}

std::optional<Change> settle_open_money(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  if (!is_news(attempt, outcome.end)) return std::nullopt;
  Change change = unchanged(payment, What::failed);
  change.attempts = {ended(attempt, status_of(outcome.end), outcome, now)};
  switch (outcome.end) {
    case End::succeeded:
      change.authorized = attempt.amount;
      change.what = attempt.kind == AttemptKind::sale ? What::sold : What::authorized;
      if (attempt.kind == AttemptKind::sale) change.captured = attempt.amount, change.closed = true;
      change.status = status_by_amounts(change);
      return change;
    case End::requires_action:
      change.what = What::action_required;
      change.status = Status::requires_action;
      return change;
    case End::in_doubt:
      change.what = What::doubted;
      change.status = Status::in_doubt;
      return change;
    case End::declined:
    case End::not_sent:
    case End::absent:
    case End::released:
      change.status = Status::failed;
      return change;
  }
  return std::nullopt;
}

// The processor let the money go: the authorisation ran out, was released by other hands than ours, or by our own whose answer is
// still on its way.
std::optional<Change> released_there(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  if (payment.capture_pending() > 0) return std::nullopt;
  Change change = unchanged(payment, What::voided);
  change.attempts = {ended(attempt, AttemptStatus::reversed, outcome, now)};
  if (const Attempt* release = payment.open_attempt(AttemptKind::release))
    change.attempts.push_back(ended(*release, AttemptStatus::succeeded, outcome, now)), change.reason = release->subject;
  change.status = Status::voided;
  change.closed = true;
  if (change.attempts.size() == 1) change.reason = "released at the processor";
  return change;
}

// Part was captured, and the rest ran out or was released there: what was captured is all there will be.
std::optional<Change> rest_released(const Payment& payment) {
  if (payment.capture_pending() > 0) return std::nullopt;
  Change change = unchanged(payment, What::closed);
  change.closed = true;
  change.status = status_by_amounts(change);
  return change;
}

std::optional<Change> settle_money(const Payment& payment, const Attempt& attempt, const Outcome& outcome, const NewAttempt& fresh, Instant now) {
  // Only what holds the payment's money can let it go: a stray charge that is reversed is cancelled at the processor too.
  const bool of_its_charge = outcome.processor_ref.empty() || outcome.processor_ref == attempt.processor_ref;
  const bool holds_the_money = (attempt.status == AttemptStatus::succeeded && of_its_charge) || mutated("stray_cancel_voids_the_payment");
  const bool ours_to_release = attempt.status == AttemptStatus::requires_action && payment.open_attempt(AttemptKind::release) != nullptr;
  if (outcome.end == End::released && ((holds_the_money && payment.status == Status::authorized) || ours_to_release))
    return released_there(payment, attempt, outcome, now);
  if (outcome.end == End::released && holds_the_money && payment.status == Status::partially_captured) return rest_released(payment);
  if (attempt.is_open() || (mutated("webhook_overwrites_a_later_state") && attempt.status == AttemptStatus::succeeded))
    return settle_open_money(payment, attempt, outcome, now);
  const bool given_up =
      attempt.status == AttemptStatus::declined || attempt.status == AttemptStatus::not_sent || attempt.status == AttemptStatus::absent;
  // The same attempt under another id of the processor's is a second charge: the first one counts.
  const bool charged_twice =
      attempt.status == AttemptStatus::succeeded && !outcome.processor_ref.empty() && outcome.processor_ref != attempt.processor_ref;
  if (mutated("late_success_ignored")) return std::nullopt;
  if ((given_up || charged_twice) && outcome.end == End::succeeded) return late_success(payment, attempt, outcome, fresh, now);
  return std::nullopt;
}

std::optional<Change> settle_capture(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  const auto found = std::ranges::find(payment.captures, attempt.subject, [](const Capture& capture) { return capture.id.text(); });
  PURSER_ASSERT(found != payment.captures.end());
  Change change = unchanged(payment, What::captured);
  change.attempts = {ended(attempt, status_of(outcome.end), outcome, now)};
  if (change.attempts.front().is_open()) return change.what = What::doubted, change;
  Capture capture = *found;
  if (outcome.end == End::succeeded) {
    capture.status = PartStatus::succeeded;
    capture.failure.reset();
    change.captured += capture.amount;
    change.closed = payment.closed || capture.final || change.captured == change.authorized;
    change.status = status_by_amounts(change);
  } else {
    capture.status = PartStatus::failed;
    capture.failure = outcome.failure;
    change.what = What::capture_failed;
  }
  change.capture = capture;
  return change;
}

std::optional<Change> settle_refund(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  const auto found = std::ranges::find(payment.refunds, attempt.subject, [](const Refund& refund) { return refund.id.text(); });
  PURSER_ASSERT(found != payment.refunds.end());
  Change change = unchanged(payment, What::refunded);
  change.attempts = {ended(attempt, status_of(outcome.end), outcome, now)};
  if (change.attempts.front().is_open()) return change.what = What::doubted, change;
  Refund refund = *found;
  refund.updated_at = std::max(now, refund.updated_at);
  if (outcome.end == End::succeeded) {
    refund.status = PartStatus::succeeded;
    refund.failure.reset();
    change.refunded += refund.amount;
    change.status = status_by_amounts(change);
    change.reason = refund.reason;
  } else {
    refund.status = PartStatus::failed;
    refund.failure = outcome.failure;
    change.what = What::refund_failed;
  }
  change.refund = refund;
  return change;
}

// The buyer's bank can send a refund back days after it succeeded: then the money is with us again.
std::optional<Change> refund_came_back(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  const auto found = std::ranges::find(payment.refunds, attempt.subject, [](const Refund& refund) { return refund.id.text(); });
  PURSER_ASSERT(found != payment.refunds.end());
  Change change = unchanged(payment, What::refund_failed);
  change.attempts = {ended(attempt, AttemptStatus::declined, outcome, now)};
  Refund refund = *found;
  refund.status = PartStatus::failed;
  refund.failure = outcome.failure;
  refund.updated_at = std::max(now, refund.updated_at);
  change.refunded -= refund.amount;
  change.status = status_by_amounts(change);
  change.refund = refund;
  return change;
}

std::optional<Change> settle_release(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  Change change = unchanged(payment, What::release_failed);
  change.attempts = {ended(attempt, status_of(outcome.end), outcome, now)};
  if (change.attempts.front().is_open()) return change.what = What::doubted, change;
  const bool still_held = payment.status == Status::authorized || payment.status == Status::requires_action;
  if (outcome.end != End::succeeded && outcome.end != End::released) return change;
  if (!still_held) return change.what = What::release_settled, change;
  change.attempts.front().status = AttemptStatus::succeeded;
  change.attempts.push_back(ended(*payment.money_attempt(), AttemptStatus::reversed, outcome, now));
  change.what = What::voided;
  change.status = Status::voided;
  change.closed = true;
  change.reason = attempt.subject;
  return change;
}

std::optional<Change> settle_reverse(const Payment& payment, const Attempt& attempt, const Outcome& outcome, Instant now) {
  Change change = unchanged(payment, What::reverse_failed);
  change.attempts = {ended(attempt, status_of(outcome.end), outcome, now)};
  if (change.attempts.front().is_open()) return change.what = What::doubted, change;
  if (outcome.end != End::succeeded && outcome.end != End::released) return change;
  const auto undone = std::ranges::find(payment.attempts, attempt.subject, [](const Attempt& other) { return other.id.text(); });
  PURSER_ASSERT(undone != payment.attempts.end());
  change.what = What::reversed;
  if (undone->status != AttemptStatus::succeeded)
    change.attempts.push_back(ended(*undone, AttemptStatus::reversed, {.end = End::released, .processor_ref = attempt.processor_ref}, now));
  return change;
}

}  // namespace

std::optional<Change> settle(const Payment& payment, AttemptId id, const Outcome& outcome, const NewAttempt& reverse, Instant now) {
  const Attempt* attempt = payment.attempt(id);
  PURSER_ASSERT(attempt != nullptr);
  if (attempt->gets_money()) return settle_money(payment, *attempt, outcome, reverse, now);
  if (attempt->kind == AttemptKind::refund && attempt->status == AttemptStatus::succeeded && outcome.end == End::declined)
    return refund_came_back(payment, *attempt, outcome, now);
  if (attempt->kind == AttemptKind::reverse && attempt->status == AttemptStatus::succeeded && outcome.end == End::declined) {
    Change change = unchanged(payment, What::reverse_failed);
    change.attempts = {ended(*attempt, AttemptStatus::declined, outcome, now)};
    return change;
  }
  const bool news = attempt->is_open() && is_news(*attempt, outcome.end);
  if (!news && !succeeded_after_all(payment, *attempt, outcome)) return std::nullopt;
  switch (attempt->kind) {
    case AttemptKind::capture:
      return settle_capture(payment, *attempt, outcome, now);
    case AttemptKind::refund:
      return settle_refund(payment, *attempt, outcome, now);
    case AttemptKind::release:
      return settle_release(payment, *attempt, outcome, now);
    case AttemptKind::reverse:
      return settle_reverse(payment, *attempt, outcome, now);
    case AttemptKind::authorize:
    case AttemptKind::sale:
      break;
  }
  return std::nullopt;
}

std::optional<Change> fall_back(const Payment& payment, AttemptId id, const Outcome& outcome, const NewAttempt& next, Instant now) {
  const Attempt* attempt = payment.attempt(id);
  PURSER_ASSERT(attempt != nullptr);
  if (!attempt->gets_money() || attempt->status != AttemptStatus::sent || payment.status != Status::processing) return std::nullopt;
  const bool no_money_moved = outcome.end == End::not_sent || outcome.end == End::declined || outcome.end == End::absent;
  const bool in_doubt = outcome.end == End::in_doubt && mutated("fallback_while_in_doubt");
  if (!no_money_moved && !in_doubt) return std::nullopt;
  if (static_cast<std::size_t>(std::ranges::count_if(payment.attempts, &Attempt::gets_money)) >= money_attempts_max) return std::nullopt;
  Change change = unchanged(payment, What::fell_back);
  Attempt over = ended(*attempt, in_doubt ? AttemptStatus::declined : status_of(outcome.end), outcome, now);
  over.next = std::string(asked_instead) + next.processor;
  change.attempts = {over, begin(payment, next, attempt->kind, attempt->amount, now)};
  change.status = Status::processing;
  return change;
}

}  // namespace purser::payments
