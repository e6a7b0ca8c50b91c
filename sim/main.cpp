// purser-sim: the simulator's program. `purser-sim --help` lists what it can do.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <thread>

#include "platform/log.hpp"
#include "sim/batch.hpp"
#include "sim/mutants.hpp"

namespace purser::sim {
namespace {

struct Flags {
  BatchOptions batch;
  std::optional<std::uint64_t> seed;
  bool storm = false, trace = false, logs = false, json = false, mutants = false;
  std::uint64_t mutant_seeds_max = 200;
  std::string mutant;
};

std::string clock_text(std::int64_t us) {
  const std::int64_t ms = us / 1000;
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

// One seed's whole story.
int replay(const Flags& flags) {
  Disks disks;
  SeedOptions options{.storm = flags.storm};
  if (flags.trace)
    options.listener = [&](std::int64_t now_us, std::string_view who, const std::string& what) {
      if (who == "log" && !flags.logs) return;
      fmt::print("{}  {:<10} {}\n", clock_text(now_us), who, what);
    };
  const SeedReport report = run_seed(*flags.seed, disks, options);
  fmt::print("\nseed {}: {:.2f} virtual hours, {} crashes, {} buyers, {} orders, {} payments asked for, {} requests\n", report.seed,
             static_cast<double>(report.virtual_us) / 3.6e9, report.crashes, report.buyers, report.orders, report.payments, report.requests);
  for (const auto& [fault, count] : report.faults) fmt::print("  {:<34} {:>6}\n", fault, count);
  for (const Violation& violation : report.violations) fmt::print("VIOLATION {}: {}\n", violation.check, violation.detail);
  fmt::print("digest {:016x}\n", report.digest);
  return report.violations.empty() ? 0 : 1;
}

int hunt(const Flags& flags) {
  const auto reports = hunt_mutants(flags.batch.from, flags.mutant_seeds_max, flags.batch.jobs);
  int missed = 0;
  for (const MutantReport& report : reports) {
    if (!report.caught) ++missed;
    fmt::print("  {:<42} {:>10}  {}\n", report.name, report.caught ? fmt::format("{} seeds", report.seeds) : "NOT CAUGHT", report.how);
  }
  fmt::print("{} mutants caught within {} seeds, {} missed\n", reports.size() - static_cast<std::size_t>(missed), flags.mutant_seeds_max, missed);
  return missed == 0 ? 0 : 1;
}

int batch(const Flags& flags) {
  const BatchReport report = run_batch(flags.batch);
  fmt::print("{}", flags.json ? summary_json(report) : summary(report));
  return report.violations.empty() ? 0 : 1;
}

int run(const Flags& flags) {
  if (!flags.mutant.empty() && !switch_on(flags.mutant)) {
    fmt::print(stderr, "purser-sim: there is no mutant {}. There are:\n", flags.mutant);
    for (const Mutant& mutant : all_mutants()) fmt::print(stderr, "  {:<42} {}\n", mutant.name, mutant.bug);
    return 2;
  }
  if (flags.seed) return replay(flags);
  return flags.mutants ? hunt(flags) : batch(flags);
}

}  // namespace
}  // namespace purser::sim

int main(int argc, char** argv) {
  purser::sim::Flags flags;
  flags.batch.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  CLI::App cli("Runs Purser's own code in a simulated world: virtual time, crashes, a network and a disk that fail. A seed is a whole bad day.",
               "purser-sim");
  cli.add_option("--seeds", flags.batch.seeds, "How many.")->capture_default_str();
  cli.add_option("--from", flags.batch.from, "The first one.")->capture_default_str();
  cli.add_option("--minutes", flags.batch.minutes, "As many seeds as that much time takes, instead of --seeds.");
  cli.add_option("--jobs", flags.batch.jobs, "Seeds at once.")->capture_default_str()->check(CLI::Range(1, 256));
  cli.add_flag("--stop-at-first", flags.batch.stop_at_first, "Stop at the first violation.");
  cli.add_flag("--json", flags.json, "The summary as JSON.");
  cli.add_option("--seed", flags.seed, "Run this one alone, and say what came of it.");
  cli.add_flag("--trace", flags.trace, "With --seed: its story as a timeline.");
  cli.add_flag("--storm", flags.storm, "With --seed: as every second seed of --mutants is, with more that is late and lost.");
  cli.add_flag("--logs", flags.logs, "With --trace: what the shop logged too.");
  cli.add_option("--mutant", flags.mutant, "Plant this bug first.");
  cli.add_flag("--mutants", flags.mutants, "Plant each bug in turn, and say whether it was caught.");
  cli.add_option("--mutant-seeds", flags.mutant_seeds_max, "With --mutants: seeds for each at the most.")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  purser::log::set_level(purser::log::Level::warn);
  const int status = purser::sim::run(flags);
  purser::log::flush();
  return status;
}
