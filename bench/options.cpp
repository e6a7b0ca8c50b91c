#include "bench/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace purser::bench {
namespace {

// The server lies beside us in the build folder, unless PURSER_BINARY or --binary says where it is.
std::filesystem::path default_binary() {
  if (const char* named = std::getenv("PURSER_BINARY")) return named;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "app" / "purser";
}

}  // namespace

std::optional<Options> read_options(int argc, char** argv, int& status) {
  Options options{.binary = default_binary()};
  std::size_t clients = 0;
  bool no_webhooks = false;
  CLI::App cli("Measures purser: checkouts per second over HTTP, beside what SQLite can commit of the same rows on the same disk.");
  cli.option_defaults()->always_capture_default();
  cli.add_option("--mode", options.mode, "own: processor in process, no delay. shop: processor over HTTP, slow. all: both.")
      ->check(CLI::IsMember({"own", "shop", "all"}));
  cli.add_option("--seconds", options.seconds, "Length of each measurement.")->check(CLI::Range(1, 3600));
  cli.add_option("--warmup-seconds", options.warmup_seconds, "What runs unmeasured before.")->check(CLI::Range(1, 600));
  cli.add_option("--clients", clients, "Concurrent clients (0: 64 in own, 256 in shop).")->check(CLI::Range(0, 4000));
  cli.add_option("--rate", options.rate_per_second, "Checkouts per second of the paced measurement in shop (0: half of the closed loop's).")
      ->check(CLI::Range(0.0, 1e6));
  cli.add_option("--delay-ms", options.delay_ms, "What every answer of the processor waits in shop.")->check(CLI::Range(0, 10'000));
  cli.add_flag("--no-webhooks", no_webhooks, "The processor sends no webhooks.");
  cli.add_option("--binary", options.binary, "The server to measure (PURSER_BINARY).");
  cli.add_option("--data-dir", options.data_dir, "A folder on the disk to measure; not a memory file system.");
  cli.add_flag("--keep", options.keep, "Keep the folder of the run: databases and logs.");
  cli.add_flag("--json", options.json, "Print one JSON object, with the field `ratio`.");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = cli.exit(error);
    return std::nullopt;
  }
  if (clients > 0) options.own_clients = options.shop_clients = clients;
  options.webhooks = !no_webhooks;
  return options;
}

}  // namespace purser::bench
