#include "contexts/orders/order_book.hpp"

#include <google/protobuf/util/time_util.h>

#include "contexts/orders/repository.hpp"
#include "contexts/orders/wire.hpp"
#include "orders/v1/order_service.pb.h"
#include "platform/rpc/idempotency.hpp"

namespace purser::orders {
namespace {

api::OrderUpdated updated(const Order& order, std::initializer_list<const char*> fields) {
  api::OrderUpdated event;
  items_to_api(order, *event.mutable_items());
  for (const char* field : fields) event.add_updated_fields(field);
  return event;
}

}  // namespace

std::string cancel_work_id(const std::string& order_id) { return "cancel/" + order_id; }

Error order_not_found(const std::string& order_id) {
  return {.kind = Kind::not_found, .code = "order_not_found", .detail = "There is no order with this id.", .metadata = {{"order_id", order_id}}};
}

Result<Order> OrderBook::open(store::Tx& tx, const rpc::Call& call, Order order) {
  insert(tx, order);
  write_history(tx, call, std::nullopt, order, text(What::created), "");
  api::OrderCreated event;
  *event.mutable_order() = facts_of(order);
  items_to_api(order, *event.mutable_items());
  TRY_DONE(outbox_.publish(tx, call, order.id.text(), event));
  return order;
}

Result<Order> OrderBook::change(store::Tx& tx, const rpc::Call& call, const Order& order, const Decision<Change>& decision) {
  if (!decision) return explain(decision.error(), order);
  const Order after = apply(order, *decision, clock_.now());
  update(tx, order, after);
  write_history(tx, call, order.status, after, text(decision->what), decision->reason);
  TRY_DONE(announce(tx, call, after, *decision));
  if (order.cancel_requested && !after.cancel_requested) answer_cancellation(tx, after);
  return after;
}

// Whoever asked for the cancellation and waits is answered, also after a restart; a cancellation that was refused leaves its keys
// as if they had never been used.
void OrderBook::answer_cancellation(store::Tx& tx, const Order& order) {
  const std::string work_id = cancel_work_id(order.id.text());
  if (order.status != Status::order_cancelled) return rpc::release_work(tx, work_id);
  api::CancelOrderResponse response;
  *response.mutable_order() = to_api(order);
  rpc::finish_work(tx, work_id, response, clock_.now());
}

void OrderBook::write_history(store::Tx& tx, const rpc::Call& call, std::optional<Status> from, const Order& order, std::string_view what,
                              const std::string& reason) {
  insert(tx, order.merchant_id,
         {.id = make_id<OrderHistoryId>(clock_.now(), random_).text(),
          .order_id = order.id.text(),
          .version = order.version,
          .change = std::string(what),
          .from = from,
          .to = order.status,
          .payment_status = order.payment ? order.payment->status : "",
          .actor = call.caller.actor,
          .cause = call.request_id,
          .reason = reason,
          .at = order.updated_at});
}

// Every change of an order has its event, so that folding the events gives the stored order.
Result<Done> OrderBook::announce(store::Tx& tx, const rpc::Call& call, const Order& order, const Change& change) {
  const std::string id = order.id.text();
  const auto publish = [&](auto event) {
    *event.mutable_order() = facts_of(order);
    return outbox_.publish(tx, call, id, event);
  };
  switch (change.what) {
    case What::created:
      break;  // open() announces it
    case What::updated:
      return publish(updated(order, {"items", "metadata", "total"}));
    case What::payment_started:
      return publish(api::OrderPaymentPending());
    case What::payment_progressed:
    case What::refund_failed:
      return publish(updated(order, {"payment_status", "amount_captured", "amount_refunded"}));
    case What::paid:
      return publish(api::OrderCompleted());
    case What::payment_failed: {
      api::OrderPaymentFailed event;
      event.set_reason(change.reason);
      return publish(event);
    }
    case What::refunded: {
      api::OrderRefunded event;
      event.set_refund_id(change.refund->id);
      event.set_amount(change.refund->amount);
      return publish(event);
    }
    case What::cancel_requested:
    case What::cancel_refused:
      return publish(updated(order, {"cancel_requested"}));
    case What::cancelled: {
      api::OrderCanceled event;
      event.set_reason(order.cancel_reason);
      event.set_refund_amount(order.payment ? order.payment->refunded : 0);
      return publish(event);
    }
    case What::expired: {
      api::OrderExpired event;
      *event.mutable_expired_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(order.updated_at.unix_ms);
      return publish(event);
    }
  }
  return Done{};
}

}  // namespace purser::orders
