// Events: stored with the change that caused them, in the same transaction, and handed to the handlers that share the
// database in that same transaction too, so that an order and its payment can never disagree. Rows stay: they are the record.
//
// A handler may refuse (an Error): then the change it objects to does not happen either. A handler is a plain function over the
// transaction; it may publish further events.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "platform/rpc/call.hpp"
#include "platform/rpc/service.hpp"
#include "platform/store/store.hpp"

namespace purser::events {

using Message = google::protobuf::Message;

// What stands beside an event's message.
struct Envelope {
  std::string id;  // "evt_…"
  std::string type;
  std::string merchant_id;
  std::string aggregate_id;
  std::int64_t sequence = 0;
  Instant occurred_at{};
  std::string actor;
  std::string correlation_id;
  std::string traceparent;
};

// What a handler does is done for the merchant and by the actor of the event; the event is its cause.
rpc::Call as_call(const Envelope& envelope);

using Handler = std::function<Result<Done>(store::Tx& tx, const Envelope& envelope, const Message& event)>;

struct Subscription {
  std::string type;     // the catalogue's name
  std::string handler;  // "orders.on_payment_completed": unique, for logs and inboxes
  Handler handle;
};

template <class Event>
Subscription subscribe(std::string type, std::string handler, std::function<Result<Done>(store::Tx&, const Envelope&, const Event&)> handle) {
  return {std::move(type), std::move(handler), [handle = std::move(handle)](store::Tx& tx, const Envelope& envelope, const Message& event) {
            return handle(tx, envelope, static_cast<const Event&>(event));
          }};
}

class Outbox {
 public:
  Outbox(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  void add(Subscription subscription);

  // Writes the event and runs its handlers. Its type and aggregate come from its contract (EventRules).
  Result<Done> publish(store::Tx& tx, const rpc::Call& call, const std::string& aggregate_id, const Message& event);

  static std::vector<store::Migration> migrations();

 private:
  const Clock& clock_;
  Random& random_;
  std::multimap<std::string, Subscription> subscriptions_;
};

}  // namespace purser::events
