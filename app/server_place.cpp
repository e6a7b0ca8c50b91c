#include "app/server_place.hpp"

#include <CLI/CLI.hpp>

namespace purser::app {

void add_place(CLI::App& command, ServerPlace& place) {
  command.add_option("--data-dir", place.data_dir, "The server's data folder (or PURSER_DATA_DIR; else ./data).");
  command.add_option("--config", place.config, "The server's TOML file (or PURSER_CONFIG).");
}

Result<Config> settings_of(const ServerPlace& place, std::initializer_list<std::string_view> needed) {
  std::vector<std::string_view> names(needed);
  names.emplace_back("data_dir");
  TRY(EffectiveConfig effective, load_settings(place.config, process_environment(), names));
  if (!place.data_dir.empty()) effective.config.data_dir = place.data_dir;
  return std::move(effective.config);
}

}  // namespace purser::app
