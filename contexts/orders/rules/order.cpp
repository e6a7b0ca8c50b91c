#include "contexts/orders/rules/order.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/assert.hpp"

namespace purser::orders {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 8> status_texts{{
    {Status::created, "CREATED"},
    {Status::payment_in_progress, "PAYMENT_IN_PROGRESS"},
    {Status::payment_done, "PAYMENT_DONE"},
    {Status::payment_failed, "PAYMENT_FAILED"},
    {Status::order_cancelled, "ORDER_CANCELLED"},
    {Status::expired, "EXPIRED"},
    {Status::partially_refunded, "PARTIALLY_REFUNDED"},
    {Status::refunded, "REFUNDED"},
}};
constexpr std::array<std::pair<Fulfillment, std::string_view>, 3> fulfillment_texts{{
    {Fulfillment::unfulfilled, "UNFULFILLED"},
    {Fulfillment::shipped, "SHIPPED"},
    {Fulfillment::delivered, "DELIVERED"},
}};
constexpr std::array<std::pair<What, std::string_view>, 12> what_texts{{
    {What::created, "created"},
    {What::updated, "updated"},
    {What::payment_started, "payment_started"},
    {What::payment_progressed, "payment_progressed"},
    {What::paid, "paid"},
    {What::payment_failed, "payment_failed"},
    {What::refunded, "refunded"},
    {What::refund_failed, "refund_failed"},
    {What::cancel_requested, "cancel_requested"},
    {What::cancel_refused, "cancel_refused"},
    {What::cancelled, "cancelled"},
    {What::expired, "expired"},
}};

template <class Table, class Value>
std::string_view text_in(const Table& table, Value value) {
  const auto found = std::ranges::find(table, value, [](const auto& row) { return row.first; });
  PURSER_ASSERT(found != table.end());
  return found->second;
}

template <class Value, std::size_t N>
std::optional<Value> value_in(const std::array<std::pair<Value, std::string_view>, N>& table, std::string_view text) {
  const auto found = std::ranges::find(table, text, [](const auto& row) { return row.second; });
  return found == table.end() ? std::nullopt : std::optional(found->first);
}

std::unexpected<Refused> refuse(Refusal why, std::optional<Status> wanted = std::nullopt) { return std::unexpected(Refused{why, wanted}); }

// The change to `to`, if the lifecycle allows it from here.
Decision<Change> move(const Order& order, Status to, What what, std::optional<PaymentView> payment, std::string reason = {}) {
  if (!lifecycle.allows(order.status, to)) return refuse(Refusal::illegal_transition, to);
  return Change{.what = what, .status = to, .payment = std::move(payment), .reason = std::move(reason)};
}

bool is_live(const Order& order, const PaymentView& payment) { return order.payment && order.payment->id == payment.id; }

std::string allowed_after(Status status) {
  std::string list;
  for (const Status next : lifecycle.after(status)) list += (list.empty() ? "" : ",") + std::string(text(next));
  return list;
}

// What to do with the payment that an order is being paid by; its status is payments' word.
std::string remedy_for(const PaymentView& payment) {
  if (payment.status == "AUTHORIZED") return "Capture it, or void it and pay anew.";
  if (payment.status == "PARTIALLY_CAPTURED") return "Capture the rest of it.";
  if (payment.status == "REQUIRES_ACTION") return "The buyer has still to act; wait for that, or void it and pay anew.";
  return "Its outcome is not known yet: read it until it is decided, and pay anew only if it fails.";
}

// Why an order is not paid a second time: by which payment it was or is being paid, and what to do.
std::string why_not_payable(const Order& order) {
  const std::string by = order.payment ? "payment " + order.payment->id : "a payment";
  switch (order.status) {
    case Status::payment_in_progress:
      return "Another payment of this order, " + by + ", holds or may hold its money. " + (order.payment ? remedy_for(*order.payment) : "");
    case Status::payment_done:
      return "The order is paid already, by " + by + ". There is nothing more to pay.";
    case Status::partially_refunded:
    case Status::refunded:
      return "The order was paid by " + by + " and refunded. To sell it again, make a new order.";
    case Status::order_cancelled:
    case Status::expired:
      return "The order is " + std::string(text(order.status)) + " and can no longer be paid. Make a new order.";
    case Status::created:
    case Status::payment_failed:
      break;
  }
  PURSER_ASSERT(false);
}

// Why an order is not cancelled, and how its money goes back where some is left.
std::string why_not_cancellable(const Order& order) {
  const std::string state = "The order is " + std::string(text(order.status)) + " and cannot become ORDER_CANCELLED. ";
  switch (order.status) {
    case Status::partially_refunded:
      return state + "Part of its money went back already: refund the rest" + (order.payment ? " of payment " + order.payment->id : "") + " instead.";
    case Status::refunded:
      return state + "All of its money was given back already.";
    case Status::order_cancelled:
      return "The order is cancelled already.";
    case Status::expired:
      return state + "It expired unpaid: there is nothing to give back.";
    default:
      return state;
  }
}

std::string why_illegal(const Order& order, std::optional<Status> wanted) {
  const std::string state(text(order.status));
  if (!wanted) return "The order is " + state + "; it can be changed only while it is CREATED or PAYMENT_FAILED.";
  if (*wanted == Status::payment_in_progress) return why_not_payable(order);
  if (*wanted == Status::order_cancelled) return why_not_cancellable(order);
  return "The order is " + state + " and cannot become " + std::string(text(*wanted)) + ".";
}

}  // namespace

std::string_view text(Status status) { return text_in(status_texts, status); }
std::string_view text(Fulfillment fulfillment) { return text_in(fulfillment_texts, fulfillment); }
std::string_view text(What what) { return text_in(what_texts, what); }
std::optional<Status> parse_status(std::string_view text) { return value_in(status_texts, text); }
std::optional<Fulfillment> parse_fulfillment(std::string_view text) { return value_in(fulfillment_texts, text); }

Error explain(const Refused& refused, const Order& order) {
  const std::string state(text(order.status));
  Error error{.kind = Kind::conflict, .metadata = {{"order_id", order.id.text()}, {"state", state}, {"allowed", allowed_after(order.status)}}};
  if (order.payment) error.metadata["payment_id"] = order.payment->id;
  switch (refused.why) {
    case Refusal::total_overflows:
      return invalid("/items", "out_of_range", "The lines come to more than an amount can hold; lower a quantity or a unit_price.");
    case Refusal::stale_version:
      error.kind = Kind::stale;
      error.code = "stale_version";
      error.detail =
          "The order has changed: it is at version " + std::to_string(order.version) + ". Read it again and repeat the change with its ETag.";
      error.metadata["version"] = std::to_string(order.version);
      return error;
    case Refusal::illegal_transition:
      error.code = "illegal_transition";
      error.detail = why_illegal(order, refused.wanted);
      if (refused.wanted) error.metadata["wanted"] = text(*refused.wanted);
      return error;
    case Refusal::cancel_in_progress:
      error.code = "cancel_in_progress";
      error.detail = "The order is being cancelled: its money is going back. Wait for that to end.";
      return error;
    case Refusal::payment_undecided:
      error.code = "payment_undecided";
      error.detail = "A payment of this order is not decided yet. Wait for its outcome, then cancel.";
      error.retry_after_seconds = 5;
      return error;
    case Refusal::partly_captured:
      error.code = "partly_captured";
      error.detail = "Part of the order's payment was captured. Capture the rest, or a part with final, then cancel: the money goes back then.";
      return error;
    case Refusal::amount_differs:
      return invalid("/amount", "amount_differs",
                     "The amount is not the order's total of " + to_text(order.total) + "; leave it out to pay the order.");
    case Refusal::currency_differs:
      return invalid("/currency", "currency_differs", "The order is in " + std::string(order.total.currency.code()) + "; leave the currency out.");
    case Refusal::not_expired_yet:
      error.code = "not_expired_yet";
      error.detail = "The order expires at " + rfc3339(order.expires_at) + ".";
      return error;
    case Refusal::other_payment:
      error.code = "other_payment";
      error.detail = "Another payment of this order is the live one.";
      return error;
  }
  PURSER_ASSERT(false);
}

Decision<Money> price(const std::vector<Line>& lines, Currency currency) {
  Money total{0, currency};
  for (const Line& line : lines) {
    const auto amount = multiply({line.unit_price, currency}, line.quantity);
    const auto sum = amount ? add(total, *amount) : std::nullopt;
    if (!sum) return refuse(Refusal::total_overflows);
    total = *sum;
  }
  return total;
}

// An order whose payment failed may be changed too: nothing is held for it, and a payment begun later is for the new total.
Decision<Change> update(const Order& order, const Draft& draft, std::optional<std::int64_t> if_match) {
  if (if_match && *if_match != order.version) return refuse(Refusal::stale_version);
  if (order.status != Status::created && order.status != Status::payment_failed) return refuse(Refusal::illegal_transition);
  if (order.cancel_requested) return refuse(Refusal::cancel_in_progress);
  const auto total = price(draft.lines, order.total.currency);
  if (!total) return std::unexpected(total.error());
  return Change{.what = What::updated, .status = order.status, .draft = draft, .total = *total};
}

Decision<Change> start_payment(const Order& order, const PaymentView& payment, Money amount) {
  if (order.cancel_requested) return refuse(Refusal::cancel_in_progress);
  if (amount.currency != order.total.currency) return refuse(Refusal::currency_differs);
  auto change = move(order, Status::payment_in_progress, What::payment_started, payment);
  if (!change) return change;
  if (amount != order.total) return refuse(Refusal::amount_differs);
  return change;
}

Decision<Change> progress_payment(const Order& order, const PaymentView& payment) {
  if (!is_live(order, payment)) return refuse(Refusal::other_payment);
  return Change{.what = What::payment_progressed, .status = order.status, .payment = payment};
}

Decision<Change> complete_payment(const Order& order, const PaymentView& payment) {
  if (!is_live(order, payment)) return refuse(Refusal::other_payment);
  return move(order, Status::payment_done, What::paid, payment);
}

Decision<Change> fail_payment(const Order& order, const PaymentView& payment, const std::string& reason) {
  if (!is_live(order, payment)) return refuse(Refusal::other_payment);
  return move(order, Status::payment_failed, What::payment_failed, payment, reason);
}

// Money given back while the order is still being paid changes the amounts only; so does a part that goes back while a
// cancellation waits for all of it.
Decision<Change> refund(const Order& order, const PaymentView& payment, const RefundView& made, const std::string& reason) {
  if (!is_live(order, payment)) return refuse(Refusal::other_payment);
  const bool all = payment.refunded == payment.captured;
  // Money that came back to a cancelled order, and is sent again.
  if (order.status == Status::order_cancelled)
    return Change{.what = What::payment_progressed, .status = order.status, .payment = payment, .reason = reason};
  if (order.status == Status::payment_in_progress || (order.cancel_requested && !all))
    return Change{.what = What::payment_progressed, .status = order.status, .payment = payment, .reason = reason};
  if (order.cancel_requested && all) return move(order, Status::order_cancelled, What::cancelled, payment, order.cancel_reason);
  auto change = move(order, all ? Status::refunded : Status::partially_refunded, What::refunded, payment, reason);
  if (change) change->refund = made;
  return change;
}

Decision<Change> take_back(const Order& order, const PaymentView& payment, const std::string& reason) {
  if (!is_live(order, payment)) return refuse(Refusal::other_payment);
  const bool was_refunded = order.status == Status::partially_refunded || order.status == Status::refunded;
  if (was_refunded && order.payment->refunded != payment.refunded)
    return move(order, payment.refunded == 0 ? Status::payment_done : Status::partially_refunded, What::refund_failed, payment, reason);
  return Change{.what = What::refund_failed, .status = order.status, .payment = payment, .reason = reason};
}

Decision<Change> expire(const Order& order, Instant now) {
  if (now < order.expires_at) return refuse(Refusal::not_expired_yet);
  return move(order, Status::expired, What::expired, std::nullopt);
}

Decision<MoneyBack> money_to_return(const Order& order) {
  if (order.status == Status::payment_done) return MoneyBack::refund;
  if (order.status != Status::payment_in_progress) {
    if (!lifecycle.allows(order.status, Status::order_cancelled)) return refuse(Refusal::illegal_transition, Status::order_cancelled);
    return MoneyBack::none;
  }
  const std::string_view payment = order.payment ? std::string_view(order.payment->status) : "";
  if (payment == "AUTHORIZED" || payment == "REQUIRES_ACTION") return MoneyBack::release;
  return refuse(payment == "PARTIALLY_CAPTURED" ? Refusal::partly_captured : Refusal::payment_undecided);
}

Decision<Change> request_cancel(const Order& order, const std::string& reason) {
  const auto back = money_to_return(order);
  if (!back) return std::unexpected(back.error());
  return Change{.what = What::cancel_requested, .status = order.status, .reason = reason};
}

Decision<Change> refuse_cancel(const Order& order, const std::optional<PaymentView>& payment, const std::string& reason) {
  if (payment && !is_live(order, *payment)) return refuse(Refusal::other_payment);
  const bool part_is_back = order.status == Status::payment_done && payment && payment->refunded > 0;
  return Change{
      .what = What::cancel_refused, .status = part_is_back ? Status::partially_refunded : order.status, .payment = payment, .reason = reason};
}

Decision<Change> cancel(const Order& order, const std::string& reason) {
  return move(order, Status::order_cancelled, What::cancelled, std::nullopt, reason);
}

Order apply(Order order, const Change& change, Instant now) {
  PURSER_ASSERT(order.status == change.status || lifecycle.allows(order.status, change.status));
  order.status = change.status;
  if (change.payment) order.payment = change.payment;
  if (change.draft) order.draft = *change.draft;
  if (change.total) order.total = *change.total;
  if (change.what == What::cancel_requested) {
    order.cancel_requested = true;
    order.cancel_reason = change.reason;
    order.cancel_version = order.version + 1;
  }
  if (change.what == What::cancel_refused) order.cancel_requested = false;
  if (change.what == What::cancelled) {
    order.cancel_requested = false;
    if (order.cancel_reason.empty()) order.cancel_reason = change.reason;
  }
  order.updated_at = std::max(now, order.updated_at);
  ++order.version;
  return order;
}

}  // namespace purser::orders
