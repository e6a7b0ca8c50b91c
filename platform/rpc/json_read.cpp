#include <simdjson.h>

#include <bitset>
#include <set>

#include "platform/json/pointer.hpp"
#include "platform/rpc/json.hpp"
#include "platform/rpc/json_type.hpp"
#include "platform/rpc/json_value.hpp"

namespace purser::rpc {
namespace {

namespace od = simdjson::ondemand;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

constexpr std::size_t errors_max = 20;  // told in one answer

Error malformed(std::string detail) { return {.kind = Kind::malformed, .code = "malformed_json", .detail = std::move(detail)}; }

// Where the reader stands: a chain from the value up to the whole document. Costs nothing until something is wrong.
struct Spot {
  const Spot* parent = nullptr;
  std::string_view name{};  // of a field or a map's key; else `index` counts
  std::size_t index = 0;
  bool named = true;
};

// RFC 6901.
std::string pointer(const Spot& spot) {
  if (spot.parent == nullptr) return "";
  std::string text = pointer(*spot.parent);
  json::append_step(text, spot.named ? std::string(spot.name) : std::to_string(spot.index));
  return text;
}

FieldError field_error(std::string at, std::string code, std::string detail) { return {std::move(at), std::move(detail), std::move(code)}; }

// simdjson takes a value for granted until somebody reads it. What nobody reads is walked here, so that it is JSON as well.
std::string_view text_of(od::value value) {
  const std::string_view text = value.get_string();
  if (!is_utf8(text)) throw simdjson::simdjson_error(simdjson::UTF8_ERROR);  // a lone surrogate, written as an escape
  return text;
}

std::string_view key_of(od::field& field) {
  const std::string_view key = field.unescaped_key();
  if (!is_utf8(key)) throw simdjson::simdjson_error(simdjson::UTF8_ERROR);
  return key;
}

std::string_view number_of(od::value value) {
  std::string_view raw = value.raw_json_token();
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\n' || raw.back() == '\r' || raw.back() == '\t')) raw.remove_suffix(1);
  if (number_form(raw) == NumberForm::none) throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
  return raw;
}

void expect_null(od::value value) {
  if (!value.is_null()) throw simdjson::simdjson_error(simdjson::N_ATOM_ERROR);
}

void walk(od::value value) {
  switch (od::json_type(value.type())) {
    case od::json_type::array:
      for (auto element : value.get_array()) walk(element.value());
      return;
    case od::json_type::object:
      for (auto entry : value.get_object()) {
        od::field field = std::move(entry);
        key_of(field);
        walk(field.value());
      }
      return;
    case od::json_type::number:
      number_of(value);
      return;
    case od::json_type::string:
      text_of(value);
      return;
    case od::json_type::boolean:
      (void)value.get_bool().value();
      return;
    case od::json_type::null:
      expect_null(value);
      return;
  }
}

std::string_view wanted(const JsonField& field) {
  if (is_timestamp(field)) return "a time as in RFC 3339, in quotes";
  if (is_number(field.field)) return "a number";
  switch (field.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "an object";
    default:
      return "a text in quotes";
  }
}

class Reader {
 public:
  void object(od::object object, Message& message, const JsonType& type, const Spot& spot) {
    std::bitset<256> seen;
    int hint = 0;
    for (auto entry : object) {
      od::field field = std::move(entry);
      const std::string_view name = key_of(field);
      const int at = type.find(name, hint);
      if (at < 0) {
        walk(field.value());
        unknown(name, spot);
        continue;
      }
      hint = at + 1;
      const JsonField& known = type.fields[static_cast<std::size_t>(at)];
      const Spot here{.parent = &spot, .name = known.name};
      if (seen.test(static_cast<std::size_t>(at))) {
        walk(field.value());
        complain(here, {"duplicate_field", "This field is given twice."});
        continue;
      }
      seen.set(static_cast<std::size_t>(at));
      value(field.value(), message, known, here);
    }
  }

  std::vector<FieldError> errors;

 private:
  void complain(const Spot& spot, Complaint complaint) {
    if (errors.size() < errors_max) errors.push_back(field_error(pointer(spot), std::move(complaint.code), std::move(complaint.detail)));
  }

  void unknown(std::string_view name, const Spot& spot) {
    const std::string quoted = quoted_name(name);
    const bool shown = quoted.starts_with('"');
    const Spot here{.parent = &spot, .name = name};
    complain(shown ? here : spot, {"unknown_field", "There is no field " + quoted + " here."});
  }

  void value(od::value value, Message& message, const JsonField& field, const Spot& spot) {
    if (od::json_type(value.type()) == od::json_type::null) return expect_null(value);  // "not given"
    if (field.output_only) {
      walk(value);
      return complain(spot, {"output_only", "This field is set by the server; leave it out."});
    }
    if (field.field->is_map()) return map(value, message, field, spot);
    if (field.field->is_repeated()) return list(value, message, field, spot);
    one(value, message, field, spot);
  }

  void list(od::value value, Message& message, const JsonField& field, const Spot& spot) {
    if (od::json_type(value.type()) != od::json_type::array) return mismatch(value, spot, "a list");
    Spot element{.parent = &spot, .index = 0, .named = false};
    for (auto item : value.get_array()) {
      one(item.value(), message, field, element);
      ++element.index;
    }
  }

  void map(od::value value, Message& message, const JsonField& field, const Spot& spot) {
    if (od::json_type(value.type()) != od::json_type::object) return mismatch(value, spot, "an object");
    std::set<std::string_view> keys;
    for (auto item : value.get_object()) {
      od::field entry = std::move(item);
      const std::string_view key = key_of(entry);
      const Spot inside{.parent = &spot, .name = key};
      const Spot& here = quoted_name(key).starts_with('"') ? inside : spot;
      if (!keys.insert(key).second) {
        walk(entry.value());
        complain(here, {"duplicate_field", "This key is given twice."});
        continue;
      }
      Message* pair = message.GetReflection()->AddMessage(&message, field.field);
      pair->GetReflection()->SetString(pair, field.type->fields[0].field, std::string(key));
      one(entry.value(), *pair, field.type->fields[1], here);
    }
  }

  void one(od::value value, Message& message, const JsonField& field, const Spot& spot) {
    const od::json_type type = value.type();
    const auto kind = field.field->cpp_type();
    Verdict verdict;
    if (type == od::json_type::object && kind == FieldDescriptor::CPPTYPE_MESSAGE && field.type->shape == JsonType::Shape::object) {
      const Reflection& reflection = *message.GetReflection();
      Message* inner = field.field->is_repeated() ? reflection.AddMessage(&message, field.field) : reflection.MutableMessage(&message, field.field);
      return object(value.get_object(), *inner, *field.type, spot);
    }
    if (type == od::json_type::number && is_number(field.field)) {
      verdict = put_number(message, field.field, number_of(value));
    } else if (type == od::json_type::string &&
               (kind == FieldDescriptor::CPPTYPE_STRING || kind == FieldDescriptor::CPPTYPE_ENUM || is_timestamp(field))) {
      verdict = put_text(message, field, text_of(value));
    } else if (type == od::json_type::boolean && kind == FieldDescriptor::CPPTYPE_BOOL) {
      put_boolean(message, field.field, value.get_bool().value());
    } else {
      return mismatch(value, spot, wanted(field));
    }
    if (verdict) complain(spot, std::move(*verdict));
  }

  void mismatch(od::value value, const Spot& spot, std::string_view want) {
    walk(value);
    complain(spot, wrong_type(want));
  }
};

// Deeper nesting than this could exhaust the stack; counted before anything is read, without regard to what the brackets hold.
bool too_deep(std::string_view json) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > json_depth_max) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

void expect_end(od::document& document) {
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) throw simdjson::simdjson_error(simdjson::TRAILING_CONTENT);
}

// A document that is no object: JSON all the same, or not even that. Rare, so it may cost a second parser.
Error other_document(std::string_view json) {
  simdjson::dom::parser parser;
  const auto error = parser.parse(json.data(), json.size()).error();
  if (error != simdjson::SUCCESS) throw simdjson::simdjson_error(error);
  return invalid("", "wrong_type", "The request body must be a JSON object.");
}

// Throws simdjson_error where the text is no JSON.
Result<Done> read_document(od::document& document, std::string_view json, Message& into) {
  if (od::json_type(document.type()) != od::json_type::object) return other_document(json);
  Reader reader;
  reader.object(document.get_object(), into, json_type(into.GetDescriptor()), Spot{});
  expect_end(document);
  if (!reader.errors.empty()) return invalid(std::move(reader.errors));
  return Done{};
}

Error no_such_field(std::string_view name) { return invalid("", "unknown_field", "There is no field " + quoted_name(name) + " here."); }

}  // namespace

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

Result<Done> read_json(std::string_view json, Message& into) {
  if (too_deep(json)) return malformed("The request body is nested deeper than " + std::to_string(json_depth_max) + " levels.");
  thread_local od::parser parser;
  thread_local std::string padded;  // simdjson reads a little past the end
  padded.assign(json);
  padded.append(simdjson::SIMDJSON_PADDING, '\0');
  try {
    od::document document = parser.iterate(padded.data(), json.size(), padded.size());
    return read_document(document, json, into);
  } catch (const simdjson::simdjson_error& error) {
    return malformed("The request body is not JSON: " + std::string(simdjson::error_message(error.error())));
  }
}

Result<Done> set_field(Message& message, std::string_view name, std::string_view text) {
  const std::size_t dot = name.find('.');
  const JsonType& type = json_type(message.GetDescriptor());
  const int at = type.find(name.substr(0, dot), 0);
  if (at < 0) return no_such_field(name);
  const JsonField& field = type.fields[static_cast<std::size_t>(at)];
  const Reflection& reflection = *message.GetReflection();
  if (dot != std::string_view::npos) {
    if (field.type == nullptr || field.field->is_repeated()) return no_such_field(name);
    return set_field(*reflection.MutableMessage(&message, field.field), name.substr(dot + 1), text);
  }

  Verdict verdict;
  if (!is_utf8(text)) {
    verdict = wrong_type("valid UTF-8");
  } else if (is_number(field.field)) {
    verdict = put_number(message, field.field, text);
  } else if (field.field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (text != "true" && text != "false") verdict = wrong_type("true or false");
    if (!verdict) put_boolean(message, field.field, text == "true");
  } else if (field.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !is_timestamp(field)) {
    return no_such_field(name);  // none that a text could fill
  } else {
    verdict = put_text(message, field, text);
  }
  if (verdict) return invalid("/" + std::string(name), std::move(verdict->code), std::move(verdict->detail));
  return Done{};
}

}  // namespace purser::rpc
