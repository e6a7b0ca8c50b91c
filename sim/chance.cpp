#include "sim/chance.hpp"

#include <bit>

#include "kernel/assert.hpp"

namespace purser::sim {
namespace {

std::uint64_t split_mix(std::uint64_t& state) {
  std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Chance::Chance(std::uint64_t seed) : seed_(seed) {
  std::uint64_t state = seed;
  for (std::uint64_t& word : state_) word = split_mix(state);
}

Chance Chance::fork(std::string_view name) const {
  std::uint64_t hash = 0xcbf29ce484222325 ^ seed_;
  for (const char letter : name) hash = (hash ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3;
  return Chance(split_mix(hash));
}

std::uint64_t Chance::next() {
  const std::uint64_t drawn = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return drawn;
}

// The few values that come up once more often than the others do not matter here: the spans are small.
std::int64_t Chance::between(std::int64_t low, std::int64_t high) {
  PURSER_ASSERT(low <= high);
  const auto span = static_cast<std::uint64_t>(high - low) + 1;
  return low + static_cast<std::int64_t>(next() % span);
}

bool Chance::odds(double probability) { return probability > 0 && static_cast<double>(next() >> 11) < probability * static_cast<double>(1ULL << 53); }

std::size_t Chance::weighted(std::span<const double> weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  PURSER_ASSERT(sum > 0);
  double drawn = static_cast<double>(next() >> 11) / static_cast<double>(1ULL << 53) * sum;
  for (std::size_t index = 0; index < weights.size(); ++index)
    if ((drawn -= weights[index]) < 0) return index;
  return weights.size() - 1;
}

void SimRandom::fill(std::span<std::uint8_t> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t drawn = chance_.next();
    for (int i = 0; i < 8 && at < bytes.size(); ++i, drawn >>= 8) bytes[at++] = static_cast<std::uint8_t>(drawn);
  }
}

}  // namespace purser::sim
