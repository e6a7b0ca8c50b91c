// How a message type looks as JSON, worked out once for each type and then shared by reading and writing.
#pragma once
#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rpc {

struct JsonType;

struct JsonField {
  const google::protobuf::FieldDescriptor* field;
  std::string_view name;           // as in the .proto
  std::string key;                 // "name": with its quotes and colon, ready to be written
  const JsonType* type = nullptr;  // what a message field holds, what a map's entry is
  bool output_only = false;
};

struct JsonType {
  enum class Shape : std::uint8_t { object, timestamp, any };
  Shape shape = Shape::object;
  std::vector<JsonField> fields;

  // The index of the field of this name, or -1. Clients send fields in the contract's order: the search begins at `hint`.
  int find(std::string_view name, int hint) const;
};

// Any thread; lives as long as the process.
const JsonType& json_type(const google::protobuf::Descriptor* descriptor);

bool is_utf8(std::string_view text);

// A name somebody sent, fit to be repeated in an answer: itself in quotes, or words for it where it is long, odd or holds a
// card number.
std::string quoted_name(std::string_view name);

}  // namespace purser::rpc
