#include "platform/rpc/json_value.hpp"

#include <charconv>
#include <limits>

#include "kernel/time.hpp"
#include "platform/digest.hpp"
#include "platform/rpc/json.hpp"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

// Sets or, in a list, adds.
template <class T>
void put(Message& message, const FieldDescriptor* field, T value, void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  (message.GetReflection()->*(field->is_repeated() ? add : set))(&message, field, std::move(value));
}

template <class Number>
Verdict put_integer(Message& message, const FieldDescriptor* field, std::string_view text,
                    void (Reflection::*set)(Message*, const FieldDescriptor*, Number) const,
                    void (Reflection::*add)(Message*, const FieldDescriptor*, Number) const) {
  if (number_form(text) != NumberForm::whole) return wrong_type("a whole number, written without a fraction, an exponent or quotes");
  Number number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc() || end != text.data() + text.size())
    return Complaint{"out_of_range", "This number must be between " + std::to_string(std::numeric_limits<Number>::min()) + " and " +
                                         std::to_string(std::numeric_limits<Number>::max()) + "."};
  put(message, field, number, set, add);
  return std::nullopt;
}

Verdict put_double(Message& message, const FieldDescriptor* field, std::string_view text) {
  double number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (number_form(text) == NumberForm::none || end != text.data() + text.size()) return wrong_type("a number");
  if (trouble != std::errc()) return Complaint{"out_of_range", "This number is too large or too small to be kept."};
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    put(message, field, static_cast<float>(number), &Reflection::SetFloat, &Reflection::AddFloat);
  } else {
    put(message, field, number, &Reflection::SetDouble, &Reflection::AddDouble);
  }
  return std::nullopt;
}

Verdict put_enum(Message& message, const FieldDescriptor* field, std::string_view text) {
  const auto* type = field->enum_type();
  std::string allowed;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;  // "not given" is said by leaving it out
    if (enum_text(*type->value(i)) == text) {
      put(message, field, type->value(i)->number(), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
      return std::nullopt;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(enum_text(*type->value(i)));
  }
  return Complaint{"invalid_enum", "This must be one of " + allowed + "."};
}

Verdict put_base64(Message& message, const FieldDescriptor* field, std::string_view text) {
  auto bytes = bytes_of_base64(text);
  if (!bytes) return wrong_type("bytes in base64, with padding");
  put(message, field, *std::move(bytes), &Reflection::SetString, &Reflection::AddString);
  return std::nullopt;
}

Verdict put_timestamp(Message& message, const FieldDescriptor* field, std::string_view text) {
  const auto at = parse_rfc3339(text);
  if (!at) return wrong_type("a time as in RFC 3339, for example 2026-11-21T10:24:35Z");
  const Reflection& reflection = *message.GetReflection();
  Message* stamp = field->is_repeated() ? reflection.AddMessage(&message, field) : reflection.MutableMessage(&message, field);
  const std::int64_t millisecond = (at->unix_ms % 1000 + 1000) % 1000;
  const auto *seconds = stamp->GetDescriptor()->field(0), *nanos = stamp->GetDescriptor()->field(1);
  stamp->GetReflection()->SetInt64(stamp, seconds, (at->unix_ms - millisecond) / 1000);
  stamp->GetReflection()->SetInt32(stamp, nanos, static_cast<std::int32_t>(millisecond * 1'000'000));
  return std::nullopt;
}

}  // namespace

Complaint wrong_type(std::string_view wanted) { return {"wrong_type", "This must be " + std::string(wanted) + "."}; }

NumberForm number_form(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  const bool leading_zero = at < text.size() && text[at] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return NumberForm::none;
  if (at == text.size()) return NumberForm::whole;
  if (text[at] == '.' && (++at, digits() == 0)) return NumberForm::none;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return NumberForm::none;
  }
  return at == text.size() ? NumberForm::fraction : NumberForm::none;
}

bool is_number(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
    default:
      return true;
  }
}

bool is_timestamp(const JsonField& field) { return field.type != nullptr && field.type->shape == JsonType::Shape::timestamp; }

Verdict put_number(Message& message, const FieldDescriptor* field, std::string_view text) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put_integer<std::int32_t>(message, field, text, &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put_integer<std::int64_t>(message, field, text, &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put_integer<std::uint32_t>(message, field, text, &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put_integer<std::uint64_t>(message, field, text, &Reflection::SetUInt64, &Reflection::AddUInt64);
    default:
      return put_double(message, field, text);
  }
}

void put_boolean(Message& message, const FieldDescriptor* field, bool flag) { put(message, field, flag, &Reflection::SetBool, &Reflection::AddBool); }

Verdict put_text(Message& message, const JsonField& field, std::string_view text) {
  if (is_timestamp(field)) return put_timestamp(message, field.field, text);
  if (field.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return put_enum(message, field.field, text);
  if (field.field->type() == FieldDescriptor::TYPE_BYTES) return put_base64(message, field.field, text);
  put(message, field.field, std::string(text), &Reflection::SetString, &Reflection::AddString);
  return std::nullopt;
}

}  // namespace purser::rpc
