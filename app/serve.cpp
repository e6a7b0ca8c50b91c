#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <system_error>

#include "app/commands.hpp"
#include "app/node.hpp"
#include "app/secrets.hpp"
#include "platform/config.hpp"
#include "platform/config_fields.hpp"
#include "platform/log.hpp"

namespace purser::app {
namespace {

namespace asio = boost::asio;

struct ServeFlags {
  ConfigFlags config;
  NodeOptions node;
};

int fail(const std::string& detail) {
  fmt::print(stderr, "purser serve: {}\n", detail);
  return 1;
}

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  return name == "error" ? log::Level::error : log::Level::info;
}

// In development one key is made on the first start and shown at each.
Reply<std::string> development_key(Node& node) {
  const auto file = std::filesystem::path(node.config().data_dir) / "dev_api_key";
  std::string key = read_secret(file);
  if (!key.empty()) co_return key;
  const std::string merchant = make_id<MerchantId>(system_clock().now(), system_random()).text();
  CO_TRY(const auto created, co_await node.keys().create(merchant, "development", rpc::Scope::admin));
  CO_TRY_DONE(write_secret(file, created.secret));
  co_return created.secret;
}

void print_where(const Node& node) {
  fmt::print("Purser is serving.\n\n  REST     http://{}:{}   (documentation at /docs)\n  gRPC     {}:{}\n", node.config().http_address,
             node.http_port(), node.config().grpc_address, node.grpc_port());
  if (node.sandbox_port() != 0) fmt::print("  Sandbox  http://127.0.0.1:{}   (a payment processor that charges nobody)\n", node.sandbox_port());
  fmt::print("  Data     {}\n", node.config().data_dir);
}

void print_first_steps(const Node& node, const std::string& key) {
  const std::string url = fmt::format("http://127.0.0.1:{}", node.http_port());
  fmt::print("\n  API key  {}\n\nTry next:\n\n", key);
  fmt::print(
      "  curl -s {}/checkout -H 'Authorization: Bearer {}' -H 'Idempotency-Key: my-first-checkout' -H 'Content-Type: application/json' "
      "-d '{{\"user_id\":\"user-1\",\"currency\":\"USD\",\"items\":[{{\"sku\":\"MUG\",\"quantity\":2,\"unit_price\":1250}}],"
      "\"payment_method\":\"pm_card_visa\"}}'\n\n",
      url, key);
  fmt::print("  curl -s {}/orders -H 'Authorization: Bearer {}'\n\n", url, key);
  fmt::print("  curl -s {}/events -H 'Authorization: Bearer {}'\n\n", url, key);
}

// An Error where nobody could call what was started, for want of a key.
Reply<Done> announce(Node& node) {
  print_where(node);
  if (node.config().dev) {
    CO_TRY(const std::string key, co_await development_key(node));
    print_first_steps(node, key);
  }
  std::fflush(stdout);
  co_return Done{};
}

Task<void> run(Node& node, asio::io_context& io, int& status) {
  auto started = co_await node.start();
  if (!started.ok()) {
    status = fail(started.error().detail);
    io.stop();
    co_return;
  }
  auto announced = co_await announce(node);
  if (announced.ok()) {
    asio::signal_set signals(io, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
  } else {
    status = fail("The development key could not be made. " + announced.error().detail);
  }
  co_await node.stop();
  io.stop();
}

// What is in force, and then why a server would not start with it.
int show_config(const EffectiveConfig& effective) {
  fmt::print("{}", print_config(effective));
  std::fflush(stdout);
  const auto contradictions = config_contradictions(effective.config);
  for (const FieldError& field : contradictions) fmt::print(stderr, "purser serve: would not start: {}\n", field.detail);
  return contradictions.empty() ? 0 : 1;
}

// What may be meant, and is mostly forgotten.
void warn_of_gaps(const Config& config) {
  if (!config.dev && !config.stripe_secret_key.empty() && config.stripe_webhook_secret.empty())
    log::warn(
        "stripe_webhook_secret is not set: every webhook of Stripe's will be refused, and what only they tell (a refund that fails later, a "
        "buyer who confirmed) is found out by asking, late or never; set PURSER_STRIPE_WEBHOOK_SECRET");
}

int serve(const ServeFlags& flags) {
  auto loaded = load_config(flags.config, process_environment());
  if (!loaded.ok()) return fail(loaded.error().detail);
  if (flags.config.print_config()) return show_config(*loaded);
  log::set_level(level_of(loaded->config.log_level));
  warn_of_gaps(loaded->config);
  int status = 0;
  asio::io_context io(1);
  try {
    auto node = Node::build(io, *loaded, flags.node);
    if (!node.ok()) return fail(node.error().detail);
    std::exception_ptr thrown;
    asio::co_spawn(io, run(**node, io, status), [&](std::exception_ptr error) {
      thrown = std::move(error);
      if (thrown) io.stop();
    });
    io.run();
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::system_error& error) {
    status = fail(std::string(error.what()) + ". Is another server on this port? Choose one with --http-port, --grpc-port or --sandbox-port.");
  }
  return status;
}

}  // namespace

std::shared_ptr<void> add_serve(CLI::App& cli, int& status) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = cli.add_subcommand("serve", "Serve the REST and gRPC API; with --dev, with a sandbox processor beside it.");
  flags->config.add_to(*command);
  command->add_flag("--sandbox-in-process", flags->node.sandbox_in_process, "Call the sandbox without a wire (with --dev; for benchmarks).");
  command->add_option("--sandbox-dir", flags->node.sandbox_dir, "Folder of the sandbox's ledger (default: the data folder).");
  command->callback([flags, &status] { status = serve(*flags); });
  return flags;
}

}  // namespace purser::app
