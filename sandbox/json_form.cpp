#include "sandbox/json_form.hpp"

#include <simdjson.h>

namespace purser::sandbox {
namespace {

using simdjson::dom::element;

void flatten(const element& value, const std::string& name, Pairs& into) {
  const auto below = [&](std::string_view part) { return name.empty() ? std::string(part) : name + "[" + std::string(part) + "]"; };
  if (value.is_object()) {
    for (const auto& [key, child] : simdjson::dom::object(value)) flatten(child, below(key), into);
  } else if (value.is_array()) {
    std::size_t index = 0;
    for (const element child : simdjson::dom::array(value)) flatten(child, below(std::to_string(index++)), into);
  } else if (value.is_string()) {
    into.emplace_back(name, std::string_view(value));
  } else if (!value.is_null()) {
    into.emplace_back(name, simdjson::minify(value));
  }
}

}  // namespace

std::optional<Form> form_of_json(std::string_view json) {
  if (json.empty()) return Form();
  simdjson::dom::parser parser;  // its depth is bounded, and so is the recursion above
  element root;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS || !root.is_object()) return std::nullopt;
  Pairs fields;
  flatten(root, "", fields);
  return Form(std::move(fields));
}

}  // namespace purser::sandbox
