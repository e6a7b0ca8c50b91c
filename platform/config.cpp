#include "platform/config.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "platform/config_fields.hpp"

namespace purser {
namespace {

constexpr std::string_view file_suffix = "_file";
constexpr std::size_t secret_bytes_max = 64 << 10;

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> chunk;
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
  return file.bad() ? std::nullopt : std::optional(std::move(text));
}

// One source's word on the fields: names as in the table, a secret's also with "_file" behind it.
struct Given {
  std::string text;
  std::string where;  // "environment PURSER_HTTP_PORT"
};
using Layer = std::map<std::string, Given, std::less<>>;

// The name a source may use for a field, beside its own.
std::optional<std::string> name_of_file_with(const ConfigField& field) {
  return field.is_secret() ? std::optional(field.name + std::string(file_suffix)) : std::nullopt;
}

const ConfigField* field_named(std::string_view key) {
  if (const ConfigField* field = find_config_field(key)) return field;
  if (!key.ends_with(file_suffix)) return nullptr;
  const ConfigField* field = find_config_field(key.substr(0, key.size() - file_suffix.size()));
  return field && field->is_secret() ? field : nullptr;
}

Layer from_flags(const std::map<std::string, std::string, std::less<>>& given) {
  Layer layer;
  for (const auto& [name, text] : given) {
    std::string flag = "flag --" + name;
    std::ranges::replace(flag, '_', '-');
    layer[name] = {text, flag};
  }
  return layer;
}

Layer from_environment(const Environment& environment) {
  Layer layer;
  for (const ConfigField& field : config_fields()) {
    const std::string variable = field.environment_name();
    if (auto text = environment(variable)) layer[field.name] = {*std::move(text), "environment " + variable};
    if (!field.is_secret()) continue;
    if (auto path = environment(variable + "_FILE")) layer[*name_of_file_with(field)] = {*std::move(path), "environment " + variable + "_FILE"};
  }
  return layer;
}

class Loading {
 public:
  void check_contradictions() {
    if (errors_.empty()) errors_ = config_contradictions(effective_.config);
  }

  // A file that cannot be read at all stays an error: any setting may be in it.
  void forgive_all_but(std::span<const std::string_view> needed) {
    std::erase_if(errors_, [&](const FieldError& error) {
      const std::string_view field = std::string_view(error.pointer).substr(1);
      return !field.empty() && std::ranges::find(needed, field) == needed.end();
    });
  }

  Result<EffectiveConfig> finish() && {
    if (errors_.empty()) return std::move(effective_);
    std::string lines;
    for (const FieldError& error : errors_) lines += (lines.empty() ? "" : "\n") + error.detail;
    return Error{.kind = Kind::invalid, .code = "config_invalid", .detail = std::move(lines), .fields = std::move(errors_)};
  }

  Layer from_file(const std::string& path) {
    Layer layer;
    const auto text = read_file(path);
    if (!text) {
      refuse("", fmt::format("the configuration file {} cannot be read", path));
      return layer;
    }
    try {
      for (const auto& [key, node] : toml::parse(*text, path)) take_node(layer, path, std::string(key.str()), node);
    } catch (const toml::parse_error& error) {
      refuse("", fmt::format("the configuration file {} is not TOML: line {}: {}", path, error.source().begin.line, error.description()));
    }
    return layer;
  }

  // The layers go from the weakest to the strongest; a wrong value is told even where a stronger one hides it.
  void apply(const Layer& layer, Origin::Source source) {
    for (const ConfigField& field : config_fields()) {
      const auto direct = layer.find(field.name);
      const auto by_file = field.is_secret() ? layer.find(*name_of_file_with(field)) : layer.end();
      if (direct != layer.end() && by_file != layer.end()) {
        refuse(field.name, fmt::format("{} is given twice: {} and {}", field.name, direct->second.where, by_file->second.where));
      } else if (direct != layer.end()) {
        assign(field, direct->second, source);
      } else if (by_file != layer.end()) {
        assign_from_file(field, by_file->second, source);
      }
    }
  }

  // The defaults, over them the file, over it the environment.
  void take_surroundings(const std::string& given_file, const Environment& environment) {
    for (const ConfigField& field : config_fields()) effective_.origins[field.name] = {};
    const std::string file = given_file.empty() ? environment("PURSER_CONFIG").value_or("") : given_file;
    if (!file.empty()) apply(from_file(file), Origin::Source::file);
    apply(from_environment(environment), Origin::Source::environment);
  }

 private:
  void refuse(std::string_view field, std::string detail) { errors_.push_back({"/" + std::string(field), std::move(detail), "config_invalid"}); }

  void take_node(Layer& layer, const std::string& path, const std::string& key, const toml::node& node) {
    const std::string where = fmt::format("file {}, line {}", path, node.source().begin.line);
    const ConfigField* field = field_named(key);
    if (!field) return refuse(key, fmt::format("unknown key {} ({}); the nearest known one is {}", key, where, nearest_config_field(key)));

    const bool names_file = field->name != key;
    const bool right_type = field->is_number() ? node.is_integer() : field->is_flag() ? node.is_boolean() : node.is_string();
    if (!names_file && !right_type) return refuse_value(*field, as_written(node), where);
    if (names_file && !node.is_string()) return refuse(field->name, fmt::format("{} ({}) is not a path in quotes", key, where));
    layer[key] = {plain_text(node), where};
  }

  static std::string plain_text(const toml::node& node) {
    if (const auto text = node.value_exact<std::string>()) return *text;
    return as_written(node);
  }

  static std::string as_written(const toml::node& node) {
    std::ostringstream out;
    node.visit([&](const auto& typed) { out << typed; });
    return std::move(out).str();
  }

  void refuse_value(const ConfigField& field, const std::string& text, const std::string& where) {
    const std::string shown = field.is_secret() ? "what it is set to is" : fmt::format("\"{}\" is", text);
    refuse(field.name, fmt::format("{}: {} not allowed ({}); allowed: {}", field.name, shown, where, field.allowed));
  }

  void assign(const ConfigField& field, const Given& given, Origin::Source source) {
    if (!field.assign(effective_.config, given.text)) return refuse_value(field, given.text, given.where);
    effective_.origins[field.name] = {source, given.where};
  }

  // Editors and `echo` end a file with a line break, which is no part of the secret.
  void assign_from_file(const ConfigField& field, const Given& path, Origin::Source source) {
    auto text = read_file(path.text);
    if (!text || text->size() > secret_bytes_max)
      return refuse(field.name, fmt::format("{}: the file {} cannot be read ({}); allowed: a file that holds {}", field.name, path.text, path.where,
                                            field.allowed));
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    assign(field, {*std::move(text), path.where}, source);
  }

  EffectiveConfig effective_;
  std::vector<FieldError> errors_;
};

}  // namespace

bool EffectiveConfig::is_default(std::string_view field) const {
  const auto found = origins.find(field);
  return found == origins.end() || found->second.source == Origin::Source::built_in;
}

void ConfigFlags::add_to(CLI::App& command) {
  command.add_option("--config", file_, "a TOML file with these settings (or PURSER_CONFIG)");
  command.add_flag("--print-config", print_config_, "print every setting with its origin, and end");
  const Config defaults;
  for (const ConfigField& field : config_fields()) {
    const std::string& name = field.name;
    if (field.is_flag()) {
      command.add_flag_function(field.flag_name(), [this, name](std::int64_t count) { given_[name] = count > 0 ? "true" : "false"; }, field.help);
    } else if (field.is_secret()) {
      const std::string help = fmt::format("a file that holds {} (or {})", field.help, field.environment_name() + "_FILE");
      command.add_option_function<std::string>(
          field.flag_name() + "-file", [this, name](const std::string& path) { given_[name + std::string(file_suffix)] = path; }, help);
    } else {
      const std::string help = fmt::format("{}; {} [{}]", field.help, field.allowed, field.toml(defaults));
      command.add_option_function<std::string>(field.flag_name(), [this, name](const std::string& text) { given_[name] = text; }, help);
    }
  }
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* text = std::getenv(name.c_str());
    return text ? std::optional<std::string>(text) : std::nullopt;
  };
}

Result<EffectiveConfig> load_config(const ConfigFlags& flags, const Environment& environment) {
  Loading loading;
  loading.take_surroundings(flags.file_, environment);
  loading.apply(from_flags(flags.given_), Origin::Source::flag);
  if (!flags.print_config()) loading.check_contradictions();
  return std::move(loading).finish();
}

Result<EffectiveConfig> load_settings(const std::string& file, const Environment& environment, std::span<const std::string_view> needed) {
  Loading loading;
  loading.take_surroundings(file, environment);
  loading.forgive_all_but(needed);
  return std::move(loading).finish();
}

std::string print_config(const EffectiveConfig& effective) {
  std::string text;
  for (const ConfigField& field : config_fields()) {
    const std::string setting = field.name + " = " + field.toml(effective.config);
    text += fmt::format("{:<52}  # {}\n", setting, effective.origins.at(field.name).text);
  }
  return text;
}

}  // namespace purser
