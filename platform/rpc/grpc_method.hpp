// One method behind the gRPC face, without the wire: bytes and metadata in, bytes or an Error out. Every request passes the same
// ladder before the handler sees it: card numbers, key, rate, scope, idempotency key, version, message, rules of the contract.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "platform/clock.hpp"
#include "platform/metrics.hpp"
#include "platform/rpc/endpoint.hpp"
#include "platform/rpc/grpc_metadata.hpp"
#include "platform/rpc/keys.hpp"
#include "platform/rpc/service.hpp"
#include "platform/trace.hpp"

namespace purser::rpc {

struct GrpcRequest {
  Call call;  // its caller, key and version are still to be read from the metadata
  Metadata metadata;
  std::string message;
  std::string peer;
  SubjectIds subjects{};  // what it turned out to be about
};

struct GrpcAnswer {
  Result<std::string> message;
  std::optional<std::int64_t> version{};  // of the resource answered, its ETag
  bool replayed = false;
};

class GrpcMethod {
 public:
  // What `keys`, `clock`, `random` and `exporter` point to outlives every answer under way; `exporter` may be null.
  GrpcMethod(Method method, KeyRing& keys, Clock& clock, Random& random, trace::Exporter* exporter);

  const std::string& path() const { return path_; }  // "/orders.v1.OrderService/CreateOrder"
  Clock& clock() const { return clock_; }
  Random& random() const { return random_; }

  // What a handler throws becomes `internal`, and a line in the log. Writes a log line and a span. `this` outlives it.
  Task<GrpcAnswer> answer(std::shared_ptr<GrpcRequest> request);

  // Counts one call by what its client was told: gRPC's status code.
  void count(int status_code, std::chrono::steady_clock::duration took);

 private:
  Reply<MessagePtr> handle(std::shared_ptr<GrpcRequest> request);
  Reply<MessagePtr> handle_guarded(std::shared_ptr<GrpcRequest> request);
  Result<Done> check_rate(const Caller& caller) const;
  Result<Done> check_scope(const Caller& caller) const;
  void tell(const GrpcRequest& request, const GrpcAnswer& answer, Instant begin) const;
  trace::Span make_span(const GrpcRequest& request, std::string_view status, bool failed, Instant begin, Instant end) const;

  Method method_;
  KeyRing& keys_;
  Clock& clock_;
  Random& random_;
  trace::Exporter* exporter_;
  std::string name_;  // "orders.v1.OrderService/CreateOrder"
  std::string path_;
  Scope scope_;
  bool mutation_;
  metrics::Histogram& duration_;
  std::array<std::atomic<metrics::Counter*>, 17> counters_{};  // by status code, looked up when first needed
};

}  // namespace purser::rpc
