#include "contexts/payments/config_book.hpp"

#include "kernel/letters.hpp"

namespace purser::payments {
namespace {

namespace api = ::payments::config::v1;

constexpr std::size_t known_max = 10'000;

template <class List>
std::vector<std::string> words(const List& list) {
  return {list.begin(), list.end()};
}
template <class List>
std::vector<std::string> words(const List& list, std::string (*in_case)(std::string)) {
  std::vector<std::string> all = words(list);
  for (std::string& word : all) word = in_case(std::move(word));
  return all;
}

RoutingRule rule_of(const api::RoutingRule& rule) {
  RoutingRule own{.name = rule.name(),
                  .processors = words(rule.processors()),
                  .currencies = words(rule.currencies(), in_upper_case),
                  .countries = words(rule.countries(), in_upper_case),
                  .card_networks = words(rule.card_networks(), in_lower_case),
                  .methods = words(rule.methods(), in_lower_case),
                  .metadata = {rule.metadata().begin(), rule.metadata().end()}};
  if (rule.has_amount_minimum()) own.amount_minimum = rule.amount_minimum();
  if (rule.has_amount_maximum()) own.amount_maximum = rule.amount_maximum();
  if (rule.has_hour_from()) own.hour_from = rule.hour_from();
  if (rule.has_hour_until()) own.hour_until = rule.hour_until();
  return own;
}

AmountLimit limit_of(const api::AmountLimit& limit) {
  AmountLimit own{.currency = in_upper_case(limit.currency()), .method = in_lower_case(limit.method())};
  if (limit.has_payment_minimum()) own.payment_minimum = limit.payment_minimum();
  if (limit.has_payment_maximum()) own.payment_maximum = limit.payment_maximum();
  if (limit.has_day_maximum()) own.day_maximum = limit.day_maximum();
  return own;
}

PaymentPolicy policy_of(const api::PaymentPolicy& policy) {
  PaymentPolicy own{.methods_allowed = words(policy.methods_allowed(), in_lower_case),
                    .countries_allowed = words(policy.countries_allowed(), in_upper_case),
                    .countries_refused = words(policy.countries_refused(), in_upper_case),
                    .attempts_per_order = policy.attempts_per_order(),
                    .velocity = {.declines_per_order = policy.velocity().declines_per_order(),
                                 .declines_per_customer = policy.velocity().declines_per_customer(),
                                 .declines_per_address = policy.velocity().declines_per_address()}};
  for (const api::AmountLimit& limit : policy.amounts()) own.amounts.push_back(limit_of(limit));
  if (policy.velocity().window_seconds() > 0) own.velocity.window = seconds(policy.velocity().window_seconds());
  return own;
}

SuccessRouting success_of(const api::SuccessRouting& success) {
  SuccessRouting own{.enabled = success.enabled()};
  if (success.window_seconds() > 0) own.window = seconds(success.window_seconds());
  if (success.attempts_minimum() > 0) own.attempts_minimum = success.attempts_minimum();
  if (success.has_exploration_percent()) own.exploration_percent = success.exploration_percent();
  return own;
}

}  // namespace

MerchantConfig from_api(const api::MerchantConfig& config) {
  MerchantConfig own{.version = config.version(), .priority = words(config.priority())};
  for (const api::MethodRoute& route : config.methods()) own.methods[in_lower_case(route.method())] = words(route.processors());
  for (const api::RoutingRule& rule : config.rules()) own.rules.push_back(rule_of(rule));
  for (const api::VolumeShare& share : config.volume()) own.volume.push_back({share.processor(), share.percent()});
  own.fallback.enabled = !config.fallback().disabled();
  if (config.fallback().attempts_max() > 0) own.fallback.attempts_max = config.fallback().attempts_max();
  if (config.fallback().decline_codes_size() > 0) own.fallback.decline_codes = words(config.fallback().decline_codes());
  own.policy = policy_of(config.policy());
  own.success = success_of(config.success());
  return own;
}

std::shared_ptr<const MerchantConfig> ConfigBook::of(store::Tx& tx, const std::string& merchant_id) {
  static const auto none = std::make_shared<const MerchantConfig>();
  const auto stored = latest_config(tx, merchant_id);
  if (!stored) return none;
  {
    const std::scoped_lock lock(guard_);
    const auto found = known_.find(merchant_id);
    if (found != known_.end() && found->second.config->version == stored->version && found->second.bytes == stored->bytes)
      return found->second.config;
  }
  api::MerchantConfig config;
  if (!config.ParseFromString(stored->bytes)) return none;
  config.set_version(stored->version);
  auto compiled = std::make_shared<const MerchantConfig>(from_api(config));
  const std::scoped_lock lock(guard_);
  if (known_.size() >= known_max) known_.clear();
  known_[merchant_id] = {stored->bytes, compiled};
  return compiled;
}

}  // namespace purser::payments
