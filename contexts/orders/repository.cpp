#include "contexts/orders/repository.hpp"

#include "kernel/assert.hpp"
#include "platform/json/string_map.hpp"

namespace purser::orders {
namespace {

using store::Row;
using store::Tx;

constexpr std::string_view columns =
    "id, merchant_id, user_id, client_reference, order_type, status, fulfillment_status, currency, total, payment_id, payment_status, "
    "amount_captured, amount_refunded, cancel_requested, cancel_reason, metadata, expires_at, created_at, updated_at, version, cancel_version";

Order read_order(const Row& row) {
  const auto id = OrderId::parse(row.text(0));
  const auto status = parse_status(row.text(5));
  const auto fulfillment = parse_fulfillment(row.text(6));
  const auto currency = Currency::parse(row.text(7));
  PURSER_ASSERT(id && status && fulfillment && currency);
  Order order{.id = *id,
              .merchant_id = std::string(row.text(1)),
              .user_id = std::string(row.text(2)),
              .client_reference = std::string(row.text(3)),
              .order_type = std::string(row.text(4)),
              .total = {row.integer(8), *currency},
              .draft = {.lines = {}, .metadata = json::read_string_map(row.text(15))},
              .status = *status,
              .fulfillment = *fulfillment};
  if (!row.is_null(9)) order.payment = PaymentView{std::string(row.text(9)), std::string(row.text(10)), row.integer(11), row.integer(12)};
  order.cancel_requested = row.integer(13) != 0;
  order.cancel_reason = row.text(14);
  order.expires_at = row.instant(16);
  order.created_at = row.instant(17);
  order.updated_at = row.instant(18);
  order.version = row.integer(19);
  order.cancel_version = row.integer(20);
  return order;
}

void read_lines(Tx& tx, Order& order) {
  tx.query(
      "select id, sku, name, quantity, unit_price from order_items where order_id = $1 order by position",
      [&](const Row& row) {
        order.draft.lines.push_back({.id = std::string(row.text(0)),
                                     .sku = std::string(row.text(1)),
                                     .name = std::string(row.text(2)),
                                     .quantity = row.integer(3),
                                     .unit_price = row.integer(4)});
      },
      order.id.text());
}

void write_lines(Tx& tx, const Order& order) {
  std::int64_t position = 0;
  const std::string order_id = order.id.text();
  for (const Line& line : order.draft.lines)
    tx.exec("insert into order_items (order_id, position, id, sku, name, quantity, unit_price) values ($1, $2, $3, $4, $5, $6, $7)", order_id,
            ++position, line.id, line.sku, line.name, line.quantity, line.unit_price);
}

std::optional<std::string> maybe(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

std::vector<Key> keys(Tx& tx, std::string_view sql, Instant at, int rows_max) {
  std::vector<Key> found;
  tx.query(sql, [&](const Row& row) { found.push_back({std::string(row.text(0)), std::string(row.text(1))}); }, at, rows_max);
  return found;
}

}  // namespace

void insert(Tx& tx, const Order& order) {
  tx.exec(
      "insert into orders (id, merchant_id, user_id, client_reference, order_type, status, fulfillment_status, currency, total, metadata, "
      "expires_at, created_at, updated_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
      order.id.text(), order.merchant_id, order.user_id, maybe(order.client_reference), order.order_type, text(order.status), text(order.fulfillment),
      order.total.currency.code(), order.total.minor, json::write_string_map(order.draft.metadata), order.expires_at, order.created_at,
      order.updated_at, order.version);
  write_lines(tx, order);
}

void update(Tx& tx, const Order& before, const Order& after) {
  const PaymentView payment = after.payment.value_or(PaymentView{});
  const auto changed = tx.exec(
      "update orders set status = $1, fulfillment_status = $2, total = $3, payment_id = $4, payment_status = $5, amount_captured = $6, "
      "amount_refunded = $7, cancel_requested = $8, cancel_reason = $9, metadata = $10, expires_at = $11, updated_at = $12, version = $13, "
      "cancel_version = $14 "
      "where id = $15 and version = $16",
      text(after.status), text(after.fulfillment), after.total.minor, maybe(payment.id), maybe(payment.status), payment.captured, payment.refunded,
      after.cancel_requested, after.cancel_reason, json::write_string_map(after.draft.metadata), after.expires_at, after.updated_at, after.version,
      after.cancel_version, after.id.text(), before.version);
  if (changed != 1) throw store::Trouble(store::Trouble::Cause::busy, "order changed meanwhile");
  if (after.draft.lines == before.draft.lines) return;
  tx.exec("delete from order_items where order_id = $1", after.id.text());
  write_lines(tx, after);
}

void insert(Tx& tx, const std::string& merchant_id, const HistoryEntry& entry) {
  tx.exec(
      "insert into order_history (id, order_id, merchant_id, version, change, from_status, to_status, payment_status, actor, cause, reason, at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      entry.id, entry.order_id, merchant_id, entry.version, entry.change, entry.from ? std::optional(text(*entry.from)) : std::nullopt,
      text(entry.to), maybe(entry.payment_status), entry.actor, entry.cause, entry.reason, entry.at);
}

std::optional<Order> find(Tx& tx, const std::string& merchant_id, const std::string& order_id) {
  static const std::string sql = "select " + std::string(columns) + " from orders where id = $1 and merchant_id = $2";
  auto order = tx.first(sql, read_order, order_id, merchant_id);
  if (order) read_lines(tx, *order);
  return order;
}

std::optional<std::string> find_by_client_reference(Tx& tx, const std::string& merchant_id, const std::string& client_reference) {
  return tx.first(
      "select id from orders where merchant_id = $1 and client_reference = $2", [](const Row& row) { return std::string(row.text(0)); }, merchant_id,
      client_reference);
}

std::vector<Order> list(Tx& tx, const std::string& merchant_id, const Filter& filter, const rpc::Page& page) {
  rpc::Query query("select " + std::string(columns) + " from orders");
  query.where("merchant_id =", merchant_id);
  if (!filter.user_id.empty()) query.where("user_id =", filter.user_id);
  if (filter.status) query.where("status =", text(*filter.status));
  query.page(page);
  std::vector<Order> orders;
  query.run(tx, [&](const Row& row) { orders.push_back(read_order(row)); });
  for (Order& order : orders) read_lines(tx, order);
  return orders;
}

std::vector<HistoryEntry> history(Tx& tx, const std::string& merchant_id, const std::string& order_id, const rpc::Page& page) {
  rpc::Query query("select id, order_id, version, change, from_status, to_status, payment_status, actor, cause, reason, at from order_history");
  query.where("order_id =", order_id);
  query.where("merchant_id =", merchant_id);
  query.page(page);
  std::vector<HistoryEntry> entries;
  query.run(tx, [&](const Row& row) {
    entries.push_back({.id = std::string(row.text(0)),
                       .order_id = std::string(row.text(1)),
                       .version = row.integer(2),
                       .change = std::string(row.text(3)),
                       .from = parse_status(row.text(4)),
                       .to = parse_status(row.text(5)).value(),
                       .payment_status = std::string(row.text(6)),
                       .actor = std::string(row.text(7)),
                       .cause = std::string(row.text(8)),
                       .reason = std::string(row.text(9)),
                       .at = row.instant(10)});
  });
  return entries;
}

std::vector<Key> unpaid_past(Tx& tx, Instant now, int rows_max) {
  return keys(
      tx, "select merchant_id, id from orders where status in ('CREATED', 'PAYMENT_FAILED') and expires_at <= $1 order by expires_at, id limit $2",
      now, rows_max);
}

std::vector<Key> cancelling_since(Tx& tx, Instant before, int rows_max) {
  return keys(tx, "select merchant_id, id from orders where cancel_requested = 1 and updated_at <= $1 order by updated_at, id limit $2", before,
              rows_max);
}

std::optional<Instant> next_expiry(Tx& tx) {
  return tx.first("select expires_at from orders where status in ('CREATED', 'PAYMENT_FAILED') order by expires_at limit 1",
                  [](const Row& row) { return row.instant(0); });
}

}  // namespace purser::orders
