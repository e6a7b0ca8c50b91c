#include "codegen/words.hpp"

namespace purser::codegen {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string snake_case(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (is_upper(c) && !out.empty() && out.back() != '_') out += '_';
    out += to_lower(c);
  }
  return out;
}

std::string upper_snake_case(std::string_view camel) {
  std::string out = snake_case(camel);
  for (char& c : out) c = to_upper(c);
  return out;
}

std::string lower_camel_case(std::string_view camel) {
  std::string out(camel);
  if (!out.empty()) out.front() = to_lower(out.front());
  return out;
}

std::string sentence_case(std::string_view name) {
  std::string out = snake_case(name);
  for (char& c : out) c = c == '_' ? ' ' : c;
  if (!out.empty()) out.front() = to_upper(out.front());
  return out;
}

}  // namespace purser::codegen
