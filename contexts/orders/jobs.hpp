// What orders does on a timer.
#pragma once
#include <vector>

#include "contexts/orders/service.hpp"
#include "platform/module.hpp"

namespace purser::orders {

// expire_orders: unpaid orders past their time become EXPIRED.
// finish_cancellations: cancellations whose money has not gone back yet ask for it again.
std::vector<Job> jobs(store::Store& store, OrderBook& book, std::shared_ptr<Service> service, const Settings& settings);

}  // namespace purser::orders
