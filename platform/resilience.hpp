// Guards around what may fail or refuse: a circuit breaker and a token bucket. Pure values: time is an argument.
#pragma once
#include <cstdint>
#include <string_view>

#include "kernel/time.hpp"

namespace purser {

// Closed: all pass. After `failures_max` failures in a row it opens and refuses for `open_for`; then half-open: one probe
// passes, and its outcome closes or opens it again.
class CircuitBreaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  CircuitBreaker(int failures_max, Duration open_for) : failures_max_(failures_max), open_for_(open_for) {}
  bool allow(Instant now);  // asks for one call; when half-open only the first asker gets it
  void succeeded();
  void failed(Instant now);
  State state(Instant now) const;
  Duration retry_after(Instant now) const;  // zero unless open

 private:
  int failures_max_;
  Duration open_for_;
  int failures_ = 0;
  bool open_ = false;
  bool probing_ = false;
  Instant opened_{};
};

// `per_second` tokens a second, at most `burst` saved up.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst) : per_second_(per_second), burst_(burst), tokens_(burst) {}
  bool take(Instant now);
  double tokens(Instant now) const;
  Duration retry_after(Instant now) const;

 private:
  double per_second_, burst_, tokens_;
  Instant at_{};
};

}  // namespace purser
