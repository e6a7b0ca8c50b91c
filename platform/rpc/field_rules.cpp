#include "platform/rpc/field_rules.hpp"

#include <algorithm>

#include "kernel/id.hpp"
#include "kernel/money.hpp"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;

int characters(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_id(std::string_view text, const FieldRules& rules) {
  return std::ranges::any_of(rules.id_prefixes(), [&](const std::string& prefix) {
    return text.size() > prefix.size() && text.starts_with(prefix) && text[prefix.size()] == '_' && decode_base32(text.substr(prefix.size() + 1));
  });
}

std::string id_forms(const FieldRules& rules) {
  std::string forms;
  for (const auto& prefix : rules.id_prefixes()) forms += (forms.empty() ? "" : " or ") + prefix + "_…";
  return forms;
}

// An absolute http or https URL with a host and no user in it.
bool is_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || (text.substr(0, scheme) != "http" && text.substr(0, scheme) != "https")) return false;
  const std::string_view rest = text.substr(scheme + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '<' && c != '>' && c != '\\'; });
  return visible && !host.empty() && host.front() != ':' && host.find('@') == std::string_view::npos;
}

}  // namespace

Judgement judge_length(std::string_view text, int length_max) {
  if (text.size() <= static_cast<std::size_t>(length_max) || characters(text) <= length_max) return std::nullopt;
  return BrokenRule{"too_long",
                    "This has " + std::to_string(characters(text)) + " characters; at most " + std::to_string(length_max) + " are allowed."};
}

Judgement judge_text(std::string_view text, const FieldRules& rules) {
  if (text.empty()) return rules.required() ? Judgement({"required", "This is required and must not be empty."}) : std::nullopt;
  if (text.find('\0') != std::string_view::npos) return BrokenRule{"invalid_character", "This must not hold the character U+0000."};
  if (rules.max_length() > 0)
    if (auto verdict = judge_length(text, rules.max_length())) return verdict;
  if (rules.min_length() > 0 && characters(text) < rules.min_length())
    return BrokenRule{
        "too_short", "This has " + std::to_string(characters(text)) + " characters; at least " + std::to_string(rules.min_length()) + " are needed."};
  if (rules.id_prefixes_size() > 0 && !is_id(text, rules)) return BrokenRule{"invalid_id", "This is not an id of the form " + id_forms(rules) + "."};
  if (rules.currency() && !Currency::parse(text))
    return BrokenRule{"unknown_currency", "This is not the code of a currency in use (ISO 4217), for example USD."};
  if (rules.url() && !is_url(text)) return BrokenRule{"invalid_url", "This is not a URL that begins with https:// or http:// and names a host."};
  return std::nullopt;
}

// A number that was left out reads as 0: where the least is above that, the sentence says both.
Judgement judge_number(std::int64_t number, const FieldRules& rules) {
  if (rules.has_minimum() && number < rules.minimum()) {
    const std::string given = number == 0 && rules.required() ? "This is required, and" : "This is " + std::to_string(number) + "; it";
    return BrokenRule{"too_small", given + " must be at least " + std::to_string(rules.minimum()) + "."};
  }
  if (rules.maximum() > 0 && number > rules.maximum())
    return BrokenRule{"too_large", "This is " + std::to_string(number) + "; it must be at most " + std::to_string(rules.maximum()) + "."};
  if (rules.required() && !rules.has_minimum() && number == 0) return BrokenRule{"required", "This is required and must not be 0."};
  return std::nullopt;
}

Judgement judge_enum(int number, const FieldDescriptor* field, const FieldRules& rules) {
  if (number == 0) return rules.required() ? Judgement({"required", "This is required."}) : std::nullopt;
  if (field->enum_type()->FindValueByNumber(number) != nullptr) return std::nullopt;
  return BrokenRule{"invalid_enum", "There is no value " + std::to_string(number) + " of this kind."};
}

Judgement judge_size(int size, const FieldRules& rules) {
  const auto sentence = [&](const char* bound, int limit) {
    return "This has " + std::to_string(size) + " elements; " + bound + " " + std::to_string(limit) + " are allowed.";
  };
  if (size == 0 && rules.required()) return BrokenRule{"required", "This is required and must not be empty."};
  if (size < rules.min_items()) return BrokenRule{"too_few_items", sentence("no fewer than", rules.min_items())};
  if (rules.max_items() > 0 && size > rules.max_items()) return BrokenRule{"too_many_items", sentence("at most", rules.max_items())};
  return std::nullopt;
}

}  // namespace purser::rpc
