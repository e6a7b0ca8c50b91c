#include "app/node.hpp"

#include "app/secrets.hpp"
#include "app/version.hpp"
#include "contexts/payments/processors/adyen.hpp"
#include "contexts/payments/processors/paypal.hpp"
#include "contexts/payments/processors/stripe.hpp"
#include "platform/digest.hpp"
#include "platform/http/curl_client.hpp"
#include "platform/http/loopback_client.hpp"
#include "platform/log.hpp"
#include "sandbox/paypal_signature.hpp"

namespace purser::app {
namespace {

constexpr const char* sandbox_secret_key = "sk_test_sandbox";
constexpr const char* sandbox_adyen_key = "AQEsandbox";
constexpr const char* sandbox_paypal_client = "purser-sandbox";
constexpr const char* sandbox_adyen_account = "PurserSandbox";

// Settings for processors that nobody set up: the sandbox stands in for each, with keys made now. What it needs to know of them.
sandbox::Options stand_in_for_processors(Config& config) {
  if (config.stripe_webhook_secret.empty()) config.stripe_webhook_secret = Secret("whsec_" + make_secret(24, system_random()));
  config.stripe_secret_key = Secret(sandbox_secret_key);
  sandbox::Options sandbox{
      .secret_key = "", .webhook_secret = config.stripe_webhook_secret.reveal(), .webhook_types = payments::stripe_webhook_types()};
  if (config.adyen_api_key.empty()) {
    config.adyen_api_key = Secret(sandbox_adyen_key);
    config.adyen_merchant_account = sandbox_adyen_account;
    config.adyen_hmac_key = Secret(hex(make_secret(24, system_random())));
    sandbox.faces["adyen"] = {.webhook_secret = config.adyen_hmac_key.reveal(), .webhook_types = payments::adyen_webhook_types()};
  }
  if (config.paypal_client_id.empty()) {
    const sandbox::PaypalWebhookKey key = sandbox::make_paypal_webhook_key();
    config.paypal_client_id = sandbox_paypal_client;
    config.paypal_client_secret = Secret(make_secret(24, system_random()));
    config.paypal_webhook_id = key.webhook_id;
    config.paypal_webhook_certificates = Secret(key.public_key);
    sandbox.faces["paypal"] = {.webhook_secret = key.secret, .webhook_types = payments::paypal_webhook_types()};
  }
  return sandbox;
}

Result<std::string> key_secret(const Config& config) {
  if (!config.key_secret.empty()) return config.key_secret.reveal();
  return secret_from(std::filesystem::path(config.data_dir) / "key_secret", 32, system_random());
}

}  // namespace

Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::build(boost::asio::io_context& io, EffectiveConfig effective, NodeOptions options) {
  std::unique_ptr<Node> node(new Node(io, effective.config));
  TRY_DONE(node->open_stores(effective, options));
  node->open_shop();
  return node;
}

Result<Done> Node::open_stores(const EffectiveConfig& effective, const NodeOptions& options) {
  TRY(lock_, DataLock::take(config_.data_dir));
  TRY(store_, open_database(config_.data_dir));
  probe_ = std::make_unique<store::Probe>(*store_, system_clock());
  TRY(key_secret_, key_secret(config_));
  client_ = http::make_curl_client();
  if (!config_.otlp_endpoint.empty())
    exporter_ = trace::start_otlp_exporter(io_.get_executor(), client_, {.endpoint = config_.otlp_endpoint, .service_version = std::string(version)});
  processor_wire_ = client_;
  if (!config_.dev || !effective.is_default("stripe_base_url")) {
    if (!config_.stripe_secret_key.empty()) return Done{};
    return Error{.kind = Kind::unavailable,
                 .code = "stripe_secret_key",
                 .detail = "stripe_secret_key is not set: no payment could be made. Set PURSER_STRIPE_SECRET_KEY (or …_FILE), or start with --dev."};
  }

  // In development the processor is the sandbox beside us; it learns where to send its webhooks once we listen.
  sandbox::Options sandbox = stand_in_for_processors(config_);
  const auto folder = options.sandbox_dir.empty() ? std::filesystem::path(config_.data_dir) : options.sandbox_dir;
  TRY(sandbox_, SandboxHost::open(folder, client_, std::move(sandbox)));
  sandbox_->start(io_.get_executor(), config_.sandbox_port);
  if (options.sandbox_in_process) processor_wire_ = http::make_loopback_client(sandbox_->handler());
  config_.stripe_base_url = "http://127.0.0.1:" + std::to_string(sandbox_->port());
  if (config_.adyen_api_key.reveal() == sandbox_adyen_key) config_.adyen_base_url = config_.stripe_base_url + "/adyen/v71";
  if (config_.paypal_client_id == sandbox_paypal_client) config_.paypal_base_url = config_.stripe_base_url + "/paypal";
  return Done{};
}

void Node::open_shop() {
  ShopSettings settings = ShopSettings::of(config_, key_secret_);
  if (sandbox_) settings.guard.requests_per_second = 0;  // it has no rate limit of its own to respect
  shop_ = std::make_unique<Shop>(std::move(settings), ShopPorts{*store_, system_clock(), system_random(), processor_wire_, exporter_.get()});
}

Reply<Done> Node::ready() {
  if (draining_) co_return Error{.kind = Kind::unavailable, .code = "draining", .detail = "The server is shutting down."};
  co_return co_await probe_->ready();
}

void Node::listen() {
  http_ = http::listen(io_.get_executor(), config_.http_address, config_.http_port, shop_->rest_face([this] { return ready(); }),
                       [](const Error& error) { return rpc::problem(error, "", ""); },
                       {.header_bytes_max = static_cast<std::size_t>(config_.header_bytes_max),
                        .body_bytes_max = static_cast<std::size_t>(config_.body_bytes_max),
                        .connections_max = static_cast<std::size_t>(config_.connections_max),
                        .request_timeout = milliseconds(config_.request_timeout_ms),
                        .idle_timeout = milliseconds(config_.idle_timeout_ms),
                        .write_timeout = milliseconds(config_.write_timeout_ms)});
  grpc_ = rpc::serve_grpc(io_.get_executor(), config_.grpc_address, config_.grpc_port,
                          {.services = shop_->services(),
                           .keys = &shop_->keys(),
                           .clock = &system_clock(),
                           .random = &system_random(),
                           .exporter = exporter_.get(),
                           .request_timeout = milliseconds(config_.request_timeout_ms),
                           .message_bytes_max = static_cast<std::size_t>(config_.body_bytes_max)});
  grpc_->set_serving(true);
}

Reply<Done> Node::start() {
  CO_TRY_DONE(co_await shop_->recover());
  listen();
  if (sandbox_) {
    co_await sandbox_->send_webhooks_to("http://127.0.0.1:" + std::to_string(http_->port()) + "/webhooks/");
    sandbox_->run(io_.get_executor());
  }
  jobs_ = shop_->start_jobs(io_.get_executor());
  log::info("serving", {{"http_port", http_->port()}, {"grpc_port", grpc_->port()}, {"mode", config_.mode}, {"version", version}});
  co_return Done{};
}

Task<void> Node::stop() {
  const Duration grace = seconds(config_.drain_seconds);
  draining_ = true;
  log::info("stopping", {{"requests_in_flight", http_ ? http_->requests_in_flight() : 0}});
  if (grpc_) co_await grpc_->drain(grace);
  if (http_) co_await http_->drain(grace);
  if (jobs_) co_await jobs_->stop(grace);
  if (sandbox_) co_await sandbox_->stop(seconds(1));
  if (exporter_) co_await exporter_->stop();
  log::info("stopped");
}

}  // namespace purser::app
