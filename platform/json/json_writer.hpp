// Writes JSON straight into a string: logs, OTLP, problem documents. Commas are its business, structure is the caller's: it
// neither checks that brackets match nor that keys stand only in objects. Reading JSON is simdjson's part.
//
//   JsonWriter(out).begin_object().key("id").string(id).key("count").integer(3).end_object();
//
// Text is UTF-8. A byte that is part of no valid sequence is written as U+FFFD, so what comes out is always valid JSON.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace purser {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}  // appends; `out` must outlive the writer

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t number);
  JsonWriter& integer_text(std::int64_t number);  // "12": how protobuf's JSON mapping carries 64-bit integers
  JsonWriter& boolean(bool flag) { return raw(flag ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& raw(std::string_view json);  // one value that is JSON already, written as it is

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool comma_due_ = false;  // a value stands before this place
};

// The text as a JSON string, quotes included, appended to `out`.
void append_json_string(std::string& out, std::string_view text);

}  // namespace purser
