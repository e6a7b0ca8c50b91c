#include "contexts/orders/wire.hpp"

#include <google/protobuf/util/time_util.h>

#include "kernel/assert.hpp"
#include "payments/v1/payment.pb.h"

namespace purser::orders {
namespace {

// The contract's numbers follow the rules' order, one behind UNSPECIFIED.
static_assert(int(api::ORDER_STATUS_CREATED) == int(Status::created) + 1 && int(api::ORDER_STATUS_REFUNDED) == int(Status::refunded) + 1);
static_assert(int(api::FULFILLMENT_STATUS_DELIVERED) == int(Fulfillment::delivered) + 1);

api::OrderStatus to_api(Status status) { return static_cast<api::OrderStatus>(int(status) + 1); }

::payments::v1::PaymentStatus payment_status(const std::string& text) {
  ::payments::v1::PaymentStatus status = ::payments::v1::PAYMENT_STATUS_UNSPECIFIED;
  if (!text.empty()) PURSER_ASSERT(::payments::v1::PaymentStatus_Parse("PAYMENT_STATUS_" + text, &status));
  return status;
}

google::protobuf::Timestamp timestamp(Instant at) { return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(at.unix_ms); }

}  // namespace

std::optional<Status> from_api(api::OrderStatus status) {
  if (status == api::ORDER_STATUS_UNSPECIFIED || !api::OrderStatus_IsValid(status)) return std::nullopt;
  return static_cast<Status>(int(status) - 1);
}

void items_to_api(const Order& order, google::protobuf::RepeatedPtrField<api::OrderItem>& items) {
  for (const Line& line : order.draft.lines) {
    api::OrderItem& item = *items.Add();
    item.set_id(line.id);
    item.set_sku(line.sku);
    item.set_name(line.name);
    item.set_quantity(line.quantity);
    item.set_unit_price(line.unit_price);
    item.set_total(line.total());
  }
}

api::Order to_api(const Order& order) {
  api::Order message;
  message.set_id(order.id.text());
  message.set_user_id(order.user_id);
  message.set_client_reference(order.client_reference);
  message.set_order_type(order.order_type);
  message.set_status(to_api(order.status));
  message.set_fulfillment_status(static_cast<api::FulfillmentStatus>(int(order.fulfillment) + 1));
  message.set_currency(std::string(order.total.currency.code()));
  message.set_total(order.total.minor);
  if (order.payment) {
    message.set_payment_id(order.payment->id);
    message.set_payment_status(payment_status(order.payment->status));
    message.set_amount_captured(order.payment->captured);
    message.set_amount_refunded(order.payment->refunded);
  }
  items_to_api(order, *message.mutable_items());
  message.set_cancel_requested(order.cancel_requested);
  message.set_cancel_reason(order.cancel_reason);
  message.mutable_metadata()->insert(order.draft.metadata.begin(), order.draft.metadata.end());
  message.set_version(order.version);
  *message.mutable_expires_at() = timestamp(order.expires_at);
  *message.mutable_created_at() = timestamp(order.created_at);
  *message.mutable_updated_at() = timestamp(order.updated_at);
  return message;
}

api::OrderFacts facts_of(const Order& order) {
  api::OrderFacts facts;
  facts.set_order_id(order.id.text());
  facts.set_user_id(order.user_id);
  facts.set_order_type(order.order_type);
  facts.set_status(to_api(order.status));
  facts.set_currency(std::string(order.total.currency.code()));
  facts.set_total_amount(order.total.minor);
  if (order.payment) {
    facts.set_payment_id(order.payment->id);
    facts.set_payment_status(payment_status(order.payment->status));
    facts.set_amount_captured(order.payment->captured);
    facts.set_amount_refunded(order.payment->refunded);
  }
  facts.set_version(order.version);
  return facts;
}

api::OrderHistoryEntry to_api(const HistoryEntry& entry) {
  api::OrderHistoryEntry message;
  message.set_id(entry.id);
  message.set_order_id(entry.order_id);
  if (entry.from) message.set_from_status(to_api(*entry.from));
  message.set_to_status(to_api(entry.to));
  message.set_payment_status(payment_status(entry.payment_status));
  message.set_change(entry.change);
  message.set_actor(entry.actor);
  message.set_cause(entry.cause);
  message.set_reason(entry.reason);
  message.set_version(entry.version);
  *message.mutable_at() = timestamp(entry.at);
  return message;
}

}  // namespace purser::orders
