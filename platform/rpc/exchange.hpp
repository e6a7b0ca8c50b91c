// One request and its answer as seen from outside: the ids that name it, and what is told of it afterwards in the log, in the
// metrics and as a span.
#pragma once
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "platform/clock.hpp"
#include "platform/http/message.hpp"
#include "platform/metrics.hpp"
#include "platform/rpc/endpoint.hpp"
#include "platform/rpc/rate_limit.hpp"
#include "platform/trace.hpp"

namespace purser::rpc {

// The instruments of one method and route, made when first needed.
class RouteMetrics {
 public:
  RouteMetrics(std::string method, std::string route);
  void observe(int status, double seconds);  // any thread

 private:
  std::string method_, route_;
  metrics::Histogram& seconds_;
  std::mutex mutex_;
  std::unordered_map<int, metrics::Counter*> requests_;  // by status
};

struct Exchange {
  std::string request_id;
  std::string correlation_id;
  trace::Context trace{};
  std::array<std::uint8_t, 8> parent_span_id{};
  Instant begin{};
  std::chrono::steady_clock::time_point began{};  // to measure by; the clock port counts milliseconds only

  std::string method;               // one that we know, or "OTHER"
  std::string route = "unmatched";  // the path template: the path itself is the client's
  RouteMetrics* metrics = nullptr;
  std::string merchant_id;
  SubjectIds subjects;
  std::optional<RateLimiter::Standing> standing;
};

// `refused`: the request holds a card number, so nothing it says about itself is taken over.
Exchange begin_exchange(const http::Request& request, bool refused, const Clock& clock, Random& random);
void end_exchange(const Exchange& exchange, const http::Response& response, const Clock& clock, trace::Exporter* exporter);

}  // namespace purser::rpc
