#include "bench/latencies.hpp"

#include <algorithm>
#include <cmath>

namespace purser::bench {

void Latencies::sort() { std::ranges::sort(microseconds_); }

double Latencies::percentile_ms(double percent) const {
  if (microseconds_.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(microseconds_.size())));
  return static_cast<double>(microseconds_[std::clamp<std::size_t>(rank, 1, microseconds_.size()) - 1]) / 1000;
}

}  // namespace purser::bench
