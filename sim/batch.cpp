#include "sim/batch.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

#include "kernel/assert.hpp"
#include "platform/json/json_writer.hpp"
#include "sim/mutants.hpp"

namespace purser::sim {
namespace {

using Time = std::chrono::steady_clock;

double seconds_since(Time::time_point begin) { return std::chrono::duration<double>(Time::now() - begin).count(); }

// An assertion ends the process: then the seed must be known all the same.
thread_local std::uint64_t current_seed = 0;
void tell_seed(int signal) {
  std::array<char, 160> line{};
  const auto end = fmt::format_to_n(line.data(), line.size() - 1, "\nseed {} ended the process (signal {}). See it: ./dev sim --seed {} --trace\n",
                                    current_seed, signal, current_seed);
  static_cast<void>(!::write(STDERR_FILENO, line.data(), end.size));
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void add(BatchReport& all, const SeedReport& one) {
  ++all.seeds;
  all.virtual_us += one.virtual_us;
  all.crashes += one.crashes;
  all.buyers += one.buyers;
  all.orders += one.orders;
  all.payments += one.payments;
  all.requests += one.requests;
  for (const auto& [fault, count] : one.faults) all.faults[fault] += count;
  for (const Violation& violation : one.violations) all.violations.emplace_back(one.seed, violation);
}

class Batch {
 public:
  explicit Batch(const BatchOptions& options) : options_(options), next_(options.from) {}

  BatchReport run() {
    for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, tell_seed);
    std::vector<std::thread> threads;
    for (int job = 0; job < options_.jobs; ++job) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    report_.seconds = seconds_since(begin_);
    if (!options_.quiet && ::isatty(STDERR_FILENO)) fmt::print(stderr, "\r{:80}\r", "");
    std::ranges::sort(report_.violations, {}, [](const auto& found) { return found.first; });
    return std::move(report_);
  }

 private:
  bool is_over(std::uint64_t seed) const {
    if (stop_) return true;
    if (options_.minutes > 0) return seconds_since(begin_) > options_.minutes * 60;
    return seed >= options_.from + options_.seeds;
  }

  void work() {
    Disks disks;
    for (;;) {
      const std::uint64_t seed = next_++;
      if (is_over(seed)) return;
      current_seed = seed;
      SeedReport report = run_seed(seed, disks);
      const bool twice = seed % 10 == 0;
      if (twice) {
        const SeedReport again = run_seed(seed, disks);
        if (again.digest != report.digest)
          report.violations.push_back({"deterministic", fmt::format("two runs gave {:016x} and {:016x}", report.digest, again.digest)});
      }
      const std::lock_guard lock(mutex_);
      add(report_, report);
      if (twice) ++report_.run_twice;
      for (const Violation& violation : report.violations) tell(seed, violation);
      if (options_.stop_at_first && !report.violations.empty()) stop_ = true;
      progress();
    }
  }

  void tell(std::uint64_t seed, const Violation& violation) const {
    if (options_.quiet) return;
    fmt::print("seed {}: {}: {}\n  see it: ./dev sim --seed {} --trace\n", seed, violation.check, violation.detail, seed);
    std::fflush(stdout);
  }

  // On a terminal one line that changes; elsewhere a line now and then.
  void progress() {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    const double now = seconds_since(begin_);
    if (options_.quiet || now - told_at_ < (terminal ? 0.5 : 20)) return;
    told_at_ = now;
    const std::string wanted =
        options_.minutes > 0 ? fmt::format("{:.1f} of {} min", now / 60, options_.minutes) : fmt::format("of {}", options_.seeds);
    fmt::print(stderr, "{}{} seeds {}, {:.1f} a second, {} crashes, {} violations{}", terminal ? "\r" : "", report_.seeds, wanted,
               static_cast<double>(report_.seeds) / now, report_.crashes, report_.violations.size(), terminal ? "   " : "\n");
  }

  const BatchOptions options_;
  const Time::time_point begin_ = Time::now();
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards the two below
  BatchReport report_;
  double told_at_ = 0;
};

// What a child tells its parent over the pipe: "<seeds> <how>".
[[noreturn]] void hunt_one(const Mutant& mutant, std::uint64_t from, std::uint64_t seeds_max, int pipe) {
  PURSER_ASSERT(switch_on(mutant.name));
  for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, SIG_DFL);
  Disks disks;
  for (std::uint64_t seed = from; seed < from + seeds_max; ++seed) {
    const std::uint64_t seeds = seed - from + 1;
    static_cast<void>(!::write(pipe, &seeds, sizeof seeds));
    const SeedReport report = run_seed(seed, disks, {.storm = seed % 2 == 1});
    if (report.violations.empty()) continue;
    const std::string how = report.violations.front().check;
    static_cast<void>(!::write(pipe, how.data(), how.size()));
    ::_exit(1);
  }
  ::_exit(0);
}

MutantReport hunt(const Mutant& mutant, std::uint64_t from, std::uint64_t seeds_max) {
  std::array<int, 2> ends{};
  PURSER_ASSERT(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  PURSER_ASSERT(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    hunt_one(mutant, from, seeds_max, ends[1]);
  }
  ::close(ends[1]);
  MutantReport report{.name = std::string(mutant.name), .how = ""};
  std::string told;
  std::array<char, 512> some{};
  for (ssize_t count = 0; (count = ::read(ends[0], some.data(), some.size())) > 0;) told.append(some.data(), static_cast<std::size_t>(count));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::size_t seed_bytes = told.size() / sizeof(std::uint64_t) * sizeof(std::uint64_t);
  report.caught = WIFSIGNALED(status) || WEXITSTATUS(status) == 1;
  report.how = WIFSIGNALED(status) ? "an assertion" : "";
  for (std::size_t at = 0; at < seed_bytes; at += sizeof(std::uint64_t)) {
    std::uint64_t seeds = 0;
    std::copy_n(told.data() + at, sizeof seeds, reinterpret_cast<char*>(&seeds));
    if (seeds != report.seeds + 1) break;
    report.seeds = seeds;
  }
  if (!WIFSIGNALED(status) && report.caught) report.how = told.substr(report.seeds * sizeof(std::uint64_t));
  return report;
}

}  // namespace

BatchReport run_batch(const BatchOptions& options) { return Batch(options).run(); }

std::string summary(const BatchReport& report) {
  std::string text;
  const auto row = [&](std::string_view name, auto value) { text += fmt::format("  {:<34} {:>14}\n", name, value); };
  row("seeds", report.seeds);
  row("of them run twice", report.run_twice);
  row("virtual hours", fmt::format("{:.1f}", static_cast<double>(report.virtual_us) / 3.6e9));
  row("buyers", report.buyers);
  row("orders acknowledged", report.orders);
  row("payments asked for", report.payments);
  row("requests of clients", report.requests);
  row("crashes", report.crashes);
  for (const auto& [fault, count] : report.faults) row(fault, count);
  row("violations", report.violations.size());
  row("seconds", fmt::format("{:.1f}", report.seconds));
  row("seeds a second", fmt::format("{:.1f}", static_cast<double>(report.seeds + report.run_twice) / std::max(report.seconds, 0.001)));
  return text;
}

std::string summary_json(const BatchReport& report) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_object()
      .key("seeds")
      .integer(static_cast<std::int64_t>(report.seeds))
      .key("run_twice")
      .integer(static_cast<std::int64_t>(report.run_twice));
  writer.key("virtual_hours").raw(fmt::format("{:.3f}", static_cast<double>(report.virtual_us) / 3.6e9)).key("crashes").integer(report.crashes);
  writer.key("buyers").integer(report.buyers).key("orders").integer(report.orders).key("payments").integer(report.payments);
  writer.key("requests").integer(report.requests).key("faults").begin_object();
  for (const auto& [fault, count] : report.faults) writer.key(fault).integer(count);
  writer.end_object().key("violations").begin_array();
  for (const auto& [seed, violation] : report.violations)
    writer.begin_object()
        .key("seed")
        .integer_text(static_cast<std::int64_t>(seed))
        .key("check")
        .string(violation.check)
        .key("detail")
        .string(violation.detail)
        .end_object();
  writer.end_array().key("seconds").raw(fmt::format("{:.2f}", report.seconds)).end_object();
  return json + "\n";
}

std::vector<MutantReport> hunt_mutants(std::uint64_t from, std::uint64_t seeds_max, int jobs) {
  const auto mutants = all_mutants();
  std::vector<MutantReport> reports(mutants.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (int job = 0; job < jobs; ++job)
    threads.emplace_back([&] {
      for (std::size_t index = next++; index < mutants.size(); index = next++) reports[index] = hunt(mutants[index], from, seeds_max);
    });
  for (std::thread& thread : threads) thread.join();
  return reports;
}

}  // namespace purser::sim
