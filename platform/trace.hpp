// Spans, from the API to the processor, and the W3C trace context that joins them. Exported as OTLP/HTTP JSON where an
// endpoint is configured (PURSER_OTLP_ENDPOINT), else only their ids are used, in logs and events.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/time.hpp"
#include "platform/random.hpp"

namespace purser::trace {

struct Context {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  bool sampled = true;
  bool valid() const;                 // neither id all zero
  std::string traceparent() const;    // "00-<32 hex>-<16 hex>-01"
  std::string trace_id_text() const;  // 32 hex digits
};

// Nothing for anything W3C calls invalid (all-zero ids, upper case, version ff, wrong lengths).
std::optional<Context> parse_traceparent(std::string_view header);
// A child of `parent` (same trace), or a new trace.
Context child_of(const std::optional<Context>& parent, Random& random);

enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3 };  // OTLP's numbers

struct Span {
  Context context;
  std::array<std::uint8_t, 8> parent_span_id{};
  std::string name;
  SpanKind kind = SpanKind::internal;
  Instant begin{}, end{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  bool failed = false;
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual void record(Span span) = 0;  // never blocks; drops when its queue is full
};

// The body of one OTLP/HTTP export request (ExportTraceServiceRequest as JSON): ids in hex, enums as integers, 64-bit
// integers as strings, lowerCamelCase.
std::string otlp_json(const std::vector<Span>& spans, std::string_view service_version);

}  // namespace purser::trace
