#include "platform/rpc/json_tree.hpp"

#include <simdjson.h>

#include "platform/rpc/json.hpp"
#include "platform/rpc/json_type.hpp"
#include "platform/rpc/json_value.hpp"

namespace purser::rpc {
namespace {

namespace od = simdjson::ondemand;

// simdjson takes a value for granted until somebody reads it; here everything is read.
std::string checked(std::string_view text) {
  if (!is_utf8(text)) throw simdjson::simdjson_error(simdjson::UTF8_ERROR);  // a lone surrogate, written as an escape
  return std::string(text);
}

std::string number_text(std::string_view raw) {
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\n' || raw.back() == '\r' || raw.back() == '\t')) raw.remove_suffix(1);
  if (number_form(raw) == NumberForm::none) throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
  return std::string(raw);
}

JsonNode node_of(od::value value, int depth) {
  const od::json_type type = value.type();
  const bool nests = type == od::json_type::array || type == od::json_type::object;
  if (nests && depth > json_depth_max) throw simdjson::simdjson_error(simdjson::DEPTH_ERROR);
  JsonNode node;
  switch (type) {
    case od::json_type::array:
      node.kind = JsonNode::Kind::list;
      for (auto element : value.get_array()) node.elements.push_back(node_of(element.value(), depth + 1));
      break;
    case od::json_type::object:
      node.kind = JsonNode::Kind::object;
      for (auto entry : value.get_object()) {
        od::field field = std::move(entry);
        std::string name = checked(field.unescaped_key());
        node.members.emplace_back(std::move(name), node_of(field.value(), depth + 1));
      }
      break;
    case od::json_type::number:
      node.kind = JsonNode::Kind::number;
      node.text = number_text(value.raw_json_token());
      break;
    case od::json_type::string:
      node.kind = JsonNode::Kind::text;
      node.text = checked(value.get_string());
      break;
    case od::json_type::boolean:
      node.kind = JsonNode::Kind::boolean;
      node.text = value.get_bool().value() ? "true" : "false";
      break;
    case od::json_type::null:
      if (!value.is_null()) throw simdjson::simdjson_error(simdjson::N_ATOM_ERROR);
      break;
  }
  return node;
}

// The members of the document's object: a document is no value to simdjson.
JsonNode root_of(od::document& document) {
  JsonNode root{.kind = JsonNode::Kind::object};
  for (auto entry : document.get_object()) {
    od::field field = std::move(entry);
    std::string name = checked(field.unescaped_key());
    root.members.emplace_back(std::move(name), node_of(field.value(), 2));
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
  return root;
}

}  // namespace

std::optional<JsonNode> read_tree(std::string_view json) {
  thread_local od::parser parser;
  thread_local std::string padded;  // simdjson reads a little past the end
  padded.assign(json);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  try {
    od::document document = parser.iterate(padded.data(), json.size(), padded.size());
    return root_of(document);
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;
  }
}

void write_tree(const JsonNode& node, JsonWriter& out) {
  switch (node.kind) {
    case JsonNode::Kind::null:
      out.null();
      return;
    case JsonNode::Kind::boolean:
    case JsonNode::Kind::number:
      out.raw(node.text);
      return;
    case JsonNode::Kind::text:
      out.string(node.text);
      return;
    case JsonNode::Kind::list:
      out.begin_array();
      for (const JsonNode& element : node.elements) write_tree(element, out);
      out.end_array();
      return;
    case JsonNode::Kind::object:
      out.begin_object();
      for (const auto& [name, member] : node.members) {
        out.key(name);
        write_tree(member, out);
      }
      out.end_object();
      return;
  }
}

}  // namespace purser::rpc
