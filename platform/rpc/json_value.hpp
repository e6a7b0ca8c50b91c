// One value of a field, from its text as JSON, a path or a query writes it.
#pragma once
#include <google/protobuf/message.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/rpc/json_type.hpp"

namespace purser::rpc {

// What is wrong with a value: a code and a sentence. Nothing when it was set, or in a list added.
struct Complaint {
  std::string code, detail;
};
using Verdict = std::optional<Complaint>;

Complaint wrong_type(std::string_view wanted);

// By JSON's grammar (RFC 8259 section 6), which allows neither "01" nor "+1" nor "1.".
enum class NumberForm : std::uint8_t { whole, fraction, none };
NumberForm number_form(std::string_view text);

bool is_number(const google::protobuf::FieldDescriptor* field);
bool is_timestamp(const JsonField& field);

// For a field that is a number, one that is a boolean, and one that JSON writes in quotes: text, bytes, enum, timestamp.
Verdict put_number(google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field, std::string_view text);
void put_boolean(google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field, bool flag);
Verdict put_text(google::protobuf::Message& message, const JsonField& field, std::string_view text);

}  // namespace purser::rpc
