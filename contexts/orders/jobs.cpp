#include "contexts/orders/jobs.hpp"

#include <algorithm>
#include <utility>

#include "contexts/orders/repository.hpp"

namespace purser::orders {
namespace {

using store::Tx;

constexpr int rows_max = 100;

// One order, one transaction: an order that was paid meanwhile is refused by the rules and left alone.
Result<Done> expire_one(OrderBook& book, Tx& tx, const Key& key, Instant now) {
  const auto order = find(tx, key.merchant_id, key.order_id);
  if (!order) return Done{};
  const auto decision = expire(*order, now);
  if (!decision) return Done{};
  TRY(const Order after, book.change(tx, rpc::system_call(key.merchant_id, "expire_orders"), *order, decision));
  return Done{};
}

Task<Duration> expire_orders(store::Store& store, OrderBook& book, Duration late_max) {
  const Instant now = book.clock().now();
  auto due = co_await store.read([&](Tx& tx) -> Result<std::vector<Key>> { return unpaid_past(tx, now, rows_max); });
  if (!due.ok()) co_return seconds(5);
  for (const Key& key : *due) {
    auto done = co_await store.transact([&](Tx& tx) { return expire_one(book, tx, key, now); });
    if (!done.ok()) co_return seconds(5);
  }
  if (due->size() == std::size_t{rows_max}) co_return milliseconds(0);
  auto next = co_await store.read([&](Tx& tx) -> Result<std::optional<Instant>> { return next_expiry(tx); });
  if (!next.ok() || !*next) co_return late_max;
  co_return std::clamp(**next - now, milliseconds(200), late_max);
}

// On its first run nobody of this process can be at work on a cancellation yet: those that were cut short go on at once.
Task<Duration> finish_cancellations(store::Store& store, OrderBook& book, std::shared_ptr<Service> service, Duration again_after,
                                    std::shared_ptr<bool> first_run) {
  const Instant now = book.clock().now();
  const Instant before = std::exchange(*first_run, false) ? now : now - again_after;
  auto waiting = co_await store.read([&](Tx& tx) -> Result<std::vector<Order>> {
    std::vector<Order> orders;
    for (const Key& key : cancelling_since(tx, before, rows_max))
      if (auto order = find(tx, key.merchant_id, key.order_id)) orders.push_back(std::move(*order));
    return orders;
  });
  if (!waiting.ok()) co_return seconds(5);
  for (Order& order : *waiting) {
    const rpc::Call call = rpc::system_call(order.merchant_id, "finish_cancellations");
    auto done = co_await service->return_money(call, std::move(order));
    if (!done.ok()) co_return seconds(5);
  }
  co_return again_after;
}

}  // namespace

std::vector<Job> jobs(store::Store& store, OrderBook& book, std::shared_ptr<Service> service, const Settings& settings) {
  return {
      {"expire_orders", std::max(settings.expiry_late_max, seconds(30)),
       [&store, &book, late_max = settings.expiry_late_max] { return expire_orders(store, book, late_max); }},
      {"finish_cancellations", settings.cancel_again_after,
       [&store, &book, service, again_after = settings.cancel_again_after, first_run = std::make_shared<bool>(true)] {
         return finish_cancellations(store, book, service, again_after, first_run);
       }},
  };
}

}  // namespace purser::orders
