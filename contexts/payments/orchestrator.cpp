#include "contexts/payments/orchestrator.hpp"

#include <algorithm>

#include "contexts/payments/processors/adapter.hpp"
#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"
#include "platform/log.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::payments {

using store::Tx;

NewAttempt Orchestrator::new_attempt(const rpc::Call& call, Route route) {
  const Instant now = book_.clock().now();
  return {.id = make_id<AttemptId>(now, book_.random()),
          .processor = std::move(route.processor),
          .check_at = now + Duration{2 * settings_.processor_timeout.ms} + seconds(30),
          .asked_by = call.caller.actor,
          .why = std::move(route.why)};
}

Result<Done> Orchestrator::ready(const Payment& payment) const {
  const Attempt* charge = payment.money_attempt();
  if (!charge) return Done{};
  return processors_.ready(charge->processor);
}

// A processor that was taken away from the configuration cannot be asked, and what it did before is not known.
Task<Outcome> Orchestrator::process(std::string processor, Instruction instruction) {
  Guard* guard = processors_.find(processor);
  if (!guard) co_return not_sent("The processor \"" + processor + "\" is not set up here any more.");
  co_return co_await guard->process(std::move(instruction));
}
Task<Outcome> Orchestrator::look_up(std::string processor, Instruction instruction) {
  Guard* guard = processors_.find(processor);
  if (!guard) co_return in_doubt("unknown", "The processor \"" + processor + "\" is not set up here any more.");
  co_return co_await guard->look_up(std::move(instruction));
}

Instruction Orchestrator::instruction_for(const rpc::Call& call, const Payment& payment, const Attempt& attempt) const {
  bool final = true;
  for (const Capture& capture : payment.captures)
    if (capture.id.text() == attempt.subject) final = capture.final;
  return {.kind = attempt.kind,
          .reference = attempt.reference,
          .amount = attempt.amount,
          .currency = payment.amount.currency,
          .payment_method = attempt.payment_method,
          .processor_ref = attempt.processor_ref,
          .final = final,
          .captured_before = payment.captured,
          .payment_id = payment.id.text(),
          .order_id = payment.order_paid(),
          .return_url = payment.return_url,
          .begun_at = attempt.created_at,
          .repetition = attempt.checks,
          .traceparent = call.trace.valid() ? call.trace.traceparent() : "",
          .correlation_id = call.correlation_id,
          .merchant_id = payment.merchant_id,
          .user_id = payment.user_id};
}

Reply<Settled> Orchestrator::carry_out(rpc::Call call, Payment payment, AttemptId id) {
  for (;;) {
    const Attempt* attempt = payment.attempt(id);
    PURSER_ASSERT(attempt != nullptr);
    Instruction instruction = instruction_for(call, payment, *attempt);
    Outcome outcome = co_await process(attempt->processor, instruction);
    if (mutated("retry_elsewhere_on_timeout") && outcome.end == End::in_doubt) {
      instruction.reference += "-elsewhere";
      outcome = co_await process(attempt->processor, std::move(instruction));
    }
    const AttemptId next = make_id<AttemptId>(book_.clock().now(), book_.random());
    auto settled = co_await settle_surely(call, {payment.merchant_id, payment.id.text(), id}, std::move(outcome), next);
    const Attempt* elsewhere = settled.ok() ? settled->payment.attempt(next) : nullptr;
    if (!elsewhere) co_return settled;
    payment = std::move(settled->payment);
    id = next;
  }
}

// What is known must not be lost to a store that fails for a moment: the janitor would have to find it out again, minutes later.
Reply<Settled> Orchestrator::settle_surely(rpc::Call call, AttemptKey key, Outcome outcome, AttemptId next) {
  for (const Duration pause : {milliseconds(100), seconds(1), seconds(4)}) {
    auto settled = co_await settle(call, key, outcome, next);
    if (settled.ok() || !settled.error().is_fault()) co_return settled;
    co_await book_.clock().sleep(pause);
  }
  co_return co_await settle(std::move(call), std::move(key), std::move(outcome), next);
}

Reply<Settled> Orchestrator::settle(rpc::Call call, AttemptKey key, Outcome outcome, std::optional<AttemptId> next) {
  co_return co_await store_.transact([&](Tx& tx) -> Result<Settled> {
    const auto payment = find(tx, key.merchant_id, key.payment_id);
    if (!payment) return payment_not_found(key.payment_id);
    const Attempt& attempt = *payment->attempt(key.attempt_id);
    NextStep step;
    if (next && outcome.end != End::succeeded && attempt.gets_money())
      step = router_.after(*payment, attempt, outcome, configs_.of(tx, key.merchant_id)->fallback);
    if (mutated("fallback_while_in_doubt") && next && outcome.end == End::in_doubt && payment->candidates.size() > 1)
      step.route = Route{payment->candidates.back(), "a planted bug"};
    if (step.route) {
      NewAttempt fresh = new_attempt(call, *step.route);
      fresh.id = *next;
      TRY(auto elsewhere, book_.fall_back(tx, call, *payment, key.attempt_id, outcome, fresh));
      if (elsewhere) return Settled{*std::move(elsewhere), std::nullopt};
    }
    TRY(Payment after, book_.settle(tx, call, *payment, key.attempt_id, outcome, step.why));
    return Settled{std::move(after), rpc::stored_answer(tx, call)};
  });
}

// What became of an attempt that nobody knows the outcome of: first the processor is asked for it by our reference; where it
// does not know it, the identical request is repeated under the same key, which charges at most once. A charge that did not
// arrive for too long is given up: the buyer is gone, and should it arrive after all, it is reversed. Where it cannot be looked up, it is
// undone by our reference if the processor can, and stays in doubt if not.
Task<Outcome> Orchestrator::find_out(std::string processor, Instruction instruction) {
  Guard* guard = processors_.find(processor);
  if (!guard) co_return co_await look_up(std::move(processor), std::move(instruction));
  const Capabilities& can = guard->capabilities();
  const bool gets_money = instruction.kind == AttemptKind::authorize || instruction.kind == AttemptKind::sale;
  const Duration age = book_.clock().now() - instruction.begun_at;
  Outcome known{.end = End::absent};
  // A charge that told its own id can be looked up by that, wherever.
  const bool known_there = gets_money && !instruction.processor_ref.empty();
  if (can.look_up_by_reference || known_there) known = co_await guard->look_up(instruction);
  if (known.end != End::absent) co_return known;
  // Undoing is done or not, however often it is asked for: no key has to tell. It is never given up, for the buyer's money is at stake.
  if (instruction.kind == AttemptKind::reverse) co_return co_await guard->process(std::move(instruction));
  const Duration repeat_for = gets_money ? std::min(settings_.repeat_for, can.key_lifetime) : can.key_lifetime;
  const bool provable = can.look_up_by_reference && age > can.visibility_lag + settings_.processor_timeout;
  const Outcome absent{
      .end = End::absent,
      .failure =
          Failure{.code = "timeout", .message = "The processor did not answer and does not know of it.", .retryable = true, .outcome = "absent"}};
  if (mutated("visibility_lag_ignored") && gets_money && can.look_up_by_reference) co_return absent;
  if (age < repeat_for) {
    if (mutated("new_reference_each_retry")) instruction.reference += "-" + std::to_string(age.ms);
    const Outcome repeated = co_await guard->process(instruction);
    const bool answered = repeated.failure && repeated.failure->code != "timeout";
    if (repeated.end != End::in_doubt || !provable || !answered) co_return repeated;
    // An error it keeps under our key will not change by repeating; what it did all the same, it knows by now.
    known = co_await guard->look_up(instruction);
    co_return known.end == End::absent ? absent : known;
  }
  if (provable) co_return absent;
  // What is only held can be undone by our reference, though it cannot be looked up: then nothing is held.
  if (instruction.kind == AttemptKind::authorize && can.void_by_reference && !can.look_up_by_reference) {
    instruction.kind = AttemptKind::release;
    instruction.processor_ref = instruction.reference;
    instruction.reference += "-undo";
    const Outcome undone = co_await guard->process(std::move(instruction));
    if (undone.end == End::succeeded || undone.end == End::absent)
      co_return Outcome{.end = End::released,
                        .failure = Failure{.code = "timeout",
                                           .message = "The processor did not answer; what it may have done is undone.",
                                           .retryable = true,
                                           .outcome = "absent"}};
    co_return Outcome{.end = End::in_doubt};
  }
  log::error("an attempt stays in doubt beyond what the processor can tell; look at it there",
             {{"payment_id", instruction.payment_id}, {"reference", instruction.reference}, {"processor_ref", instruction.processor_ref}});
  co_return Outcome{.end = End::in_doubt};
}

Task<void> Orchestrator::resolve(AttemptKey key) {
  auto loaded = co_await store_.read([&](Tx& tx) -> Result<std::optional<Payment>> { return find(tx, key.merchant_id, key.payment_id); });
  if (!loaded.ok() || !*loaded) co_return;
  Payment payment = std::move(**loaded);
  const Attempt* attempt = payment.attempt(key.attempt_id);
  if (!attempt) co_return;
  const rpc::Call call = rpc::system_call(key.merchant_id, "janitor");
  if (attempt->status == AttemptStatus::absent || attempt->status == AttemptStatus::not_sent)
    co_return co_await look_again(call, key, attempt->processor, instruction_for(call, payment, *attempt), attempt->checks + 1);
  if (!attempt->is_open()) co_return;
  if (mutated("recovery_forgets_payments_in_progress") && attempt->status == AttemptStatus::sent) co_return;

  // Its reply was lost with the process that waited for it, or on the way to the store: from now on it is in doubt.
  if (attempt->status == AttemptStatus::sent) {
    const Outcome lost{.end = End::in_doubt,
                       .failure = Failure{.code = "timeout", .message = "The answer of the processor was not stored.", .outcome = "in_doubt"}};
    auto doubted = co_await settle(call, key, lost);
    if (!doubted.ok()) co_return;
    payment = std::move(doubted->payment);
    attempt = payment.attempt(key.attempt_id);
    if (!attempt->is_open()) co_return;
  }

  Instruction instruction = instruction_for(call, payment, *attempt);
  const bool waits_for_buyer = attempt->status == AttemptStatus::requires_action;
  const Outcome outcome =
      waits_for_buyer ? co_await look_up(attempt->processor, std::move(instruction)) : co_await find_out(attempt->processor, std::move(instruction));
  const bool decided = outcome.end == End::succeeded || outcome.end == End::declined || outcome.end == End::released || outcome.end == End::absent ||
                       (outcome.end == End::requires_action && attempt->status != AttemptStatus::requires_action);
  if (decided && !(attempt->status == AttemptStatus::requires_action && outcome.end == End::absent)) {
    const Duration later = recheck_after(attempt->status, attempt->checks + 1);
    const int checks = attempt->checks + 1;
    auto settled = co_await settle(call, key, outcome);
    if (!settled.ok()) co_await look_later(key, later, checks, settled.error());
    co_return;
  }
  const Instant now = book_.clock().now();
  const bool gone = attempt->status == AttemptStatus::requires_action && now - attempt->created_at > settings_.action_timeout;
  const int checks = attempt->checks + 1;
  const Instant next = now + recheck_after(attempt->status, checks);
  auto scheduled = co_await store_.transact([&](Tx& tx) -> Result<Done> {
    book_.note(tx, call, payment.id, key.attempt_id, outcome);
    schedule_check(tx, key.attempt_id, next, checks);
    return Done{};
  });
  if (gone && scheduled.ok()) co_await abandon(call, key);
}

// A success that comes to light here is reversed like any that is late. Where the processor cannot tell, or still waits for the buyer,
// it is asked again every hour; where it knows of nothing, once more after a day, for a clock that jumped makes an hour of a moment.
Task<void> Orchestrator::look_again(rpc::Call call, AttemptKey key, std::string processor, Instruction instruction, int checks) {
  const std::int64_t captured_before = instruction.captured_before;
  const Outcome outcome = co_await look_up(std::move(processor), std::move(instruction));
  const Instant now = book_.clock().now();
  auto noted = co_await store_.transact([&](Tx& tx) -> Result<Done> {
    const auto payment = find(tx, key.merchant_id, key.payment_id);
    if (!payment) return payment_not_found(key.payment_id);
    // A capture is known by the sum alone, which tells nothing while another one moves it.
    const bool sum_moved =
        payment->attempt(key.attempt_id)->kind == AttemptKind::capture && (payment->captured != captured_before || payment->capture_pending() > 0);
    const bool undecided = outcome.end == End::in_doubt || outcome.end == End::requires_action || sum_moved;
    if (outcome.end == End::succeeded && !undecided)
      TRY_DONE(book_.settle(tx, call, *payment, key.attempt_id, outcome));
    else
      book_.note(tx, call, payment->id, key.attempt_id, outcome);
    if (checks > look_again_max)
      schedule_check(tx, key.attempt_id, std::nullopt, checks);
    else if (undecided)
      schedule_check(tx, key.attempt_id, now + look_again_after, checks);
    else if (outcome.end == End::absent)
      schedule_check(tx, key.attempt_id, now + settings_.last_look_after, look_again_max);
    else
      schedule_check(tx, key.attempt_id, std::nullopt, checks);
    return Done{};
  });
  if (!noted.ok()) co_await look_later(key, look_again_after, checks, noted.error());
}

// What an outcome changes was refused, or the store failed: nothing is lost, but whoever is always first must not keep the others waiting.
Task<void> Orchestrator::look_later(AttemptKey key, Duration after, int checks, Error why) {
  log::error("what became of an attempt could not be stored; the janitor comes back to it",
             {{"payment_id", key.payment_id}, {"attempt_id", key.attempt_id.text()}, {"code", why.code}, {"error", why.detail}});
  auto scheduled = co_await store_.transact([&](Tx& tx) -> Result<Done> {
    schedule_check(tx, key.attempt_id, book_.clock().now() + after, checks);
    return Done{};
  });
  if (!scheduled.ok()) log::warn("an attempt could not be put off", {{"payment_id", key.payment_id}});
}

// The buyer did not come back: the processor is told to let it go, so that it cannot succeed any more.
Task<void> Orchestrator::abandon(rpc::Call call, AttemptKey key) {
  const NewAttempt release = new_attempt(call);
  auto begun = co_await store_.transact([&](Tx& tx) -> Result<Payment> {
    const auto payment = find(tx, key.merchant_id, key.payment_id);
    if (!payment) return payment_not_found(key.payment_id);
    return book_.change(tx, call, *payment, start_release(*payment, release, "abandoned", book_.clock().now()));
  });
  if (!begun.ok()) co_return;
  auto done = co_await carry_out(std::move(call), std::move(*begun), release.id);
  if (!done.ok()) log::warn("an abandoned payment could not be settled; the janitor comes back to it", {{"payment_id", key.payment_id}});
}

}  // namespace purser::payments
