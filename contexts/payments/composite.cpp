#include "contexts/payments/composite.hpp"

#include "contexts/payments/policy_enforcer.hpp"
#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"
#include "platform/log.hpp"
#include "platform/within.hpp"

namespace purser::payments {
namespace {

using store::Tx;

PaymentKey key_of(const Payment& whole) { return {whole.merchant_id, whole.id.text()}; }

const Payment& leg_at(const Payment& whole, int number) { return whole.legs.at(static_cast<std::size_t>(number) - 1); }

const Attempt* last_release(const Payment& whole) {
  const Attempt* last = nullptr;
  for (const Payment& leg : whole.legs)
    for (const Attempt& attempt : leg.attempts)
      if (attempt.kind == AttemptKind::release && (!last || attempt.id > last->id)) last = &attempt;
  return last;
}

// Whoever drives, it is for the one who asked.
std::string asker_of(const rpc::Call& call, const Payment& whole) {
  if (whole.goal == Goal::release) {
    const Attempt* release = last_release(whole);
    return release ? release->asked_by : call.caller.actor;
  }
  return whole.legs.empty() ? call.caller.actor : whole.legs.front().attempts.front().asked_by;
}

// Why a leg is let go: as the client said when it began, or because one was let go at its processor.
std::string reason_of(const Payment& whole) {
  if (whole.goal == Goal::undo) return std::string(compensated_because);
  const Attempt* release = last_release(whole);
  return release ? release->subject : "released at the processor";
}

Error not_routed(Error error) {
  for (FieldError& field : error.fields) field.pointer = "/parts";
  return error;
}

template <class Part>
Decision<Change> part_of(Decision<Change> change, std::optional<Part> Change::* part, const std::string& whole_part) {
  if (change) (change.value().*part)->part_of = whole_part;
  return change;
}

}  // namespace

// Nothing is begun where the policy refuses one of its parts, or one of its processors would not be called now.
Result<Asked> CompositePayments::open(Tx& tx, const rpc::Call& call, const Payment& whole) {
  const auto config = orchestrator_.configs().of(tx, whole.merchant_id);
  TRY_DONE(PaymentPolicyEnforcer::enforce_parts(tx, config->policy, whole, whole.created_at));
  Payment planned = whole;
  planned.shares = planner_.plan_shares(tx, whole, *config);
  planned.config_version = config->version;
  const PaymentPlan steps = plan_of(planned);
  for (const PaymentStep& step : steps.steps)
    if (auto route = orchestrator_.router().first(step); !route.ok()) return not_routed(std::move(route).error());
  TRY(const Payment opened, book_.open(tx, call, planned, steps, open_whole(planned)));
  TRY(Ask first, make(tx, call, opened, next_move(opened), ""));
  Asked asked{key_of(whole), whole.id.text()};
  asked.asks.push_back(std::move(first));
  return asked;
}

Result<Asked> CompositePayments::capture(Tx& tx, const rpc::Call& call, const Payment& whole, CaptureId id, std::optional<std::int64_t> amount,
                                         bool final) {
  const auto portions = share_capture(whole, amount, final);
  if (!portions) return explain(portions.error(), whole);
  for (const Portion& portion : *portions) TRY_DONE(orchestrator_.ready(leg_at(whole, portion.leg)));
  TRY_DONE(book_.change(tx, call, whole, capture_whole(whole, final)));
  Asked asked{key_of(whole), id.text()};
  for (const Portion& portion : *portions) {
    const NewAttempt attempt = orchestrator_.new_attempt(call);
    const Instant now = book_.clock().now();
    const Payment& leg = leg_at(whole, portion.leg);
    auto started = start_capture(leg, attempt, make_id<CaptureId>(now, book_.random()), portion.amount, portion.final, now);
    TRY(Payment after, book_.change(tx, call, leg, part_of(std::move(started), &Change::capture, id.text())));
    asked.asks.push_back({std::move(after), attempt.id});
  }
  return asked;
}

Result<Asked> CompositePayments::refund(Tx& tx, const rpc::Call& call, const Payment& whole, RefundId id, std::optional<std::int64_t> amount,
                                        const std::string& reason) {
  const auto portions = share_refund(whole, amount);
  if (!portions) return explain(portions.error(), whole);
  std::int64_t sum = 0;
  for (const Portion& portion : *portions) {
    TRY_DONE(orchestrator_.ready(leg_at(whole, portion.leg)));
    sum += portion.amount;
  }
  TRY_DONE(book_.change(tx, call, whole, refund_whole(whole, id, sum, reason, book_.clock().now())));
  Asked asked{key_of(whole), id.text()};
  for (const Portion& portion : *portions) {
    const NewAttempt attempt = orchestrator_.new_attempt(call);
    const Instant now = book_.clock().now();
    const Payment& leg = leg_at(whole, portion.leg);
    auto started = start_refund(leg, attempt, make_id<RefundId>(now, book_.random()), portion.amount, reason, now);
    TRY(Payment after, book_.change(tx, call, leg, part_of(std::move(started), &Change::refund, id.text())));
    asked.asks.push_back({std::move(after), attempt.id});
  }
  return asked;
}

Result<Asked> CompositePayments::release(Tx& tx, const rpc::Call& call, const Payment& whole, const std::string& reason) {
  const auto released = release_all(whole);
  if (!released) return explain(released.error(), whole);
  const Move first = next_move(apply(whole, *released, book_.clock().now()));
  if (first.leg > 0) TRY_DONE(orchestrator_.ready(leg_at(whole, first.leg)));
  TRY(const Payment releasing, book_.change(tx, call, whole, released));
  Asked asked{key_of(whole), whole.id.text()};
  if (!first.is_something()) return asked;
  TRY(Ask ask, make(tx, call, releasing, first, reason));
  asked.asks.push_back(std::move(ask));
  return asked;
}

Payment CompositePayments::leg_of(const Payment& whole, int number) {
  const Share& share = whole.shares.at(static_cast<std::size_t>(number) - 1);
  const Instant now = book_.clock().now();
  Payment leg{.id = make_id<PaymentId>(now, book_.random()),
              .merchant_id = whole.merchant_id,
              .user_id = whole.user_id,
              .amount = {share.amount, whole.amount.currency},
              .capture_method = CaptureMethod::manual,  // held first, whatever the whole is to be
              .method = share.method,
              .payment_method = share.payment_method,
              .tokens = share.tokens,
              .country = whole.country,
              .card_network = whole.card_network,
              .client_ip = whole.client_ip,
              .candidates = share.candidates,
              .plan_why = share.why,
              .config_version = whole.config_version,
              .description = whole.description,
              .return_url = whole.return_url,
              .metadata = whole.metadata,
              .created_at = now,
              .updated_at = now,
              .parent_id = whole.id.text(),
              .parent_order = whole.order_id,
              .leg = number};
  if (mutated("split_sum_off_by_one") && leg.leg > 1) ++leg.amount.minor;
  return leg;
}

// Where no processor would be called, the first is asked all the same: its guard says that nothing was sent, and so the leg fails.
Result<Ask> CompositePayments::begin_leg(Tx& tx, const rpc::Call& call, const Payment& whole, int number, NewAttempt attempt) {
  const Payment leg = leg_of(whole, number);
  const PaymentPlan steps = plan_of(leg);
  const auto route = orchestrator_.router().first(steps.steps.front());
  attempt.processor = route.ok() ? route->processor : leg.candidates.front();
  attempt.why = route.ok() ? route->why : leg.plan_why;
  PaymentPolicyEnforcer::note_begun(tx, orchestrator_.configs().of(tx, leg.merchant_id)->policy, request_of(leg), attempt.id, leg.created_at);
  TRY(Payment opened, book_.open(tx, call, leg, steps, start(leg, attempt, "", leg.created_at)));
  return Ask{std::move(opened), attempt.id};
}

Result<Ask> CompositePayments::make(Tx& tx, const rpc::Call& call, const Payment& whole, const Move& move, const std::string& reason) {
  const Instant now = book_.clock().now();
  const NewAttempt attempt = orchestrator_.new_attempt(call);
  if (move.what == Do::begin) return begin_leg(tx, call, whole, move.leg, attempt);
  const Payment& leg = leg_at(whole, move.leg);
  const auto change = [&](const Decision<Change>& decision) -> Result<Ask> {
    TRY(Payment after, book_.change(tx, call, leg, decision));
    return Ask{std::move(after), attempt.id};
  };
  switch (move.what) {
    case Do::capture:
      return change(start_capture(leg, attempt, make_id<CaptureId>(now, book_.random()), std::nullopt, true, now));
    case Do::release:
      return change(start_release(leg, attempt, reason, now));
    case Do::refund:
      return change(start_refund(leg, attempt, make_id<RefundId>(now, book_.random()), std::nullopt, reason, now));
    case Do::begin:
    case Do::wait:
    case Do::done:
      break;
  }
  PURSER_ASSERT(false);
}

Result<std::optional<Ask>> CompositePayments::next_ask(Tx& tx, const rpc::Call& call, const PaymentKey& key) {
  const auto whole = find(tx, key.merchant_id, key.payment_id);
  if (!whole) return payment_not_found(key.payment_id);
  const Instant now = book_.clock().now();
  const Move move = next_move(*whole);
  if (!move.is_something() || move.not_before > now) {
    put_off(tx, key.payment_id, due_at(*whole, now));
    return std::optional<Ask>();
  }
  rpc::Call as_asked = call;
  as_asked.caller.actor = asker_of(call, *whole);
  TRY(Ask ask, make(tx, as_asked, *whole, move, reason_of(*whole)));
  return std::optional(std::move(ask));
}

Task<void> CompositePayments::advance(rpc::Call call, PaymentKey key) {
  for (;;) {
    auto next = co_await orchestrator_.store().transact([&](Tx& tx) { return next_ask(tx, call, key); });
    if (!next.ok()) co_return co_await put_off_move(std::move(key), std::move(next).error());
    if (!*next) co_return;
    auto settled = co_await orchestrator_.carry_out(call, std::move((*next)->leg), (*next)->attempt);
    if (!settled.ok()) co_return;  // the janitor finds out what came of it, and then goes on here
  }
}

// The rules refused it, or the store failed: it stays to be done, and does not keep the others waiting.
Task<void> CompositePayments::put_off_move(PaymentKey key, Error why) {
  log::error("a payment in parts could not go on; the janitor comes back to it",
             {{"payment_id", key.payment_id}, {"code", why.code}, {"error", why.detail}});
  const Duration after = why.is_fault() ? seconds(5) : minutes(15);
  auto noted = co_await orchestrator_.store().transact([&](Tx& tx) -> Result<Done> {
    put_off(tx, key.payment_id, book_.clock().now() + after);
    return Done{};
  });
  if (!noted.ok()) log::warn("a payment in parts could not be put off", {{"payment_id", key.payment_id}});
}

Task<void> CompositePayments::drive(rpc::Call call, Asked asked) {
  for (Ask& ask : asked.asks) {
    auto settled = co_await orchestrator_.carry_out(call, std::move(ask.leg), ask.attempt);
    if (!settled.ok()) log::warn("a part could not be settled; the janitor comes back to it", {{"payment_id", asked.key.payment_id}});
  }
  co_await advance(std::move(call), std::move(asked.key));
}

Task<void> CompositePayments::carry_out(rpc::Call call, Asked asked) {
  if (!call.deadline) return drive(std::move(call), std::move(asked));
  // The last tenth is for the answer.
  const Duration left = *call.deadline - book_.clock().now();
  return within(book_.clock(), Duration{left.ms - left.ms / 10}, drive(std::move(call), std::move(asked)));
}

}  // namespace purser::payments
