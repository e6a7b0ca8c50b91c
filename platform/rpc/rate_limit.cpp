#include "platform/rpc/rate_limit.hpp"

#include <cmath>

namespace purser::rpc {
namespace {
constexpr std::size_t buckets_max = 10'000;
constexpr double full_enough = 0.999;  // of a bucket: forgetting it changes nothing
}  // namespace

RateLimiter::Standing RateLimiter::take(const std::string& key, Instant now) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= buckets_max && !buckets_.contains(key)) make_room(now);
  const double per_second = per_minute_ / 60.0;
  TokenBucket& bucket = buckets_.try_emplace(key, per_second, per_minute_).first->second;
  Standing standing{.allowed = bucket.take(now)};
  const double tokens = bucket.tokens(now);
  standing.remaining = static_cast<int>(tokens);
  standing.full_in_seconds = static_cast<int>(std::ceil((per_minute_ - tokens) / per_second));
  standing.retry_after_seconds = static_cast<int>((bucket.retry_after(now).ms + 999) / 1000);
  return standing;
}

void RateLimiter::make_room(Instant now) {
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.tokens(now) >= per_minute_ * full_enough; });
  if (buckets_.size() >= buckets_max) buckets_.clear();
}

void RateLimiter::describe(const Standing* standing, http::Headers& headers) const {
  if (!on()) return;
  headers.set("RateLimit-Policy", "\"default\";q=" + std::to_string(per_minute_) + ";w=60");
  if (standing == nullptr) return;
  headers.set("RateLimit", "\"default\";r=" + std::to_string(standing->remaining) + ";t=" + std::to_string(standing->full_in_seconds));
}

Error rate_limited(const RateLimiter::Standing& standing) {
  return {.kind = Kind::rate_limited,
          .code = "rate_limited",
          .detail = "Too many requests with this key; try again in " + std::to_string(standing.retry_after_seconds) + " s.",
          .retry_after_seconds = standing.retry_after_seconds};
}

}  // namespace purser::rpc
