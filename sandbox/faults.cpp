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

// What a field holds, or `otherwise` where it is absent; a field of another type is an error (simdjson throws).
template <class T>
T field(const simdjson::dom::object& object, std::string_view name, T otherwise) {
  const auto found = object.at_key(name);
  if (found.error() == simdjson::NO_SUCH_FIELD) return otherwise;
  return T(found);
}

}  // namespace

std::optional<FaultKind> parse_fault(std::string_view text) {
  const auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<FaultKind>(found - names.begin()));
}

std::string_view text_of(FaultKind kind) { return names[static_cast<std::size_t>(kind)]; }

Result<FaultRule> parse_fault_rule(std::string_view json) try {
  simdjson::dom::parser parser;
  const simdjson::dom::object body = parser.parse(json.data(), json.size(), true);
  const auto kind = parse_fault(field<std::string_view>(body, "fault", ""));
  if (!kind) return invalid("/fault", "unknown_fault", "The field fault names no fault this sandbox knows.");

  FaultRule rule{.fault = {.kind = *kind}};
  if (body.at_key("count").error() == simdjson::SUCCESS && !body.at_key("count").is_null()) rule.count = field<std::int64_t>(body, "count", 0);
  if (body.at_key("delay_ms").error() == simdjson::SUCCESS) rule.fault.delay = milliseconds(field<std::int64_t>(body, "delay_ms", 0));
  rule.fault.bytes = static_cast<std::size_t>(std::max<std::int64_t>(0, field<std::int64_t>(body, "bytes", 0)));
  rule.probability = field<double>(body, "probability", 1);
  if (body.at_key("match").error() == simdjson::SUCCESS) {
    const simdjson::dom::object match = body.at_key("match");
    rule.method = field<std::string_view>(match, "method", "");
    rule.path_prefix = field<std::string_view>(match, "path_prefix", "");
    rule.reference = field<std::string_view>(match, "reference", "");
  }
  return rule;
} catch (const simdjson::simdjson_error& problem) {
  return Error{.kind = Kind::malformed, .code = "malformed_json", .detail = problem.what()};
}

Result<std::optional<Fault>> fault_in(const Form& form) {
  const std::string* name = form.find("metadata[sandbox_fault]");
  if (name == nullptr || name->empty()) return std::optional<Fault>();
  const auto kind = parse_fault(*name);
  if (!kind) return invalid("metadata[sandbox_fault]", "unknown_fault", "metadata[sandbox_fault] names no fault this sandbox knows: " + *name);
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
