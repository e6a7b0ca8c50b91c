#include "contexts/payments/rules/split.hpp"

#include <algorithm>
#include <array>

#include "contexts/payments/rules/change.hpp"
#include "contexts/payments/rules/legs.hpp"
#include "kernel/assert.hpp"

namespace purser::payments {
namespace {

// What a processor did not do is asked for again, ever more rarely: nothing of the buyer's stays behind.
constexpr std::array again_after = {seconds(1), seconds(5), seconds(30), minutes(5), minutes(15), hours(1)};

bool is_open(const Payment& leg, AttemptKind kind) { return leg.open_attempt(kind) != nullptr; }

Move again(Do what, AttemptKind kind, const Payment& leg) {
  const Misses misses = misses_of(leg, kind);
  if (misses.count == 0) return {what, leg.leg, {}};
  const auto at = static_cast<std::size_t>(misses.count - 1);
  return {what, leg.leg, misses.last + again_after[std::min(at, again_after.size() - 1)]};
}

// ---- the next move

Move next_payment(const Payment& whole) {
  for (const Payment& leg : whole.legs)
    if (!holds(leg)) return {leg.is_undecided() ? Do::wait : Do::done};
  if (whole.legs.size() < whole.shares.size()) return {Do::begin, static_cast<int>(whole.legs.size()) + 1, {}};
  for (const Payment& leg : whole.legs) {
    if (is_taken(leg)) continue;
    if (is_open(leg, AttemptKind::capture)) return {Do::wait};
    return again(Do::capture, AttemptKind::capture, leg);
  }
  return {Do::done};
}

// What is asked of a leg now must be known before any other is undone. A buyer who is waited for can be told to go; a stray charge's
// reversal, and a refund that a client asked for, are about other money.
bool is_being_asked(const Payment& leg, bool for_all) {
  return std::ranges::any_of(leg.attempts, [&](const Attempt& attempt) {
    if (!attempt.is_open() || attempt.kind == AttemptKind::reverse) return false;
    if (attempt.kind == AttemptKind::refund) return for_all;
    return !(attempt.gets_money() && attempt.status == AttemptStatus::requires_action);
  });
}

// Store credit after all others; what is only held before what was taken.
int undone_as(const Payment& leg) { return (leg.method == wallet_method ? 2 : 0) + (leg.captured > 0 ? 1 : 0); }

// `for_all`: what was taken goes back too; otherwise only what nothing was taken of is let go.
Move next_undoing(const Payment& whole, bool for_all) {
  if (std::ranges::any_of(whole.legs, [&](const Payment& leg) { return is_being_asked(leg, for_all); })) return {Do::wait};
  const Payment* next = nullptr;
  for (const Payment& leg : whole.legs)
    if ((for_all ? keeps(leg) : is_untouched(leg)) && (!next || undone_as(leg) < undone_as(*next))) next = &leg;
  if (!next) return {Do::done};
  if (next->captured == 0) return again(Do::release, AttemptKind::release, *next);
  return next->refundable() > 0 ? again(Do::refund, AttemptKind::refund, *next) : Move{Do::wait};
}

// ---- spreading

// A leg that was captured in part comes first: it can be let go by a capture alone.
std::vector<const Payment*> in_order_of_capture(const Payment& whole) {
  std::vector<const Payment*> order;
  for (const bool in_part : {true, false})
    for (const Payment& leg : whole.legs)
      if (leg.capturable() > 0 && (leg.captured > 0) == in_part) order.push_back(&leg);
  return order;
}

}  // namespace

Misses misses_of(const Payment& leg, AttemptKind kind) {
  Misses misses;
  for (auto attempt = leg.attempts.rbegin(); attempt != leg.attempts.rend(); ++attempt) {
    if (attempt->kind != kind) continue;
    if (attempt->is_open() || attempt->status == AttemptStatus::succeeded) break;
    if (misses.count == 0) misses.last = attempt->updated_at, misses.declined = attempt->status == AttemptStatus::declined;
    ++misses.count;
  }
  return misses;
}

std::expected<std::vector<Share>, PartFault> share_out(const std::vector<Part>& parts, Money total) {
  const auto at = [](std::size_t index, const char* field) { return "/parts/" + std::to_string(index) + "/" + field; };
  std::int64_t given = 0;
  std::optional<std::size_t> rest;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (part.payment_method.empty() && part.method != wallet_method)
      return std::unexpected(PartFault{at(i, "payment_method"), "required", "Give the processor's token for what the buyer pays this part with."});
    if (!part.amount && rest) return std::unexpected(PartFault{at(i, "amount"), "second_rest", "Only one part may leave its amount out."});
    if (!part.amount) rest = i;
    if (part.amount && *part.amount < 1) return std::unexpected(PartFault{at(i, "amount"), "too_small", "A part is of one minor unit at least."});
    const auto sum = checked_add(given, part.amount.value_or(0));
    if (!sum) return std::unexpected(PartFault{at(i, "amount"), "out_of_range", "The parts come to more than an amount can hold."});
    given = *sum;
  }
  if (rest && given >= total.minor)
    return std::unexpected(
        PartFault{at(*rest, "amount"), "nothing_left",
                  "The other parts come to " + to_text({given, total.currency}) + ", which leaves nothing of " + to_text(total) + "."});
  if (!rest && given != total.minor)
    return std::unexpected(PartFault{"/parts", "parts_differ",
                                     "The parts come to " + to_text({given, total.currency}) + " and the payment is " + to_text(total) +
                                         "; leave one amount out for what is left."});
  std::vector<Share> shares;
  for (const bool credit : {false, true})
    for (const Part& part : parts) {
      if ((part.method == wallet_method) != credit) continue;
      shares.push_back({.amount = part.amount.value_or(total.minor - given),
                        .method = part.method,
                        .payment_method = part.payment_method.empty() ? std::string(wallet_method) : part.payment_method,
                        .tokens = part.tokens});
    }
  return shares;
}

Move next_move(const Payment& whole) {
  switch (whole.goal) {
    case Goal::none:
      return {Do::done};
    case Goal::pay:
      return whole.is_undecided() ? next_payment(whole) : Move{Do::done};
    case Goal::undo:
      return next_undoing(whole, true);
    case Goal::release:
      return next_undoing(whole, false);
  }
  PURSER_ASSERT(false);
}

std::optional<Instant> due_at(const Payment& whole, Instant now) {
  const Move move = next_move(whole);
  return move.is_something() ? std::optional(std::max(move.not_before, now + take_over_after)) : std::nullopt;
}

bool is_at_work(const Payment& whole, Instant now) {
  for (const Payment& leg : whole.legs)
    for (const Attempt& attempt : leg.attempts)
      if (attempt.status == AttemptStatus::sent) return true;
  const Move move = next_move(whole);
  return move.is_something() && move.not_before <= now;
}

Decision<std::vector<Portion>> share_capture(const Payment& whole, std::optional<std::int64_t> amount, bool final) {
  const auto wanted = may_capture(whole, amount, final);
  if (!wanted) return std::unexpected(wanted.error());
  const auto order = in_order_of_capture(whole);
  // Each that was captured in part gets one unit at least of the last capture, which lets go what is left of it.
  auto in_part = std::ranges::count_if(order, [](const Payment* leg) { return leg->captured > 0; });
  std::vector<Portion> portions;
  std::int64_t left = *wanted;
  for (const Payment* leg : order) {
    if (leg->captured > 0) --in_part;
    const std::int64_t kept_for_others = final ? std::min<std::int64_t>(in_part, left - 1) : 0;
    const std::int64_t share = std::min(left - std::max<std::int64_t>(kept_for_others, 0), leg->capturable());
    if (share <= 0) break;
    portions.push_back({leg->leg, share, final});
    left -= share;
  }
  PURSER_ASSERT(left == 0);
  return portions;
}

Decision<std::vector<Portion>> share_refund(const Payment& whole, std::optional<std::int64_t> amount) {
  const auto wanted = may_refund(whole, amount);
  if (!wanted) return std::unexpected(wanted.error());
  std::vector<Portion> portions;
  std::int64_t left = *wanted;
  for (const bool credit : {false, true})
    for (const Payment& leg : whole.legs) {
      const std::int64_t share = std::min(left, leg.refundable());
      if ((leg.method == wallet_method) != credit || share <= 0) continue;
      portions.push_back({leg.leg, share, false});
      left -= share;
    }
  PURSER_ASSERT(left == 0);
  return portions;
}

Change open_whole(const Payment& whole) {
  Change change = unchanged(whole, What::started);
  change.status = Status::processing;
  return change;
}

Change capture_whole(const Payment& whole, bool final) {
  Change change = unchanged(whole, What::capture_started);
  if (final) change.goal = Goal::release;
  return change;
}

Change refund_whole(const Payment& whole, RefundId id, std::int64_t amount, const std::string& reason, Instant now) {
  Change change = unchanged(whole, What::refund_started);
  change.refund = Refund{.id = id, .amount = amount, .reason = reason, .created_at = now, .updated_at = now};
  return change;
}

Decision<Change> release_all(const Payment& whole) {
  if (const auto refused = why_not_released(whole)) return std::unexpected(*refused);
  Change change = unchanged(whole, What::release_started);
  change.goal = Goal::release;
  return change;
}

Refused why_not_retried(const Payment& whole) {
  if (whole.is_undecided()) return {Refusal::attempt_in_progress};
  if (whole.status != Status::failed) return {Refusal::illegal_transition, Status::processing};
  return {Refusal::retry_not_allowed};
}

}  // namespace purser::payments
