#include <fmt/core.h>
#include <cstdlib>
#include <chrono>
#include "sim/seed.hpp"
int main(int argc, char** argv) {
  using namespace purser::sim;
  const std::uint64_t from = std::strtoull(argv[1], nullptr, 10), n = std::strtoull(argv[2], nullptr, 10);
  const bool trace = argc > 3;
  Disks disks;
  const auto t0 = std::chrono::steady_clock::now();
  for (std::uint64_t seed = from; seed < from + n; ++seed) {
    SeedOptions options;
    if (trace) options.listener = [](std::int64_t us, std::string_view who, const std::string& what) { fmt::print("{:>12.6f} {:<10} {}\n", us / 1e6, who, what); };
    const SeedReport report = run_seed(seed, disks, options);
    for (const Violation& v : report.violations) fmt::print("seed {}: {}: {}\n", seed, v.check, v.detail);
    if (n < 20) fmt::print("seed {} digest {:016x} hours {:.2f} crashes {} orders {} payments {} requests {}\n", seed, report.digest, report.virtual_us / 3.6e9, report.crashes, report.orders, report.payments, report.requests);
    std::fflush(stdout);
  }
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
  fmt::print("{} seeds in {:.1f} s: {:.1f}/s\n", n, s, n / s);
}
