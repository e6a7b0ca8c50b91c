#include "platform/resilience.hpp"

#include <algorithm>
#include <cmath>

namespace purser {
namespace {

// Sums of fractions fall short of a whole by a rounding error; nobody waits for that.
constexpr double rounding = 1e-9;
constexpr Duration never = hours(24);

}  // namespace

// While a probe is out `opened_` is the moment it was let through: a probe whose outcome is never told (its caller was
// cancelled) costs one more `open_for`, not the processor for ever.
bool CircuitBreaker::allow(Instant now) {
  if (!open_) return true;
  opened_ = std::min(opened_, now);  // a clock set back must not keep it open longer
  if (now - opened_ < open_for_) return false;
  probing_ = true;
  opened_ = now;
  return true;
}

// The outcome of a call that was let through before the breaker opened says nothing about the processor since.
void CircuitBreaker::succeeded() {
  if (open_ && !probing_) return;
  failures_ = 0;
  open_ = probing_ = false;
}

void CircuitBreaker::failed(Instant now) {
  if (open_ && !probing_) return;
  if (!open_ && ++failures_ < failures_max_) return;
  open_ = true;
  probing_ = false;
  opened_ = now;
}

CircuitBreaker::State CircuitBreaker::state(Instant now) const {
  if (!open_) return State::closed;
  return probing_ || now - opened_ >= open_for_ ? State::half_open : State::open;
}

Duration CircuitBreaker::retry_after(Instant now) const {
  if (state(now) != State::open) return {};
  return {open_for_.ms - std::max<std::int64_t>(0, (now - opened_).ms)};
}

bool TokenBucket::take(Instant now) {
  tokens_ = tokens(now);
  at_ = now;
  if (tokens_ < 1 - rounding) return false;
  tokens_ = std::max(0.0, tokens_ - 1);
  return true;
}

double TokenBucket::tokens(Instant now) const {
  const auto passed_ms = static_cast<double>(std::max<std::int64_t>(0, (now - at_).ms));
  return std::min(burst_, tokens_ + passed_ms * per_second_ / 1000);
}

Duration TokenBucket::retry_after(Instant now) const {
  const double missing = 1 - rounding - tokens(now);
  if (missing <= 0) return {};
  if (per_second_ <= 0 || burst_ < 1) return never;
  const double wait_ms = std::ceil(missing / per_second_ * 1000);
  return {std::min(static_cast<std::int64_t>(std::min(wait_ms, 1e12)), never.ms)};
}

}  // namespace purser
