// One JSON object, a line a field: Stripe's shapes are flat, wide and full of nulls. Keys are literals and are not escaped.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/json/json_writer.hpp"

namespace purser::sandbox {

// One object: JsonObject(out).text("id", …).number("amount", …).close();
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject& text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
    return *this;
  }
  JsonObject& text_or_null(std::string_view name, std::string_view value) { return value.empty() ? null(name) : text(name, value); }
  JsonObject& number(std::string_view name, std::int64_t value) { return raw(name, std::to_string(value)); }
  JsonObject& number_or_null(std::string_view name, std::optional<std::int64_t> value) { return value ? number(name, *value) : null(name); }
  JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  JsonObject& null(std::string_view name) { return raw(name, "null"); }
  JsonObject& raw(std::string_view name, std::string_view json) {
    key(name) += json;
    return *this;
  }
  void close() { out_ += '}'; }

 private:
  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    return ((out_ += '"') += name) += "\":";
  }
  std::string& out_;
};

}  // namespace purser::sandbox
