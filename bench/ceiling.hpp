// The ceiling: what SQLite alone commits of the same rows on the same disk. A plain loop over its C API, statements prepared
// beforehand, values in memory beforehand, one transaction a checkout, the server's own schema with all its indexes,
// journal_mode=WAL and synchronous=FULL. No HTTP, no JSON, no reads, no rules, no updates.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "bench/rows.hpp"

namespace purser::bench {

struct Ceiling {
  std::uint64_t checkouts = 0;
  double seconds = 0;  // inside the loop only
  double cpu_seconds = 0;

  double per_second() const { return seconds > 0 ? static_cast<double>(checkouts) / seconds : 0; }
  double cpu_per_thousand() const { return checkouts == 0 ? 0 : cpu_seconds * 1000 / static_cast<double>(checkouts); }
};

// Writes the sample from beginning to end into a fresh file in `folder`, again and again until the loop has run so long. Making and
// opening the files is not measured. The files are small, which makes the ceiling higher, never lower.
Ceiling measure_ceiling(const Sample& sample, const std::filesystem::path& folder, std::chrono::seconds length);

}  // namespace purser::bench
