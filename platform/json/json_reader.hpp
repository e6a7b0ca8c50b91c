// Reading a foreign JSON document by JSON pointers ("/amount/value"). What is missing, or of another type, reads as "", 0, false or nothing.
#pragma once
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser::json {

std::string text_at(const simdjson::dom::element& object, std::string_view pointer);
std::int64_t integer_at(const simdjson::dom::element& object, std::string_view pointer);
bool flag_at(const simdjson::dom::element& object, std::string_view pointer);
std::optional<simdjson::dom::element> object_at(const simdjson::dom::element& object, std::string_view pointer);

}  // namespace purser::json
