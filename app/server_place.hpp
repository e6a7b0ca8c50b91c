// Where the server is that a command works beside: its data folder and what it is configured with. The command reads the variables
// and the file that the server reads, so that the two agree.
#pragma once
#include <string>

#include "platform/config.hpp"

namespace purser::app {

struct ServerPlace {
  std::string data_dir{};  // empty: as the server is configured
  std::string config{};    // its TOML file; empty: PURSER_CONFIG, if there is one
};

void add_place(CLI::App& command, ServerPlace& place);
Result<Config> settings_of(const ServerPlace& place);

}  // namespace purser::app
