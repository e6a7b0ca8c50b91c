// The words of payment.hpp: how its enums are written in the database and in events, and how its refusals are told.
#include <algorithm>
#include <array>
#include <utility>

#include "contexts/payments/rules/payment.hpp"
#include "kernel/assert.hpp"

namespace purser::payments {
namespace {

template <class Value, std::size_t N>
using Words = std::array<std::pair<Value, std::string_view>, N>;

constexpr Words<Status, 11> status_words{{
    {Status::created, "CREATED"},
    {Status::processing, "PROCESSING"},
    {Status::requires_action, "REQUIRES_ACTION"},
    {Status::authorized, "AUTHORIZED"},
    {Status::partially_captured, "PARTIALLY_CAPTURED"},
    {Status::captured, "CAPTURED"},
    {Status::partially_refunded, "PARTIALLY_REFUNDED"},
    {Status::refunded, "REFUNDED"},
    {Status::failed, "FAILED"},
    {Status::voided, "VOIDED"},
    {Status::in_doubt, "IN_DOUBT"},
}};
constexpr Words<CaptureMethod, 2> capture_method_words{{{CaptureMethod::automatic, "AUTOMATIC"}, {CaptureMethod::manual, "MANUAL"}}};
constexpr Words<AttemptKind, 6> kind_words{{
    {AttemptKind::authorize, "AUTHORIZE"},
    {AttemptKind::sale, "SALE"},
    {AttemptKind::capture, "CAPTURE"},
    {AttemptKind::refund, "REFUND"},
    {AttemptKind::release, "VOID"},
    {AttemptKind::reverse, "REVERSE"},
}};
constexpr Words<AttemptStatus, 9> attempt_words{{
    {AttemptStatus::created, "CREATED"},
    {AttemptStatus::sent, "SENT"},
    {AttemptStatus::succeeded, "SUCCEEDED"},
    {AttemptStatus::declined, "DECLINED"},
    {AttemptStatus::requires_action, "REQUIRES_ACTION"},
    {AttemptStatus::in_doubt, "IN_DOUBT"},
    {AttemptStatus::not_sent, "NOT_SENT"},
    {AttemptStatus::absent, "ABSENT"},
    {AttemptStatus::reversed, "REVERSED"},
}};
constexpr Words<End, 7> end_words{{
    {End::succeeded, "succeeded"},
    {End::declined, "declined"},
    {End::requires_action, "requires_action"},
    {End::not_sent, "not_sent"},
    {End::in_doubt, "in_doubt"},
    {End::absent, "absent"},
    {End::released, "released"},
}};
constexpr Words<PartStatus, 3> part_words{{{PartStatus::pending, "PENDING"}, {PartStatus::succeeded, "SUCCEEDED"}, {PartStatus::failed, "FAILED"}}};
constexpr Words<Goal, 4> goal_words{{{Goal::none, ""}, {Goal::pay, "PAY"}, {Goal::undo, "UNDO"}, {Goal::release, "RELEASE"}}};

template <class Value, std::size_t N>
std::string_view word_for(const Words<Value, N>& words, Value value) {
  const auto found = std::ranges::find(words, value, [](const auto& row) { return row.first; });
  PURSER_ASSERT(found != words.end());
  return found->second;
}
template <class Value, std::size_t N>
std::optional<Value> value_of(const Words<Value, N>& words, std::string_view word) {
  const auto found = std::ranges::find(words, word, [](const auto& row) { return row.second; });
  return found == words.end() ? std::nullopt : std::optional(found->first);
}

std::string money(const Payment& payment, std::int64_t minor) { return to_text({minor, payment.amount.currency}); }

// What is not known yet must not be denied: money may have moved.
std::string undecided_text(const Payment& payment) {
  const std::string state = "The payment is " + std::string(text(payment.status));
  if (payment.status == Status::requires_action)
    return state + ": the buyer has still to act, and its outcome is not known yet. Wait for it, or void the payment.";
  if (payment.is_undecided()) return state + ": its outcome is not known yet, and money may have moved. Read it again until it is decided.";
  return "An earlier attempt of this payment is still open. Wait for its outcome.";
}

std::string held_or_gone(Status status) {
  switch (status) {
    case Status::captured:
      return "All of it was captured already.";
    case Status::partially_refunded:
    case Status::refunded:
      return "It was captured, and refunded since.";
    case Status::voided:
      return "Its money was released.";
    case Status::failed:
      return "It holds no money: retry it, or pay with a new payment.";
    default:
      return "Nothing is held by it.";
  }
}

// Why it cannot become `wanted`, and what can be done instead.
std::string why_illegal(const Payment& payment, Status wanted) {
  const std::string state = "The payment is " + std::string(text(payment.status));
  switch (wanted) {
    case Status::processing:
      return state + "; only a FAILED payment can be retried. To pay once more, make a new payment.";
    case Status::captured:
      return state + ", and there is nothing to capture. " + held_or_gone(payment.status);
    case Status::voided:
      return state + ", and there is nothing to release. " + held_or_gone(payment.status);
    default:
      return state + " and cannot become " + std::string(text(wanted)) + ".";
  }
}

Error in_progress(Error error, std::string code, std::string detail) {
  error.code = std::move(code);
  error.detail = std::move(detail);
  error.retry_after_seconds = 2;
  return error;
}

}  // namespace

std::string_view text(Status status) { return word_for(status_words, status); }
std::string_view text(CaptureMethod method) { return word_for(capture_method_words, method); }
std::string_view text(AttemptKind kind) { return word_for(kind_words, kind); }
std::string_view text(AttemptStatus status) { return word_for(attempt_words, status); }
std::string_view text(PartStatus status) { return word_for(part_words, status); }
std::string_view text(End end) { return word_for(end_words, end); }
std::string_view text(Goal goal) { return word_for(goal_words, goal); }
std::optional<Status> parse_status(std::string_view word) { return value_of(status_words, word); }
std::optional<CaptureMethod> parse_capture_method(std::string_view word) { return value_of(capture_method_words, word); }
std::optional<AttemptKind> parse_attempt_kind(std::string_view word) { return value_of(kind_words, word); }
std::optional<AttemptStatus> parse_attempt_status(std::string_view word) { return value_of(attempt_words, word); }
std::optional<PartStatus> parse_part_status(std::string_view word) { return value_of(part_words, word); }
std::optional<Goal> parse_goal(std::string_view word) { return value_of(goal_words, word); }

Error explain(const Refused& refused, const Payment& payment) {
  const std::string state(text(payment.status));
  std::string allowed;
  for (const Status next : lifecycle.after(payment.status)) allowed += (allowed.empty() ? "" : ",") + std::string(text(next));
  Error error{.kind = Kind::conflict, .metadata = {{"payment_id", payment.id.text()}, {"state", state}, {"allowed", allowed}}};
  switch (refused.why) {
    case Refusal::illegal_transition:
      error.code = "illegal_transition";
      error.detail = why_illegal(payment, refused.wanted.value());
      error.metadata["wanted"] = text(*refused.wanted);
      return error;
    case Refusal::attempt_in_progress:
      return in_progress(std::move(error), "attempt_in_progress", undecided_text(payment));
    case Refusal::release_in_progress:
      return in_progress(std::move(error), "void_in_progress", "The payment is being voided. Wait for that to end.");
    case Refusal::capture_in_progress:
      return in_progress(std::move(error), "capture_in_progress", "A capture of this payment is under way. Wait for its outcome.");
    case Refusal::nothing_captured:
      error.code = "illegal_transition";
      error.detail = "The payment is " + state + ": nothing was captured, so nothing can be refunded. An authorisation is released by a void.";
      error.metadata["wanted"] = text(Status::refunded);
      return error;
    case Refusal::nothing_authorized:
      error.code = "illegal_transition";
      error.detail = "The payment is " + state + ": nothing is authorised. " + held_or_gone(payment.status);
      return error;
    case Refusal::amount_exceeds_authorized:
      error = invalid("/amount", "amount_exceeds_authorized", "At most " + money(payment, payment.capturable()) + " can still be captured.");
      error.metadata = {{"payment_id", payment.id.text()}, {"capturable", std::to_string(payment.capturable())}};
      return error;
    case Refusal::amount_exceeds_captured:
      error = invalid("/amount", "amount_exceeds_captured",
                      "At most " + money(payment, payment.refundable()) + " can still be refunded, refunds under way included.");
      error.metadata = {{"payment_id", payment.id.text()}, {"refundable", std::to_string(payment.refundable())}};
      return error;
    case Refusal::already_refunded:
      error.code = "illegal_transition";
      error.detail = "The payment is REFUNDED: all of it was given back already.";
      error.metadata["wanted"] = text(Status::refunded);
      return error;
    case Refusal::captured_already:
      error.code = "illegal_transition";
      error.detail = payment.closed ? "The money was taken: it is given back by a refund, not by a void."
                                    : "Part of the payment was captured; refund it instead, or capture with final to release the rest.";
      error.metadata["wanted"] = text(Status::voided);
      return error;
    case Refusal::retry_not_allowed:
      error.code = "retry_not_allowed";
      error.detail = payment.is_whole()
                         ? "A payment in parts is not retried: what it held was given back. Pay with a new payment, of these parts or others."
                         : "This decline is final for the payment method. Retry with another payment_method.";
      return error;
    case Refusal::too_many_attempts:
      error.code = "too_many_attempts";
      error.detail = "The payment has as many attempts as one can have. Pay with a new payment.";
      return error;
    case Refusal::too_many_captures:
      error.code = "too_many_captures";
      error.detail = "The payment has as many captures as one can have. Capture all that is left, or a part of it with final: true.";
      return error;
    case Refusal::too_many_refunds:
      error.code = "too_many_refunds";
      error.detail = "The payment has as many refunds as one can have. Refund all that is left at once: leave the amount out.";
      return error;
  }
  PURSER_ASSERT(false);
}

}  // namespace purser::payments
