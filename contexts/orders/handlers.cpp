#include "contexts/orders/handlers.hpp"

#include "contexts/orders/repository.hpp"
#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"
#include "payments/events/v1/events.pb.h"

namespace purser::orders {
namespace {

namespace facts = ::payments::events::v1;
using store::Tx;

PaymentView view_of(const facts::PaymentFacts& payment) {
  const std::string& name = ::payments::v1::PaymentStatus_Name(payment.status());
  return {.id = payment.payment_id(),
          .status = name.substr(std::string_view("PAYMENT_STATUS_").size()),
          .captured = payment.amount_captured(),
          .refunded = payment.amount_refunded()};
}

// Runs `decide(order, payment)` for the order that the event's payment pays. Direct payments pay none.
template <class Event, class Decide>
Result<Done> change_order(OrderBook& book, Tx& tx, const events::Envelope& envelope, const Event& event, Decide decide) {
  if (event.payment().order_id().empty()) return Done{};
  const auto order = find(tx, envelope.merchant_id, event.payment().order_id());
  if (!order) return order_not_found(event.payment().order_id());
  const PaymentView payment = view_of(event.payment());
  TRY(const Order after, book.change(tx, events::as_call(envelope), *order, decide(*order, payment)));
  return Done{};
}

template <class Event, class Decide>
events::Subscription on(OrderBook& book, const std::string& type, Decide decide) {
  return events::subscribe<Event>(type, "orders.on_" + type, [&book, decide](Tx& tx, const events::Envelope& envelope, const Event& event) {
    return change_order(book, tx, envelope, event, [&](const Order& order, const PaymentView& payment) { return decide(order, payment, event); });
  });
}

// A payment that failed or was released leaves the order unpaid; one that is being cancelled is cancelled in the same breath.
template <class Event>
Result<Done> on_unpaid(OrderBook& book, Tx& tx, const events::Envelope& envelope, const Event& event, const std::string& reason) {
  if (event.payment().order_id().empty()) return Done{};
  const auto order = find(tx, envelope.merchant_id, event.payment().order_id());
  if (!order) return order_not_found(event.payment().order_id());
  const rpc::Call call = events::as_call(envelope);
  TRY(const Order released, book.change(tx, call, *order, fail_payment(*order, view_of(event.payment()), reason)));
  if (!released.cancel_requested) return Done{};
  TRY(const Order cancelled, book.change(tx, call, released, cancel(released, released.cancel_reason)));
  return Done{};
}

// What a payment tells of itself after the order got another one: the undoing of its stray charge, a void that came too late. The order
// takes nothing from it, and refuses nothing: what is found out must be stored.
template <class Event, class Decide>
events::Subscription on_if_live(OrderBook& book, const std::string& type, Decide decide) {
  return events::subscribe<Event>(
      type, "orders.on_" + type, [&book, decide](Tx& tx, const events::Envelope& envelope, const Event& event) -> Result<Done> {
        const auto order = find(tx, envelope.merchant_id, event.payment().order_id());
        const bool replaced = order && order->payment && order->payment->id != event.payment().payment_id();
        if (replaced && !mutated("a_replaced_payment_is_refused")) return Done{};
        return change_order(book, tx, envelope, event, [&](const Order& live, const PaymentView& payment) { return decide(live, payment, event); });
      });
}

// What went back before all was captured counts once it is.
Result<Done> on_completed(OrderBook& book, Tx& tx, const events::Envelope& envelope, const facts::PaymentCompleted& event) {
  if (event.payment().order_id().empty()) return Done{};
  const auto order = find(tx, envelope.merchant_id, event.payment().order_id());
  if (!order) return order_not_found(event.payment().order_id());
  const rpc::Call call = events::as_call(envelope);
  const PaymentView payment = view_of(event.payment());
  TRY(const Order paid, book.change(tx, call, *order, complete_payment(*order, payment)));
  if (payment.refunded == 0) return Done{};
  TRY(const Order after, book.change(tx, call, paid, refund(paid, payment, {.id = "", .amount = payment.refunded}, "")));
  return Done{};
}

// Money that cannot go back ends a cancellation that waited for it.
Decision<Change> on_refund_failed(const Order& order, const PaymentView& payment, const facts::PaymentRefundFailed& event) {
  if (order.cancel_requested) return refuse_cancel(order, payment, event.error().code());
  return take_back(order, payment, event.error().code());
}
Decision<Change> on_void_failed(const Order& order, const PaymentView& payment, const facts::PaymentVoidFailed& event) {
  if (order.cancel_requested) return refuse_cancel(order, payment, event.error().code());
  return progress_payment(order, payment);
}

}  // namespace

std::vector<events::Subscription> payment_handlers(OrderBook& book) {
  const auto progress = [](const Order& order, const PaymentView& payment, const auto&) { return progress_payment(order, payment); };
  return {
      on<facts::PaymentIntentCreated>(book, "payment.intent.created",
                                      [](const Order& order, const PaymentView& payment, const facts::PaymentIntentCreated& event) {
                                        const auto currency = Currency::parse(event.payment().currency());
                                        PURSER_ASSERT(currency);
                                        return start_payment(order, payment, {event.payment().amount(), *currency});
                                      }),
      on<facts::PaymentActionRequired>(book, "payment.action_required", progress),
      on_if_live<facts::PaymentInDoubt>(book, "payment.in_doubt", progress),
      on<facts::PaymentAuthorized>(book, "payment.authorized", progress),
      on<facts::PaymentCaptured>(book, "payment.captured", progress),
      events::subscribe<facts::PaymentCompleted>("payment.completed", "orders.on_payment.completed",
                                                 [&book](Tx& tx, const events::Envelope& envelope, const facts::PaymentCompleted& event) {
                                                   return on_completed(book, tx, envelope, event);
                                                 }),
      events::subscribe<facts::PaymentFailed>("payment.failed", "orders.on_payment.failed",
                                              [&book](Tx& tx, const events::Envelope& envelope, const facts::PaymentFailed& event) {
                                                return on_unpaid(book, tx, envelope, event, event.error().code());
                                              }),
      events::subscribe<facts::PaymentVoided>("payment.voided", "orders.on_payment.voided",
                                              [&book](Tx& tx, const events::Envelope& envelope, const facts::PaymentVoided& event) {
                                                return on_unpaid(book, tx, envelope, event, "payment released");
                                              }),
      on<facts::PaymentRefunded>(book, "payment.refunded",
                                 [](const Order& order, const PaymentView& payment, const facts::PaymentRefunded& event) {
                                   return refund(order, payment, {event.refund_id(), event.refunded_now()}, event.reason());
                                 }),
      on_if_live<facts::PaymentRefundFailed>(book, "payment.refund_failed", on_refund_failed),
      on_if_live<facts::PaymentVoidFailed>(book, "payment.void_failed", on_void_failed),
  };
}

}  // namespace purser::orders
