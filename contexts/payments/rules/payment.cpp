#include "contexts/payments/rules/payment.hpp"

#include <algorithm>
#include <utility>

#include "contexts/payments/rules/change.hpp"
#include "kernel/assert.hpp"

namespace purser::payments {
namespace {

std::unexpected<Refused> refuse(Refusal why, std::optional<Status> wanted = std::nullopt) { return std::unexpected(Refused{why, wanted}); }

}  // namespace

const Attempt* Payment::attempt(AttemptId attempt_id) const {
  const auto found = std::ranges::find(attempts, attempt_id, &Attempt::id);
  return found == attempts.end() ? nullptr : &*found;
}

const Attempt* Payment::open_attempt(AttemptKind kind) const {
  const auto found = std::ranges::find_if(attempts, [&](const Attempt& attempt) { return attempt.kind == kind && attempt.is_open(); });
  return found == attempts.end() ? nullptr : &*found;
}

const Attempt* Payment::money_attempt() const {
  for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt)
    if (attempt->gets_money()) return &*attempt;
  return nullptr;
}

const std::string& Payment::token_for(const std::string& processor) const {
  const auto found = tokens.find(processor);
  return found == tokens.end() ? payment_method : found->second;
}

std::vector<Attempt> Payment::asked_for_this_request() const {
  std::vector<Attempt> asked;
  for (const Attempt& attempt : attempts) {
    if (!attempt.gets_money()) continue;
    if (!asked.empty() && !asked.back().next.starts_with(asked_instead)) asked.clear();
    asked.push_back(attempt);
  }
  return asked;
}

namespace {

// Without any token it is a plan that nobody pays: then it does not matter who has one.
std::optional<std::vector<std::string>> who_has_a_token(const std::string& payment_method, const std::map<std::string, std::string>& tokens) {
  if (payment_method.empty() && tokens.empty()) return std::nullopt;
  std::vector<std::string> processors;
  for (const auto& [processor, token] : tokens) processors.push_back(processor);
  return processors;
}

}  // namespace

CoreRequestContext request_of(const Payment& payment) {
  return {.merchant_id = payment.merchant_id,
          .payment_id = payment.id.text(),
          .order_id = payment.order_paid(),
          .user_id = payment.user_id,
          .client_ip = payment.client_ip,
          .amount = payment.amount,
          .method = payment.method,
          .country = payment.country,
          .card_network = payment.card_network,
          .metadata = payment.metadata,
          .tokens_at = who_has_a_token(payment.payment_method, payment.tokens),
          .at = payment.created_at,
          .validation_issues = payment.validation_issues};
}

CoreRequestContext request_of(const Payment& whole, const Share& share) {
  CoreRequestContext request = request_of(whole);
  request.amount.minor = share.amount, request.method = share.method;
  request.tokens_at = who_has_a_token(share.payment_method, share.tokens);
  return request;
}

PaymentPlan plan_of(const Payment& payment) {
  if (payment.is_whole()) {
    PaymentPlan plan{.amount = payment.amount, .config_version = payment.config_version};
    for (const Share& share : payment.shares) plan.steps.push_back({share.method, share.amount, share.candidates, share.why});
    return plan;
  }
  return {.amount = payment.amount,
          .steps = {{payment.method, payment.amount.minor, payment.candidates, payment.plan_why}},
          .config_version = payment.config_version};
}

bool Payment::is_undecided() const {
  if (is_whole()) return status == Status::processing || status == Status::requires_action || status == Status::in_doubt;
  const Attempt* last = money_attempt();
  return last && last->is_open();
}

// A whole counts nothing before it holds all of its money: until then its legs may be undone.
std::int64_t Payment::capture_pending() const {
  std::int64_t sum = 0;
  for (const Payment& part : legs) sum += authorized == 0 ? 0 : part.capture_pending();
  for (const Capture& capture : captures)
    if (capture.status == PartStatus::pending) sum += capture.amount;
  return sum;
}

// A refund of a whole is pending in its legs.
std::int64_t Payment::refund_pending() const {
  std::int64_t sum = 0;
  for (const Payment& part : legs) sum += authorized == 0 ? 0 : part.refund_pending();
  for (const Refund& refund : refunds)
    if (refund.status == PartStatus::pending && !is_whole()) sum += refund.amount;
  return sum;
}

std::int64_t Payment::capturable() const {
  if (!is_whole()) return closed ? 0 : authorized - captured - capture_pending();
  std::int64_t sum = 0;
  for (const Payment& part : legs) sum += authorized == 0 ? 0 : part.capturable();
  return sum;
}

std::string reference_of(const PaymentId& payment, int step, int number) {
  return payment.text() + "-" + std::to_string(step) + "-" + std::to_string(number);
}

Change unchanged(const Payment& payment, What what) {
  return {.what = what,
          .status = payment.status,
          .authorized = payment.authorized,
          .captured = payment.captured,
          .refunded = payment.refunded,
          .closed = payment.closed};
}

Attempt begin(const Payment& payment, const NewAttempt& fresh, AttemptKind kind, std::int64_t amount, Instant now) {
  const int number = static_cast<int>(payment.attempts.size()) + 1;
  const bool gets_money = kind == AttemptKind::authorize || kind == AttemptKind::sale;
  const Attempt* charge = gets_money ? nullptr : payment.money_attempt();
  const std::string& processor = fresh.processor.empty() && charge ? charge->processor : fresh.processor;
  return {.id = fresh.id,
          .number = number,
          .kind = kind,
          .status = AttemptStatus::sent,
          .processor = processor,
          .reference = reference_of(payment.id, 1, number),
          .processor_ref = charge ? charge->processor_ref : "",
          .payment_method = payment.token_for(processor),
          .amount = amount,
          .asked_by = fresh.asked_by,
          .why = fresh.why,
          .next_check_at = fresh.check_at,
          .created_at = now,
          .updated_at = now};
}

Decision<Change> start(const Payment& payment, const NewAttempt& fresh, const std::string& payment_method, Instant now) {
  if (payment.is_undecided()) return refuse(Refusal::attempt_in_progress);
  if (payment.status != Status::created && payment.status != Status::failed) return refuse(Refusal::illegal_transition, Status::processing);
  const bool open = std::ranges::any_of(payment.attempts, &Attempt::is_open);
  if (open) return refuse(Refusal::attempt_in_progress);
  if (static_cast<std::size_t>(std::ranges::count_if(payment.attempts, &Attempt::gets_money)) >= money_attempts_max)
    return refuse(Refusal::too_many_attempts);
  const Attempt* last = payment.money_attempt();
  const bool another_method = !payment_method.empty() && payment_method != payment.payment_method;
  if (last && last->failure && !last->failure->retryable && !another_method) return refuse(Refusal::retry_not_allowed);
  Change change = unchanged(payment, What::started);
  const auto kind = payment.capture_method == CaptureMethod::automatic ? AttemptKind::sale : AttemptKind::authorize;
  Attempt attempt = begin(payment, fresh, kind, payment.amount.minor, now);
  if (another_method) attempt.payment_method = payment_method;
  change.payment_method = payment_method;
  change.attempts = {attempt};
  change.status = Status::processing;
  return change;
}

// Whether a payment has as many captures or refunds as it can have; `last` takes all that is left.
template <class Part>
bool is_full(const std::vector<Part>& parts, std::size_t most, bool last) {
  const auto failed = static_cast<std::size_t>(std::ranges::count(parts, PartStatus::failed, &Part::status));
  return failed >= failures_max || (parts.size() - failed >= most && !last);
}

Decision<std::int64_t> may_capture(const Payment& payment, std::optional<std::int64_t> amount, bool final) {
  if (payment.is_undecided()) return refuse(Refusal::attempt_in_progress);
  if (payment.status != Status::authorized && payment.status != Status::partially_captured)
    return refuse(Refusal::illegal_transition, Status::captured);
  if (payment.open_attempt(AttemptKind::release) || payment.goal == Goal::release) return refuse(Refusal::release_in_progress);
  // One at a time: a processor releases what is left with the last capture, so their order matters.
  if (payment.capture_pending() > 0) return refuse(Refusal::capture_in_progress);
  const std::int64_t wanted = amount.value_or(payment.capturable());
  if (wanted > payment.capturable() || wanted == 0) return refuse(Refusal::amount_exceeds_authorized);
  if (is_full(payment.captures, captures_max, final || wanted == payment.capturable())) return refuse(Refusal::too_many_captures);
  return wanted;
}

Decision<Change> start_capture(const Payment& payment, const NewAttempt& fresh, CaptureId id, std::optional<std::int64_t> amount, bool final,
                               Instant now) {
  const auto wanted = may_capture(payment, amount, final);
  if (!wanted) return std::unexpected(wanted.error());
  Change change = unchanged(payment, What::capture_started);
  Attempt attempt = begin(payment, fresh, AttemptKind::capture, *wanted, now);
  attempt.subject = id.text();
  change.attempts = {attempt};
  change.capture = Capture{.id = id, .amount = *wanted, .final = final || *wanted == payment.capturable(), .created_at = now};
  return change;
}

Decision<std::int64_t> may_refund(const Payment& payment, std::optional<std::int64_t> amount) {
  if (payment.is_undecided()) return refuse(Refusal::attempt_in_progress);
  if (payment.status == Status::refunded) return refuse(Refusal::already_refunded);
  if (payment.captured == 0 && payment.capture_pending() > 0) return refuse(Refusal::capture_in_progress);
  if (payment.captured == 0) return refuse(Refusal::nothing_captured);
  const std::int64_t wanted = amount.value_or(payment.refundable());
  if (is_full(payment.refunds, refunds_max, wanted == payment.refundable())) return refuse(Refusal::too_many_refunds);
  if (wanted > payment.refundable() || payment.refundable() == 0) return refuse(Refusal::amount_exceeds_captured);
  return wanted;
}

Decision<Change> start_refund(const Payment& payment, const NewAttempt& fresh, RefundId id, std::optional<std::int64_t> amount,
                              const std::string& reason, Instant now) {
  const auto wanted = may_refund(payment, amount);
  if (!wanted) return std::unexpected(wanted.error());
  Change change = unchanged(payment, What::refund_started);
  Attempt attempt = begin(payment, fresh, AttemptKind::refund, *wanted, now);
  attempt.subject = id.text();
  change.attempts = {attempt};
  change.refund = Refund{.id = id, .amount = *wanted, .reason = reason, .created_at = now, .updated_at = now};
  return change;
}

std::optional<Refused> why_not_released(const Payment& payment) {
  // A buyer who is waited for can be told to go; a processor that was asked cannot be told to forget.
  if (payment.is_undecided() && payment.status != Status::requires_action) return Refused{Refusal::attempt_in_progress};
  if (payment.captured > 0) return Refused{Refusal::captured_already};
  if (payment.status != Status::authorized && payment.status != Status::requires_action) return Refused{Refusal::illegal_transition, Status::voided};
  if (payment.open_attempt(AttemptKind::release) || payment.goal == Goal::release) return Refused{Refusal::release_in_progress};
  if (payment.capture_pending() > 0) return Refused{Refusal::capture_in_progress};
  return std::nullopt;
}

Decision<Change> start_release(const Payment& payment, const NewAttempt& fresh, const std::string& reason, Instant now) {
  if (const auto refused = why_not_released(payment)) return std::unexpected(*refused);
  Change change = unchanged(payment, What::release_started);
  Attempt attempt = begin(payment, fresh, AttemptKind::release, payment.amount.minor, now);
  attempt.subject = reason;
  change.attempts = {attempt};
  return change;
}

Payment apply(Payment payment, const Change& change, Instant now) {
  PURSER_ASSERT(payment.status == change.status || lifecycle.allows(payment.status, change.status));
  payment.status = change.status;
  payment.authorized = change.authorized;
  payment.captured = change.captured;
  payment.refunded = change.refunded;
  payment.closed = change.closed;
  // Another card: what its fellows are called elsewhere is not known.
  if (!change.payment_method.empty() && change.payment_method != payment.payment_method) payment.tokens.clear();
  if (!change.payment_method.empty()) payment.payment_method = change.payment_method;
  const auto put = [](auto& list, const auto& part) {
    const auto found = std::ranges::find(list, part.id, [](const auto& other) { return other.id; });
    if (found == list.end())
      list.push_back(part);
    else
      *found = part;
  };
  if (change.goal) payment.goal = *change.goal;
  for (const Attempt& attempt : change.attempts) put(payment.attempts, attempt);
  // A whole is captured in its legs.
  if (change.capture && !payment.is_whole()) put(payment.captures, *change.capture);
  if (change.refund) put(payment.refunds, *change.refund);
  payment.updated_at = std::max(now, payment.updated_at);
  ++payment.version;
  PURSER_ASSERT(amounts_hold(payment));
  return payment;
}

bool amounts_hold(const Payment& payment) {
  return payment.refunded >= 0 && payment.refunded + payment.refund_pending() <= payment.captured &&
         payment.captured + payment.capture_pending() <= payment.authorized && payment.authorized <= payment.amount.minor;
}

}  // namespace purser::payments
