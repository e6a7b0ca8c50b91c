// Events and their deliveries: rows written with the effect they tell of, so that none is lost and none is invented.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sandbox/call.hpp"
#include "sandbox/repository.hpp"

namespace purser::sandbox {

struct Event {
  std::string id, type;
  Instant created;
  std::string request_id, idempotency_key, object, processor;
};

// Where events go. No url: nowhere, they are only kept.
struct WebhookTarget {
  std::string url{};
  std::string secret{};
  std::vector<std::string> types{};  // empty: all
};

// Writes the call's announcements as events, with a delivery each, bent by the call's fault. Gives when the first is due.
std::optional<Instant> record_events(Call& call, const WebhookTarget& target);

std::optional<Event> load_event(store::Tx& tx, std::string_view id);
// Of one face. No types: all.
std::vector<Event> list_events(store::Tx& tx, std::string_view processor, const std::vector<std::string>& types, const Page& page);

struct Delivery {
  std::string id;
  std::int64_t attempt;  // counts from 1
  Instant due;
  Event event;
};
// Of the faces that deliver.
std::vector<Delivery> due_deliveries(store::Tx& tx, const std::vector<std::string>& processors, Instant now, std::int64_t rows_max);
std::optional<Instant> next_delivery(store::Tx& tx, Instant after);

// What came of an attempt: a status, or 0 with the problem. Without success the next attempt is written, if there is one.
struct Attempted {
  Instant sent;
  int status = 0;
  std::string problem{};
};
std::optional<Instant> record_attempt(store::Tx& tx, const Delivery& delivery, const Attempted& attempted, Instant now, Random& random);

std::optional<Duration> pause_after_attempt(std::int64_t attempt);  // 1 s, 5 s, 30 s, 5 min, 1 h, 3 h, 6 h, 12 h, 24 h; then nothing

struct DeliveryRow {
  std::string id, event, type, state, problem, processor;
  std::int64_t attempt, status;
  Instant due;
  std::optional<Instant> sent;
};
// Newest first; `event` and `processor` match all where they are empty.
std::vector<DeliveryRow> list_deliveries(store::Tx& tx, std::string_view event, std::string_view processor, std::int64_t rows_max);

}  // namespace purser::sandbox
