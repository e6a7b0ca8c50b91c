#include "contexts/payments/rules/success.hpp"

#include <algorithm>
#include <cstdint>

namespace purser::payments {
namespace {

// FNV-1a.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3;
  return hash >> 32;
}

// Two hashes of one id fall together where they differ little; stirred (murmur3's last step), they do not.
std::uint64_t stirred(std::uint64_t hash) {
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
  return hash ^ hash >> 33;
}

const SuccessRate* believed(const std::string& processor, const SuccessRouting& routing, const std::vector<SuccessRate>& rates) {
  const auto found = std::ranges::find(rates, processor, &SuccessRate::processor);
  return found == rates.end() || found->attempts < std::max(routing.attempts_minimum, 1) ? nullptr : &*found;
}

bool succeeds_more_often(const SuccessRate& a, const SuccessRate& b) {
  return std::int64_t{a.succeeded} * b.attempts > std::int64_t{b.succeeded} * a.attempts;
}

}  // namespace

int percentile_of(const std::string& text) { return static_cast<int>(hash_of(text) % 100); }

Leader leader_of(const std::vector<std::string>& candidates, const std::string& payment_id, const SuccessRouting& routing,
                 const std::vector<SuccessRate>& rates) {
  if (!routing.enabled || candidates.size() < 2) return {};
  // The configuration's first keeps its place while nothing is known of it: it gets the traffic, so that soon something is.
  const SuccessRate* best = believed(candidates.front(), routing, rates);
  if (best == nullptr) return {};
  for (const std::string& candidate : candidates) {
    const SuccessRate* rate = believed(candidate, routing, rates);
    if (rate != nullptr && succeeds_more_often(*rate, *best)) best = rate;
  }
  const std::uint64_t draw = stirred(hash_of("explore " + payment_id));
  if (static_cast<int>(draw % 100) < routing.exploration_percent) {
    std::vector<std::string> others = candidates;
    std::erase(others, best->processor);
    return {others[draw / 100 % others.size()],
            "explored: " + std::to_string(routing.exploration_percent) + " % of the payments go to the others in turn"};
  }
  return {best->processor, "succeeded most often lately: " + std::to_string(best->succeeded) + " of " + std::to_string(best->attempts)};
}

}  // namespace purser::payments
