#include "platform/config_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <charconv>
#include <numeric>
#include <vector>

#include "platform/json/json_writer.hpp"

namespace purser {
namespace {

constexpr std::size_t key_secret_bytes_min = 32;
constexpr std::string_view shown_secret = "[set]";

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }
bool all_visible(std::string_view text) { return std::ranges::all_of(text, is_visible); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_path(std::string_view text) { return !text.empty() && text.find('\0') == std::string_view::npos; }
bool is_mode(std::string_view text) { return text == "test" || text == "live"; }
bool is_log_level(std::string_view text) { return text == "debug" || text == "info" || text == "warn" || text == "error"; }

bool is_ip_address(std::string_view text) {
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(text), error);
  return !error;
}

// A host, and a port behind it if there is one; no user, whose password would be printed and logged.
bool is_url_authority(std::string_view text) {
  if (text.empty() || text.find('@') != std::string_view::npos) return false;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == 0) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 && std::ranges::all_of(port, is_digit) && std::stoi(std::string(port)) <= 65535;
}

bool is_base_url(std::string_view text) {
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  if (scheme == 0 || !all_visible(text) || text.find_first_of("?#\"\\") != std::string_view::npos) return false;
  return is_url_authority(text.substr(scheme, text.find('/', scheme) - scheme));
}
bool is_base_url_or_empty(std::string_view text) { return text.empty() || is_base_url(text); }

// "2024-06-20", and since then "2025-03-31.basil".
bool is_stripe_version(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  const std::string_view name = text.substr(shape.size());
  return name.empty() || (name.size() > 1 && name[0] == '.' && std::ranges::all_of(name.substr(1), [](char c) { return c >= 'a' && c <= 'z'; }));
}

// What --print-config shows instead of a secret is none, so that its output cannot be taken for a configuration by mistake.
bool is_secret_text(std::string_view text) { return all_visible(text) && text != shown_secret; }
bool is_visible_or_empty(std::string_view text) { return all_visible(text); }
bool is_pem(std::string_view text) { return text.empty() || text.find("-----BEGIN ") != std::string_view::npos; }
bool is_hex_secret(std::string_view text) {
  return text.size() % 2 == 0 && std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}
bool is_key_secret(std::string_view text) { return is_secret_text(text) && text.size() >= key_secret_bytes_min; }

template <class Integer>
ConfigField number(std::string name, Integer Config::* place, std::int64_t least, std::int64_t most, std::string help) {
  return {std::move(name), place, fmt::format("a whole number from {} to {}", least, most), std::move(help), least, most};
}
ConfigField port(std::string name, std::uint16_t Config::* place, std::string help) {
  return number(std::move(name), place, 0, 65535, std::move(help) + " (0: any free one)");
}
template <class Text>
ConfigField text(std::string name, Text Config::* place, bool (*accepts)(std::string_view), std::string allowed, std::string help) {
  return {std::move(name), place, std::move(allowed), std::move(help), 0, 0, accepts};
}
ConfigField flag(std::string name, bool Config::* place, std::string help) { return {std::move(name), place, "true or false", std::move(help)}; }

const std::vector<ConfigField>& table() {
  constexpr std::int64_t day_ms = 86'400'000, year_seconds = 31'536'000;
  static const std::vector<ConfigField> rows = {
      // clang-format off
      text("data_dir", &Config::data_dir, is_path, "a path", "where the database lives"),
      text("mode", &Config::mode, is_mode, "test or live", "which API keys are taken, and which of the processor's"),
      flag("dev", &Config::dev, "run the sandbox processor beside the server and make keys on the first start"),
      text("log_level", &Config::log_level, is_log_level, "debug, info, warn or error", "the least that is logged"),

      text("http_address", &Config::http_address, is_ip_address, "an IP address", "where REST listens"),
      port("http_port", &Config::http_port, "the port of REST"),
      text("grpc_address", &Config::grpc_address, is_ip_address, "an IP address", "where gRPC listens"),
      port("grpc_port", &Config::grpc_port, "the port of gRPC"),
      port("sandbox_port", &Config::sandbox_port, "the port of the sandbox processor on 127.0.0.1"),

      number("header_bytes_max", &Config::header_bytes_max, 1024, 1 << 20, "bytes a request's head may have"),
      number("body_bytes_max", &Config::body_bytes_max, 1024, 64 << 20, "bytes a request's body may have"),
      number("connections_max", &Config::connections_max, 1, 1'000'000, "connections at the same time"),
      number("request_timeout_ms", &Config::request_timeout_ms, 1, day_ms, "milliseconds to receive a request, and to answer it"),
      number("idle_timeout_ms", &Config::idle_timeout_ms, 1, day_ms, "milliseconds a connection may wait for its next request"),
      number("write_timeout_ms", &Config::write_timeout_ms, 1, day_ms, "milliseconds a client may take to read an answer"),
      number("requests_per_minute", &Config::requests_per_minute, 0, 100'000'000, "requests of one API key in a minute (0: no limit)"),
      number("drain_seconds", &Config::drain_seconds, 0, 3600, "seconds a graceful stop waits for requests in flight"),

      number("order_expiry_seconds", &Config::order_expiry_seconds, 1, year_seconds, "seconds until an unpaid order expires"),
      number("requires_action_timeout_seconds", &Config::requires_action_timeout_seconds, 1, year_seconds,
           "seconds a customer has to act on a payment"),
      number("idempotency_retention_hours", &Config::idempotency_retention_hours, 24, 8760, "hours the answer of an idempotency key is kept"),

      text("stripe_base_url", &Config::stripe_base_url, is_base_url, "an http:// or https:// URL without user, query or fragment",
           "where Stripe, or what speaks like it, is"),
      text("stripe_secret_key", &Config::stripe_secret_key, is_secret_text, "visible ASCII characters", "the secret key at Stripe"),
      text("stripe_webhook_secret", &Config::stripe_webhook_secret, is_secret_text, "visible ASCII characters",
           "the signing secret of Stripe's webhooks"),
      text("stripe_api_version", &Config::stripe_api_version, is_stripe_version, "a date such as 2024-06-20, or 2025-03-31.basil",
           "Stripe's API version"),
      text("adyen_base_url", &Config::adyen_base_url, is_base_url, "an http:// or https:// URL without user, query or fragment",
           "where Adyen's Checkout API, or what speaks like it, is"),
      text("adyen_api_key", &Config::adyen_api_key, is_secret_text, "visible ASCII characters", "the API key at Adyen; with it Adyen is a processor"),
      text("adyen_merchant_account", &Config::adyen_merchant_account, is_visible_or_empty, "visible ASCII characters", "the merchant account at Adyen"),
      text("adyen_hmac_key", &Config::adyen_hmac_key, is_hex_secret, "pairs of hexadecimal digits", "the HMAC key of Adyen's standard webhook"),
      text("paypal_base_url", &Config::paypal_base_url, is_base_url, "an http:// or https:// URL without user, query or fragment",
           "where PayPal, or what speaks like it, is"),
      text("paypal_client_id", &Config::paypal_client_id, is_visible_or_empty, "visible ASCII characters",
           "the client id at PayPal; with it PayPal is a processor"),
      text("paypal_client_secret", &Config::paypal_client_secret, is_secret_text, "visible ASCII characters", "the client secret at PayPal"),
      text("paypal_webhook_id", &Config::paypal_webhook_id, is_visible_or_empty, "visible ASCII characters", "the id of the webhook at PayPal"),
      text("paypal_webhook_certificates", &Config::paypal_webhook_certificates, is_pem, "PEM: certificates or public keys",
           "what PayPal signs its webhooks with"),
      number("processor_connect_timeout_ms", &Config::processor_connect_timeout_ms, 1, 300'000, "milliseconds to connect to a processor"),
      number("processor_total_timeout_ms", &Config::processor_total_timeout_ms, 1, 300'000, "milliseconds until a processor's answer is given up"),
      number("processor_requests_per_second", &Config::processor_requests_per_second, 1, 1'000'000, "requests a second to one processor"),

      text("key_secret", &Config::key_secret, is_key_secret, fmt::format("at least {} visible ASCII characters", key_secret_bytes_min),
           "the HMAC key of the stored API keys"),
      text("otlp_endpoint", &Config::otlp_endpoint, is_base_url_or_empty, "an http:// or https:// URL without user, query or fragment, or nothing",
           "an OpenTelemetry collector that spans are sent to"),
      // clang-format on
  };
  return rows;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string spelled(std::string_view name, char separator, char (*letter)(char)) {
  std::string text;
  for (const char c : name) text += c == '_' ? separator : letter(c);
  return text;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Puts a text into the place it is for. One overload a kind of place.
struct Assign {
  const ConfigField& field;
  Config& config;
  std::string_view text;

  bool operator()(std::string Config::* place) const {
    if (!field.accepts(text)) return false;
    config.*place = text;
    return true;
  }
  bool operator()(Secret Config::* place) const {
    if (!field.accepts(text)) return false;
    config.*place = Secret(std::string(text));
    return true;
  }
  bool operator()(bool Config::* place) const {
    if (text != "true" && text != "false" && text != "1" && text != "0") return false;
    config.*place = text == "true" || text == "1";
    return true;
  }
  template <class Integer>
  bool operator()(Integer Config::* place) const {
    const auto value = whole_number(text);
    if (!value || *value < field.least || *value > field.most) return false;
    config.*place = static_cast<Integer>(*value);
    return true;
  }
};

// TOML's basic strings escape as JSON's do, but for delete.
std::string toml_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  for (std::size_t at; (at = out.find('\x7f')) != std::string::npos;) out.replace(at, 1, "\\u007f");
  return out;
}

struct Print {
  const Config& config;
  std::string operator()(std::string Config::* place) const { return toml_string(config.*place); }
  std::string operator()(Secret Config::* place) const { return toml_string((config.*place).empty() ? "" : shown_secret); }
  std::string operator()(bool Config::* place) const { return config.*place ? "true" : "false"; }
  template <class Integer>
  std::string operator()(Integer Config::* place) const {
    return std::to_string(config.*place);
  }
};

}  // namespace

std::string ConfigField::flag_name() const {
  return "--" + spelled(name, '-', [](char c) { return c; });
}
std::string ConfigField::environment_name() const {
  return "PURSER_" + spelled(name, '_', [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}
bool ConfigField::assign(Config& config, std::string_view text) const { return std::visit(Assign{*this, config, text}, place); }
std::string ConfigField::toml(const Config& config) const { return std::visit(Print{config}, place); }

std::span<const ConfigField> config_fields() { return table(); }

const ConfigField* find_config_field(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &ConfigField::name);
  return found == table().end() ? nullptr : &*found;
}

std::string nearest_config_field(std::string_view name) {
  return std::ranges::min_element(table(), {}, [&](const ConfigField& field) { return edit_distance(name, field.name); })->name;
}

std::vector<FieldError> config_contradictions(const Config& config) {
  std::vector<FieldError> errors;
  const auto refuse = [&](const char* field, std::string detail) {
    errors.push_back({std::string("/") + field, std::move(detail), "config_contradiction"});
  };
  const auto key_is_for = [&](std::string_view kind) {
    const std::string& key = config.stripe_secret_key.reveal();
    return key.size() > 2 && std::string_view(key).substr(2).starts_with("_" + std::string(kind) + "_");  // sk_live_, rk_live_
  };

  if (config.dev && config.mode == "live") refuse("dev", "dev is for trying things out and cannot be combined with mode = \"live\"");
  if (config.mode == "test" && key_is_for("live"))
    refuse("stripe_secret_key",
           "stripe_secret_key is a live key, but mode is \"test\": real cards would be charged; set mode = \"live\" or use a test key");
  if (config.mode == "live" && key_is_for("test"))
    refuse("stripe_secret_key",
           "stripe_secret_key is a test key, but mode is \"live\": nothing would be charged; set mode = \"test\" or use a live key");
  if (!config.adyen_api_key.empty() && config.adyen_merchant_account.empty())
    refuse("adyen_merchant_account", "adyen_api_key is set and adyen_merchant_account is not: name the account that is charged for");
  if (!config.adyen_api_key.empty() && config.adyen_hmac_key.empty())
    refuse("adyen_hmac_key",
           "adyen_api_key is set and adyen_hmac_key is not: without webhooks no capture, refund or cancellation at Adyen ever ends");
  if (!config.paypal_client_id.empty() && config.paypal_client_secret.empty())
    refuse("paypal_client_secret", "paypal_client_id is set and paypal_client_secret is not");
  if (!config.paypal_client_id.empty() && (config.paypal_webhook_id.empty() || config.paypal_webhook_certificates.empty()))
    refuse("paypal_webhook_id",
           "paypal_client_id is set, and paypal_webhook_id or paypal_webhook_certificates is not: no webhook of PayPal's could be believed");
  if (config.processor_connect_timeout_ms > config.processor_total_timeout_ms)
    refuse("processor_connect_timeout_ms", fmt::format("processor_connect_timeout_ms is {}, more than processor_total_timeout_ms, which is {}",
                                                       config.processor_connect_timeout_ms, config.processor_total_timeout_ms));
  if (config.key_secret.empty() && !config.dev)
    refuse("key_secret",
           fmt::format("key_secret is not set; give at least {} random characters by PURSER_KEY_SECRET_FILE, or try things out with --dev",
                       key_secret_bytes_min));
  return errors;
}

}  // namespace purser
