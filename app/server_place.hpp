// Where the server is that a command works beside: its data folder and what it is configured with. The command reads the variables
// and the file that the server reads, so that the two agree.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "platform/config.hpp"

namespace purser::app {

struct ServerPlace {
  std::string data_dir{};  // empty: as the server is configured
  std::string config{};    // its TOML file; empty: PURSER_CONFIG, if there is one
};

void add_place(CLI::App& command, ServerPlace& place);
// Of the server's settings those that are `needed`, beside its data folder; what is wrong with others does not matter here.
Result<Config> settings_of(const ServerPlace& place, std::initializer_list<std::string_view> needed = {});

}  // namespace purser::app
