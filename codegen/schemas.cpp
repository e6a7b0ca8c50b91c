#include "codegen/schemas.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "codegen/comments.hpp"
#include "codegen/words.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::codegen {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using options::v1::FieldRules;

constexpr std::string_view timestamp_name = "google.protobuf.Timestamp";
constexpr std::string_view any_name = "google.protobuf.Any";

const FieldRules& rules_of(const FieldDescriptor& field) { return field.options().GetExtension(options::v1::field); }

bool is_number(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return true;
    case FieldDescriptor::CPPTYPE_BOOL:
    case FieldDescriptor::CPPTYPE_ENUM:
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return false;
  }
  return false;
}

bool is_always_answered(const FieldDescriptor& field) {
  const bool plain = is_number(field) || field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
  return plain && !field.is_repeated() && !field.has_presence();
}

// "^(ord|pay)_…$": a TypeID's suffix is a UUID in Crockford base32, so its first character is at most 7.
std::string id_pattern(const FieldRules& rules) {
  std::string prefixes;
  for (const std::string& prefix : rules.id_prefixes()) prefixes += (prefixes.empty() ? "" : "|") + prefix;
  if (rules.id_prefixes_size() > 1) prefixes = "(" + prefixes + ")";
  return "^" + prefixes + "_[0-7][0-9a-hjkmnp-tv-z]{25}$";
}

Json number_schema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Json::object({{"type", "integer"}, {"format", "int32"}});
    case FieldDescriptor::CPPTYPE_INT64:
      return Json::object({{"type", "integer"}, {"format", "int64"}});
    case FieldDescriptor::CPPTYPE_UINT32:
      return Json::object({{"type", "integer"}, {"minimum", 0}, {"maximum", std::int64_t{4294967295}}});
    case FieldDescriptor::CPPTYPE_UINT64:
      return Json::object({{"type", "integer"}, {"minimum", 0}});
    default:
      return Json::object({{"type", "number"}});
  }
}

void state_text_rules(const FieldDescriptor& field, Json& schema) {
  const FieldRules& rules = rules_of(field);
  const int shortest = std::max(rules.min_length(), rules.required() ? 1 : 0);
  if (shortest > 0) schema.set("minLength", shortest);
  if (rules.max_length() > 0) schema.set("maxLength", rules.max_length());
  if (rules.currency()) schema.set("pattern", "^[A-Za-z]{3}$");
  if (rules.id_prefixes_size() > 0) schema.set("pattern", id_pattern(rules));
  if (rules.url()) schema.set("format", "uri");
}

void state_number_rules(const FieldDescriptor& field, Json& schema) {
  const FieldRules& rules = rules_of(field);
  if (rules.has_minimum()) schema.set("minimum", rules.minimum());
  if (rules.maximum() > 0) schema.set("maximum", rules.maximum());
}

Json scalar_schema(const FieldDescriptor& field, Face face) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return Json::object({{"type", "boolean"}});
  if (is_number(field)) {
    Json schema = number_schema(field);
    if (face == Face::request) state_number_rules(field, schema);
    return schema;
  }
  Json schema = Json::object({{"type", "string"}});
  if (field.type() == FieldDescriptor::TYPE_BYTES) schema.set("contentEncoding", "base64");
  if (face == Face::request) state_text_rules(field, schema);
  return schema;
}

// What platform/rpc/validate.hpp keeps of every map: short keys, and texts of bounded length.
constexpr int map_key_max = 40, map_value_max = 500;

Json map_schema(const FieldDescriptor& field, Json value, Face face) {
  Json schema = Json::object({{"type", "object"}});
  if (face == Face::request) {
    const int longest = rules_of(field).max_length();
    const bool text = field.message_type()->map_value()->type() == FieldDescriptor::TYPE_STRING;
    if (text) value.set("maxLength", longest > 0 ? longest : map_value_max);
    schema.set("propertyNames", Json::object({{"minLength", 1}, {"maxLength", map_key_max}}));
  }
  return schema.set("additionalProperties", std::move(value));
}

// An example is written as text in the contract, whatever the field is.
Json example_value(const FieldDescriptor& field) {
  const std::string& text = rules_of(field).example();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return Json(text == "true");
  std::int64_t number = 0;
  if (is_number(field) && std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) return Json(number);
  return Json(text);
}

template <class Body>
void for_each_field(const Descriptor& message, Body&& body) {
  for (int i = 0; i < message.field_count(); ++i) body(*message.field(i));
}

template <class Body>
void for_each_value(const EnumDescriptor& type, Body&& body) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) body(*type.value(i));
  }
}

std::string enum_description(const EnumDescriptor& type) {
  std::string text = prose(comment_of(type));
  std::string list;
  for_each_value(type, [&](const EnumValueDescriptor& value) {
    const std::string comment = prose(comment_of(value));
    if (!comment.empty()) list += "\n- `" + enum_text(value) + "`: " + comment;
  });
  if (!list.empty()) text += (text.empty() ? "" : "\n") + list;
  return text;
}

void count_names(const Descriptor& message, std::map<std::string, int>& names) {
  names[message.name()] += 1;
  for (int i = 0; i < message.enum_type_count(); ++i) names[message.enum_type(i)->name()] += 1;
  for (int i = 0; i < message.nested_type_count(); ++i) count_names(*message.nested_type(i), names);
}

Json pointer_to(const std::string& name) { return Json::object({{"$ref", "#/components/schemas/" + name}}); }

}  // namespace

bool is_required(const FieldDescriptor& field) { return rules_of(field).required() || (field.is_repeated() && rules_of(field).min_items() > 0); }

std::string enum_text(const EnumValueDescriptor& value) {
  const std::string prefix = upper_snake_case(value.type()->name()) + "_";
  return value.name().starts_with(prefix) ? value.name().substr(prefix.size()) : value.name();
}

Schemas::Schemas(const std::vector<const FileDescriptor*>& files) {
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) count_names(*file->message_type(i), short_names_);
    for (int i = 0; i < file->enum_type_count(); ++i) short_names_[file->enum_type(i)->name()] += 1;
  }
}

// The short name, or the full one where two packages use the same.
template <class Type>
std::string Schemas::name_of(const Type& type) const {
  const auto found = short_names_.find(type.name());
  return found != short_names_.end() && found->second > 1 ? type.full_name() : type.name();
}

void Schemas::note_answer(const Descriptor& message) {
  if (!answered_.insert(&message).second) return;
  for_each_field(message, [&](const FieldDescriptor& field) {
    if (field.message_type() != nullptr) note_answer(*field.message_type());
  });
}

Json Schemas::reference(const Descriptor& message, Face face) {
  if (message.full_name() == timestamp_name) return Json::object({{"type", "string"}, {"format", "date-time"}});
  if (message.full_name() == any_name) return Json::object({{"type", "object"}});
  const bool both = face == Face::request && answered_.contains(&message);
  const std::string name = name_of(message) + (both ? "Input" : "");
  // The name is taken first: a message may hold itself.
  if (components_.emplace(name, Json::object()).second) components_.at(name) = message_schema(message, face, {});
  return pointer_to(name);
}

Json Schemas::body_reference(const Descriptor& request, const std::set<std::string>& left_out) {
  const std::string name = name_of(request);
  components_.insert_or_assign(name, message_schema(request, Face::request, left_out));
  return pointer_to(name);
}

Json Schemas::list_reference(const Descriptor& element) {
  const std::string name = name_of(element) + "List";
  Json properties = Json::object();
  properties.set("object", Json::object({{"type", "string"}, {"const", "list"}}));
  properties.set("data", Json::object({{"type", "array"}, {"items", reference(element, Face::answer)}}));
  properties.set("has_more", Json::object({{"type", "boolean"}, {"description", "Whether more follow in the direction asked."}}));
  properties.set("url", Json::object({{"type", "string"}, {"description", "The path that was asked."}}));
  components_.insert_or_assign(name, Json::object({{"type", "object"},
                                                   {"description", "One page of a list, newest first."},
                                                   {"required", Json::array({"object", "data", "has_more", "url"})},
                                                   {"properties", std::move(properties)}}));
  return pointer_to(name);
}

Json Schemas::field(const FieldDescriptor& field, Face face) {
  const FieldRules& rules = rules_of(field);
  Json schema = Json::object();
  if (field.is_map()) {
    schema = map_schema(field, element(*field.message_type()->map_value(), face), face);
  } else if (field.is_repeated()) {
    schema = Json::object({{"type", "array"}, {"items", element(field, face)}});
  } else {
    schema = element(field, face);
  }
  if (face == Face::request && field.is_repeated()) {
    if (rules.min_items() > 0) schema.set(field.is_map() ? "minProperties" : "minItems", rules.min_items());
    if (rules.max_items() > 0) schema.set(field.is_map() ? "maxProperties" : "maxItems", rules.max_items());
  }
  const std::string comment = prose(comment_of(field));
  if (!comment.empty()) schema.set("description", comment);
  if (!rules.example().empty() && !field.is_repeated()) schema.set("examples", Json::array({example_value(field)}));
  return schema;
}

Json Schemas::element(const FieldDescriptor& field, Face face) {
  if (field.message_type() != nullptr) return reference(*field.message_type(), face);
  if (field.enum_type() != nullptr) return enum_reference(*field.enum_type());
  return scalar_schema(field, face);
}

Json Schemas::enum_reference(const EnumDescriptor& type) {
  const std::string name = name_of(type);
  Json values = Json::array();
  for_each_value(type, [&](const EnumValueDescriptor& value) { values.add(enum_text(value)); });
  Json schema = Json::object({{"type", "string"}, {"enum", std::move(values)}});
  const std::string description = enum_description(type);
  if (!description.empty()) schema.set("description", description);
  components_.insert_or_assign(name, std::move(schema));
  return pointer_to(name);
}

Json Schemas::message_schema(const Descriptor& message, Face face, const std::set<std::string>& left_out) {
  Json required = Json::array();
  Json properties = Json::object();
  for_each_field(message, [&](const FieldDescriptor& member) {
    if (left_out.contains(member.name())) return;
    if (face == Face::request && rules_of(member).output_only()) return;
    if (face == Face::request ? is_required(member) : is_always_answered(member)) required.add(member.name());
    properties.set(member.name(), field(member, face));
  });
  Json schema = Json::object({{"type", "object"}});
  const std::string comment = prose(comment_of(message));
  if (!comment.empty()) schema.set("description", comment);
  if (!required.empty()) schema.set("required", std::move(required));
  if (!properties.empty()) schema.set("properties", std::move(properties));
  if (face == Face::request) schema.set("additionalProperties", false);
  return schema;
}

Json Schemas::example(const Descriptor& request, const std::set<std::string>& left_out) const {
  Json body = Json::object();
  for_each_field(request, [&](const FieldDescriptor& field) {
    // What refers to another object is left out where it may be: the example then works in an empty shop.
    const bool optional_reference = rules_of(field).id_prefixes_size() > 0 && !is_required(field);
    if (left_out.contains(field.name()) || field.is_map() || optional_reference) return;
    if (!rules_of(field).example().empty()) {
      body.set(field.name(), field.is_repeated() ? Json::array({example_value(field)}) : example_value(field));
    } else if (field.message_type() != nullptr && is_required(field)) {
      Json inner = example(*field.message_type(), {});
      body.set(field.name(), field.is_repeated() ? Json::array({std::move(inner)}) : std::move(inner));
    }
  });
  return body;
}

Json Schemas::components() const {
  Json all = Json::object();
  for (const auto& [name, schema] : components_) all.set(name, schema);
  return all;
}

}  // namespace purser::codegen
