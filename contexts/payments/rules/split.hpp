// A payment in parts: one whole, and a leg for each of its shares, paid in the order of the plan. All legs hold their money before any of
// it is taken; where one fails for good, the others are undone, and the whole has failed.
// Pure. The whole is given with its legs as they are now; nothing here looks at a clock.
//
//   - a leg begins only once every leg before it holds its share;
//   - nothing goes on and nothing is undone while a leg is in doubt;
//   - the whole's figures are 0 until all of it is held (or, where it is captured at once, taken), then the sums of its legs;
//   - it has FAILED, or is VOIDED, only once no leg holds or keeps anything.
#pragma once
#include "contexts/payments/rules/payment.hpp"

namespace purser::payments {

// Own store credit: put last in a plan, so that it is held only once the others hold, and undone last.
inline constexpr std::string_view wallet_method = "wallet";
// Why a leg that held was undone; by this it is told apart from one that ended by itself.
inline constexpr std::string_view compensated_because = "another part of the payment failed";
// How long whoever makes the moves may be silent until the janitor makes the next one.
inline constexpr Duration take_over_after = seconds(2);

// ---- the shares

// A part as it was asked for. Without an amount it is what the others leave.
struct Part {
  std::string method = "card";
  std::optional<std::int64_t> amount{};
  std::string payment_method{};
  std::map<std::string, std::string> tokens{};
};
// What is wrong with the parts: a pointer into the request, a code, and what to do.
struct PartFault {
  std::string pointer{};
  std::string code{};
  std::string detail{};
};
// One share a part, store credit last, which sum to the total.
std::expected<std::vector<Share>, PartFault> share_out(const std::vector<Part>& parts, Money total);

// ---- what to do next

enum class Do : std::uint8_t { begin, capture, release, refund, wait, done };
struct Move {
  Do what = Do::done;
  int leg = 0;  // from 1
  Instant not_before{};
  bool operator==(const Move&) const = default;
  bool is_something() const { return what != Do::wait && what != Do::done; }
};
// wait: for an answer, a webhook, the janitor or the buyer. done: for good, or until the whole is asked for something again.
Move next_move(const Payment& whole);
// When the janitor makes it, should nobody else. Nothing where there is none to make.
std::optional<Instant> due_at(const Payment& whole, Instant now);
// Whether something is being asked, or can be at once. Otherwise whoever waits for the whole can be told what it has come to.
bool is_at_work(const Payment& whole, Instant now);

// ---- what the legs make of the whole

// The change that a change of one of its legs makes to the whole, which has its own figures as they were, and its legs as they are.
Change follow(const Payment& whole, const Change& of_leg, Instant now);

// What ended the whole, or would: the failure of the leg that failed first.
std::optional<Failure> failure_of(const Payment& whole);

// How far one step has come.
struct Step {
  bool success = false;  // its money is held or taken
  std::string processor{};
  std::optional<Failure> failure{};
  std::int64_t amount = 0;  // held or taken now
  Duration latency{};       // from the first call to the last answer
  bool compensated = false;
};
std::vector<Step> steps_of(const Payment& whole);  // one for each share

// ---- how an amount is spread over the legs

struct Portion {
  int leg = 0;  // from 1
  std::int64_t amount = 0;
  bool final = false;
  bool operator==(const Portion&) const = default;
};
// In the order of the plan, a leg that was captured in part before any other. `final`: what is left is let go, by the last capture of a leg
// that is captured, by a void of one that is not.
Decision<std::vector<Portion>> share_capture(const Payment& whole, std::optional<std::int64_t> amount, bool final);
// To the others first; store credit last.
Decision<std::vector<Portion>> share_refund(const Payment& whole, std::optional<std::int64_t> amount);

// The whole's own change where it is asked for these; its legs have theirs.
Change open_whole(const Payment& whole);
Change capture_whole(const Payment& whole, bool final);
Change refund_whole(const Payment& whole, RefundId id, std::int64_t amount, const std::string& reason, Instant now);
Decision<Change> release_all(const Payment& whole);
// It is never tried again: its legs are undone. The next payment is a new one.
Refused why_not_retried(const Payment& whole);

}  // namespace purser::payments
