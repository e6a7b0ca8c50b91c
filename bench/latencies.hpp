// Latencies kept one by one and sorted at the end: exact percentiles, no buckets.
#pragma once
#include <cstdint>
#include <vector>

namespace purser::bench {

class Latencies {
 public:
  void reserve(std::size_t count) { microseconds_.reserve(count); }
  void add(std::int64_t microseconds) { microseconds_.push_back(microseconds); }
  void sort();
  std::size_t count() const { return microseconds_.size(); }
  // The least latency that `percent` of all requests did not exceed (nearest rank), in milliseconds; 0 of nothing. After sort().
  double percentile_ms(double percent) const;

 private:
  std::vector<std::int64_t> microseconds_;
};

}  // namespace purser::bench
