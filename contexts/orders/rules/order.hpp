// An order: lines that come to a total, and a lifecycle that payments drive. docs/orders.md tells its rules.
// Pure: no clock, no store, no other context. A decision gives the change to make, or the refusal that names the rule; apply()
// makes it. Whoever calls stores both the change and the state it leads to in one transaction.
#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/id.hpp"
#include "kernel/money.hpp"
#include "kernel/result.hpp"
#include "kernel/time.hpp"
#include "kernel/transitions.hpp"

namespace purser::orders {

enum class Status : std::uint8_t {
  created,
  payment_in_progress,
  payment_done,
  payment_failed,
  order_cancelled,
  expired,
  partially_refunded,
  refunded
};
enum class Fulfillment : std::uint8_t { unfulfilled, shipped, delivered };

// Which status may follow which; the one place that says so.
inline constexpr Transitions<Status, 16> lifecycle{{{
    {Status::created, Status::payment_in_progress},
    {Status::created, Status::order_cancelled},
    {Status::created, Status::expired},
    {Status::payment_in_progress, Status::payment_done},
    {Status::payment_in_progress, Status::payment_failed},
    {Status::payment_failed, Status::payment_in_progress},
    {Status::payment_failed, Status::order_cancelled},
    {Status::payment_failed, Status::expired},
    {Status::payment_done, Status::partially_refunded},
    {Status::payment_done, Status::refunded},
    {Status::payment_done, Status::order_cancelled},
    {Status::partially_refunded, Status::partially_refunded},
    {Status::partially_refunded, Status::refunded},
    {Status::partially_refunded, Status::payment_done},  // a refund that came back
    {Status::refunded, Status::payment_done},
    {Status::refunded, Status::partially_refunded},
}}};

std::string_view text(Status status);  // "PAYMENT_DONE"
std::optional<Status> parse_status(std::string_view text);
std::string_view text(Fulfillment fulfillment);
std::optional<Fulfillment> parse_fulfillment(std::string_view text);

struct Line {
  std::string id{};
  std::string sku{};
  std::string name{};
  std::int64_t quantity = 0;
  std::int64_t unit_price = 0;  // minor units
  bool operator==(const Line&) const = default;
  std::int64_t total() const { return quantity * unit_price; }  // checked when the order was priced
};

// What a client may write.
struct Draft {
  std::vector<Line> lines;
  std::map<std::string, std::string> metadata;
  bool operator==(const Draft&) const = default;
};

// The live payment as payments reports it. `status` is payments' word ("AUTHORIZED"); orders only repeats it.
struct PaymentView {
  std::string id{};
  std::string status{};
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  bool operator==(const PaymentView&) const = default;
};

// A refund that payments made: which, and how much.
struct RefundView {
  std::string id{};
  std::int64_t amount = 0;
  bool operator==(const RefundView&) const = default;
};

struct Order {
  OrderId id;
  std::string merchant_id{};
  std::string user_id{};
  std::string client_reference{};
  std::string order_type{};
  Money total;
  Draft draft;
  Status status = Status::created;
  Fulfillment fulfillment = Fulfillment::unfulfilled;
  std::optional<PaymentView> payment{};
  bool cancel_requested = false;  // the money is going back; nothing else may begin
  std::string cancel_reason{};
  std::int64_t cancel_version = 0;  // the version that the last request to cancel led to: names that request
  Instant expires_at{};
  Instant created_at{};
  Instant updated_at{};
  std::int64_t version = 1;
  bool operator==(const Order&) const = default;
};

enum class What : std::uint8_t {
  created,
  updated,
  payment_started,
  payment_progressed,  // authorised, in doubt, needs the buyer, partly captured: the status stays
  paid,
  payment_failed,
  refunded,
  refund_failed,
  cancel_requested,
  cancel_refused,  // the money could not go back: the order stays as it was, or as a part that did go back leaves it
  cancelled,
  expired,
};
std::string_view text(What what);

// One change: the state it leads to and what it carries.
struct Change {
  What what;
  Status status;                         // after
  std::optional<PaymentView> payment{};  // replaces the order's
  std::optional<Draft> draft{};
  std::optional<Money> total{};
  std::optional<RefundView> refund{};
  std::string reason{};
  bool operator==(const Change&) const = default;
};

enum class Refusal : std::uint8_t {
  total_overflows,
  stale_version,
  illegal_transition,
  cancel_in_progress,
  payment_undecided,
  partly_captured,
  amount_differs,
  currency_differs,
  not_expired_yet,
  other_payment,
};

struct Refused {
  Refusal why;
  std::optional<Status> wanted{};  // for illegal_transition
  bool operator==(const Refused&) const = default;
};
template <class T>
using Decision = std::expected<T, Refused>;

// The refusal as the caller is told it: code, state, what is allowed.
Error explain(const Refused& refused, const Order& order);

// The sum of the lines; refused where it leaves the range of 64 bits.
Decision<Money> price(const std::vector<Line>& lines, Currency currency);

Decision<Change> update(const Order& order, const Draft& draft, std::optional<std::int64_t> if_match);
Decision<Change> start_payment(const Order& order, const PaymentView& payment, Money amount);
Decision<Change> progress_payment(const Order& order, const PaymentView& payment);
Decision<Change> complete_payment(const Order& order, const PaymentView& payment);
Decision<Change> fail_payment(const Order& order, const PaymentView& payment, const std::string& reason);
Decision<Change> refund(const Order& order, const PaymentView& payment, const RefundView& made, const std::string& reason);
// A refund could not be made, or came back from the buyer's bank: what the order then is, by the amounts.
Decision<Change> take_back(const Order& order, const PaymentView& payment, const std::string& reason);
Decision<Change> expire(const Order& order, Instant now);

// A cancellation is one step where no money is held, else two: request_cancel, then cancel once the money has gone back.
enum class MoneyBack : std::uint8_t { none, release, refund };
Decision<MoneyBack> money_to_return(const Order& order);
Decision<Change> request_cancel(const Order& order, const std::string& reason);
// The money could not go back, or not all of it: what did go back stays gone. `payment` as it is now.
Decision<Change> refuse_cancel(const Order& order, const std::optional<PaymentView>& payment, const std::string& reason);
Decision<Change> cancel(const Order& order, const std::string& reason);

// `order` after `change` at `now`, one version on.
Order apply(Order order, const Change& change, Instant now);

}  // namespace purser::orders
