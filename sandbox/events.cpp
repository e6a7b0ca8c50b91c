#include "sandbox/events.hpp"

#include <algorithm>
#include <array>

namespace purser::sandbox {
namespace {

constexpr Duration late_by_default{5'000}, reordering_step{300};

struct Plan {
  int copies = 1;
  std::string_view state = "pending";
  std::vector<Instant> due;  // of each announcement
};

Plan plan_for(const Call& call) {
  Plan plan;
  const std::size_t count = call.announced.size();
  plan.due.assign(count, call.now);
  if (!call.fault) return plan;
  const Duration delay = call.fault->delay.value_or(late_by_default);
  if (call.struck_by(FaultKind::webhook_lost)) plan.state = "lost";
  if (call.struck_by(FaultKind::webhook_duplicate)) plan.copies = 2;
  if (call.struck_by(FaultKind::webhook_late)) plan.due.assign(count, call.now + delay);
  if (call.struck_by(FaultKind::webhook_reordered))
    for (std::size_t i = 0; i < count; ++i) plan.due[i] = call.now + Duration{reordering_step.ms * static_cast<std::int64_t>(count - i)};
  return plan;
}

bool wants(const WebhookTarget& target, std::string_view type) {
  return !target.url.empty() && (target.types.empty() || std::ranges::find(target.types, type) != target.types.end());
}

void insert_delivery(store::Tx& tx, const std::string& id, std::string_view event, std::int64_t attempt, std::string_view state, Instant due) {
  tx.exec("insert into sandbox_deliveries (id, event, attempt, state, due_at, problem) values ($1, $2, $3, $4, $5, '')", id, event, attempt, state,
          due);
}

Event read_event(const store::Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {text(0), text(1), row.instant(2), text(3), text(4), text(5), text(6)};
}

#define EVENT_COLUMNS "id, type, created_at, request_id, idempotency_key, object, processor"

}  // namespace

std::optional<Instant> record_events(Call& call, const WebhookTarget& target) {
  const Plan plan = plan_for(call);
  std::optional<Instant> first;
  for (std::size_t i = 0; i < call.announced.size(); ++i) {
    const Announcement& announced = call.announced[i];
    const std::string id = call.new_id("evt_");
    call.tx.exec("insert into sandbox_events (" EVENT_COLUMNS ") values ($1, $2, $3, $4, $5, $6, $7)", id, announced.type, call.now, call.request_id,
                 call.idempotency_key, announced.object, call.processor);
    if (!wants(target, announced.type)) continue;
    for (int copy = 0; copy < plan.copies; ++copy) insert_delivery(call.tx, call.new_id("dlv_"), id, 1, plan.state, plan.due[i]);
    if (!first || plan.due[i] < *first) first = plan.due[i];
  }
  return first;
}

std::optional<Event> load_event(store::Tx& tx, std::string_view id) {
  return tx.first("select " EVENT_COLUMNS " from sandbox_events where id = $1", read_event, id);
}

std::vector<Event> list_events(store::Tx& tx, std::string_view processor, const std::vector<std::string>& types, const Page& page) {
  const bool upwards = page.after.empty() && !page.before.empty();
  std::string sql = "select " EVENT_COLUMNS " from sandbox_events where processor = $1";
  std::vector<store::Value> values = {processor};
  const auto also = [&](std::string_view condition, store::Value value) {
    values.push_back(value);
    sql += " and " + std::string(condition) + " $" + std::to_string(values.size());
  };
  if (!page.after.empty()) also("id <", page.after);
  if (!page.before.empty()) also("id >", page.before);
  if (page.created_from_ms) also("created_at >=", *page.created_from_ms);
  if (page.created_until_ms) also("created_at <", *page.created_until_ms);
  for (std::size_t i = 0; i < types.size(); ++i) {
    values.emplace_back(types[i]);
    sql += (i == 0 ? " and type in ($" : ", $") + std::to_string(values.size());
  }
  if (!types.empty()) sql += ")";
  values.emplace_back(page.rows_max);
  sql += std::string(" order by id") + (upwards ? "" : " desc") + " limit $" + std::to_string(values.size());

  std::vector<Event> found;
  tx.run(sql, values, [&](const store::Row& row) { found.push_back(read_event(row)); });
  if (upwards) std::ranges::reverse(found);
  return found;
}

std::vector<Delivery> due_deliveries(store::Tx& tx, const std::vector<std::string>& processors, Instant now, std::int64_t rows_max) {
  std::string sql =
      "select e.id, e.type, e.created_at, e.request_id, e.idempotency_key, e.object, e.processor, d.id, d.attempt, d.due_at "
      "from sandbox_deliveries d join sandbox_events e on e.id = d.event where d.state = 'pending' and d.due_at <= $1 and e.processor in (";
  std::vector<store::Value> values = {now};
  for (const std::string& processor : processors) {
    values.emplace_back(processor);
    sql += (values.size() == 2 ? "$" : ", $") + std::to_string(values.size());
  }
  values.emplace_back(rows_max);
  sql += ") order by d.due_at, d.id limit $" + std::to_string(values.size());

  std::vector<Delivery> found;
  tx.run(sql, values, [&](const store::Row& row) { found.push_back({std::string(row.text(7)), row.integer(8), row.instant(9), read_event(row)}); });
  return found;
}

std::optional<Instant> next_delivery(store::Tx& tx, Instant after) {
  const auto row = tx.first(
      "select min(due_at) from sandbox_deliveries where state = 'pending' and due_at > $1",
      [](const store::Row& found) { return found.maybe_instant(0); }, after);
  return row ? *row : std::nullopt;
}

std::optional<Instant> record_attempt(store::Tx& tx, const Delivery& delivery, const Attempted& attempted, Instant now, Random& random) {
  const bool delivered = attempted.status >= 200 && attempted.status < 300;
  tx.exec("update sandbox_deliveries set state = $2, sent_at = $3, status = $4, problem = $5 where id = $1", delivery.id,
          delivered ? "delivered" : "failed", attempted.sent, attempted.status, attempted.problem);
  const auto pause = pause_after_attempt(delivery.attempt);
  if (delivered || !pause) return std::nullopt;
  const Instant due = now + *pause;
  insert_delivery(tx, "dlv_" + encode_base32(make_uuid_v7(now, random)), delivery.event.id, delivery.attempt + 1, "pending", due);
  return due;
}

std::optional<Duration> pause_after_attempt(std::int64_t attempt) {
  constexpr std::array pauses = {seconds(1), seconds(5), seconds(30), minutes(5), hours(1), hours(3), hours(6), hours(12), hours(24)};
  if (attempt < 1 || attempt > std::ssize(pauses)) return std::nullopt;
  return pauses[static_cast<std::size_t>(attempt - 1)];
}

std::vector<DeliveryRow> list_deliveries(store::Tx& tx, std::string_view event, std::string_view processor, std::int64_t rows_max) {
  std::vector<DeliveryRow> found;
  tx.query(
      "select d.id, d.event, e.type, d.state, d.problem, e.processor, d.attempt, coalesce(d.status, 0), d.due_at, d.sent_at "
      "from sandbox_deliveries d join sandbox_events e on e.id = d.event where ($1 = '' or d.event = $1) and ($2 = '' or e.processor = $2) "
      "order by d.id desc limit $3",
      [&](const store::Row& row) {
        const auto text = [&](int column) { return std::string(row.text(column)); };
        found.push_back({text(0), text(1), text(2), text(3), text(4), text(5), row.integer(6), row.integer(7), row.instant(8), row.maybe_instant(9)});
      },
      event, processor, rows_max);
  return found;
}

}  // namespace purser::sandbox
