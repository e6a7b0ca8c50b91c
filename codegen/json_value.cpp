#include "codegen/json_value.hpp"

#include <algorithm>

namespace purser::codegen {
namespace {

void write_string(std::string_view text, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, hex[byte >> 4U]).append(1, hex[byte & 15U]);
    } else {
      out += c;
    }
  }
  out += '"';
}

void new_line(std::string& out, std::size_t depth) { out.append(1, '\n').append(depth * 2, ' '); }

}  // namespace

Json::Json(bool value) : value_(value) {}
Json::Json(int value) : value_(std::int64_t{value}) {}
Json::Json(std::int64_t value) : value_(value) {}
Json::Json(std::string value) : value_(std::move(value)) {}
Json::Json(std::string_view value) : value_(std::string(value)) {}
Json::Json(const char* value) : value_(std::string(value)) {}
Json::Json(Object members) : value_(std::move(members)) {}
Json::Json(Array elements) : value_(std::move(elements)) {}

Json Json::object(std::initializer_list<Member> members) { return Json(Object(members)); }
Json Json::array(std::initializer_list<Json> elements) { return Json(Array(elements)); }

Json& Json::at(std::string_view name) {
  auto& members = std::get<Object>(value_);
  const auto found = std::ranges::find(members, name, &Member::name);
  if (found != members.end()) return found->value;
  return members.emplace_back(std::string(name), object()).value;
}

Json& Json::set(std::string_view name, Json value) {
  at(name) = std::move(value);
  return *this;
}

Json& Json::set_all(const Json& other) {
  for (const auto& [name, value] : std::get<Object>(other.value_)) set(name, value);
  return *this;
}

Json& Json::add(Json element) {
  std::get<Array>(value_).push_back(std::move(element));
  return *this;
}

bool Json::empty() const {
  if (const auto* members = std::get_if<Object>(&value_)) return members->empty();
  return std::get<Array>(value_).empty();
}

std::string Json::text() const {
  std::string out;
  write(out, 0);
  return out;
}

void Json::write(std::string& out, std::size_t depth) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<std::int64_t>(&value_)) {
    out += std::to_string(*number);
  } else if (const auto* string = std::get_if<std::string>(&value_)) {
    write_string(*string, out);
  } else if (const auto* elements = std::get_if<Array>(&value_)) {
    out += '[';
    for (std::size_t i = 0; i < elements->size(); ++i) {
      if (i > 0) out += ',';
      new_line(out, depth + 1);
      (*elements)[i].write(out, depth + 1);
    }
    if (!elements->empty()) new_line(out, depth);
    out += ']';
  } else {
    const auto& members = std::get<Object>(value_);
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      new_line(out, depth + 1);
      write_string(members[i].name, out);
      out += ": ";
      members[i].value.write(out, depth + 1);
    }
    if (!members.empty()) new_line(out, depth);
    out += '}';
  }
}

}  // namespace purser::codegen
