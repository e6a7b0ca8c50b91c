// What `purser serve` is told from outside. For each field, the first of these that names it decides:
//
//   1. a flag            --http-port 8080
//   2. the environment   PURSER_HTTP_PORT=8080
//   3. a TOML file       http_port = 8080     (--config FILE, or PURSER_CONFIG)
//   4. the default below
//
// Secrets are never given as flags, which every user of the machine can read: they come from the environment or the file, or,
// at each of the three places, as the path of a file that holds them (--key-secret-file, PURSER_KEY_SECRET_FILE, key_secret_file).
// A wrong value, an unknown key of the file and values that contradict each other are refused, all of them at once.
// One table (config_fields.cpp) drives flags, environment, file, checks and --print-config.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/result.hpp"
#include "platform/secret.hpp"

namespace CLI {
class App;
}

namespace purser {

struct Config {
  std::string data_dir = "./data";  // the database and what else must survive; created where absent
  std::string mode = "test";        // "test" or "live": which API keys are taken, and which of the processor's
  bool dev = false;                 // a sandbox processor beside the server, and keys made on the first start
  std::string log_level = "info";   // debug, info, warn, error

  std::string http_address = "127.0.0.1";
  std::uint16_t http_port = 8080;  // every port: 0 takes any free one
  std::string grpc_address = "127.0.0.1";
  std::uint16_t grpc_port = 9003;
  std::uint16_t sandbox_port = 12111;  // of the sandbox processor, on 127.0.0.1

  std::int64_t header_bytes_max = 16 << 10;  // a request's head beyond it: 431
  std::int64_t body_bytes_max = 1 << 20;     // beyond it: 413
  std::int64_t connections_max = 4096;
  std::int64_t request_timeout_ms = 15'000;  // to receive a request, and to answer it
  std::int64_t idle_timeout_ms = 75'000;     // a connection between two requests
  std::int64_t write_timeout_ms = 30'000;    // a client reading one answer
  std::int64_t requests_per_minute = 0;      // of one API key; 0: no limit
  std::int64_t drain_seconds = 20;           // what a graceful stop waits for requests in flight

  std::int64_t order_expiry_seconds = 86'400;            // an unpaid order becomes EXPIRED
  std::int64_t requires_action_timeout_seconds = 3'600;  // a payment that waits for the customer is given up
  std::int64_t idempotency_retention_hours = 24;         // how long a key's answer is repeated

  std::string stripe_base_url = "https://api.stripe.com";
  Secret stripe_secret_key{};
  Secret stripe_webhook_secret{};
  std::string stripe_api_version = "2024-06-20";
  std::string adyen_base_url = "https://checkout-test.adyen.com/v71";
  Secret adyen_api_key{};  // empty: Adyen is not among the processors
  std::string adyen_merchant_account{};
  Secret adyen_hmac_key{};  // of the standard webhook, hex
  std::string paypal_base_url = "https://api-m.paypal.com";
  std::string paypal_client_id{};  // empty: PayPal is not among the processors
  Secret paypal_client_secret{};
  std::string paypal_webhook_id{};
  Secret paypal_webhook_certificates{};  // PEM; no secret, but a file like one
  std::int64_t processor_connect_timeout_ms = 2'000;
  std::int64_t processor_total_timeout_ms = 30'000;
  std::int64_t processor_requests_per_second = 100;  // of us, at one processor

  Secret key_secret{};          // HMAC key of the stored API keys, 32 bytes at least; without it only `dev` starts
  std::string otlp_endpoint{};  // an OpenTelemetry collector, "http://127.0.0.1:4318"; empty: no export
};

struct Origin {
  enum class Source : std::uint8_t { built_in, file, environment, flag };
  Source source = Source::built_in;
  std::string text = "default";  // for people: "environment PURSER_HTTP_PORT"
};

struct EffectiveConfig {
  Config config{};
  std::map<std::string, Origin, std::less<>> origins{};  // of every field, by its name

  bool is_default(std::string_view field) const;
};

// The flags of a command, and what they were given.
class ConfigFlags {
 public:
  ConfigFlags() = default;
  ConfigFlags(const ConfigFlags&) = delete;
  ConfigFlags& operator=(const ConfigFlags&) = delete;

  void add_to(CLI::App& command);  // before parsing; this object must outlive the parsing
  bool print_config() const { return print_config_; }

 private:
  friend Result<EffectiveConfig> load_config(const ConfigFlags&, const std::function<std::optional<std::string>(const std::string&)>&);
  std::map<std::string, std::string, std::less<>> given_;
  std::string file_;
  bool print_config_ = false;
};

// Looks up one variable.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// The Error is `invalid`, with a FieldError for each thing that is wrong and all of them as lines in `detail`.
Result<EffectiveConfig> load_config(const ConfigFlags& flags, const Environment& environment);

// What the environment and the file it names (PURSER_CONFIG) set, for commands that work beside a server and need a few settings
// of it: what is wrong with any but the `needed` ones is the server's business, and so is whether all of them fit together.
// `file`, where given, goes before the environment's.
Result<EffectiveConfig> load_settings(const std::string& file, const Environment& environment, std::span<const std::string_view> needed);

// For --print-config: TOML, each value with its origin behind it. A secret is "[set]" or "".
std::string print_config(const EffectiveConfig& effective);

}  // namespace purser
