// OrderService: load, decide, save with history and event in one transaction.
#pragma once
#include "contexts/orders/order_book.hpp"
#include "orders/v1/order_service.purser.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::orders {

struct Settings {
  Duration expires_after = hours(24);         // an unpaid order
  Duration expiry_late_max = seconds(5);      // an order made since the last look may expire before the next
  Duration cancel_again_after = seconds(30);  // the money of a cancellation that has not gone back is asked for again
};

class Service final : public ::orders::v1::OrderService {
 public:
  Service(store::Store& store, OrderBook& book, const rpc::Directory& directory, Settings settings)
      : store_(store), book_(book), directory_(directory), settings_(settings) {}

  Reply<::orders::v1::CreateOrderResponse> CreateOrder(rpc::Call call, ::orders::v1::CreateOrderRequest request) override;
  Reply<::orders::v1::GetOrderResponse> GetOrder(rpc::Call call, ::orders::v1::GetOrderRequest request) override;
  Reply<::orders::v1::UpdateOrderResponse> UpdateOrder(rpc::Call call, ::orders::v1::UpdateOrderRequest request) override;
  Reply<::orders::v1::CancelOrderResponse> CancelOrder(rpc::Call call, ::orders::v1::CancelOrderRequest request) override;
  Reply<::orders::v1::ListOrdersResponse> ListOrders(rpc::Call call, ::orders::v1::ListOrdersRequest request) override;
  Reply<::orders::v1::ListOrderHistoryResponse> ListOrderHistory(rpc::Call call, ::orders::v1::ListOrderHistoryRequest request) override;

  // Sends the money of an order back whose cancellation was requested, under a key derived from the order, so that it may be
  // asked again after a crash. What comes of it arrives as payments' event (handlers.cpp).
  Reply<Done> return_money(rpc::Call call, Order order);

 private:
  store::Store& store_;
  OrderBook& book_;
  const rpc::Directory& directory_;
  Settings settings_;
};

}  // namespace purser::orders
