#include "platform/trace.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "kernel/card_number.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::trace {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t version_00_length = 55;  // "00-" 32 "-" 16 "-" 2
constexpr unsigned sampled_flag = 1;
constexpr int status_error = 2;  // OTLP's STATUS_CODE_ERROR

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

// Exactly two lower-case digits a byte: W3C allows no upper case.
bool from_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != bytes.size() * 2) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t high = hex_digits.find(text[2 * i]), low = hex_digits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

bool all_zero(std::span<const std::uint8_t> bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t N>
void fill_not_all_zero(std::array<std::uint8_t, N>& id, Random& random) {
  do random.fill(id);
  while (all_zero(id));
}

void write_attribute(JsonWriter& json, std::string_view name, std::string_view value) {
  json.begin_object().key("key").string(name).key("value").begin_object().key("stringValue");
  json.string(contains_card_number(value) ? "[refused]" : value).end_object().end_object();
}

void write_span(JsonWriter& json, const Span& span) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  json.begin_object();
  json.key("traceId").string(to_hex(span.context.trace_id)).key("spanId").string(to_hex(span.context.span_id));
  if (!all_zero(span.parent_span_id)) json.key("parentSpanId").string(to_hex(span.parent_span_id));
  json.key("flags").integer(span.context.sampled ? sampled_flag : 0);
  json.key("name").string(span.name).key("kind").integer(static_cast<int>(span.kind));
  json.key("startTimeUnixNano").integer_text(span.begin.unix_ms * ns_per_ms);
  json.key("endTimeUnixNano").integer_text(span.end.unix_ms * ns_per_ms);
  json.key("attributes").begin_array();
  for (const auto& [name, value] : span.attributes) write_attribute(json, name, value);
  json.end_array();
  json.key("status").begin_object();
  if (span.failed) json.key("code").integer(status_error);
  json.end_object().end_object();
}

}  // namespace

bool Context::valid() const { return !all_zero(trace_id) && !all_zero(span_id); }

std::string Context::trace_id_text() const { return to_hex(trace_id); }

std::string Context::traceparent() const { return "00-" + to_hex(trace_id) + "-" + to_hex(span_id) + (sampled ? "-01" : "-00"); }

std::optional<Context> parse_traceparent(std::string_view header) {
  if (header.size() < version_00_length || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;

  std::array<std::uint8_t, 1> version{}, flags{};
  Context context;
  if (!from_hex(header.substr(0, 2), version) || version[0] == 0xFF) return std::nullopt;
  if (!from_hex(header.substr(3, 32), context.trace_id) || !from_hex(header.substr(36, 16), context.span_id)) return std::nullopt;
  if (!from_hex(header.substr(53, 2), flags) || !context.valid()) return std::nullopt;

  // Version 00 ends here; a later one may say more behind another dash, which is not ours to read.
  if (header.size() > version_00_length && (version[0] == 0 || header[version_00_length] != '-')) return std::nullopt;
  context.sampled = (flags[0] & sampled_flag) != 0;
  return context;
}

Context child_of(const std::optional<Context>& parent, Random& random) {
  Context child;
  if (parent && parent->valid()) {
    child = *parent;
  } else {
    fill_not_all_zero(child.trace_id, random);
  }
  fill_not_all_zero(child.span_id, random);
  return child;
}

std::string otlp_json(const std::vector<Span>& spans, std::string_view service_version) {
  std::string body;
  body.reserve(512 + spans.size() * 512);
  JsonWriter json(body);
  json.begin_object().key("resourceSpans").begin_array().begin_object();
  json.key("resource").begin_object().key("attributes").begin_array();
  write_attribute(json, "service.name", "purser");
  write_attribute(json, "service.version", service_version);
  json.end_array().end_object();
  json.key("scopeSpans").begin_array().begin_object();
  json.key("scope").begin_object().key("name").string("purser").key("version").string(service_version).end_object();
  json.key("spans").begin_array();
  for (const Span& span : spans) write_span(json, span);
  json.end_array().end_object().end_array().end_object().end_array().end_object();
  return body;
}

}  // namespace purser::trace
