#include <fmt/core.h>
#include <google/protobuf/message.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>

#include "app/commands.hpp"
#include "app/database.hpp"
#include "app/event_types.hpp"
#include "app/run_task.hpp"
#include "app/server_place.hpp"
#include "platform/clock.hpp"
#include "platform/events/feed.hpp"
#include "platform/rpc/json.hpp"

namespace purser::app {
namespace {

struct TailFlags {
  ServerPlace place{};
  events::TailFilter filter{};
  int last = 10;
  bool follow = true;
};

// The event's message as JSON. Every type of the catalogue is linked in; another binary's is shown by name only.
std::string data_of(const events::StoredEvent& event) {
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.message_type);
  if (!type) return "{}";
  const std::unique_ptr<google::protobuf::Message> message(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (!message->ParseFromString(event.payload)) return "{}";
  std::string json;
  rpc::write_json(*message, json);
  return json;
}

void print(const events::StoredEvent& event) {
  fmt::print("{}  {:<24} {} #{}  {}\n", rfc3339(event.occurred_at), event.type, event.aggregate_id, event.sequence, data_of(event));
}

Reply<std::vector<events::StoredEvent>> next(store::Store& store, const TailFlags& flags, std::string after) {
  co_return co_await store.read([&](store::Tx& tx) -> Result<std::vector<events::StoredEvent>> {
    return after.empty() ? events::last_events(tx, flags.filter, flags.last) : events::events_after(tx, flags.filter, after, 100);
  });
}

Task<int> follow(store::Store& store, const TailFlags& flags) {
  std::string after;
  do {
    auto found = co_await next(store, flags, after);
    if (!found.ok()) {
      fmt::print(stderr, "purser events tail: {}\n", found.error().detail);
      co_return 1;
    }
    for (const auto& event : *found) print(event), after = event.id;
    if (after.empty()) after = "evt_";
    std::fflush(stdout);
    if (flags.follow && found->empty()) co_await system_clock().sleep(milliseconds(200));
  } while (flags.follow);
  co_return 0;
}

int tail(const TailFlags& flags) {
  const auto fail = [](const Error& error) {
    fmt::print(stderr, "purser events tail: {}\n", error.detail);
    return 1;
  };
  if (const auto known = check_event_type(flags.filter.type); !known.ok()) return fail(Error{.detail = "--type: " + known.error().fields[0].detail});
  const auto server = settings_of(flags.place);
  if (!server.ok()) return fail(server.error());
  auto store = open_existing_database(server->data_dir);
  if (!store.ok()) return fail(store.error());
  return run_task(follow(**store, flags));
}

}  // namespace

std::shared_ptr<void> add_events(CLI::App& cli, int& status) {
  auto flags = std::make_shared<TailFlags>();
  CLI::App* events = cli.add_subcommand("events", "Read the events of a shop.");
  events->require_subcommand(1);
  CLI::App* command = events->add_subcommand("tail", "Print the last events and then each new one as it is committed.");
  add_place(*command, flags->place);
  command->add_option("--merchant", flags->filter.merchant_id, "Only this merchant's.");
  command->add_option("--type", flags->filter.type, "Only this type, such as payment.completed.");
  command->add_option("--aggregate", flags->filter.aggregate_id, "Only this order's, payment's or wallet's.");
  command->add_option("-n,--last", flags->last, "How many to begin with.")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_flag("!--no-follow", flags->follow, "End after those.");
  command->callback([flags, &status] { status = tail(*flags); });
  return flags;
}

}  // namespace purser::app
