#include "contexts/payments/success_book.hpp"

#include "contexts/payments/policy_repository.hpp"

namespace purser::payments {
namespace {

constexpr Duration kept = seconds(5);
constexpr std::size_t known_max = 10'000;

}  // namespace

std::vector<SuccessRate> SuccessBook::of(store::Tx& tx, const std::string& merchant_id, const std::string& method, const SuccessRouting& routing,
                                         Instant now) {
  if (!routing.enabled) return {};
  const std::pair key(merchant_id, method);
  {
    const std::scoped_lock lock(guard_);
    const auto found = known_.find(key);
    const bool fresh =
        found != known_.end() && found->second.window == routing.window && now - found->second.read_at < kept && now >= found->second.read_at;
    if (fresh) return found->second.rates;
  }
  std::vector<SuccessRate> rates = success_rates(tx, merchant_id, method, now - routing.window);
  const std::scoped_lock lock(guard_);
  if (known_.size() >= known_max) known_.clear();
  known_[key] = {now, routing.window, rates};
  return rates;
}

}  // namespace purser::payments
