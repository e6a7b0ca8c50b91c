#include "contexts/payments/config_service.hpp"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "contexts/payments/policy_repository.hpp"
#include "kernel/letters.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/rpc/page.hpp"

namespace purser::payments {
namespace {

namespace api = ::payments::config::v1;
using store::Tx;

constexpr std::size_t bytes_max = 64 << 10;
constexpr int try_by_default = 100, rerouted_max = 100;

api::MerchantConfig to_api(const StoredConfig& stored) {
  api::MerchantConfig config;
  config.ParseFromString(stored.bytes);
  config.set_version(stored.version);
  *config.mutable_created_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(stored.created_at.unix_ms);
  return config;
}

// A limit on a method that nobody takes is a slip of the pen, and would limit nothing.
std::vector<ConfigFault> methods_nobody_takes(const api::PaymentPolicy& policy, const Processors& processors) {
  std::vector<ConfigFault> faults;
  const auto check = [&](const std::string& method, const std::string& at) {
    if (processors.taking(in_lower_case(method)).empty()) faults.push_back({at, "method_unknown", "No processor here takes \"" + method + "\"."});
  };
  for (int i = 0; i < policy.amounts_size(); ++i)
    if (!policy.amounts(i).method().empty()) check(policy.amounts(i).method(), "/policy/amounts/" + std::to_string(i) + "/method");
  for (int i = 0; i < policy.methods_allowed_size(); ++i) check(policy.methods_allowed(i), "/policy/methods_allowed/" + std::to_string(i));
  return faults;
}

// A rule for methods that its processor does not take would never send it anything.
std::vector<ConfigFault> rules_nobody_follows(const api::MerchantConfig& config, const Processors& processors) {
  std::vector<ConfigFault> faults;
  for (int i = 0; i < config.rules_size(); ++i) {
    const api::RoutingRule& rule = config.rules(i);
    const std::string at = "/rules/" + std::to_string(i);
    std::set<std::string> taking;
    for (int k = 0; k < rule.methods_size(); ++k) {
      const auto names = processors.taking(in_lower_case(rule.methods(k)));
      if (names.empty())
        faults.push_back({at + "/methods/" + std::to_string(k), "method_unknown", "No processor here takes \"" + rule.methods(k) + "\"."});
      taking.insert(names.begin(), names.end());
    }
    for (int k = 0; k < rule.processors_size() && !taking.empty(); ++k)
      if (processors.find(rule.processors(k)) && !taking.contains(rule.processors(k)))
        faults.push_back({at + "/processors/" + std::to_string(k), "method_not_taken",
                          "\"" + rule.processors(k) + "\" takes none of the rule's methods; name another processor, or other methods."});
  }
  return faults;
}

// A method that stands twice would hide one of its routes; one that is given to a processor that does not take it could not be paid.
std::vector<ConfigFault> faults_in(const api::MerchantConfig& config, const Processors& processors) {
  if (config.ByteSizeLong() > bytes_max)
    return {{"", "too_large", "The configuration has " + std::to_string(config.ByteSizeLong()) + " bytes as stored; at most 65536 are allowed."}};
  std::vector<ConfigFault> faults = faults_of(from_api(config), processors.names());
  std::set<std::string> methods;
  for (int i = 0; i < config.methods_size(); ++i) {
    const std::string method = in_lower_case(config.methods(i).method()), at = "/methods/" + std::to_string(i);
    if (!methods.insert(method).second) faults.push_back({at + "/method", "duplicate", "The method \"" + method + "\" stands twice."});
    const std::vector<std::string> taking = processors.taking(method);
    for (int k = 0; k < config.methods(i).processors_size(); ++k) {
      const std::string& processor = config.methods(i).processors(k);
      if (!processors.find(processor))
        faults.push_back({at + "/processors/" + std::to_string(k), "processor_unknown", "No processor \"" + processor + "\" is set up here."});
      else if (std::ranges::find(taking, processor) == taking.end())
        faults.push_back({at + "/processors/" + std::to_string(k), "method_not_taken", "\"" + processor + "\" does not take \"" + method + "\"."});
    }
  }
  for (ConfigFault& fault : rules_nobody_follows(config, processors)) faults.push_back(std::move(fault));
  for (ConfigFault& fault : methods_nobody_takes(config.policy(), processors)) faults.push_back(std::move(fault));
  return faults;
}

Result<Done> must_be_right(const api::MerchantConfig& config, const Processors& processors, const std::string& under) {
  Error error{.kind = Kind::invalid, .code = "config_invalid", .detail = "The configuration cannot be used; nothing was changed."};
  for (const ConfigFault& fault : faults_in(config, processors)) error.fields.push_back({under + fault.pointer, fault.detail, fault.code});
  if (error.fields.empty()) return Done{};
  return error;
}

// Where the client says which version it saw: nobody's change is overwritten unseen.
Result<Done> must_be_latest(Tx& tx, const rpc::Call& call) {
  if (!call.if_match) return Done{};
  const auto latest = latest_config(tx, call.caller.merchant_id);
  const std::int64_t version = latest ? latest->version : 0;
  if (version == *call.if_match) return Done{};
  return Error{.kind = Kind::stale,
               .code = "stale_version",
               .detail = "The configuration is at version " + std::to_string(version) + " now, changed by " +
                         (latest ? latest->actor : "nobody yet") + "; read it, and send the change again with its ETag.",
               .metadata = {{"version", std::to_string(version)}}};
}

// As a new version, whatever version it says it is.
api::MerchantConfig store_next(Tx& tx, const rpc::Call& call, api::MerchantConfig config, Instant now) {
  const auto latest = latest_config(tx, call.caller.merchant_id);
  config.clear_version();
  config.clear_created_at();
  const StoredConfig stored{
      .version = (latest ? latest->version : 0) + 1, .bytes = config.SerializeAsString(), .actor = call.caller.actor, .created_at = now};
  insert_config(tx, call.caller.merchant_id, stored);
  forget_day_sums(tx, call.caller.merchant_id);
  return to_api(stored);
}

Error version_not_found(std::int64_t version) {
  return {.kind = Kind::not_found,
          .code = "config_version_not_found",
          .detail = "There is no version " + std::to_string(version) + "; GET /merchant-config/versions lists those there are."};
}

// What was asked first, beside what would have been.
class Comparison {
 public:
  void take(const Payment& payment, const PaymentStep& step) {
    const std::string was = payment.attempts.empty() ? "" : payment.attempts.front().processor;
    const std::string would = step.candidates.empty() ? "" : step.candidates.front();
    response_.set_payments(response_.payments() + 1);
    ++shares_[was].first;
    ++shares_[would].second;
    if (was == would || response_.rerouted_size() >= rerouted_max) return;
    api::Rerouted& rerouted = *response_.add_rerouted();
    rerouted.set_payment_id(payment.id.text());
    rerouted.set_asked_first(was);
    rerouted.set_would_ask_first(would);
    rerouted.set_reason(step.why);
  }
  api::TryConfigResponse response() && {
    for (const auto& [processor, counts] : shares_) {
      api::ProcessorShare& share = *response_.add_processors();
      share.set_processor(processor);
      share.set_asked_first(counts.first);
      share.set_would_ask_first(counts.second);
    }
    return std::move(response_);
  }

 private:
  api::TryConfigResponse response_;
  std::map<std::string, std::pair<int, int>> shares_;
};

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number > 0 ? std::optional(number) : std::nullopt;
}

// A cursor of the list of versions; nothing where it is not given.
Result<std::optional<std::int64_t>> version_at(const std::string& cursor, const std::string& parameter) {
  const auto number = number_of(cursor);
  if (cursor.empty() || number) return number;
  return Error{.kind = Kind::invalid,
               .code = "validation_failed",
               .detail = parameter + " is the number of a version.",
               .fields = {{"/" + parameter, "This is not the number of a version.", "invalid_cursor"}}};
}

}  // namespace

Reply<api::GetConfigResponse> ConfigService::GetConfig(rpc::Call call, api::GetConfigRequest) {
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::GetConfigResponse> {
    api::GetConfigResponse response;
    response.mutable_config();
    if (const auto stored = latest_config(tx, call.caller.merchant_id)) *response.mutable_config() = to_api(*stored);
    return response;
  });
}

Reply<api::UpdateConfigResponse> ConfigService::UpdateConfig(rpc::Call call, api::UpdateConfigRequest request) {
  CO_TRY_DONE(must_be_right(request.config(), orchestrator_.processors(), "/config"));
  const Instant now = orchestrator_.book().clock().now();
  co_return co_await orchestrator_.store().transact([&](Tx& tx) -> Result<api::UpdateConfigResponse> {
    return rpc::once<api::UpdateConfigResponse>(tx, call, request, now, [&]() -> Result<api::UpdateConfigResponse> {
      TRY_DONE(must_be_latest(tx, call));
      api::UpdateConfigResponse response;
      *response.mutable_config() = store_next(tx, call, request.config(), now);
      return response;
    });
  });
}

Reply<api::ListConfigVersionsResponse> ConfigService::ListConfigVersions(rpc::Call call, api::ListConfigVersionsRequest request) {
  const rpc::Page page = rpc::Page::of(request);
  CO_TRY(const auto below, version_at(page.after, "starting_after"));
  CO_TRY(const auto above, version_at(page.before, "ending_before"));
  const int one_more = static_cast<int>(page.size) + 1;
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::ListConfigVersionsResponse> {
    const std::string& merchant = call.caller.merchant_id;
    auto found = page.backwards() ? list_configs_above(tx, merchant, *above, one_more) : list_configs(tx, merchant, below, one_more);
    api::ListConfigVersionsResponse response;
    response.set_has_more(rpc::settle_page(page, found));
    for (const StoredConfig& stored : found) *response.add_versions() = to_api(stored);
    if (response.has_more() && !found.empty()) response.set_next_page_token(std::to_string(found.back().version));
    return response;
  });
}

// A processor may have been taken away since: then the old version is as wrong as a new one with its name would be.
Reply<api::RollBackConfigResponse> ConfigService::RollBackConfig(rpc::Call call, api::RollBackConfigRequest request) {
  const Instant now = orchestrator_.book().clock().now();
  co_return co_await orchestrator_.store().transact([&](Tx& tx) -> Result<api::RollBackConfigResponse> {
    return rpc::once<api::RollBackConfigResponse>(tx, call, request, now, [&]() -> Result<api::RollBackConfigResponse> {
      TRY_DONE(must_be_latest(tx, call));
      const auto old = find_config(tx, call.caller.merchant_id, request.version());
      if (!old) return version_not_found(request.version());
      const api::MerchantConfig config = to_api(*old);
      TRY_DONE(must_be_right(config, orchestrator_.processors(), ""));
      api::RollBackConfigResponse response;
      *response.mutable_config() = store_next(tx, call, config, now);
      return response;
    });
  });
}

Reply<api::TryConfigResponse> ConfigService::TryConfig(rpc::Call call, api::TryConfigRequest request) {
  CO_TRY_DONE(must_be_right(request.config(), orchestrator_.processors(), "/config"));
  const MerchantConfig config = from_api(request.config());
  const rpc::Page page{.size = request.payments() > 0 ? request.payments() : try_by_default};
  co_return co_await orchestrator_.store().read([&](Tx& tx) -> Result<api::TryConfigResponse> {
    Comparison comparison;
    auto payments = list(tx, call.caller.merchant_id, {}, page);
    static_cast<void>(rpc::settle_page(page, payments));
    for (const Payment& payment : payments)
      comparison.take(payment, build_plan(request_of(payment), config, orchestrator_.processors().taking(payment.method)).steps.front());
    return std::move(comparison).response();
  });
}

}  // namespace purser::payments
