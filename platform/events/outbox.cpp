#include "platform/events/outbox.hpp"

#include "kernel/assert.hpp"
#include "kernel/mutant.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::events {
namespace {

const ::purser::options::v1::EventRules& rules_of(const Message& event) {
  const auto& options = event.GetDescriptor()->options();
  PURSER_ASSERT(options.HasExtension(::purser::options::v1::event));
  return options.GetExtension(::purser::options::v1::event);
}

// The next number in the aggregate's row of events. The unique index holds it where two writers meet.
std::int64_t next_sequence(store::Tx& tx, const std::string& aggregate_id) {
  const auto last = tx.first(
      "select sequence from outbox where aggregate_id = $1 order by sequence desc limit 1", [](const store::Row& row) { return row.integer(0); },
      aggregate_id);
  return last.value_or(0) + 1;
}

}  // namespace

std::vector<store::Migration> Outbox::migrations() {
  return {{"events", "0001_outbox", R"(
create table outbox (
  id text primary key,
  merchant_id text not null,
  type text not null,
  aggregate_type text not null,
  aggregate_id text not null,
  sequence bigint not null,
  message_type text not null,
  payload bytea not null,
  occurred_at bigint not null,
  actor text not null,
  correlation_id text not null,
  traceparent text not null,
  published_at bigint
);
create unique index outbox_sequence on outbox (aggregate_id, sequence);
create index outbox_feed on outbox (merchant_id, id);
create index outbox_feed_by_aggregate on outbox (merchant_id, aggregate_id, id);
create index outbox_feed_by_type on outbox (merchant_id, type, id)
)"}};
}

rpc::Call as_call(const Envelope& envelope) {
  rpc::Call call;
  call.caller = {.merchant_id = envelope.merchant_id, .actor = envelope.actor, .scope = rpc::Scope::admin};
  call.request_id = envelope.id;
  call.correlation_id = envelope.correlation_id;
  if (const auto trace = trace::parse_traceparent(envelope.traceparent)) call.trace = *trace;
  return call;
}

void Outbox::add(Subscription subscription) { subscriptions_.emplace(subscription.type, std::move(subscription)); }

Result<Done> Outbox::publish(store::Tx& tx, const rpc::Call& call, const std::string& aggregate_id, const Message& event) {
  const auto& rules = rules_of(event);
  const Instant now = clock_.now();
  const Envelope envelope{.id = make_id<EventId>(now, random_).text(),
                          .type = rules.type(),
                          .merchant_id = call.caller.merchant_id,
                          .aggregate_id = aggregate_id,
                          .sequence = next_sequence(tx, aggregate_id),
                          .occurred_at = now,
                          .actor = call.caller.actor,
                          .correlation_id = call.correlation_id,
                          .traceparent = call.trace.valid() ? call.trace.traceparent() : ""};
  const std::string payload = event.SerializeAsString();
  tx.exec(
      "insert into outbox (id, merchant_id, type, aggregate_type, aggregate_id, sequence, message_type, payload, occurred_at, actor, correlation_id, "
      "traceparent) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      envelope.id, envelope.merchant_id, envelope.type, rules.aggregate(), aggregate_id, envelope.sequence, event.GetDescriptor()->full_name(),
      store::Value::blob(payload), now, envelope.actor, envelope.correlation_id, envelope.traceparent);
  const auto [first, last] = subscriptions_.equal_range(envelope.type);
  for (auto subscription = first; subscription != last; ++subscription)
    if (auto handled = subscription->second.handle(tx, envelope, event); !handled.ok()) return handled;
  if (mutated("event_applied_twice"))
    for (auto subscription = first; subscription != last; ++subscription) static_cast<void>(subscription->second.handle(tx, envelope, event));
  return Done{};
}

}  // namespace purser::events
