// The two ways of measuring, and what each finds out.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/ceiling.hpp"
#include "bench/load.hpp"
#include "bench/options.hpp"

namespace purser::bench {

// One kind of request under one kind of load.
struct Phase {
  std::string name;
  bool paced = false;
  double target_per_second = 0;  // where paced
  Measured measured;
  double server_cpu_seconds = 0;        // to the last answer
  double server_after_cpu_seconds = 0;  // and what it still had to do after it
  double generator_cpu_seconds = 0;
  double settle_seconds = 0;
  std::optional<double> commits{}, transactions{};  // of the store, by /metrics

  double per_thousand(double seconds) const { return measured.requests == 0 ? 0 : seconds * 1000 / static_cast<double>(measured.requests); }
};

struct ModeReport {
  std::string name;
  std::size_t clients = 0;
  double ready_seconds = 0;
  std::int64_t resident_start_bytes = 0, resident_end_bytes = 0;
  std::vector<Phase> phases;

  const Phase& phase(const std::string& phase_name, bool paced = false) const;
};

struct OwnReport {
  ModeReport mode;
  std::string transaction;  // what one of the ceiling holds
  Ceiling before, after;

  const Ceiling& ceiling() const { return before.per_second() > after.per_second() ? before : after; }
  double ratio() const { return mode.phase("POST /checkout").measured.per_second() / ceiling().per_second(); }
};

struct ShopReport {
  ModeReport mode;
  int delay_ms = 0;

  // p95 of POST /checkout less one delay of the processor, and nothing else.
  double own_share_p95_ms(bool paced) const;
};

// `folder` is on the disk to measure and empty. Both throw std::runtime_error where something cannot be measured; refused requests
// do not throw, they are in the report.
OwnReport measure_own(const Options& options, const std::filesystem::path& folder);
ShopReport measure_shop(const Options& options, const std::filesystem::path& folder);

}  // namespace purser::bench
