// What the legs of a payment in parts make of the whole.
#include <algorithm>

#include "contexts/payments/rules/change.hpp"
#include "contexts/payments/rules/legs.hpp"
#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"

namespace purser::payments {
namespace {

// A capture that was not made because nobody could be reached; then the whole is undone.
constexpr int captures_missed_max = 6;

// A leg that will not pay any more. Of one that is to be taken at once also where it holds, and cannot be captured.
bool is_lost(const Payment& whole, const Payment& leg) {
  if (leg.status == Status::failed || leg.status == Status::voided) return true;
  if (whole.capture_method == CaptureMethod::manual || is_taken(leg)) return false;
  const Misses misses = misses_of(leg, AttemptKind::capture);
  return misses.declined || misses.count >= captures_missed_max;
}

Goal goal_while_paying(const Payment& whole) {
  const auto any = [&](auto is) { return std::ranges::any_of(whole.legs, is); };
  const auto was_declined_once = [](const Payment& leg) {
    return std::ranges::any_of(leg.attempts, [](const Attempt& attempt) { return attempt.status == AttemptStatus::declined; });
  };
  if (mutated("compensation_refunds_the_winner") && whole.authorized > 0 && any(was_declined_once)) return Goal::undo;
  if (whole.authorized == 0) return any([&](const Payment& leg) { return is_lost(whole, leg); }) ? Goal::undo : Goal::pay;
  // All held, and then one let go of it: the rest has to go back too, unless it was taken.
  const bool let_go = any([](const Payment& leg) { return leg.status == Status::voided; });
  const bool taken = any([](const Payment& leg) { return leg.captured > 0 || leg.capture_pending() > 0; });
  return let_go && !taken ? Goal::release : Goal::pay;
}

// A void that is refused before anything was let go leaves all as it was, and so does a last capture that is not made.
bool gives_up_release(const Payment& whole, const Change& of_leg) {
  if (of_leg.what == What::capture_failed) return true;
  const bool refused = of_leg.what == What::release_failed && of_leg.attempts.front().status == AttemptStatus::declined;
  const bool let_go =
      std::ranges::any_of(whole.legs, [](const Payment& leg) { return leg.status == Status::voided || leg.status == Status::failed; });
  return refused && !let_go;
}

Goal goal_after(const Payment& whole, const Change& of_leg) {
  if (whole.goal == Goal::pay) return goal_while_paying(whole);
  if (whole.goal != Goal::release || whole.status == Status::voided) return whole.goal;
  const bool all_let_go = std::ranges::none_of(whole.legs, is_untouched);
  const bool taken = std::ranges::any_of(whole.legs, [](const Payment& leg) { return leg.captured > 0; });
  return gives_up_release(whole, of_leg) || (all_let_go && taken) ? Goal::pay : Goal::release;
}

bool is_in_doubt(const Payment& leg) {
  return std::ranges::any_of(
      leg.attempts, [](const Attempt& attempt) { return attempt.status == AttemptStatus::in_doubt && attempt.kind != AttemptKind::reverse; });
}

// What was in doubt, or waited for the buyer, and goes on with another leg is not known yet still.
Status status_while_open(const Payment& whole) {
  if (std::ranges::any_of(whole.legs, is_in_doubt)) return Status::in_doubt;
  if (std::ranges::any_of(whole.legs, [](const Payment& leg) { return leg.status == Status::requires_action; })) return Status::requires_action;
  return whole.status == Status::processing ? Status::processing : Status::in_doubt;
}

void leave_open(const Payment& whole, Change& change) {
  change.status = status_while_open(whole);
  if (change.status == whole.status) return;
  change.what = change.status == Status::in_doubt ? What::doubted : What::action_required;
}

void fail(const Payment& whole, Change& change) {
  change.what = What::failed;
  change.status = Status::failed;
  change.failure = failure_of(whole);
}

void release(Change& change, const std::string& reason) {
  change.what = What::voided;
  change.status = Status::voided;
  change.closed = true;
  change.reason = reason;
}

void hold(const Payment& whole, Change& change) {
  change.authorized = whole.amount.minor;
  if (whole.capture_method == CaptureMethod::automatic) change.captured = whole.amount.minor, change.closed = true;
  change.what = change.closed ? What::sold : What::authorized;
  change.status = status_by_amounts(change);
}

Change follow_undecided(const Payment& whole, Change change, Goal goal, const Change& of_leg) {
  const auto all = [&](auto is) { return whole.legs.size() == whole.shares.size() && std::ranges::all_of(whole.legs, is); };
  const bool nothing_left = std::ranges::none_of(whole.legs, keeps);
  if (!whole.is_undecided()) return change;  // FAILED or VOIDED: what comes late is undone in its leg
  if (whole.goal == Goal::release && goal == Goal::pay) {
    change.what = What::release_failed;
    change.failure = of_leg.attempts.front().failure;
    return change;
  }
  if (goal == Goal::release) {
    if (nothing_left) release(change, of_leg.reason);
    return change;
  }
  if (goal == Goal::undo) {
    nothing_left ? fail(whole, change) : leave_open(whole, change);
    return change;
  }
  const bool at_once = whole.capture_method == CaptureMethod::automatic;
  all(at_once ? is_taken : holds) ? hold(whole, change) : leave_open(whole, change);
  return change;
}

// A refund of the whole has come as far as its parts have.
Refund as_its_parts(const Payment& whole, const std::string& id, Instant now) {
  const auto found = std::ranges::find(whole.refunds, id, [](const Refund& refund) { return refund.id.text(); });
  PURSER_ASSERT(found != whole.refunds.end());
  Refund refund = *found;
  refund.status = PartStatus::succeeded;
  refund.failure.reset();
  std::int64_t given = 0;
  bool pending = false;
  for (const Payment& leg : whole.legs)
    for (const Refund& part : leg.refunds) {
      if (part.part_of != id) continue;
      if (part.status == PartStatus::succeeded) given += part.amount;
      if (part.status == PartStatus::pending) pending = true;
      if (part.status == PartStatus::failed) refund.status = PartStatus::failed, refund.failure = part.failure;
    }
  if (refund.failure && given > 0)
    refund.failure->message += " Of this refund " + to_text({given, whole.amount.currency}) + " went back to the other parts.";
  if (pending) refund.status = PartStatus::pending, refund.failure.reset();
  refund.updated_at = std::max(now, refund.updated_at);
  return refund;
}

void tell_of_refund(const Payment& whole, Change& change, const Change& of_leg, Instant now) {
  if (of_leg.refund->part_of.empty()) return;
  change.refund = as_its_parts(whole, of_leg.refund->part_of, now);
  if (of_leg.what != What::refunded && of_leg.what != What::refund_failed) return;
  change.what = of_leg.what;
  change.amount_now = of_leg.refund->amount;
  if (of_leg.what == What::refund_failed) change.failure = of_leg.refund->failure;
}

// The sums of the legs; the event is the leg's, told of the whole.
Change follow_decided(const Payment& whole, Change change, Goal goal, const Change& of_leg, Instant now) {
  change.captured = change.refunded = 0;
  change.closed = true;
  for (const Payment& leg : whole.legs) {
    change.captured += leg.captured;
    change.refunded += leg.refunded;
    change.closed = change.closed && leg.closed;
  }
  if (change.closed && change.captured == 0) {
    if (whole.status != Status::voided) release(change, of_leg.reason);
    return change;
  }
  change.status = status_by_amounts(change);
  const bool capture = of_leg.what == What::captured || of_leg.what == What::capture_failed;
  if (capture) change.what = of_leg.what, change.capture = of_leg.capture;
  if (of_leg.refund) tell_of_refund(whole, change, of_leg, now);
  if (!capture && change.closed && !whole.closed) change.what = What::closed, change.reason = of_leg.reason;
  if (of_leg.what == What::release_failed && whole.goal == Goal::release && goal == Goal::pay)
    change.what = What::release_failed, change.failure = of_leg.attempts.front().failure;
  return change;
}

const Failure abandoned{
    .code = "abandoned", .message = "The buyer did not act in time, or the payment was cancelled.", .retryable = true, .outcome = "declined"};

bool was_compensated(const Payment& leg) {
  const auto released = [](const Attempt& attempt) { return attempt.kind == AttemptKind::release && attempt.subject == compensated_because; };
  const auto refunded = [](const Refund& refund) { return refund.reason == compensated_because; };
  return !keeps(leg) && leg.authorized > 0 && (std::ranges::any_of(leg.attempts, released) || std::ranges::any_of(leg.refunds, refunded));
}

// Why this leg does not pay, where it is its own fault.
std::optional<Failure> own_failure(const Payment& leg) {
  if (was_compensated(leg)) return std::nullopt;
  if (leg.status == Status::failed || leg.status == Status::in_doubt) return leg.money_attempt()->failure;
  if (leg.status == Status::voided) return leg.money_attempt()->failure.value_or(abandoned);
  for (const Capture& capture : leg.captures)
    if (capture.status == PartStatus::failed && !is_taken(leg)) return capture.failure;
  return std::nullopt;
}

Duration latency_of(const Payment& leg) {
  const Attempt* last = leg.money_attempt();
  return last ? last->updated_at - leg.attempts.front().created_at : Duration{};
}

}  // namespace

Change follow(const Payment& whole, const Change& of_leg, Instant now) {
  Change change = unchanged(whole, What::moved_on);
  const Goal goal = goal_after(whole, of_leg);
  if (goal != whole.goal) change.goal = goal;
  return whole.authorized == 0 ? follow_undecided(whole, std::move(change), goal, of_leg)
                               : follow_decided(whole, std::move(change), goal, of_leg, now);
}

std::optional<Failure> failure_of(const Payment& whole) {
  for (const Payment& leg : whole.legs)
    if (const auto failure = own_failure(leg)) return failure;
  return std::nullopt;
}

std::vector<Step> steps_of(const Payment& whole) {
  std::vector<Step> steps(whole.shares.size());
  for (const Payment& leg : whole.legs) {
    Step& step = steps.at(static_cast<std::size_t>(leg.leg) - 1);
    step.compensated = was_compensated(leg);
    step.success = holds(leg) && !step.compensated;
    if (const Attempt* charge = leg.money_attempt()) step.processor = charge->processor;
    step.failure = own_failure(leg);
    step.amount = held_by(leg) + leg.captured - leg.refunded;
    step.latency = latency_of(leg);
  }
  return steps;
}

}  // namespace purser::payments
