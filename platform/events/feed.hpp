// Reading the outbox: everything that happened, newest first, for one merchant.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "platform/rpc/page.hpp"
#include "platform/store/store.hpp"

namespace purser::events {

struct StoredEvent {
  std::string id;
  std::string type;
  std::string aggregate_type;
  std::string aggregate_id;
  std::int64_t sequence = 0;
  std::string message_type;  // the full name of its protobuf message
  std::string payload;       // serialized
  Instant occurred_at{};
  std::string correlation_id;
  std::string traceparent;
};

struct FeedFilter {
  std::string type{};
  std::string aggregate_id{};
};

// One row more than the page holds, if there is one (rpc::settle_page).
std::vector<StoredEvent> list_events(store::Tx& tx, const std::string& merchant_id, const FeedFilter& filter, const rpc::Page& page);
std::optional<StoredEvent> find_event(store::Tx& tx, const std::string& merchant_id, const std::string& event_id);

// For operators: any merchant's events, oldest first. Ids ascend in the order of commits, for one writer makes them.
struct TailFilter {
  std::string merchant_id{};
  std::string type{};
  std::string aggregate_id{};
};
std::vector<StoredEvent> last_events(store::Tx& tx, const TailFilter& filter, int rows_max);
std::vector<StoredEvent> events_after(store::Tx& tx, const TailFilter& filter, const std::string& event_id, int rows_max);

}  // namespace purser::events
