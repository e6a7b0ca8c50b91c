#include "platform/rpc/external_request.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "kernel/assert.hpp"
#include "kernel/card_number.hpp"
#include "kernel/letters.hpp"
#include "kernel/method_name.hpp"
#include "kernel/money_text.hpp"
#include "platform/json/pointer.hpp"
#include "platform/log.hpp"
#include "platform/metrics.hpp"
#include "platform/rpc/json_tree.hpp"
#include "platform/rpc/json_type.hpp"
#include "platform/rpc/json_value.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Kind = JsonNode::Kind;

constexpr std::size_t shown_max = 64, errors_max = 20, unknown_max = 100;
constexpr std::size_t note_key_max = 40, note_value_max = 500, notes_max = 50;  // what validate.cpp lets pass of metadata

enum class Reading : std::uint8_t {
  amount,    // minor units as a number, or text that has one reading
  whole,     // a count: a number, or its digits as text
  currency,  // a code, a sign, a name
  method,    // of paying
  word,      // of an enum: "manual" is MANUAL
  id,        // lower case
  upper,     // DE
  lower,     // visa
  text,      // a token or a name: without spaces around
  note,      // for people: as it came
  notes,     // metadata: of any shape
  texts,     // another map of texts
  message,
  strict,  // left to read_json()
};

Reading reading_of(const FieldDescriptor& field) {
  struct Named {
    std::string_view name;
    Reading reading;
  };
  static constexpr std::array named = {
      Named{"amount", Reading::amount},    Named{"unit_price", Reading::amount},  Named{"method", Reading::method},
      Named{"country", Reading::upper},    Named{"card_network", Reading::lower}, Named{"client_ip", Reading::lower},
      Named{"description", Reading::note}, Named{"name", Reading::note},          Named{"metadata", Reading::notes},
  };
  const auto& rules = field.options().GetExtension(::purser::options::v1::field);
  const auto* found = std::ranges::find(named, std::string_view(field.name()), &Named::name);
  if (found != named.end()) return found->reading;
  if (field.is_map()) return field.message_type()->map_value()->cpp_type() == FieldDescriptor::CPPTYPE_STRING ? Reading::texts : Reading::strict;
  if (rules.currency()) return Reading::currency;
  if (rules.id_prefixes_size() > 0) return Reading::id;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return Reading::whole;
    case FieldDescriptor::CPPTYPE_ENUM:
      return Reading::word;
    case FieldDescriptor::CPPTYPE_STRING:
      return Reading::text;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Reading::message;
    default:
      return Reading::strict;
  }
}

// ---- names

bool separates(char c) { return c == '_' || c == '-' || c == ' ' || c == '.'; }

// "paymentMethod", "Payment-Method" and "payment_method" are one name.
std::string folded(std::string_view name) {
  std::string letters = in_lower_case(std::string(name));
  std::erase_if(letters, separates);
  return letters;
}

// Letters to change, add, leave out or swap with their neighbour, to make one of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) steps[i][0] = i;
  for (std::size_t k = 0; k <= b.size(); ++k) steps[0][k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t k = 1; k <= b.size(); ++k) {
      steps[i][k] = std::min({steps[i - 1][k] + 1, steps[i][k - 1] + 1, steps[i - 1][k - 1] + (a[i - 1] == b[k - 1] ? 0 : 1)});
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) steps[i][k] = std::min(steps[i][k], steps[i - 2][k - 2] + 1);
    }
  }
  return steps[a.size()][b.size()];
}

// Whether whoever wrote `name` may have meant `field`: a slip of the pen, or one name within the other ("order", "price").
bool resembles(std::string_view name, std::string_view field) {
  constexpr std::size_t name_max = 40, within_min = 5;
  if (name.size() > name_max) return false;
  if (std::min(name.size(), field.size()) >= within_min && (name.contains(field) || field.contains(name))) return true;
  return distance(name, field) <= (field.size() >= 8 ? 2U : 1U);
}

// The same without folding anything: asked of every name of a request.
bool same_letters(std::string_view name, std::string_view field) {
  std::size_t at = 0;
  for (const char c : name) {
    if (separates(c)) continue;
    while (at < field.size() && separates(field[at])) ++at;
    if (at == field.size() || (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != field[at++]) return false;
  }
  while (at < field.size() && separates(field[at])) ++at;
  return at == field.size();
}

const JsonField* field_called(const JsonType& type, std::string_view name, int hint) {
  const int at = type.find(name, hint);
  if (at >= 0) return &type.fields[static_cast<std::size_t>(at)];
  const auto found = std::ranges::find_if(type.fields, [&](const JsonField& field) { return same_letters(name, field.name); });
  return found == type.fields.end() ? nullptr : &*found;
}

// The field that each member of an object is meant for, null where there is none.
std::vector<const JsonField*> fields_of(const JsonNode& object, const JsonType& type) {
  std::vector<const JsonField*> fields;
  int hint = 0;
  for (const auto& member : object.members) {
    fields.push_back(field_called(type, member.first, hint));
    if (fields.back() != nullptr) hint = static_cast<int>(fields.back() - type.fields.data()) + 1;
  }
  return fields;
}

// ---- what is shown of what came

// At most `bytes_max` bytes, never half a character.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0U) == 0x80U) --bytes_max;
  return text.substr(0, bytes_max);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && count-- == 0) break;
  return text.substr(0, at);
}

std::string shown(std::string_view text) {
  if (contains_card_number(text)) return "[refused]";
  const std::string_view part = cut(text, shown_max);
  return part.size() < text.size() ? std::string(part) + "…" : std::string(part);
}

std::string_view kind_of(const JsonNode& node) {
  switch (node.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "a boolean";
    case Kind::number:
      return "a number";
    case Kind::text:
      return "a text";
    case Kind::list:
      return "a list";
    case Kind::object:
      return "an object";
  }
  return "";
}

std::string as_json(const JsonNode& node) {
  std::string json;
  JsonWriter out(json);
  write_tree(node, out);
  return json;
}

bool is_whole(const JsonNode& node) { return node.kind == Kind::number && number_form(node.text) == NumberForm::whole; }
bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos && (text.size() == 1 || text.front() != '0');
}
bool is_empty(const JsonNode& node) { return node.kind == Kind::null || (node.kind == Kind::text && trimmed(node.text).empty()); }

std::pair<std::string, std::string> explain(AmountFault fault, std::optional<Currency> currency) {
  const std::string remedy = " Send whole minor units as a number (1250), or major units as a text with its decimals (\"12.50\").";
  switch (fault) {
    case AmountFault::unreadable:
      return {"amount_unreadable", "This cannot be read as an amount." + remedy};
    case AmountFault::ambiguous:
      return {"amount_ambiguous", "This amount can be read in two ways." + remedy};
    case AmountFault::too_precise:
      return {"amount_too_precise",
              "This amount has more decimals than " + (currency ? std::string(currency->code()) : "its currency") + "." + remedy};
    case AmountFault::too_large:
      return {"out_of_range", "This amount is too large to be kept."};
    case AmountFault::other_currency:
      return {"currency_differs", "This amount names another currency than the request."};
    case AmountFault::currency_needed:
      return {"currency_needed", "Which currency this amount is in is not certain. Give `currency`, an ISO 4217 code such as USD." + remedy};
  }
  return {};
}

class Mender {
 public:
  explicit Mender(std::string& json) : out_(json) {}

  // The currency comes first: what an amount's decimals are worth depends on it.
  void settle_currency(const JsonNode& root, const JsonType& type);
  void object(const JsonNode& node, const JsonType& type, const std::string& at);

  std::vector<FieldError> errors;
  std::vector<Repair> repairs;

 private:
  struct Place {
    const std::string& under;
    std::string_view name;
    std::string pointer() const {
      std::string text = under;
      json::append_step(text, name);
      return text;
    }
  };

  void repaired(const Place& place, std::string code, std::string received, std::string used) {
    repairs.push_back({place.pointer(), std::move(code), std::move(received), std::move(used)});
  }
  void refuse(std::string pointer, std::string code, std::string detail) {
    if (errors.size() < errors_max) errors.push_back({std::move(pointer), std::move(detail), std::move(code)});
  }
  void unknown(const std::vector<const JsonField*>& missing, const std::string& at, const std::string& name, const JsonNode& given);
  void value(const JsonNode& node, const JsonField& field, const Place& place);
  void message(const JsonNode& node, const JsonField& field, const Place& place);
  void scalar(const JsonNode& node, Reading reading, const Place& place);
  void amount(const JsonNode& node, const Place& place);
  void whole(const JsonNode& node, const Place& place);
  void text(const JsonNode& node, Reading reading, const Place& place);
  void notes(const JsonNode& node, const Place& place);
  void note(const std::string& key, const JsonNode& node, const std::string& under);
  void texts(const JsonNode& node, const Place& place);

  JsonWriter out_;
  std::optional<Currency> currency_;
  bool currency_unreadable_ = false;  // was given and cannot be used: that is told once, and no amount is measured by it
  std::size_t unknown_ = 0;
  bool currency_added_ = false;  // not given, but named by the amount
};

const JsonNode* member_read_as(const JsonNode& object, const std::vector<const JsonField*>& fields, Reading reading) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i] != nullptr && reading_of(*fields[i]->field) == reading && !is_empty(object.members[i].second)) return &object.members[i].second;
  return nullptr;
}

void Mender::settle_currency(const JsonNode& root, const JsonType& type) {
  const auto fields = fields_of(root, type);
  if (const JsonNode* given = member_read_as(root, fields, Reading::currency)) {
    const auto currency = given->kind == Kind::text ? read_currency(given->text) : std::unexpected(CurrencyFault::unknown);
    if (currency) {
      currency_ = *currency;
      return;
    }
    currency_unreadable_ = true;
    if (currency.error() == CurrencyFault::ambiguous)
      refuse("/currency", "currency_ambiguous", "More than one currency goes by this name. Send its ISO 4217 code, such as USD.");
    return;
  }
  const JsonNode* amount = member_read_as(root, fields, Reading::amount);
  if (amount == nullptr || amount->kind != Kind::text) return;
  const auto read = read_amount(amount->text, std::nullopt);
  if (!read || !read->named) return;
  currency_ = read->named;
  currency_added_ = true;
}

void Mender::object(const JsonNode& node, const JsonType& type, const std::string& at) {
  const auto fields = fields_of(node, type);
  std::vector<const JsonField*> missing;
  for (const JsonField& field : type.fields) {
    bool given = false;
    for (std::size_t i = 0; i < fields.size(); ++i) given = given || (fields[i] == &field && !is_empty(node.members[i].second));
    if (!given) missing.push_back(&field);
  }
  out_.begin_object();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, given] = node.members[i];
    if (fields[i] == nullptr) {
      unknown(missing, at, name, given);
      continue;
    }
    const JsonField& field = *fields[i];
    const Place place{at, field.name};
    if (at.empty() && currency_added_ && reading_of(*field.field) == Reading::currency) continue;  // empty: the amount's stands instead
    if (name != field.name) repaired(place, "field_name", shown(name), std::string(field.name));
    out_.key(field.name);
    value(given, field, place);
  }
  if (at.empty() && currency_added_) {
    repaired({at, "currency"}, "currency_from_amount", "", std::string(currency_->code()));
    out_.key("currency").string(currency_->code());
  }
  out_.end_object();
}

// Left out and told, unless leaving it out may change what is charged: where it resembles a field that is missing, or where the price is
// missing and this may be it. What it holds is neither kept nor shown: nobody knows what it is.
void Mender::unknown(const std::vector<const JsonField*>& missing, const std::string& at, const std::string& name, const JsonNode& given) {
  const bool is_shown = quoted_name(name).starts_with('"');
  const std::string pointer = is_shown ? Place{at, name}.pointer() : at;
  if (++unknown_ > unknown_max) {
    if (unknown_ == unknown_max + 1) refuse(at, "unknown_field", "More than " + std::to_string(unknown_max) + " fields are not known here.");
    return;
  }
  const std::string letters = folded(name);
  for (const JsonField* field : missing) {
    const Reading reading = reading_of(*field->field);
    if (reading == Reading::note || reading == Reading::notes) continue;
    const bool price = reading == Reading::amount && !field->field->has_presence();  // where it is left out, it is zero
    if (!price && !resembles(letters, folded(field->name))) continue;
    return refuse(
        pointer, "unknown_field",
        "There is no field " + quoted_name(name) + " here. Send \"" + std::string(field->name) + "\" if that is what it means, or leave it out.");
  }
  repairs.push_back({pointer, "unknown_field", std::string(kind_of(given)), ""});
}

void Mender::value(const JsonNode& node, const JsonField& field, const Place& place) {
  if (node.kind == Kind::null) {
    out_.null();  // "not given"
    return;
  }
  const Reading reading = reading_of(*field.field);
  if (reading == Reading::notes) return notes(node, place);
  if (reading == Reading::texts) return texts(node, place);
  if (reading == Reading::message) return message(node, field, place);
  if (field.field->is_repeated() || field.output_only) return write_tree(node, out_);
  scalar(node, reading, place);
}

void Mender::message(const JsonNode& node, const JsonField& field, const Place& place) {
  const bool known = field.type != nullptr && field.type->shape == JsonType::Shape::object;
  if (known && field.field->is_repeated() && node.kind == Kind::object) {
    repaired(place, "list_as_object", "an object", "a list of one");
    out_.begin_array();
    object(node, *field.type, place.pointer() + "/0");
    out_.end_array();
    return;
  }
  if (known && !field.field->is_repeated() && node.kind == Kind::object) return object(node, *field.type, place.pointer());
  if (!known || node.kind != Kind::list) return write_tree(node, out_);
  out_.begin_array();
  std::size_t index = 0;
  for (const JsonNode& element : node.elements) {
    const std::string at = place.pointer() + "/" + std::to_string(index++);
    if (element.kind == Kind::object)
      object(element, *field.type, at);
    else
      write_tree(element, out_);
  }
  out_.end_array();
}

void Mender::scalar(const JsonNode& node, Reading reading, const Place& place) {
  if (reading == Reading::amount) return amount(node, place);
  if (reading == Reading::whole) return whole(node, place);
  if (reading == Reading::strict || (reading == Reading::word && node.kind != Kind::text)) return write_tree(node, out_);
  text(node, reading, place);
}

void Mender::amount(const JsonNode& node, const Place& place) {
  if (is_whole(node) || (node.kind != Kind::number && node.kind != Kind::text)) return write_tree(node, out_);
  if (node.kind == Kind::number) {
    out_.null();
    return refuse(place.pointer(), "wrong_type",
                  "An amount as a number is in whole minor units (1250). Send major units as a text with their decimals (\"12.50\").");
  }
  const auto read = read_amount(node.text, currency_);
  if (read && !currency_unreadable_) {
    repaired(place, "amount_as_text", shown(node.text), std::to_string(read->minor));
    out_.integer(read->minor);
    return;
  }
  out_.null();
  if (currency_unreadable_) return;
  auto [code, detail] = explain(read.error(), currency_);
  refuse(place.pointer(), std::move(code), std::move(detail));
}

void Mender::whole(const JsonNode& node, const Place& place) {
  const std::string_view digits = trimmed(node.text);
  if (node.kind != Kind::text || !is_digits(digits)) return write_tree(node, out_);
  repaired(place, "number_as_text", shown(node.text), std::string(digits));
  out_.raw(digits);
}

struct Mended {
  std::string text, code;
};

// How a text of this kind is written here, and what kind of repair it takes.
Mended mended(const std::string& said, Reading reading) {
  const std::string bare(trimmed(said));
  const auto cased = [&](std::string text, const char* code) { return Mended{text, text == bare ? "spaces_around" : code}; };
  switch (reading) {
    case Reading::currency: {
      const auto currency = read_currency(bare);
      if (!currency) return {said, ""};
      return cased(std::string(currency->code()), bare.size() == 3 && Currency::parse(bare) ? "currency_case" : "currency_name");
    }
    case Reading::method: {
      std::string name = method_name(bare);
      return cased(name, name == in_lower_case(bare) ? "letter_case" : "method_synonym");
    }
    case Reading::word: {
      std::string word = in_upper_case(bare);
      std::ranges::replace_if(word, [](char c) { return c == ' ' || c == '-'; }, '_');
      return cased(word, "letter_case");
    }
    case Reading::upper:
      return cased(in_upper_case(bare), "letter_case");
    case Reading::id:
    case Reading::lower:
      return cased(in_lower_case(bare), "letter_case");
    case Reading::note:
      return {said, ""};
    default:
      return {bare, "spaces_around"};
  }
}

void Mender::text(const JsonNode& node, Reading reading, const Place& place) {
  const bool spelled = is_whole(node) && reading != Reading::currency;
  if (spelled || (node.kind == Kind::boolean && (reading == Reading::note || reading == Reading::text))) {
    repaired(place, spelled ? "text_as_number" : "text_as_boolean", shown(node.text), shown(node.text));
    out_.string(node.text);
    return;
  }
  if (node.kind != Kind::text) return write_tree(node, out_);
  const Mended better = mended(node.text, reading);
  if (better.text != node.text) repaired(place, better.code, shown(node.text), shown(better.text));
  out_.string(better.text);
}

void Mender::notes(const JsonNode& node, const Place& place) {
  const std::string at = place.pointer();
  out_.begin_object();
  if (node.kind != Kind::object) {
    repaired(place, "metadata_as_value", shown(node.kind == Kind::text ? node.text : as_json(node)), "{\"value\": …}");
    note("value", node, at);
  } else {
    std::size_t count = 0;
    for (const auto& [key, entry] : node.members) {
      if (++count <= notes_max) {
        note(key, entry, at);
      } else {
        repairs.push_back({at, "metadata_left_out", "more than " + std::to_string(notes_max) + " entries", ""});
        break;
      }
    }
  }
  out_.end_object();
}

// Nothing here decides what is charged: it is made to fit.
void Mender::note(const std::string& key, const JsonNode& node, const std::string& under) {
  const std::string name(first_characters(key, note_key_max));
  const Place place = quoted_name(key).starts_with('"') ? Place{under, key} : Place{under, "…"};
  if (key.empty() || node.kind == Kind::null) return repaired(place, "metadata_left_out", key.empty() ? "an entry without a name" : "null", "");
  const bool nested = node.kind == Kind::list || node.kind == Kind::object;
  const std::string value = nested ? as_json(node) : node.text;
  const std::string kept(first_characters(value, note_value_max));
  if (name != key || kept != value)
    repaired(place, "metadata_shortened", std::to_string(characters(name != key ? key : value)) + " characters",
             std::to_string(name != key ? note_key_max : note_value_max) + " characters");
  else if (node.kind == Kind::number)
    repaired(place, "text_as_number", shown(value), shown(value));
  else if (node.kind == Kind::boolean)
    repaired(place, "text_as_boolean", value, value);
  else if (nested)
    repaired(place, "text_as_json", std::string(kind_of(node)), shown(value));
  out_.key(name).string(kept);
}

// Tokens by processor: a token is nobody's to show, so only what was wrong with it is told.
void Mender::texts(const JsonNode& node, const Place& place) {
  if (node.kind != Kind::object) return write_tree(node, out_);
  const std::string at = place.pointer();
  out_.begin_object();
  for (const auto& [key, entry] : node.members) {
    const std::string name = in_lower_case(std::string(trimmed(key)));
    const Place inside{at, quoted_name(name).starts_with('"') ? std::string_view(name) : "…"};
    if (name != key) repaired(inside, "field_name", shown(key), shown(name));
    out_.key(name);
    const std::string_view bare = trimmed(entry.text);
    if (entry.kind != Kind::text || bare == entry.text) {
      write_tree(entry, out_);
      continue;
    }
    repaired(inside, "spaces_around", "with spaces around it", "without");
    out_.string(bare);
  }
  out_.end_object();
}

void keep_the_first(std::vector<Repair>& repairs) {
  if (repairs.size() <= repairs_max) return;
  const std::size_t all = repairs.size();
  repairs.resize(repairs_max);
  repairs.push_back({"", "more_repairs", std::to_string(all - repairs_max) + " more", ""});
}

}  // namespace

Result<ExternalRequest> read_external(std::string_view body, const Descriptor& type) {
  const auto tree = read_tree(body);
  if (!tree) return ExternalRequest{.json = std::string(body)};
  ExternalRequest external;
  Mender mender(external.json);
  mender.settle_currency(*tree, json_type(&type));
  mender.object(*tree, json_type(&type), "");
  if (!mender.errors.empty()) return invalid(std::move(mender.errors));
  external.repairs = std::move(mender.repairs);
  keep_the_first(external.repairs);
  return external;
}

void read_permissively(Service& service, std::initializer_list<std::string_view> methods) {
  for (const std::string_view name : methods) {
    const auto found = std::ranges::find_if(service.methods, [&](const Method& method) { return method.descriptor->name() == name; });
    PURSER_ASSERT(found != service.methods.end());
    found->permissive = true;
  }
}

void tell_repairs(const Call& call, const Method& method) {
  if (call.repairs.empty()) return;
  std::string what;
  for (const Repair& repair : call.repairs) {
    metrics::counter("purser_request_repairs_total", "What was not as its contract has it in a request and was repaired.", {{"code", repair.code}})
        .add();
    what += (what.empty() ? "" : ", ") + repair.code + " at " + (repair.field.empty() ? "root" : repair.field);
  }
  log::warn("a request was repaired", {{"method", method.descriptor->full_name()},
                                       {"repairs", what},
                                       {"merchant_id", call.caller.merchant_id},
                                       {"actor", call.caller.actor},
                                       {"request_id", call.request_id},
                                       {"correlation_id", call.correlation_id}});
}

}  // namespace purser::rpc
