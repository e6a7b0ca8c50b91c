// The table of the configuration: one row a field, with its name, its place in Config, what it may be and what it is for.
// Part of config.hpp; nothing else includes it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "platform/config.hpp"

namespace purser {

struct ConfigField {
  using Place = std::variant<std::string Config::*, std::int64_t Config::*, std::uint16_t Config::*, bool Config::*, Secret Config::*>;

  std::string name;  // "http_port"
  Place place;
  std::string allowed;  // "a whole number from 0 to 65535"
  std::string help;
  std::int64_t least = 0, most = 0;             // of numbers
  bool (*accepts)(std::string_view) = nullptr;  // of texts and secrets

  bool is_secret() const { return std::holds_alternative<Secret Config::*>(place); }
  bool is_flag() const { return std::holds_alternative<bool Config::*>(place); }
  bool is_number() const { return std::holds_alternative<std::int64_t Config::*>(place) || std::holds_alternative<std::uint16_t Config::*>(place); }

  std::string flag_name() const;         // "--http-port"
  std::string environment_name() const;  // "PURSER_HTTP_PORT"

  bool assign(Config& config, std::string_view text) const;  // false, and nothing done, where the text is not allowed
  std::string toml(const Config& config) const;              // the value as TOML; "[set]" of a secret
};

std::span<const ConfigField> config_fields();
const ConfigField* find_config_field(std::string_view name);  // nothing if there is none
std::string nearest_config_field(std::string_view name);      // by edit distance

// Rules between fields: what is wrong, and at which field.
std::vector<FieldError> config_contradictions(const Config& config);

}  // namespace purser
