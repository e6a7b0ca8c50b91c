#include "platform/json/json_reader.hpp"

namespace purser::json {

using simdjson::dom::element;

std::string text_at(const element& object, std::string_view pointer) {
  std::string_view text;
  return object.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
std::int64_t integer_at(const element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : 0;
}
bool flag_at(const element& object, std::string_view pointer) {
  bool flag = false;
  return object.at_pointer(pointer).get(flag) == simdjson::SUCCESS && flag;
}
std::optional<element> object_at(const element& object, std::string_view pointer) {
  element found;
  if (object.at_pointer(pointer).get(found) != simdjson::SUCCESS || !found.is_object()) return std::nullopt;
  return found;
}

}  // namespace purser::json
