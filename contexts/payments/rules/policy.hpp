// PaymentPolicyEnforcer: what a merchant wants refused before any processor is asked: amounts, methods, countries, too many attempts, too
// many declines, too much in one day. A refusal names the rule, the field and what to do. What happened before comes in as facts.
// Pure: no clock, no store. docs/policies.md tells it to merchants.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/result.hpp"
#include "kernel/time.hpp"

namespace purser::payments {

struct CoreRequestContext;

// Minor units of this currency; of one method, or over all where it is empty.
struct AmountLimit {
  std::string currency{};
  std::string method{};
  std::optional<std::int64_t> payment_minimum{}, payment_maximum{};
  std::optional<std::int64_t> day_maximum{};  // of a day in UTC; what failed or was voided does not count
};

// 0: no limit.
struct VelocityLimit {
  int declines_per_order = 0;
  int declines_per_customer = 0;
  int declines_per_address = 0;
  Duration window = hours(1);

  bool any() const { return declines_per_order > 0 || declines_per_customer > 0 || declines_per_address > 0; }
};

struct PaymentPolicy {
  std::vector<AmountLimit> amounts{};
  std::vector<std::string> methods_allowed{};    // empty: all
  std::vector<std::string> countries_allowed{};  // empty: all, and a payment that names none
  std::vector<std::string> countries_refused{};
  int attempts_per_order = 0;  // 0: no limit
  VelocityLimit velocity{};
};

// Of one order, customer or address within the window.
struct Declines {
  int declined = 0;
  int under_way = 0;    // attempts that were just begun, each of which may be declined: requests at once do not pass together
  Instant next_free{};  // when the oldest decline leaves the window
};

struct PolicyFacts {
  int attempts_of_order = 0;
  Declines of_order{}, of_customer{}, of_address{};
  std::vector<std::int64_t> day_sums{};  // one for each limit of PaymentPolicy::amounts; of those without day_maximum it is not asked
};

enum class PolicyRefusal : std::uint8_t {
  method_refused,
  country_refused,
  country_required,
  amount_below_minimum,
  amount_above_maximum,
  order_attempts_used,
  order_declined_often,
  customer_declined_often,
  address_declined_often,
  day_limit_reached,
};

struct PolicyRefused {
  PolicyRefusal why;
  const AmountLimit* limit = nullptr;  // of the policy
  Declines declines{};
  bool operator==(const PolicyRefused& other) const { return why == other.why && limit == other.limit; }
};

bool applies(const AmountLimit& limit, const CoreRequestContext& request);
// Days since 1970, UTC.
std::int64_t day_of(Instant at);

// The first rule that is broken; nothing where the payment may be tried at `now`.
std::optional<PolicyRefused> refusal_of(const PaymentPolicy& policy, const CoreRequestContext& request, const PolicyFacts& facts);

// 422 where another request is needed, 429 where time mends it.
Error explain(const PolicyRefused& refused, const CoreRequestContext& request, Instant now);

struct ConfigFault;
std::vector<ConfigFault> faults_of(const PaymentPolicy& policy);

}  // namespace purser::payments
