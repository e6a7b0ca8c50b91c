// What orders does on payments' events. Where both share a database these run inside payments' transaction, and a refusal here
// undoes what payments was about to do.
#pragma once
#include <vector>

#include "contexts/orders/order_book.hpp"

namespace purser::orders {

std::vector<events::Subscription> payment_handlers(OrderBook& book);

}  // namespace purser::orders
