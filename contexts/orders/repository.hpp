// All SQL of the orders context. Nobody else names its tables. Every query is bound to one merchant.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "contexts/orders/rules/order.hpp"
#include "platform/rpc/page.hpp"
#include "platform/store/store.hpp"

namespace purser::orders {

// One row of an order's history: a change, who caused it, and by what.
struct HistoryEntry {
  std::string id;
  std::string order_id;
  std::int64_t version = 0;
  std::string change;
  std::optional<Status> from;
  Status to{};
  std::string payment_status;
  std::string actor;
  std::string cause;
  std::string reason;
  Instant at{};
};

struct Filter {
  std::string user_id;
  std::optional<Status> status;
};

void insert(store::Tx& tx, const Order& order);
// Writes `after` over the version it was made from. A version that moved meanwhile is Trouble::busy: the body runs again.
void update(store::Tx& tx, const Order& before, const Order& after);
void insert(store::Tx& tx, const std::string& merchant_id, const HistoryEntry& entry);

std::optional<Order> find(store::Tx& tx, const std::string& merchant_id, const std::string& order_id);
std::optional<std::string> find_by_client_reference(store::Tx& tx, const std::string& merchant_id, const std::string& client_reference);
// One row more than the page holds, if there is one (rpc::settle_page).
std::vector<Order> list(store::Tx& tx, const std::string& merchant_id, const Filter& filter, const rpc::Page& page);
std::vector<HistoryEntry> history(store::Tx& tx, const std::string& merchant_id, const std::string& order_id, const rpc::Page& page);

struct Key {
  std::string merchant_id;
  std::string order_id;
};
std::vector<Key> unpaid_past(store::Tx& tx, Instant now, int rows_max);
std::vector<Key> cancelling_since(store::Tx& tx, Instant before, int rows_max);
std::optional<Instant> next_expiry(store::Tx& tx);

}  // namespace purser::orders
