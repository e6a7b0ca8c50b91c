// A map of texts as a JSON object, keys in order: how metadata is stored in a text column.
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace purser::json {

std::string write_string_map(const std::map<std::string, std::string>& map);
// What write_string_map wrote; anything else is a bug (the column is ours).
std::map<std::string, std::string> read_string_map(std::string_view json);

}  // namespace purser::json
