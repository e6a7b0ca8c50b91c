#include "bench/purser_server.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "bench/load.hpp"

namespace purser::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto start_patience = 30s;
constexpr auto glance = 200ms;       // how long the processes are watched at a time while they settle
constexpr double idle_share = 0.03;  // of one core

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

std::uint16_t leading_port(const std::string& text) {
  const int port = std::stoi(text);
  return static_cast<std::uint16_t>(port);
}

std::vector<std::string> serve_command(const Options& options, const std::filesystem::path& data) {
  return {options.binary.string(), "serve", "--dev", "--data-dir", data.string(), "--http-port", "0", "--grpc-port", "0", "--sandbox-port", "0"};
}

}  // namespace

PurserServer PurserServer::with_processor_inside(const Options& options, const std::filesystem::path& folder, const std::filesystem::path& ledger) {
  PurserServer server(folder / "data");
  auto command = serve_command(options, server.data_);
  command.insert(command.end(), {"--sandbox-in-process", "--sandbox-dir", ledger.string()});
  server.server_ = std::make_unique<Process>(command, std::vector<std::string>{}, folder / "server");
  server.await_ready();
  if (options.webhooks) return server;
  const std::string sandbox = server.server_->wait_for_output("Sandbox  http://127.0.0.1:", start_patience);
  post(leading_port(sandbox), "/_sandbox/settings", R"({"webhook_url":""})");
  return server;
}

PurserServer PurserServer::with_slow_processor(const Options& options, const std::filesystem::path& folder, const std::filesystem::path& ledger) {
  PurserServer server(folder / "data");
  // The secrets of two processes that live for a minute on the loopback address.
  const std::string webhook_secret = "whsec_bWVhc3VyZW1lbnQgb25seSwgbm8gcmVhbCBzZWNyZXQ=";
  server.sandbox_ = std::make_unique<Process>(std::vector<std::string>{options.binary.string(), "sandbox", "--data-dir", ledger.string(), "--port",
                                                                       "0", "--delay-ms", std::to_string(options.delay_ms)},
                                              std::vector<std::string>{"PURSER_STRIPE_WEBHOOK_SECRET=" + webhook_secret}, folder / "sandbox");
  const std::uint16_t sandbox_port = leading_port(server.sandbox_->wait_for_output("listens on http://127.0.0.1:", start_patience));
  server.server_ = std::make_unique<Process>(
      serve_command(options, server.data_),
      std::vector<std::string>{fmt::format("PURSER_STRIPE_BASE_URL=http://127.0.0.1:{}", sandbox_port), "PURSER_STRIPE_SECRET_KEY=sk_test_sandbox",
                               "PURSER_STRIPE_WEBHOOK_SECRET=" + webhook_secret,
                               "PURSER_PROCESSOR_REQUESTS_PER_SECOND=1000000"},  // the default is what Stripe allows; the sandbox allows more
      folder / "server");
  server.await_ready();
  if (options.webhooks)
    post(sandbox_port, "/_sandbox/settings", fmt::format(R"({{"webhook_url":"http://127.0.0.1:{}/webhooks/stripe"}})", server.port_));
  return server;
}

void PurserServer::await_ready() {
  port_ = leading_port(server_->wait_for_output("REST     http://127.0.0.1:", start_patience));
  while (get(port_, "/readyz").empty()) {
    if (seconds_since(server_->begun()) > 30) throw std::runtime_error("the server does not get ready: " + server_->complaints());
    std::this_thread::sleep_for(1ms);
  }
  ready_seconds_ = seconds_since(server_->begun());
  std::ifstream(data_ / "dev_api_key") >> api_key_;
  if (api_key_.empty()) throw std::runtime_error("no API key in " + data_.string());
}

std::optional<double> PurserServer::metric(const std::string& name) const {
  std::istringstream lines(get(port_, "/metrics"));
  std::optional<double> sum;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || (line[name.size()] != ' ' && line[name.size()] != '{')) continue;
    sum = sum.value_or(0) + std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

double PurserServer::settle() {
  const auto begun = Clock::now();
  const auto cpu = [this] { return server_->cpu_seconds() + (sandbox_ ? sandbox_->cpu_seconds() : 0); };
  double last = cpu();
  for (double waited = 0; waited < settle_seconds_max; waited = seconds_since(begun)) {
    const auto looked = Clock::now();
    std::this_thread::sleep_for(glance);
    const double now = cpu(), passed = seconds_since(looked);
    if (now - last < idle_share * passed) return waited;
    last = now;
  }
  return settle_seconds_max;
}

void PurserServer::stop() {
  server_->stop();
  if (sandbox_) sandbox_->stop();
}

}  // namespace purser::bench
