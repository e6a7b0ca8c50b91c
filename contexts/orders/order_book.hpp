// Makes changes to orders: the new state, its history row and its event, together in the caller's transaction. The service, the
// event handlers and the jobs all change orders through here and nowhere else.
#pragma once
#include "contexts/orders/rules/order.hpp"
#include "platform/events/outbox.hpp"

namespace purser::orders {

class OrderBook {
 public:
  OrderBook(events::Outbox& outbox, const Clock& clock, Random& random) : outbox_(outbox), clock_(clock), random_(random) {}

  Result<Order> open(store::Tx& tx, const rpc::Call& call, Order order);
  // The order after the change; or the decision's refusal, explained, with nothing done.
  Result<Order> change(store::Tx& tx, const rpc::Call& call, const Order& order, const Decision<Change>& decision);

  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }

 private:
  void write_history(store::Tx& tx, const rpc::Call& call, std::optional<Status> from, const Order& order, std::string_view what,
                     const std::string& reason);
  void answer_cancellation(store::Tx& tx, const Order& order);
  Result<Done> announce(store::Tx& tx, const rpc::Call& call, const Order& order, const Change& change);

  events::Outbox& outbox_;
  const Clock& clock_;
  Random& random_;
};

// Under which the requests to cancel an order wait for their answer (platform/rpc/idempotency.hpp).
std::string cancel_work_id(const std::string& order_id);

Error order_not_found(const std::string& order_id);

}  // namespace purser::orders
