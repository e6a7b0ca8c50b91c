// Between the context's own values and its contract (orders/v1).
#pragma once
#include "contexts/orders/repository.hpp"
#include "contexts/orders/rules/order.hpp"
#include "orders/v1/events.pb.h"
#include "orders/v1/order.pb.h"
#include "platform/random.hpp"

namespace purser::orders {

namespace api = ::orders::v1;

api::Order to_api(const Order& order);
api::OrderFacts facts_of(const Order& order);
void items_to_api(const Order& order, google::protobuf::RepeatedPtrField<api::OrderItem>& items);
api::OrderHistoryEntry to_api(const HistoryEntry& entry);
std::optional<Status> from_api(api::OrderStatus status);  // nothing for UNSPECIFIED

// The lines a client wrote, each with an id of its own. Their fields were validated against the contract.
template <class Request>
Draft draft_from(const Request& request, Instant now, Random& random) {
  Draft draft;
  for (const api::OrderLine& line : request.items())
    draft.lines.push_back({.id = make_id<OrderItemId>(now, random).text(),
                           .sku = line.sku(),
                           .name = line.name(),
                           .quantity = line.quantity(),
                           .unit_price = line.unit_price()});
  draft.metadata.insert(request.metadata().begin(), request.metadata().end());
  return draft;
}

}  // namespace purser::orders
