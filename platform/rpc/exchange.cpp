#include "platform/rpc/exchange.hpp"

#include <algorithm>

#include "kernel/id.hpp"
#include "platform/log.hpp"

namespace purser::rpc {
namespace {

constexpr std::size_t correlation_id_max = 128;

bool is_correlation_id(std::string_view text) {
  return !text.empty() && text.size() <= correlation_id_max && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string known_method(const std::string& method) {
  constexpr std::array<std::string_view, 7> known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::ranges::find(known, method) == known.end() ? "OTHER" : method;
}

void write_log(const Exchange& exchange, int status, std::int64_t duration_ms) {
  const SubjectIds& subjects = exchange.subjects;
  const std::string trace_id = exchange.trace.trace_id_text();
  if (subjects.order_id.empty() && subjects.payment_id.empty()) {
    log::info("request", {{"method", exchange.method},
                          {"path", exchange.route},
                          {"status", status},
                          {"duration_ms", duration_ms},
                          {"request_id", exchange.request_id},
                          {"correlation_id", exchange.correlation_id},
                          {"trace_id", trace_id},
                          {"merchant_id", exchange.merchant_id}});
    return;
  }
  log::info("request", {{"method", exchange.method},
                        {"path", exchange.route},
                        {"status", status},
                        {"duration_ms", duration_ms},
                        {"request_id", exchange.request_id},
                        {"correlation_id", exchange.correlation_id},
                        {"trace_id", trace_id},
                        {"merchant_id", exchange.merchant_id},
                        {"order_id", subjects.order_id},
                        {"payment_id", subjects.payment_id}});
}

trace::Span make_span(const Exchange& exchange, int status, Instant end) {
  trace::Span span{.context = exchange.trace, .parent_span_id = exchange.parent_span_id, .name = exchange.method + " " + exchange.route};
  span.kind = trace::SpanKind::server;
  span.begin = exchange.begin;
  span.end = end;
  span.failed = status >= 500;
  span.attributes = {{"http.request.method", exchange.method},
                     {"http.route", exchange.route},
                     {"http.response.status_code", std::to_string(status)},
                     {"purser.request_id", exchange.request_id},
                     {"purser.correlation_id", exchange.correlation_id}};
  if (!exchange.subjects.order_id.empty()) span.attributes.emplace_back("purser.order_id", exchange.subjects.order_id);
  if (!exchange.subjects.payment_id.empty()) span.attributes.emplace_back("purser.payment_id", exchange.subjects.payment_id);
  return span;
}

}  // namespace

RouteMetrics::RouteMetrics(std::string method, std::string route)
    : method_(std::move(method)),
      route_(std::move(route)),
      seconds_(metrics::histogram("purser_http_request_duration_seconds", "Time from a whole request to its answer.", {{"route", route_}})) {}

void RouteMetrics::observe(int status, double seconds) {
  seconds_.observe(seconds);
  const std::lock_guard lock(mutex_);
  metrics::Counter*& counter = requests_[status];
  if (counter == nullptr)
    counter = &metrics::counter("purser_http_requests_total", "Requests answered.",
                                {{"method", method_}, {"route", route_}, {"status", std::to_string(status)}});
  counter->add();
}

Exchange begin_exchange(const http::Request& request, bool refused, const Clock& clock, Random& random) {
  Exchange exchange;
  exchange.begin = clock.now();
  exchange.began = std::chrono::steady_clock::now();
  exchange.request_id = make_id<RequestId>(exchange.begin, random).text();
  exchange.method = known_method(request.method);
  const auto correlation_id = request.headers.find("X-Correlation-Id");
  const bool taken = correlation_id && !refused && is_correlation_id(*correlation_id);
  exchange.correlation_id = taken ? std::string(*correlation_id) : exchange.request_id;
  const auto traceparent = request.headers.find("traceparent");
  const auto parent = traceparent ? trace::parse_traceparent(*traceparent) : std::nullopt;
  if (parent) exchange.parent_span_id = parent->span_id;
  exchange.trace = trace::child_of(parent, random);
  return exchange;
}

void end_exchange(const Exchange& exchange, const http::Response& response, const Clock& clock, trace::Exporter* exporter) {
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - exchange.began;
  const Instant end = clock.now();
  if (exchange.metrics != nullptr) exchange.metrics->observe(response.status, taken.count());
  if (log::enabled(log::Level::info)) write_log(exchange, response.status, (end - exchange.begin).ms);
  if (exporter != nullptr) exporter->record(make_span(exchange, response.status, end));
}

}  // namespace purser::rpc
