#include "platform/events/feed.hpp"

namespace purser::events {
namespace {

constexpr std::string_view columns =
    "id, type, aggregate_type, aggregate_id, sequence, message_type, payload, occurred_at, correlation_id, traceparent";

StoredEvent read_event(const store::Row& row) {
  return {.id = std::string(row.text(0)),
          .type = std::string(row.text(1)),
          .aggregate_type = std::string(row.text(2)),
          .aggregate_id = std::string(row.text(3)),
          .sequence = row.integer(4),
          .message_type = std::string(row.text(5)),
          .payload = std::string(row.text(6)),
          .occurred_at = row.instant(7),
          .correlation_id = std::string(row.text(8)),
          .traceparent = std::string(row.text(9))};
}

// The page's rows and one more, if there is one.
std::vector<StoredEvent> select_page(store::Tx& tx, const TailFilter& filter, const rpc::Page& page) {
  rpc::Query query("select " + std::string(columns) + " from outbox");
  if (!filter.merchant_id.empty()) query.where("merchant_id =", filter.merchant_id);
  if (!filter.type.empty()) query.where("type =", filter.type);
  if (!filter.aggregate_id.empty()) query.where("aggregate_id =", filter.aggregate_id);
  query.page(page);
  std::vector<StoredEvent> events;
  query.run(tx, [&](const store::Row& row) { events.push_back(read_event(row)); });
  return events;
}

// The page's rows alone, oldest first.
std::vector<StoredEvent> in_order(store::Tx& tx, const TailFilter& filter, const rpc::Page& page) {
  auto events = select_page(tx, filter, page);
  rpc::settle_page(page, events);
  std::reverse(events.begin(), events.end());
  return events;
}

}  // namespace

std::vector<StoredEvent> last_events(store::Tx& tx, const TailFilter& filter, int rows_max) { return in_order(tx, filter, {.size = rows_max}); }

std::vector<StoredEvent> events_after(store::Tx& tx, const TailFilter& filter, const std::string& event_id, int rows_max) {
  return in_order(tx, filter, {.size = rows_max, .after = "", .before = event_id});
}

std::vector<StoredEvent> list_events(store::Tx& tx, const std::string& merchant_id, const FeedFilter& filter, const rpc::Page& page) {
  return select_page(tx, {merchant_id, filter.type, filter.aggregate_id}, page);
}

std::optional<StoredEvent> find_event(store::Tx& tx, const std::string& merchant_id, const std::string& event_id) {
  static const std::string sql = "select " + std::string(columns) + " from outbox where id = $1 and merchant_id = $2";
  return tx.first(sql, read_event, event_id, merchant_id);
}

}  // namespace purser::events
