#include "sandbox/faults.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sandbox/json_text.hpp"

namespace purser::sandbox {
namespace {

constexpr std::array<std::string_view, 15> names = {"timeout_before_charge",
                                                    "timeout_after_charge",
                                                    "error_500_before",
                                                    "error_500_after_charge",
                                                    "cut_response",
                                                    "drop_response",
                                                    "slow",
                                                    "rate_limited",
                                                    "lock_timeout",
                                                    "decline",
                                                    "processing",
                                                    "webhook_late",
                                                    "webhook_duplicate",
                                                    "webhook_reordered",
                                                    "webhook_lost"};

bool happens(double probability, Random& random) {
  if (probability >= 1) return true;
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  const std::uint32_t drawn = bytes[0] | (std::uint32_t{bytes[1]} << 8) | (std::uint32_t{bytes[2]} << 16) | (std::uint32_t{bytes[3]} << 24);
  return drawn < probability * 4294967296.0;
}

bool matches(const FaultRule& rule, std::string_view method, std::string_view path, std::string_view reference) {
  if (rule.count && *rule.count <= 0) return false;
  if (!rule.method.empty() && rule.method != method) return false;
  if (!path.starts_with(rule.path_prefix)) return false;
  return rule.reference.empty() || rule.reference == reference;
}

std::string rule_json(const FaultRule& rule) {
  std::string match, out;
  JsonObject(match).text("method", rule.method).text("path_prefix", rule.path_prefix).text("reference", rule.reference).close();
  JsonObject(out)
      .text("fault", text_of(rule.fault.kind))
      .number_or_null("count", rule.count)
      .raw("probability", std::to_string(rule.probability))
      .raw("match", match)
      .number_or_null("delay_ms", rule.fault.delay ? std::optional(rule.fault.delay->ms) : std::nullopt)
      .number("bytes", static_cast<std::int64_t>(rule.fault.bytes))
      .number("struck", rule.struck)
      .close();
  return out;
}

// Each takes one field of a rule; false where there is no such field; throws simdjson_error where it is of another type.
bool take_match(FaultRule& rule, std::string_view name, simdjson::dom::element value) {
  if (name == "method") return rule.method = std::string_view(value), true;
  if (name == "path_prefix") return rule.path_prefix = std::string_view(value), true;
  if (name == "reference") return rule.reference = std::string_view(value), true;
  return false;
}
bool take_field(FaultRule& rule, std::string_view name, simdjson::dom::element value) {
  if (name == "fault" || name == "match") return true;  // read by themselves
  if (name == "count") return rule.count = value.is_null() ? std::nullopt : std::optional(std::int64_t(value)), true;
  if (name == "delay_ms") return rule.fault.delay = milliseconds(std::int64_t(value)), true;
  if (name == "bytes") return rule.fault.bytes = static_cast<std::size_t>(std::uint64_t(value)), true;
  if (name == "probability") return rule.probability = double(value), true;
  return false;
}

Error wrong(std::string_view place, std::string_view name, std::string_view what) {
  const std::string field = std::string(place) + std::string(name);
  return invalid("/" + field, "parameter_invalid", "The field " + field + " " + std::string(what));
}

// All fields of an object of the rule; a misspelt one would otherwise strike what it was not meant for.
template <class Take>
Result<Done> take_all(const simdjson::dom::object& object, std::string_view place, Take take) {
  for (const auto& [name, value] : object) {
    try {
      if (!take(name, value)) return wrong(place, name, "is none of a fault rule; sandbox/README.md lists them.");
    } catch (const simdjson::simdjson_error&) {
      return wrong(place, name, "is of another type than belongs there, or out of range.");
    }
  }
  return Done{};
}

Result<Done> check_numbers(const FaultRule& rule) {
  if (rule.count && *rule.count < 1) return wrong("", "count", "must be 1 or more; without it the fault strikes for ever.");
  if (rule.fault.delay && rule.fault.delay->ms < 0) return wrong("", "delay_ms", "must not be negative.");
  if (!(rule.probability > 0 && rule.probability <= 1)) return wrong("", "probability", "must be more than 0 and at most 1.");
  return Done{};
}

std::string known_faults() {
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

}  // namespace

std::optional<FaultKind> parse_fault(std::string_view text) {
  const auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<FaultKind>(found - names.begin()));
}

std::string_view text_of(FaultKind kind) { return names[static_cast<std::size_t>(kind)]; }

Result<FaultRule> parse_fault_rule(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object body, match;
  if (const auto problem = parser.parse(json.data(), json.size(), true).get(body))
    return Error{.kind = Kind::malformed, .code = "malformed_json", .detail = simdjson::error_message(problem)};
  std::string_view name;
  const auto kind = body.at_key("fault").get(name) == simdjson::SUCCESS ? parse_fault(name) : std::nullopt;
  if (!kind) return wrong("", "fault", "must be one of " + known_faults() + ".");

  FaultRule rule{.fault = {.kind = *kind}};
  TRY_DONE(take_all(body, "", [&](std::string_view field, simdjson::dom::element value) { return take_field(rule, field, value); }));
  const auto given = body.at_key("match");
  if (given.error() == simdjson::SUCCESS && given.get(match) != simdjson::SUCCESS) return wrong("", "match", "must be an object.");
  if (given.error() == simdjson::SUCCESS)
    TRY_DONE(take_all(match, "match/", [&](std::string_view field, simdjson::dom::element value) { return take_match(rule, field, value); }));
  TRY_DONE(check_numbers(rule));
  return rule;
}

Result<std::optional<Fault>> fault_in(const Form& form) {
  const std::string* name = form.find("metadata[sandbox_fault]");
  if (name == nullptr || name->empty()) return std::optional<Fault>();
  const auto kind = parse_fault(*name);
  if (!kind)
    return invalid("metadata[sandbox_fault]", "unknown_fault",
                   "metadata[sandbox_fault] names no fault this sandbox knows: " + *name + ". There are: " + known_faults());
  Fault fault{.kind = *kind};
  if (const auto delay = form.integer("metadata[sandbox_delay_ms]")) fault.delay = milliseconds(*delay);
  if (const auto bytes = form.integer("metadata[sandbox_bytes]")) fault.bytes = static_cast<std::size_t>(std::max<std::int64_t>(0, *bytes));
  return std::optional(fault);
}

void FaultRules::add(FaultRule rule) {
  const std::scoped_lock lock(guard_);
  rules_.push_back(std::move(rule));
}

void FaultRules::clear() {
  const std::scoped_lock lock(guard_);
  rules_.clear();
}

std::optional<Fault> FaultRules::strike(std::string_view method, std::string_view path, std::string_view reference, Random& random) {
  const std::scoped_lock lock(guard_);
  for (FaultRule& rule : rules_) {
    if (!matches(rule, method, path, reference) || !happens(rule.probability, random)) continue;
    if (rule.count) --*rule.count;
    ++rule.struck;
    return rule.fault;
  }
  return std::nullopt;
}

std::string FaultRules::json() const {
  const std::scoped_lock lock(guard_);
  std::string data;
  for (const FaultRule& rule : rules_) data += (data.empty() ? "" : ",") + rule_json(rule);
  return "{\"object\":\"list\",\"data\":[" + data + "]}";
}

}  // namespace purser::sandbox
