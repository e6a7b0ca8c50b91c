// What a payment is to be made of: its steps, and for each the processors that may be asked, in order. Made from the strict request and the
// merchant's configuration alone (seed payment-orchestration-v2: deterministic; steps sum to the total), so that the same gives the same.
// Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contexts/payments/rules/policy.hpp"
#include "contexts/payments/rules/success.hpp"
#include "kernel/money.hpp"
#include "kernel/time.hpp"

namespace purser::payments {

// Something in a request that was not as the contract has it and was repaired at the edge (docs/edge.md).
struct ValidationIssue {
  std::string field{};  // a JSON pointer
  std::string code{};
  std::string received{};
  std::string used{};
  bool operator==(const ValidationIssue&) const = default;
};

// A request as the core knows it: whatever was messy is mended or refused by now.
struct CoreRequestContext {
  std::string merchant_id{};
  std::string payment_id{};  // decides which part of the volume it belongs to
  std::string order_id{};    // empty: a direct payment
  std::string user_id{};
  std::string client_ip{};
  Money amount;
  std::string method = "card";
  std::string country{};       // ISO 3166-1 alpha-2, upper case; empty: unknown
  std::string card_network{};  // lower case; empty: unknown
  std::map<std::string, std::string> metadata{};
  // Who else could be asked first, for a token is one processor's. Nothing where no token was given at all, as for a plan: then everybody.
  std::optional<std::vector<std::string>> tokens_at{};
  Instant at{};
  std::vector<ValidationIssue> validation_issues{};
};

// Everything given must hold; what is left out holds always.
struct RoutingRule {
  std::string name{};
  std::vector<std::string> processors{};
  std::vector<std::string> currencies{};
  std::optional<std::int64_t> amount_minimum{}, amount_maximum{};  // minor units, both included
  std::vector<std::string> countries{};
  std::vector<std::string> card_networks{};
  std::vector<std::string> methods{};
  std::map<std::string, std::string> metadata{};
  std::optional<int> hour_from{}, hour_until{};  // UTC, from included, until not; from 22 until 6 goes over midnight
};

struct VolumeShare {
  std::string processor{};
  int percent = 0;
};

struct FallbackPolicy {
  bool enabled = true;
  int attempts_max = 3;  // with one payment method, the first included
  std::vector<std::string> decline_codes = {"generic_decline",      "do_not_honor",    "processing_error",
                                            "issuer_not_available", "try_again_later", "reenter_transaction"};
};

struct MerchantConfig {
  std::int64_t version = 0;  // 0: the merchant has none
  std::map<std::string, std::vector<std::string>> methods{};
  std::vector<std::string> priority{};
  std::vector<RoutingRule> rules{};
  std::vector<VolumeShare> volume{};
  FallbackPolicy fallback{};
  PaymentPolicy policy{};
  SuccessRouting success{};
};

struct PaymentStep {
  std::string method{};
  std::int64_t amount = 0;
  std::vector<std::string> candidates{};  // never empty but where nobody takes the method
  std::string why{};
};

struct PaymentPlan {
  Money amount;
  std::vector<PaymentStep> steps{};
  std::int64_t config_version = 0;
};

// `processors`: those of this server that take the method, in its own order. The first of them is asked where the merchant says nothing.
// `rates`: how they did lately, where the merchant routes by that.
PaymentPlan build_plan(const CoreRequestContext& request, const MerchantConfig& config, const std::vector<std::string>& processors,
                       const std::vector<SuccessRate>& rates = {});

// What is wrong with a configuration: pointer into it ("/rules/0/processors/1"), code, and what to do.
struct ConfigFault {
  std::string pointer{};
  std::string code{};
  std::string detail{};
  bool operator==(const ConfigFault&) const = default;
};
// But for its methods, whose order only the contract has.
std::vector<ConfigFault> faults_of(const MerchantConfig& config, const std::vector<std::string>& processors);

}  // namespace purser::payments
