#include "platform/rpc/json.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "kernel/assert.hpp"
#include "kernel/card_number.hpp"
#include "platform/rpc/json_type.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::size_t fields_max = 256;     // the reader marks the fields it has seen in a set of this size
constexpr std::size_t shown_name_max = 64;  // characters of a name that are repeated to whoever sent it

class JsonTypes {
 public:
  const JsonType& get(const Descriptor* descriptor) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = types_.find(descriptor); found != types_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    return make(descriptor);
  }

 private:
  const JsonType& make(const Descriptor* descriptor) {
    // In the table before its fields are known, so that a type may hold itself.
    const auto [at, added] = types_.try_emplace(descriptor, nullptr);
    if (!added) return *at->second;
    at->second = std::make_unique<JsonType>();
    JsonType& type = *at->second;
    if (descriptor->full_name() == google::protobuf::Timestamp::descriptor()->full_name()) type.shape = JsonType::Shape::timestamp;
    if (descriptor->full_name() == google::protobuf::Any::descriptor()->full_name()) type.shape = JsonType::Shape::any;
    PURSER_ASSERT(descriptor->field_count() <= static_cast<int>(fields_max));
    for (int i = 0; i < descriptor->field_count(); ++i) type.fields.push_back(make_field(descriptor->field(i)));
    return type;
  }

  JsonField make_field(const FieldDescriptor* field) {
    if (field->is_map()) PURSER_ASSERT(field->message_type()->map_key()->cpp_type() == FieldDescriptor::CPPTYPE_STRING);
    return {.field = field,
            .name = field->name(),
            .key = "\"" + field->name() + "\":",
            .type = field->message_type() == nullptr ? nullptr : &make(field->message_type()),
            .output_only = field->options().GetExtension(::purser::options::v1::field).output_only()};
  }

  std::shared_mutex mutex_;
  std::unordered_map<const Descriptor*, std::unique_ptr<JsonType>> types_;
};

}  // namespace

const JsonType& json_type(const Descriptor* descriptor) {
  static JsonTypes types;
  return types.get(descriptor);
}

int JsonType::find(std::string_view name, int hint) const {
  const int count = static_cast<int>(fields.size());
  for (int i = 0; i < count; ++i) {
    const int at = hint + i < count ? hint + i : hint + i - count;
    if (fields[static_cast<std::size_t>(at)].name == name) return at;
  }
  return -1;
}

std::string_view enum_text(const google::protobuf::EnumValueDescriptor& value) {
  constexpr std::string_view zero = "UNSPECIFIED";
  const std::string_view name = value.name(), first = value.type()->value(0)->name();
  const std::size_t prefix = first.ends_with(zero) ? first.size() - zero.size() : 0;
  return name.starts_with(first.substr(0, prefix)) ? name.substr(prefix) : name;
}

std::string quoted_name(std::string_view name) {
  const bool visible = std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!visible || name.size() > shown_name_max || contains_card_number(name)) return "of this name";
  return "\"" + std::string(name) + "\"";
}

}  // namespace purser::rpc
