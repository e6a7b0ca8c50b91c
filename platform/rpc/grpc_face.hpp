// The gRPC face: the same methods on gRPC 1.51's callback API, raw bytes in and out, with reflection, health per service,
// deadlines, and google.rpc.ErrorInfo on every error (AIP-193). gRPC's threads only carry: each call hops to `executor` and back.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "platform/rpc/keys.hpp"
#include "platform/rpc/service.hpp"
#include "platform/trace.hpp"

namespace purser::rpc {

struct GrpcParts {
  std::vector<Service> services;
  KeyRing* keys = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  trace::Exporter* exporter = nullptr;
  Duration request_timeout = seconds(30);  // where the client set no deadline
  std::size_t message_bytes_max = 1 << 20;
};

class GrpcServer {
 public:
  virtual ~GrpcServer() = default;  // stops at once what is still open
  virtual std::uint16_t port() const = 0;
  virtual void set_serving(bool serving) = 0;    // the health of every service
  virtual Task<void> drain(Duration grace) = 0;  // NOT_SERVING, no new calls, those in flight end
};

// Throws std::system_error where it cannot bind.
std::unique_ptr<GrpcServer> serve_grpc(boost::asio::any_io_executor executor, const std::string& address, std::uint16_t port, GrpcParts parts);

// A channel to "host:port" that presents `api_key` and passes on the idempotency key, If-Match version, trace and deadline.
std::shared_ptr<Channel> dial_grpc(const std::string& target, std::string api_key);

}  // namespace purser::rpc
