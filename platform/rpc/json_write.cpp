#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "kernel/time.hpp"
#include "platform/digest.hpp"
#include "platform/json/json_writer.hpp"
#include "platform/rpc/json.hpp"
#include "platform/rpc/json_type.hpp"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

void write_message(const Message& message, const JsonType& type, std::string& out);

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";  // JSON has no word for it
    return;
  }
  append_number(out, number);
}

// One value of a field: the field's own (index -1), or the element at `index`.
class Place {
 public:
  Place(const Message& message, const Reflection& reflection, const JsonField& field, int index)
      : message_(message), field_(field), reflection_(reflection), index_(index) {}

  void write(std::string& out) const {
    switch (field_.field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return append_number(out, get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
      case FieldDescriptor::CPPTYPE_INT64:
        return append_number(out, get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
      case FieldDescriptor::CPPTYPE_UINT32:
        return append_number(out, get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
      case FieldDescriptor::CPPTYPE_UINT64:
        return append_number(out, get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return append_double(out, get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return append_double(out, get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
      case FieldDescriptor::CPPTYPE_BOOL:
        out += get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        return write_enum(out);
      case FieldDescriptor::CPPTYPE_STRING:
        return write_text(out);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return write_message(message(), *field_.type, out);
    }
  }

  std::string_view text(std::string& scratch) const {
    return index_ < 0 ? reflection_.GetStringReference(message_, field_.field, &scratch)
                      : reflection_.GetRepeatedStringReference(message_, field_.field, index_, &scratch);
  }
  int enum_number() const { return get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue); }

 private:
  template <class T>
  T get(T (Reflection::*one)(const Message&, const FieldDescriptor*) const,
        T (Reflection::*element)(const Message&, const FieldDescriptor*, int) const) const {
    return index_ < 0 ? (reflection_.*one)(message_, field_.field) : (reflection_.*element)(message_, field_.field, index_);
  }

  const Message& message() const {
    return index_ < 0 ? reflection_.GetMessage(message_, field_.field) : reflection_.GetRepeatedMessage(message_, field_.field, index_);
  }

  void write_enum(std::string& out) const {
    const auto* value = field_.field->enum_type()->FindValueByNumber(enum_number());
    if (value == nullptr) return append_number(out, enum_number());  // written by a newer version than this one
    out += '"';
    out += enum_text(*value);
    out += '"';
  }

  void write_text(std::string& out) const {
    std::string scratch;
    const std::string_view value = text(scratch);
    append_json_string(out, field_.field->type() == FieldDescriptor::TYPE_BYTES ? std::string_view(scratch = base64(value)) : value);
  }

  const Message& message_;
  const JsonField& field_;
  const Reflection& reflection_;
  int index_;
};

bool is_written(const Message& message, const Reflection& reflection, const JsonField& field) {
  if (field.field->is_repeated()) return reflection.FieldSize(message, field.field) > 0;
  if (field.field->has_presence()) return reflection.HasField(message, field.field);
  if (field.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return reflection.GetEnumValue(message, field.field) != 0;
  std::string scratch;
  return field.field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || !reflection.GetStringReference(message, field.field, &scratch).empty();
}

// A map has no order of its own: its keys are sorted, so that equal messages are equal text.
void write_map(const Message& message, const Reflection& reflection, const JsonField& map, std::string& out) {
  const JsonField &key = map.type->fields[0], &value = map.type->fields[1];
  std::vector<std::pair<std::string, const Message*>> entries;
  for (int i = 0; i < reflection.FieldSize(message, map.field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, map.field, i);
    entries.emplace_back(entry.GetReflection()->GetString(entry, key.field), &entry);
  }
  std::ranges::sort(entries);
  out += '{';
  for (const auto& [name, entry] : entries) {
    if (entry != entries.front().second) out += ',';
    append_json_string(out, name);
    out += ':';
    Place(*entry, *entry->GetReflection(), value, -1).write(out);
  }
  out += '}';
}

void write_list(const Message& message, const Reflection& reflection, const JsonField& list, std::string& out) {
  out += '[';
  for (int i = 0; i < reflection.FieldSize(message, list.field); ++i) {
    if (i > 0) out += ',';
    Place(message, reflection, list, i).write(out);
  }
  out += ']';
}

void write_object(const Message& message, const JsonType& type, std::string& out) {
  const Reflection& reflection = *message.GetReflection();  // asked for once: it is a call into protobuf
  out += '{';
  bool comma = false;
  for (const JsonField& field : type.fields) {
    if (!is_written(message, reflection, field)) continue;
    if (comma) out += ',';
    comma = true;
    out += field.key;
    if (field.field->is_map()) {
      write_map(message, reflection, field, out);
    } else if (field.field->is_repeated()) {
      write_list(message, reflection, field, out);
    } else {
      Place(message, reflection, field, -1).write(out);
    }
  }
  out += '}';
}

// Fields 1 and 2 of google.protobuf.Timestamp: seconds and nanoseconds.
void write_timestamp(const Message& message, const JsonType& type, std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  const auto seconds = reflection.GetInt64(message, type.fields[0].field);
  const auto nanos = reflection.GetInt32(message, type.fields[1].field);
  out += '"';
  out += rfc3339(Instant{seconds * 1000 + nanos / 1'000'000});
  out += '"';
}

// The message inside, where this binary knows its type; what it does not know it cannot show.
void write_any(const Message& message, std::string& out) {
  google::protobuf::Any any;
  any.CopyFrom(message);
  const std::string& url = any.type_url();
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(url.find_last_of('/') + 1));
  const Message* prototype = descriptor == nullptr ? nullptr : google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  const MessagePtr inner(prototype == nullptr ? nullptr : prototype->New());
  if (inner == nullptr || !inner->ParseFromString(any.value())) {
    out += "{}";
    return;
  }
  write_json(*inner, out);
}

void write_message(const Message& message, const JsonType& type, std::string& out) {
  switch (type.shape) {
    case JsonType::Shape::object:
      return write_object(message, type, out);
    case JsonType::Shape::timestamp:
      return write_timestamp(message, type, out);
    case JsonType::Shape::any:
      return write_any(message, out);
  }
}

}  // namespace

void write_json(const Message& message, std::string& out) { write_message(message, json_type(message.GetDescriptor()), out); }

}  // namespace purser::rpc
