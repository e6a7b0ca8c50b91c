// Many seeds: on all cores, with progress, every tenth twice, and a summary.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/seed.hpp"

namespace purser::sim {

struct BatchOptions {
  std::uint64_t from = 1;
  std::uint64_t seeds = 2'000;
  double minutes = 0;  // more than 0: as many seeds as that much time takes
  int jobs = 2;
  bool stop_at_first = false;
  bool quiet = false;  // no progress
};

struct BatchReport {
  std::uint64_t seeds = 0, run_twice = 0;
  std::int64_t virtual_us = 0, crashes = 0, buyers = 0, orders = 0, payments = 0, requests = 0;
  std::map<std::string, std::int64_t, std::less<>> faults{};
  std::vector<std::pair<std::uint64_t, Violation>> violations{};
  double seconds = 0;
};

BatchReport run_batch(const BatchOptions& options);
std::string summary(const BatchReport& report);
std::string summary_json(const BatchReport& report);

struct MutantReport {
  std::string name;
  bool caught = false;
  std::uint64_t seeds = 0;  // until it was caught
  std::string how;
};
// Each mutant in a process of its own, for at most so many seeds.
std::vector<MutantReport> hunt_mutants(std::uint64_t from, std::uint64_t seeds_max, int jobs);

}  // namespace purser::sim
