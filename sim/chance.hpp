// Seeded chance: the same seed draws the same numbers on every machine (xoshiro256**, seeded by splitmix64). The standard
// library's distributions differ from one to the next, so the draws are written out here.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "platform/random.hpp"

namespace purser::sim {

class Chance {
 public:
  explicit Chance(std::uint64_t seed);
  // A stream of its own, which draws the same whatever is drawn elsewhere.
  Chance fork(std::string_view name) const;

  std::uint64_t next();
  std::int64_t between(std::int64_t low, std::int64_t high);  // both ends included
  Duration between(Duration low, Duration high) { return {between(low.ms, high.ms)}; }
  bool odds(double probability);
  // An index, drawn by weight; at least one weight is positive.
  std::size_t weighted(std::span<const double> weights);
  template <class Container>
  const auto& one_of(const Container& items) {
    return items[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(std::size(items)) - 1))];
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
};

// The randomness port of one simulated process. Its line of ids starts over when the process does.
class SimRandom final : public Random {
 public:
  explicit SimRandom(Chance chance) : chance_(chance) {}
  void fill(std::span<std::uint8_t> bytes) override;
  LastId& last_id() override { return last_id_; }

 private:
  Chance chance_;
  LastId last_id_{};
};

}  // namespace purser::sim
