// What the benchmark is told. Durations are whole seconds; zero or empty means "the default named beside it".
#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace purser::bench {

struct Options {
  std::filesystem::path binary;                    // the server's
  std::filesystem::path data_dir = "build/bench";  // on a real disk; each run makes a fresh folder in it
  std::string mode = "own";                        // own, shop or all
  int seconds = 10;                                // of each measurement
  int warmup_seconds = 3;
  std::size_t own_clients = 64, shop_clients = 256;
  double rate_per_second = 0;  // of the paced measurement; 0: half of what the closed loop reached
  int delay_ms = 50;           // of the sandbox processor in the shop mode
  bool webhooks = true;        // the sandbox sends them, as a processor does
  bool json = false;
  bool keep = false;  // the folder of the run, for a look afterwards

  bool runs_own() const { return mode != "shop"; }
  bool runs_shop() const { return mode != "own"; }
};

// Nothing if the process is to end with `status` (help, or a wrong option, which has been explained).
std::optional<Options> read_options(int argc, char** argv, int& status);

}  // namespace purser::bench
