// How many requests an API key may make: a token bucket for each, in memory, bounded in number.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "kernel/result.hpp"
#include "platform/http/message.hpp"
#include "platform/resilience.hpp"

namespace purser::rpc {

class RateLimiter {
 public:
  // 0: no limit, and no headers.
  explicit RateLimiter(int requests_per_minute) : per_minute_(requests_per_minute) {}
  void set(int requests_per_minute) { per_minute_ = requests_per_minute; }  // before the first take()

  struct Standing {
    bool allowed = true;
    int remaining = 0;
    int full_in_seconds = 0;
    int retry_after_seconds = 0;
  };
  bool on() const { return per_minute_ > 0; }
  Standing take(const std::string& key, Instant now);  // any thread

  // RateLimit-Policy and, where a key's standing is known, RateLimit (IETF draft httpapi-ratelimit-headers).
  void describe(const Standing* standing, http::Headers& headers) const;

 private:
  void make_room(Instant now);

  int per_minute_;
  std::mutex mutex_;
  std::map<std::string, TokenBucket> buckets_;
};

// 429 `rate_limited`, for a standing that is not allowed.
Error rate_limited(const RateLimiter::Standing& standing);

}  // namespace purser::rpc
