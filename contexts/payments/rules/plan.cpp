#include "contexts/payments/rules/plan.hpp"

#include <algorithm>
#include <set>

namespace purser::payments {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); }
bool allows(const std::vector<std::string>& list, std::string_view word) { return list.empty() || holds(list, word); }

constexpr std::size_t faults_max = 100;  // told of one configuration

int hour_of(Instant at) { return static_cast<int>(at.unix_ms / 3'600'000 % 24); }

bool within_hours(const RoutingRule& rule, int hour) {
  if (!rule.hour_from && !rule.hour_until) return true;
  const int from = rule.hour_from.value_or(0), until = rule.hour_until.value_or(24);
  return from < until ? from <= hour && hour < until : hour >= from || hour < until;
}

bool holds_for(const RoutingRule& rule, const CoreRequestContext& request) {
  if (!allows(rule.currencies, request.amount.currency.code())) return false;
  if (rule.amount_minimum && request.amount.minor < *rule.amount_minimum) return false;
  if (rule.amount_maximum && request.amount.minor > *rule.amount_maximum) return false;
  if (!allows(rule.countries, request.country)) return false;
  if (!allows(rule.card_networks, request.card_network)) return false;
  if (!allows(rule.methods, request.method)) return false;
  for (const auto& [key, value] : rule.metadata) {
    const auto found = request.metadata.find(key);
    if (found == request.metadata.end() || found->second != value) return false;
  }
  return within_hours(rule, hour_of(request.at));
}

const VolumeShare* share_of(const MerchantConfig& config, const std::string& id) {
  int until = 0;
  for (const VolumeShare& share : config.volume)
    if (percentile_of(id) < (until += share.percent)) return &share;
  return nullptr;
}

// Collects the candidates, each once, of those that may take the method.
class Candidates {
 public:
  explicit Candidates(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}
  // The first who can put anyone first says why.
  void add(const std::vector<std::string>& more, const std::string& why) {
    for (const std::string& processor : more) {
      if (!holds(allowed_, processor) || holds(list_, processor)) continue;
      if (list_.empty()) why_ = why;
      list_.push_back(processor);
    }
  }
  bool none() const { return list_.empty(); }
  PaymentStep step(std::string method, std::int64_t amount) && { return {std::move(method), amount, std::move(list_), std::move(why_)}; }

 private:
  std::vector<std::string> allowed_, list_;
  std::string why_ = "no processor takes this method";
};

// Of those that a part of the configuration names: its first, and whoever else has a token for this payment.
std::vector<std::string> able_to_lead(const std::vector<std::string>& named, const std::vector<std::string>& allowed,
                                      const CoreRequestContext& request) {
  std::vector<std::string> able;
  for (const std::string& processor : named) {
    if (!holds(allowed, processor) || holds(able, processor)) continue;
    if (able.empty() || !request.tokens_at || holds(*request.tokens_at, processor)) able.push_back(processor);
  }
  return able;
}

class Faults {
 public:
  explicit Faults(const std::vector<std::string>& processors) : processors_(processors) {}
  void add(std::string pointer, std::string code, std::string detail) {
    if (found_.size() < faults_max) found_.push_back({std::move(pointer), std::move(code), std::move(detail)});
  }
  void check_processors(const std::vector<std::string>& list, const std::string& pointer) {
    for (std::size_t i = 0; i < list.size(); ++i) check_processor(list[i], pointer + "/" + std::to_string(i));
    if (std::set<std::string>(list.begin(), list.end()).size() != list.size()) add(pointer, "duplicate", "A processor stands in the list twice.");
  }
  void check_processor(const std::string& name, const std::string& pointer) {
    if (holds(processors_, name)) return;
    std::string known;
    for (const std::string& processor : processors_) known += (known.empty() ? "" : ", ") + processor;
    add(pointer, "processor_unknown", "No processor \"" + name + "\" is set up here; there are: " + known + ".");
  }
  std::vector<ConfigFault> found() && { return std::move(found_); }

 private:
  const std::vector<std::string>& processors_;
  std::vector<ConfigFault> found_;
};

void check_rule(Faults& faults, const RoutingRule& rule, const std::string& at) {
  faults.check_processors(rule.processors, at + "/processors");
  if (rule.processors.empty()) faults.add(at + "/processors", "required", "Name at least one processor.");
  for (std::size_t i = 0; i < rule.currencies.size(); ++i)
    if (!Currency::parse(rule.currencies[i]))
      faults.add(at + "/currencies/" + std::to_string(i), "unknown_currency", "\"" + rule.currencies[i] + "\" is no ISO 4217 code.");
  const bool bounded = rule.amount_minimum || rule.amount_maximum;
  if (bounded && rule.currencies.size() != 1)
    faults.add(at + "/currencies", "currency_needed", "A rule about amounts names one currency: 1000 is ten dollars and a thousand yen.");
  if (rule.amount_minimum && rule.amount_maximum && *rule.amount_minimum > *rule.amount_maximum)
    faults.add(at + "/amount_maximum", "out_of_range", "amount_maximum is less than amount_minimum: the rule never holds.");
  for (std::size_t i = 0; i < rule.countries.size(); ++i)
    if (rule.countries[i].size() != 2)
      faults.add(at + "/countries/" + std::to_string(i), "country_malformed",
                 "\"" + rule.countries[i] + "\" is no ISO 3166-1 alpha-2 code, such as DE.");
  if (rule.hour_from.has_value() != rule.hour_until.has_value())
    faults.add(at + "/hour_until", "required", "Give hour_from and hour_until together, or neither.");
  if (rule.hour_from && rule.hour_until && *rule.hour_from == *rule.hour_until)
    faults.add(at + "/hour_until", "out_of_range", "hour_from and hour_until are equal; leave both out for a rule that always holds.");
}

}  // namespace

PaymentPlan build_plan(const CoreRequestContext& request, const MerchantConfig& config, const std::vector<std::string>& processors,
                       const std::vector<SuccessRate>& rates) {
  const auto route = config.methods.find(request.method);
  // A processor may have been taken away since the configuration was made.
  std::vector<std::string> allowed = route == config.methods.end() ? processors : route->second;
  std::erase_if(allowed, [&](const std::string& processor) { return !holds(processors, processor); });
  const auto leader_among = [&](const std::vector<std::string>& named) {
    return leader_of(able_to_lead(named, allowed, request), request.payment_id, config.success, rates);
  };
  Candidates candidates(allowed);
  for (const RoutingRule& rule : config.rules) {
    if (!holds_for(rule, request)) continue;
    const std::string why = "rule \"" + rule.name + "\"";
    if (const Leader leader = leader_among(rule.processors); !leader.processor.empty()) candidates.add({leader.processor}, why + ", " + leader.why);
    candidates.add(rule.processors, why);
    break;
  }
  if (const VolumeShare* share = share_of(config, request.payment_id))
    candidates.add({share->processor}, std::to_string(share->percent) + " % of the volume");
  std::vector<std::string> rest = route == config.methods.end() ? std::vector<std::string>{} : route->second;
  rest.insert(rest.end(), config.priority.begin(), config.priority.end());
  if (const Leader leader = leader_among(rest); candidates.none() && !leader.processor.empty()) candidates.add({leader.processor}, leader.why);
  if (route != config.methods.end()) candidates.add(route->second, "first for " + request.method);
  candidates.add(config.priority, "first by priority");
  // A token is one processor's: whom nobody names is asked only where nobody else is.
  if (candidates.none() && !processors.empty()) candidates.add({processors.front()}, "the server's first for " + request.method);
  return {.amount = request.amount, .steps = {std::move(candidates).step(request.method, request.amount.minor)}, .config_version = config.version};
}

std::vector<ConfigFault> faults_of(const MerchantConfig& config, const std::vector<std::string>& processors) {
  Faults faults(processors);
  faults.check_processors(config.priority, "/priority");
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.rules.size(); ++i) {
    const std::string at = "/rules/" + std::to_string(i);
    check_rule(faults, config.rules[i], at);
    if (!names.insert(config.rules[i].name).second) faults.add(at + "/name", "duplicate", "Two rules are called \"" + config.rules[i].name + "\".");
  }
  int sum = 0;
  for (std::size_t i = 0; i < config.volume.size(); ++i) {
    faults.check_processor(config.volume[i].processor, "/volume/" + std::to_string(i) + "/processor");
    sum += config.volume[i].percent;
  }
  if (!config.volume.empty() && sum != 100)
    faults.add("/volume", "out_of_range", "The shares sum to " + std::to_string(sum) + " percent; they must sum to 100.");
  for (ConfigFault& fault : faults_of(config.policy)) faults.add(std::move(fault.pointer), std::move(fault.code), std::move(fault.detail));
  return std::move(faults).found();
}

}  // namespace purser::payments
