#include "contexts/payments/rules/policy.hpp"

#include <algorithm>
#include <set>

#include "contexts/payments/rules/plan.hpp"

namespace purser::payments {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t wait_seconds = 2;  // until what is under way has most likely ended

bool holds(const std::vector<std::string>& list, const std::string& word) { return std::ranges::find(list, word) != list.end(); }

bool used_up(int limit, const Declines& declines) { return limit > 0 && declines.declined + declines.under_way >= limit; }

bool fits(std::int64_t sum, std::int64_t amount, std::int64_t maximum) {
  const auto after = checked_add(sum, amount);
  return after && *after <= maximum;
}

// The field of CreatePaymentRequest that the amount comes from.
std::string amount_pointer(const CoreRequestContext& request) { return request.order_id.empty() ? "/amount" : "/order_id"; }

Error refused(std::string pointer, std::string code, std::string detail) {
  Error error = invalid(std::move(pointer), code, std::move(detail));
  error.code = std::move(code);
  return error;
}

Error later(Error error, std::int64_t after_ms) {
  error.kind = Kind::rate_limited;
  error.retry_after_seconds = static_cast<int>(std::max<std::int64_t>(1, (after_ms + 999) / 1000));
  return error;
}

Error declined_often(const PolicyRefused& refused_by, std::string pointer, std::string code, const std::string& whose, Instant now) {
  const Declines& declines = refused_by.declines;
  Error error = refused(std::move(pointer), std::move(code),
                        "Too many payments of this " + whose + " were declined lately. Wait for Retry-After, or have the buyer ask their bank.");
  error.metadata = {{"declined", std::to_string(declines.declined)}, {"under_way", std::to_string(declines.under_way)}};
  // Where only what is under way is too much, its end may free the way.
  return later(std::move(error), declines.under_way > 0 ? wait_seconds * 1000 : (declines.next_free - now).ms);
}

std::string said(std::int64_t minor, const CoreRequestContext& request) { return to_text({minor, request.amount.currency}); }

std::string of_method(const AmountLimit& limit) { return limit.method.empty() ? "" : " by " + limit.method; }

class Faults {
 public:
  void add(std::string pointer, std::string code, std::string detail) { found.push_back({std::move(pointer), std::move(code), std::move(detail)}); }
  void check_countries(const std::vector<std::string>& countries, const std::string& pointer) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < countries.size(); ++i) {
      const std::string at = pointer + "/" + std::to_string(i);
      const bool code = countries[i].size() == 2 && std::ranges::all_of(countries[i], [](char c) { return c >= 'A' && c <= 'Z'; });
      if (!code) add(at, "country_malformed", "\"" + countries[i] + "\" is no ISO 3166-1 alpha-2 code, such as DE.");
      if (!seen.insert(countries[i]).second) add(at, "duplicate", "\"" + countries[i] + "\" stands in the list twice.");
    }
  }
  void check_limit(const AmountLimit& limit, const std::string& at) {
    if (!Currency::parse(limit.currency)) add(at + "/currency", "unknown_currency", "\"" + limit.currency + "\" is no ISO 4217 code.");
    if (!limit.payment_minimum && !limit.payment_maximum && !limit.day_maximum)
      add(at, "required", "Give payment_minimum, payment_maximum or day_maximum; a limit without any limits nothing.");
    if (limit.payment_minimum && limit.payment_maximum && *limit.payment_minimum > *limit.payment_maximum)
      add(at + "/payment_maximum", "out_of_range", "payment_maximum is less than payment_minimum: nothing could be paid.");
    if (limit.payment_minimum && limit.day_maximum && *limit.payment_minimum > *limit.day_maximum)
      add(at + "/day_maximum", "out_of_range", "day_maximum is less than payment_minimum: nothing could be paid.");
  }

  std::vector<ConfigFault> found;
};

}  // namespace

bool applies(const AmountLimit& limit, const CoreRequestContext& request) {
  return limit.currency == request.amount.currency.code() && (limit.method.empty() || limit.method == request.method);
}

std::int64_t day_of(Instant at) { return at.unix_ms / day_ms; }

std::optional<PolicyRefused> refusal_of(const PaymentPolicy& policy, const CoreRequestContext& request, const PolicyFacts& facts) {
  using enum PolicyRefusal;
  const VelocityLimit& velocity = policy.velocity;
  if (!policy.methods_allowed.empty() && !holds(policy.methods_allowed, request.method)) return PolicyRefused{method_refused};
  if (holds(policy.countries_refused, request.country)) return PolicyRefused{country_refused};
  if (!policy.countries_allowed.empty() && request.country.empty()) return PolicyRefused{country_required};
  if (!policy.countries_allowed.empty() && !holds(policy.countries_allowed, request.country)) return PolicyRefused{country_refused};
  for (const AmountLimit& limit : policy.amounts)
    if (applies(limit, request) && limit.payment_minimum && request.amount.minor < *limit.payment_minimum)
      return PolicyRefused{amount_below_minimum, &limit};
  for (const AmountLimit& limit : policy.amounts)
    if (applies(limit, request) && limit.payment_maximum && request.amount.minor > *limit.payment_maximum)
      return PolicyRefused{amount_above_maximum, &limit};
  if (policy.attempts_per_order > 0 && facts.attempts_of_order >= policy.attempts_per_order) return PolicyRefused{order_attempts_used};
  if (used_up(velocity.declines_per_order, facts.of_order)) return PolicyRefused{order_declined_often, nullptr, facts.of_order};
  if (used_up(velocity.declines_per_customer, facts.of_customer)) return PolicyRefused{customer_declined_often, nullptr, facts.of_customer};
  if (used_up(velocity.declines_per_address, facts.of_address)) return PolicyRefused{address_declined_often, nullptr, facts.of_address};
  for (std::size_t i = 0; i < policy.amounts.size(); ++i) {
    const AmountLimit& limit = policy.amounts[i];
    if (applies(limit, request) && limit.day_maximum && !fits(facts.day_sums.at(i), request.amount.minor, *limit.day_maximum))
      return PolicyRefused{day_limit_reached, &limit};
  }
  return std::nullopt;
}

Error explain(const PolicyRefused& by, const CoreRequestContext& request, Instant now) {
  switch (by.why) {
    case PolicyRefusal::method_refused:
      return refused("/method", "method_refused", "This shop does not take \"" + request.method + "\". Pay by another method.");
    case PolicyRefusal::country_refused:
      return refused("/country", "country_refused", "This shop takes no payments from " + request.country + ".");
    case PolicyRefusal::country_required:
      return refused("/country", "country_required",
                     "This shop takes payments from some countries only. Give the buyer's, an ISO 3166-1 alpha-2 code such as DE.");
    case PolicyRefusal::amount_below_minimum:
      return refused(amount_pointer(request), "amount_below_minimum",
                     "A payment" + of_method(*by.limit) + " must be of " + said(*by.limit->payment_minimum, request) + " at least.");
    case PolicyRefusal::amount_above_maximum:
      return refused(amount_pointer(request), "amount_above_maximum",
                     "A payment" + of_method(*by.limit) + " may be of " + said(*by.limit->payment_maximum, request) +
                         " at most. Pay a smaller amount, or by another method.");
    case PolicyRefusal::order_attempts_used:
      return refused("/order_id", "order_attempts_used", "This order was tried as often as the shop allows. Make a new order.");
    case PolicyRefusal::order_declined_often:
      return declined_often(by, "/order_id", "order_declined_often", "order", now);
    case PolicyRefusal::customer_declined_often:
      return declined_often(by, "/user_id", "customer_declined_often", "customer", now);
    case PolicyRefusal::address_declined_often:
      return declined_often(by, "/client_ip", "address_declined_often", "address", now);
    case PolicyRefusal::day_limit_reached:
      return later(refused(amount_pointer(request), "day_limit_reached",
                           "The shop takes " + said(*by.limit->day_maximum, request) + of_method(*by.limit) +
                               " a day at most, and this payment is more than is left of today. Pay less, or tomorrow (UTC)."),
                   day_ms - now.unix_ms % day_ms);
  }
  return {};
}

std::vector<ConfigFault> faults_of(const PaymentPolicy& policy) {
  Faults faults;
  std::set<std::pair<std::string, std::string>> limits;
  for (std::size_t i = 0; i < policy.amounts.size(); ++i) {
    const AmountLimit& limit = policy.amounts[i];
    const std::string at = "/policy/amounts/" + std::to_string(i);
    faults.check_limit(limit, at);
    if (!limits.insert({limit.currency, limit.method}).second) faults.add(at, "duplicate", "Another limit is of the same currency and method.");
  }
  std::set<std::string> methods;
  for (std::size_t i = 0; i < policy.methods_allowed.size(); ++i)
    if (!methods.insert(policy.methods_allowed[i]).second)
      faults.add("/policy/methods_allowed/" + std::to_string(i), "duplicate", "\"" + policy.methods_allowed[i] + "\" stands in the list twice.");
  faults.check_countries(policy.countries_allowed, "/policy/countries_allowed");
  faults.check_countries(policy.countries_refused, "/policy/countries_refused");
  for (std::size_t i = 0; i < policy.countries_refused.size(); ++i)
    if (holds(policy.countries_allowed, policy.countries_refused[i]))
      faults.add("/policy/countries_refused/" + std::to_string(i), "contradiction",
                 "\"" + policy.countries_refused[i] + "\" is allowed and refused; leave it out of one list.");
  return std::move(faults.found);
}

}  // namespace purser::payments
