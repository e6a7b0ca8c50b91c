// One seed: a whole bad day, from the first buyer to the last check.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/hosts.hpp"
#include "sim/world.hpp"

namespace purser::sim {

struct SeedReport {
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  std::int64_t virtual_us = 0;
  std::int64_t crashes = 0, buyers = 0, orders = 0, payments = 0, requests = 0;
  std::map<std::string, std::int64_t, std::less<>> faults{};
  std::vector<Violation> violations{};
};

struct SeedOptions {
  // More of what makes things late: for planted bugs that need a rare meeting of circumstances.
  bool storm = false;
  // Hears the story, line by line; and what the shop logs.
  std::function<void(std::int64_t now_us, std::string_view who, const std::string& what)> listener{};
};

// `disks` are wiped first. The same seed gives the same report.
SeedReport run_seed(std::uint64_t seed, Disks& disks, const SeedOptions& options = {});

}  // namespace purser::sim
