#include "platform/rpc/validate.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "kernel/card_number.hpp"
#include "platform/json/pointer.hpp"
#include "platform/rpc/field_rules.hpp"
#include "platform/rpc/json_type.hpp"

namespace purser::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

constexpr std::size_t errors_max = 20;
constexpr int map_key_max = 40, map_value_max = 500;              // of maps whose contract says nothing else
constexpr std::int64_t shortest_card_number = 1'000'000'000'000;  // as a number: 13 digits

// ---- what a type's fields must keep, worked out once ----

struct TypeRules;

struct FieldCheck {
  const FieldDescriptor* field;
  FieldRules rules;
  const TypeRules* inner = nullptr;  // of a message field or of a map's values
};

struct TypeRules {
  std::vector<FieldCheck> fields;
};

class RuleBook {
 public:
  const TypeRules& get(const Descriptor* type) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = types_.find(type); found != types_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    return make(type);
  }

 private:
  const TypeRules& make(const Descriptor* type) {
    const auto [at, added] = types_.try_emplace(type, nullptr);
    if (!added) return *at->second;
    at->second = std::make_unique<TypeRules>();  // in the book before its fields, so that a type may hold itself
    TypeRules& rules = *at->second;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      FieldCheck check{.field = field, .rules = field->options().GetExtension(::purser::options::v1::field)};
      const Descriptor* inner = field->is_map() ? field->message_type()->map_value()->message_type() : field->message_type();
      if (inner != nullptr) check.inner = &make(inner);
      rules.fields.push_back(std::move(check));
    }
    return rules;
  }

  std::shared_mutex mutex_;
  std::unordered_map<const Descriptor*, std::unique_ptr<TypeRules>> types_;
};

const TypeRules& rules_of(const Descriptor* type) {
  static RuleBook book;
  return book.get(type);
}

// ---- places, as in json_read.cpp: a chain that becomes text only where something is wrong ----

struct Spot {
  const Spot* parent = nullptr;
  std::string_view name{};
  int index = -1;
};

std::string pointer(const Spot& spot) {
  if (spot.parent == nullptr) return "";
  std::string text = pointer(*spot.parent);
  json::append_step(text, spot.index >= 0 ? std::to_string(spot.index) : std::string(spot.name));
  return text;
}

// Whether a map's key may be repeated in a pointer.
bool is_shown(std::string_view key) { return quoted_name(key).starts_with('"'); }

// One value of a field, whether it stands alone (index -1) or in a list.
struct Place {
  const Message& message;
  const Reflection& reflection;
  const FieldDescriptor* field;
  int index;

  std::string_view text(std::string& scratch) const {
    return index < 0 ? reflection.GetStringReference(message, field, &scratch)
                     : reflection.GetRepeatedStringReference(message, field, index, &scratch);
  }
  int enum_number() const { return index < 0 ? reflection.GetEnumValue(message, field) : reflection.GetRepeatedEnumValue(message, field, index); }
  const Message& inner() const { return index < 0 ? reflection.GetMessage(message, field) : reflection.GetRepeatedMessage(message, field, index); }
  bool is_integer() const {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT32:
      case FieldDescriptor::CPPTYPE_UINT64:
        return true;
      default:
        return false;
    }
  }
  // Of an integer field; a uint64 beyond int64 reads as the largest.
  std::int64_t integer() const {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return index < 0 ? reflection.GetInt32(message, field) : reflection.GetRepeatedInt32(message, field, index);
      case FieldDescriptor::CPPTYPE_INT64:
        return index < 0 ? reflection.GetInt64(message, field) : reflection.GetRepeatedInt64(message, field, index);
      case FieldDescriptor::CPPTYPE_UINT32:
        return index < 0 ? reflection.GetUInt32(message, field) : reflection.GetRepeatedUInt32(message, field, index);
      default:
        break;
    }
    const std::uint64_t number = index < 0 ? reflection.GetUInt64(message, field) : reflection.GetRepeatedUInt64(message, field, index);
    return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
  }
};

// Calls `each(place, spot)` for every value of a field: itself, or its elements.
template <class Each>
void for_values(const Message& message, const Reflection& reflection, const FieldDescriptor* field, const Spot& spot, Each&& each) {
  if (!field->is_repeated()) {
    const bool absent = field->has_presence() && !reflection.HasField(message, field);  // an unset message, or optional and left out
    if (!absent) each(Place{message, reflection, field, -1}, spot);
    return;
  }
  const int size = reflection.FieldSize(message, field);
  for (int i = 0; i < size; ++i) each(Place{message, reflection, field, i}, Spot{.parent = &spot, .index = i});
}

// Calls `each(key, entry, spot)` for every entry of a map.
template <class Each>
void for_entries(const Message& message, const FieldDescriptor* field, const Spot& spot, Each&& each) {
  const int size = message.GetReflection()->FieldSize(message, field);
  for (int i = 0; i < size; ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, field, i);
    std::string scratch;
    const std::string_view key = Place{entry, *entry.GetReflection(), field->message_type()->map_key(), -1}.text(scratch);
    const Spot inside{.parent = &spot, .name = key};
    each(key, entry, is_shown(key) ? inside : spot);
  }
}

// ---- card numbers, before all other rules ----

std::optional<std::string> find_card(const Message& message, const TypeRules& type, const Spot& spot);

bool holds_card(const Place& place) {
  if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    std::string scratch;
    return contains_card_number(place.text(scratch));
  }
  if (!place.is_integer()) return false;
  const std::int64_t number = place.integer();
  return number >= shortest_card_number && contains_card_number(std::to_string(number));
}

// The pointer to the first card number below this field.
std::optional<std::string> find_card(const Message& message, const Reflection& reflection, const FieldCheck& check, const Spot& spot) {
  std::optional<std::string> found;
  if (check.field->is_map()) {
    for_entries(message, check.field, spot, [&](std::string_view key, const Message& entry, const Spot& here) {
      const Place value{entry, *entry.GetReflection(), check.field->message_type()->map_value(), -1};
      if (!found && (contains_card_number(key) || holds_card(value))) found = pointer(here);
      if (!found && check.inner != nullptr) found = find_card(value.inner(), *check.inner, here);
    });
    return found;
  }
  for_values(message, reflection, check.field, spot, [&](const Place& place, const Spot& here) {
    if (!found && holds_card(place)) found = pointer(here);
    if (!found && check.inner != nullptr) found = find_card(place.inner(), *check.inner, here);
  });
  return found;
}

std::optional<std::string> find_card(const Message& message, const TypeRules& type, const Spot& spot) {
  const Reflection& reflection = *message.GetReflection();
  for (const FieldCheck& check : type.fields)
    if (auto found = find_card(message, reflection, check, Spot{.parent = &spot, .name = check.field->name()})) return found;
  return std::nullopt;
}

// ---- the rules ----

class Checker {
 public:
  void check(const Message& message, const TypeRules& type, const Spot& spot) {
    const Reflection& reflection = *message.GetReflection();
    for (const FieldCheck& field : type.fields) check_field(message, reflection, field, Spot{.parent = &spot, .name = field.field->name()});
  }

  std::vector<FieldError> errors;

 private:
  void complain(const Spot& spot, Judgement judgement) {
    if (judgement && errors.size() < errors_max) errors.push_back({pointer(spot), std::move(judgement->detail), judgement->code});
  }

  void check_field(const Message& message, const Reflection& reflection, const FieldCheck& check, const Spot& spot) {
    if (check.rules.output_only() && is_given(message, check.field)) complain(spot, {{"output_only", "This is set by the server; leave it out."}});
    if (check.field->is_repeated()) complain(spot, judge_size(reflection.FieldSize(message, check.field), check.rules));
    if (check.field->is_map()) return check_map(message, check, spot);
    if (check.inner != nullptr && check.rules.required() && !check.field->is_repeated() && !reflection.HasField(message, check.field))
      complain(spot, {{"required", "This is required."}});
    for_values(message, reflection, check.field, spot, [&](const Place& place, const Spot& here) { check_value(place, check, here); });
  }

  static bool is_given(const Message& message, const FieldDescriptor* field) {
    return field->is_repeated() ? message.GetReflection()->FieldSize(message, field) > 0 : message.GetReflection()->HasField(message, field);
  }

  void check_value(const Place& place, const FieldCheck& check, const Spot& spot) {
    std::string scratch;
    if (check.inner != nullptr) return this->check(place.inner(), *check.inner, spot);
    if (place.field->type() == FieldDescriptor::TYPE_STRING) return complain(spot, judge_text(place.text(scratch), check.rules));
    if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return complain(spot, judge_enum(place.enum_number(), place.field, check.rules));
    if (place.is_integer()) complain(spot, judge_number(place.integer(), check.rules));
  }

  void check_map(const Message& message, const FieldCheck& check, const Spot& spot) {
    const FieldDescriptor* value_field = check.field->message_type()->map_value();
    const int value_max = check.rules.max_length() > 0 ? check.rules.max_length() : map_value_max;
    for_entries(message, check.field, spot, [&](std::string_view key, const Message& entry, const Spot& here) {
      std::string scratch;
      if (key.empty()) complain(here, {{"too_short", "A key must not be empty."}});
      if (key.find('\0') != std::string_view::npos) complain(here, {{"invalid_character", "A key must not hold the character U+0000."}});
      if (judge_length(key, map_key_max)) complain(here, {{"too_long", "A key may have at most " + std::to_string(map_key_max) + " characters."}});
      const Place value{entry, *entry.GetReflection(), value_field, -1};
      if (check.inner != nullptr) return this->check(value.inner(), *check.inner, here);
      if (value_field->type() != FieldDescriptor::TYPE_STRING) return;
      FieldRules rules;
      rules.set_max_length(value_max);
      complain(here, judge_text(value.text(scratch), rules));
    });
  }
};

}  // namespace

Result<Done> validate(const Message& request) {
  const TypeRules& rules = rules_of(request.GetDescriptor());
  const Spot root;
  if (const auto found = find_card(request, rules, root)) {
    const std::string detail = "A card number was found. Send the token of your payment processor instead; nothing was stored.";
    return Error{.kind = Kind::invalid, .code = "card_number_refused", .detail = detail, .fields = {{*found, detail, "card_number_refused"}}};
  }
  Checker checker;
  checker.check(request, rules, root);
  if (!checker.errors.empty()) return invalid(std::move(checker.errors));
  return Done{};
}

}  // namespace purser::rpc
