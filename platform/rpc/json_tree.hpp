// A JSON document as a tree that keeps what other readers drop: numbers as they were written, members in their order, names given twice.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/json/json_writer.hpp"

namespace purser::rpc {

struct JsonNode {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  std::string text{};                                       // of a text its characters; of a number or boolean as it was written
  std::vector<JsonNode> elements{};                         // of a list
  std::vector<std::pair<std::string, JsonNode>> members{};  // of an object
};

// Nothing where it is no JSON, not UTF-8, or nested deeper than json_depth_max: read_json() says why.
std::optional<JsonNode> read_tree(std::string_view json);

void write_tree(const JsonNode& node, JsonWriter& out);

}  // namespace purser::rpc
