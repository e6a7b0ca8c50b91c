// Protobuf messages as the JSON of our REST API (protobuf's own writes int64 as text and enums with their prefix):
//   int64 and int32 are numbers; an enum value is its name without the enum's prefix ("PAYMENT_DONE"), the zero value left out;
//   names are snake_case as in the .proto; google.protobuf.Timestamp is RFC 3339 UTC with "Z"; maps are objects; Any is its message;
//   bytes are base64. Empty strings, empty lists and unset messages are left out of answers; numbers and booleans are always
//   written, so that a client sees 0 and false.
// Reading is strict: unknown fields, wrong types, overflow, duplicate keys, invalid UTF-8 and lone surrogates are refused, every
// field error with its RFC 6901 pointer. null means "not given". Nesting deeper than `depth_max` is malformed.
#pragma once
#include <string>
#include <string_view>

#include "platform/rpc/service.hpp"

namespace purser::rpc {

inline constexpr int json_depth_max = 32;

// Kind::malformed (code malformed_json) where it is not JSON; Kind::invalid with `fields` where it is, but does not fit: codes
// unknown_field, wrong_type, out_of_range, duplicate_field, output_only.
Result<Done> read_json(std::string_view json, Message& into);
void write_json(const Message& message, std::string& out);

// One field from text, as paths and queries give it. `name` may be dotted.
Result<Done> set_field(Message& message, std::string_view name, std::string_view text);

// "PAYMENT_DONE" for ORDER_STATUS_PAYMENT_DONE.
std::string_view enum_text(const google::protobuf::EnumValueDescriptor& value);

}  // namespace purser::rpc
