// A payment: money promised by a processor, taken in captures, given back in refunds, each step through an attempt: one call to
// a processor under one reference. docs/payments.md tells the whole life of one.
// Pure: no clock, no store, no processor. A decision gives the change to make or the refusal that names the rule.
//
// What keeps a customer from being charged twice:
//   - at most one attempt to get the money is open (SENT, REQUIRES_ACTION or IN_DOUBT) at any time;
//   - a next one may begin only after NOT_SENT, DECLINED, ABSENT or REVERSED;
//   - a success that arrives for an attempt that was given up is reversed by itself;
//   - captured <= authorised <= amount and refunded <= captured, what is under way included.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contexts/payments/rules/plan.hpp"
#include "kernel/id.hpp"
#include "kernel/money.hpp"
#include "kernel/result.hpp"
#include "kernel/time.hpp"
#include "kernel/transitions.hpp"

namespace purser::payments {

enum class Status : std::uint8_t {
  created,
  processing,
  requires_action,
  authorized,
  partially_captured,
  captured,
  partially_refunded,
  refunded,
  failed,
  voided,
  in_doubt,
};

// Which status may follow which; the one place that says so.
inline constexpr Transitions<Status, 30> lifecycle{{{
    {Status::created, Status::processing},
    {Status::processing, Status::requires_action},
    {Status::processing, Status::authorized},
    {Status::processing, Status::captured},
    {Status::processing, Status::failed},
    {Status::processing, Status::in_doubt},
    {Status::requires_action, Status::authorized},
    {Status::requires_action, Status::captured},
    {Status::requires_action, Status::failed},
    {Status::requires_action, Status::voided},
    {Status::requires_action, Status::in_doubt},
    {Status::in_doubt, Status::requires_action},
    {Status::in_doubt, Status::authorized},
    {Status::in_doubt, Status::captured},
    {Status::in_doubt, Status::failed},
    {Status::failed, Status::processing},
    {Status::authorized, Status::partially_captured},
    {Status::authorized, Status::captured},
    {Status::authorized, Status::voided},
    {Status::partially_captured, Status::captured},
    {Status::partially_captured, Status::partially_refunded},
    {Status::partially_captured, Status::refunded},
    {Status::captured, Status::partially_refunded},
    {Status::captured, Status::refunded},
    {Status::partially_refunded, Status::refunded},
    {Status::partially_captured, Status::partially_captured},
    {Status::partially_refunded, Status::partially_refunded},
    {Status::partially_refunded, Status::captured},  // a refund that came back
    {Status::refunded, Status::partially_refunded},
    {Status::refunded, Status::captured},
}}};

enum class CaptureMethod : std::uint8_t { automatic, manual };
enum class AttemptKind : std::uint8_t { authorize, sale, capture, refund, release, reverse };  // release: the API's VOID
enum class AttemptStatus : std::uint8_t { created, sent, succeeded, declined, requires_action, in_doubt, not_sent, absent, reversed };
enum class PartStatus : std::uint8_t { pending, succeeded, failed };  // of a capture or a refund

// What a payment in parts is trying to reach (rules/split.hpp); none for any other.
enum class Goal : std::uint8_t { none, pay, undo, release };

std::string_view text(Status status);  // "PARTIALLY_CAPTURED"
std::string_view text(CaptureMethod method);
std::string_view text(AttemptKind kind);
std::string_view text(AttemptStatus status);
std::string_view text(PartStatus status);
std::string_view text(Goal goal);  // "" for none
std::optional<Status> parse_status(std::string_view text);
std::optional<CaptureMethod> parse_capture_method(std::string_view text);
std::optional<AttemptKind> parse_attempt_kind(std::string_view text);
std::optional<AttemptStatus> parse_attempt_status(std::string_view text);
std::optional<PartStatus> parse_part_status(std::string_view text);
std::optional<Goal> parse_goal(std::string_view text);

// Why something did not succeed. `code`: timeout, declined, invalid_card, network_failure, abandoned, unknown.
struct Failure {
  std::string code{};
  std::string message{};
  std::string decline_code{};
  bool retryable = false;
  std::string outcome{};  // declined, not_sent, in_doubt, absent
  bool operator==(const Failure&) const = default;
};

// How Attempt::next begins where another processor was asked instead.
inline constexpr std::string_view asked_instead = "no money moved, so this was asked instead: ";

struct Attempt {
  AttemptId id;
  int number = 1;  // within the payment, from 1
  AttemptKind kind = AttemptKind::sale;
  AttemptStatus status = AttemptStatus::created;
  std::string processor{};
  std::string reference{};      // the processor's idempotency key; stored before the call
  std::string processor_ref{};  // the processor's own id
  std::string payment_method{};
  std::int64_t amount = 0;
  std::string subject{};  // the capture's or refund's id; for reverse, the id of the attempt to undo
  std::string action_url{};
  std::string asked_by{};  // who wanted it, whoever brings its outcome
  std::string why{};       // for people: why this processor
  std::string next{};      // for people, once it ended without money: what was done instead, or why nothing was
  std::optional<Failure> failure{};
  std::optional<Instant> next_check_at{};  // when the janitor looks at it: while it is open, and once it was given up
  int checks = 0;
  Instant created_at{};
  Instant updated_at{};
  bool operator==(const Attempt&) const = default;

  bool is_open() const { return status == AttemptStatus::sent || status == AttemptStatus::requires_action || status == AttemptStatus::in_doubt; }
  bool gets_money() const { return kind == AttemptKind::authorize || kind == AttemptKind::sale; }
};

struct Capture {
  CaptureId id;
  std::int64_t amount = 0;
  PartStatus status = PartStatus::pending;
  bool final = false;
  std::optional<Failure> failure{};
  Instant created_at{};
  std::string part_of{};  // of a leg: the capture of the whole that it is a part of
  bool operator==(const Capture&) const = default;
};

struct Refund {
  RefundId id;
  std::int64_t amount = 0;
  PartStatus status = PartStatus::pending;
  std::string reason{};
  std::optional<Failure> failure{};
  Instant created_at{};
  Instant updated_at{};
  std::string part_of{};  // of a leg: the refund of the whole that it is a part of; empty where it undoes the leg
  bool operator==(const Refund&) const = default;
};

// One share of a payment in parts as it was planned: how much is paid how, and who may be asked for it.
struct Share {
  std::int64_t amount = 0;
  std::string method = "card";
  std::string payment_method{};
  std::map<std::string, std::string> tokens{};
  std::vector<std::string> candidates{};
  std::string why{};
  bool operator==(const Share&) const = default;
};

struct Payment {
  PaymentId id;
  std::string merchant_id{};
  std::string order_id{};  // empty for a direct payment
  std::string user_id{};
  Money amount;
  CaptureMethod capture_method = CaptureMethod::automatic;
  std::string method = "card";                  // the kind of it, which decides who can take it
  std::string payment_method{};                 // a processor's token
  std::map<std::string, std::string> tokens{};  // of the same at other processors, by their names
  std::string country{}, card_network{};        // what else its plan was made from
  std::string client_ip{};                      // the buyer's, for limits on declines
  std::vector<std::string> candidates{};        // the processors that may be asked, in order: the plan's word
  std::string plan_why{};                       // for people: why these
  std::int64_t config_version = 0;              // of the merchant's configuration that the plan was made from
  std::string description{};
  std::string return_url{};
  std::map<std::string, std::string> metadata{};
  std::vector<ValidationIssue> validation_issues{};  // what in its request was repaired
  Status status = Status::created;
  std::int64_t authorized = 0;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  bool closed = false;  // nothing more will be captured
  std::vector<Attempt> attempts{};
  std::vector<Capture> captures{};
  std::vector<Refund> refunds{};
  Instant created_at{};
  Instant updated_at{};
  std::int64_t version = 1;
  // A payment in parts is a whole, which has no attempts of its own, and a leg for each of its shares, which is a payment as any other.
  std::string parent_id{};              // of a leg: its whole
  std::string parent_order{};           // of a leg: the order that its whole pays
  int leg = 0;                          // of a leg: its step in the whole's plan, from 1
  Goal goal = Goal::none;               // of a whole, and the three below
  std::optional<Instant> advance_at{};  // when the janitor makes the next move, should nobody else
  std::vector<Share> shares{};
  std::vector<Payment> legs{};  // those that were begun, in the order of their steps
  bool operator==(const Payment&) const = default;

  bool is_whole() const { return goal != Goal::none; }
  bool is_leg() const { return leg > 0; }
  const std::string& order_paid() const { return is_leg() ? parent_order : order_id; }
  const Attempt* attempt(AttemptId attempt_id) const;
  const Attempt* open_attempt(AttemptKind kind) const;  // the open one of this kind, if any
  const Attempt* money_attempt() const;                 // the last authorize or sale
  const std::string& token_for(const std::string& processor) const;
  // The last attempts to get the money, as far back as each took over from the one before it in the same request.
  std::vector<Attempt> asked_for_this_request() const;
  bool is_undecided() const;  // whether its money moved is not known yet
  std::int64_t capture_pending() const;
  std::int64_t refund_pending() const;
  std::int64_t capturable() const;
  std::int64_t refundable() const { return captured - refunded - refund_pending(); }
};

// What its plan was made from, and what it says.
CoreRequestContext request_of(const Payment& payment);
// What one part of it asks for.
CoreRequestContext request_of(const Payment& whole, const Share& share);
PaymentPlan plan_of(const Payment& payment);

enum class What : std::uint8_t {
  started,  // an attempt to get the money
  action_required,
  doubted,
  authorized,
  sold,  // authorised and taken at once
  failed,
  fell_back,  // an attempt ended without money and the next one, elsewhere, began with it
  capture_started,
  captured,
  capture_failed,
  closed,  // the processor let go what was not captured: nothing more will come
  refund_started,
  refunded,
  refund_failed,
  release_started,
  voided,
  release_settled,  // there was nothing left to release
  release_failed,
  late_success,  // an attempt that was given up succeeded: its reversal begins
  reversed,
  reverse_failed,
  moved_on,  // a leg of it changed, or what it is trying to reach
};

// One change: the payment's figures after it, and the parts it made or changed.
struct Change {
  What what;
  Status status;
  std::int64_t authorized = 0;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  bool closed = false;
  std::vector<Attempt> attempts{};
  std::optional<Capture> capture{};
  std::optional<Refund> refund{};
  std::string payment_method{};  // replaces the payment's, if not empty
  std::string reason{};
  std::optional<Goal> goal{};        // of a whole, where it has another one now
  std::optional<Failure> failure{};  // of a whole: what went wrong in a leg
  std::int64_t amount_now = 0;       // of a whole: the part of its refund that this is about
  bool operator==(const Change&) const = default;
};

enum class Refusal : std::uint8_t {
  illegal_transition,
  attempt_in_progress,
  release_in_progress,
  capture_in_progress,
  nothing_captured,
  nothing_authorized,
  amount_exceeds_authorized,
  amount_exceeds_captured,
  already_refunded,
  captured_already,
  retry_not_allowed,
  too_many_attempts,
  too_many_captures,
  too_many_refunds,
};

// What was given up as ABSENT is looked for again: its last repetition may have been long on its way, or a clock wrong.
inline constexpr Duration look_again_after = hours(1);
inline constexpr int look_again_max = 24;  // as long as the processor cannot tell

// What one payment can hold of each: every answer carries them all.
inline constexpr std::size_t money_attempts_max = 50, captures_max = 100, refunds_max = 100;
// Captures and refunds that failed do not count, and the one that takes all that is left is let through: no money is stranded. Only
// somebody who repeats what fails for ever meets the end of it.
inline constexpr std::size_t failures_max = 1000;

struct Refused {
  Refusal why;
  std::optional<Status> wanted{};
  bool operator==(const Refused&) const = default;
};
template <class T>
using Decision = std::expected<T, Refused>;

Error explain(const Refused& refused, const Payment& payment);

// What an attempt needs from outside the rules.
struct NewAttempt {
  AttemptId id;
  std::string processor{};  // empty: the one that holds the payment's money
  Instant check_at;         // when the janitor takes over if no reply was stored by then
  std::string asked_by{};
  std::string why{};
};

// Under which the processor knows an attempt: derived from payment, plan step and number, so that repeating an attempt repeats
// its reference.
std::string reference_of(const PaymentId& payment, int step, int number);

Decision<Change> start(const Payment& payment, const NewAttempt& attempt, const std::string& payment_method, Instant now);
Decision<Change> start_capture(const Payment& payment, const NewAttempt& attempt, CaptureId id, std::optional<std::int64_t> amount, bool final,
                               Instant now);
Decision<Change> start_refund(const Payment& payment, const NewAttempt& attempt, RefundId id, std::optional<std::int64_t> amount,
                              const std::string& reason, Instant now);
Decision<Change> start_release(const Payment& payment, const NewAttempt& attempt, const std::string& reason, Instant now);

// What became known about an attempt, from a reply, a webhook or the janitor.
enum class End : std::uint8_t {
  succeeded,
  declined,
  requires_action,
  not_sent,  // proved that no byte left; says nothing about an attempt that was in doubt before
  in_doubt,
  absent,    // looked up past the processor's visibility lag, and unknown there
  released,  // the processor let the authorisation go
};
std::string_view text(End end);  // "in_doubt"
struct Outcome {
  End end;
  std::string processor_ref{};
  std::string action_url{};
  std::optional<Failure> failure{};
  bool answered = false;  // for in_doubt and not_sent: the processor is there and said so itself
  Duration took{};        // from asking to knowing, where somebody asked
};

// The change an outcome makes to its attempt and payment; nothing where it is not news. `reverse` is used where a success came
// too late. Outcomes may come twice, late and in any order: the first that decides wins.
std::optional<Change> settle(const Payment& payment, AttemptId attempt, const Outcome& outcome, const NewAttempt& reverse, Instant now);

// The same, where the attempt ended without money and `next` is to be asked in the same breath. Nothing where the fence does not let
// it: only what is proved not to have happened is asked for elsewhere, and only while whoever asked is waiting. What nobody knows the
// outcome of is settled alone, and stays alone.
std::optional<Change> fall_back(const Payment& payment, AttemptId attempt, const Outcome& outcome, const NewAttempt& next, Instant now);

// `payment` after `change` at `now`, one version on.
Payment apply(Payment payment, const Change& change, Instant now);

// The order of captured, authorised and amount, and of refunded and captured: true for every payment there can be.
bool amounts_hold(const Payment& payment);

}  // namespace purser::payments
