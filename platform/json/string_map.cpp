#include "platform/json/string_map.hpp"

#include <simdjson.h>

#include "kernel/assert.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::json {

std::string write_string_map(const std::map<std::string, std::string>& map) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  for (const auto& [key, value] : map) writer.key(key).string(value);
  writer.end_object();
  return out;
}

std::map<std::string, std::string> read_string_map(std::string_view json) {
  std::map<std::string, std::string> map;
  if (json.empty() || json == "{}") return map;
  thread_local simdjson::dom::parser parser;
  simdjson::dom::object object;
  PURSER_ASSERT(parser.parse(json.data(), json.size()).get(object) == simdjson::SUCCESS);
  for (const auto& [key, value] : object) {
    std::string_view text;
    PURSER_ASSERT(value.get(text) == simdjson::SUCCESS);
    map.emplace(key, text);
  }
  return map;
}

}  // namespace purser::json
