#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "app/commands.hpp"
#include "app/sandbox_host.hpp"
#include "platform/http/curl_client.hpp"

namespace purser::app {
namespace {

namespace asio = boost::asio;

struct SandboxFlags {
  std::string data_dir = "./data";
  std::uint16_t port = 12111;
  std::string webhook_url;
  std::int64_t delay_ms = 0;
};

Task<void> run(SandboxHost& host, asio::io_context& io, std::uint16_t port) {
  host.start(io.get_executor(), port);
  host.run(io.get_executor());
  fmt::print("The sandbox processor listens on http://127.0.0.1:{}; its ledger is at /_sandbox/ledger.\n", host.port());
  std::fflush(stdout);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  co_await signals.async_wait(asio::use_awaitable);
  co_await host.stop(seconds(2));
  io.stop();
}

int sandbox(const SandboxFlags& flags, const std::string& webhook_secret) {
  asio::io_context io(1);
  auto host = SandboxHost::open(flags.data_dir, http::make_curl_client(),
                                {.webhook_url = flags.webhook_url, .webhook_secret = webhook_secret, .delay = milliseconds(flags.delay_ms)});
  if (!host.ok()) {
    fmt::print(stderr, "purser sandbox: {}\n", host.error().detail);
    return 1;
  }
  std::exception_ptr thrown;
  asio::co_spawn(io, run(**host, io, flags.port), [&](std::exception_ptr error) {
    thrown = std::move(error);
    if (thrown) io.stop();
  });
  io.run();
  if (!thrown) return 0;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    fmt::print(stderr, "purser sandbox: {}. Choose another port with --port.\n", error.what());
  }
  return 1;
}

}  // namespace

std::shared_ptr<void> add_sandbox(CLI::App& cli, int& status) {
  auto flags = std::make_shared<SandboxFlags>();
  auto secret = std::make_shared<std::string>();
  CLI::App* command = cli.add_subcommand("sandbox", "Run the sandbox processor alone: Stripe's wire protocol, with faults on request.");
  command->add_option("--data-dir", flags->data_dir, "Where its ledger lies.")->capture_default_str();
  command->add_option("--port", flags->port, "Port on 127.0.0.1; 0 takes any free one.")->capture_default_str();
  command->add_option("--webhook-url", flags->webhook_url, "Where its webhooks go; none without it.");
  command->add_option("--delay-ms", flags->delay_ms, "What every answer waits.")->capture_default_str()->check(CLI::Range(0, 600'000));
  command->add_option("--webhook-secret", *secret, "Signs the webhooks (PURSER_STRIPE_WEBHOOK_SECRET).")->envname("PURSER_STRIPE_WEBHOOK_SECRET");
  command->callback([flags, secret, &status] { status = sandbox(*flags, *secret); });
  return flags;
}

}  // namespace purser::app
