#include "platform/rpc/grpc_face.hpp"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "kernel/assert.hpp"
#include "platform/log.hpp"
#include "platform/rpc/grpc_log.hpp"
#include "platform/rpc/grpc_method.hpp"
#include "platform/rpc/grpc_status.hpp"

namespace purser::rpc {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr int streams_max = 256;  // calls at once on one connection
constexpr int metadata_bytes_max = 16 << 10;
constexpr int keepalive_ms = 60'000, keepalive_timeout_ms = 20'000, client_ping_interval_ms_min = 10'000;
constexpr int connection_idle_ms_max = 300'000, handshake_ms_max = 10'000;
constexpr int reflection_threads_max = 8;  // gRPC serves reflection with a thread a stream
constexpr Duration deadline_max = hours(24);

// Calls that are not over: unanswered, or answered while their handler still runs.
class InFlight {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  void wait_for_none(system_clock::time_point until) {
    std::unique_lock lock(mutex_);
    none_.wait_until(lock, until, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  int count_ = 0;
};

// What every call needs, alive until the last of them is over, even past the server.
struct Shared {
  asio::any_io_executor executor;
  Duration request_timeout;
  InFlight in_flight{};
};

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

Metadata metadata_of(const grpc::CallbackServerContext& context) {
  Metadata metadata;
  for (const auto& [name, value] : context.client_metadata()) metadata.add({name.data(), name.size()}, {value.data(), value.size()});
  return metadata;
}

Error deadline_passed() {
  return {.kind = Kind::timeout,
          .code = "timeout",
          .detail = "Not finished in time, but still being worked on. Repeat the request with the same idempotency-key to learn its outcome."};
}

// One call: gRPC's reactor for it. gRPC, the handler's coroutine and the deadline's timer each hold it; whoever answers first,
// answers. gRPC lets go in OnDone(), which comes after the answer, so its context and response are used only by the one who
// won the right to answer.
class UnaryCall final : public grpc::ServerUnaryReactor, public std::enable_shared_from_this<UnaryCall> {
 public:
  UnaryCall(std::shared_ptr<Shared> shared, std::shared_ptr<GrpcMethod> method, grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
      : shared_(std::move(shared)), method_(std::move(method)), context_(context), response_(response) {
    shared_->in_flight.enter();
  }
  ~UnaryCall() override { shared_->in_flight.leave(); }
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  void begin(const grpc::ByteBuffer& message) {
    held_by_grpc_ = shared_from_this();
    try {
      auto request = read(message);
      request_id_ = request->call.request_id;
      asio::co_spawn(asio::make_strand(shared_->executor), run(shared_from_this(), std::move(request)),
                     [self = shared_from_this()](std::exception_ptr thrown) { self->check(thrown); });
    } catch (...) {
      check(std::current_exception());
    }
  }

  void OnCancel() override {
    const bool late = system_clock::now() >= deadline_;
    refuse(late ? to_status(deadline_passed()) : grpc::Status(grpc::StatusCode::CANCELLED, "The call was cancelled."));
  }

  void OnDone() override { const auto last = std::move(held_by_grpc_); }

 private:
  std::shared_ptr<GrpcRequest> read(const grpc::ByteBuffer& message) {
    auto request = std::make_shared<GrpcRequest>();
    const Instant now = method_->clock().now();
    request->metadata = metadata_of(*context_);
    request->call = new_call(request->metadata, now, method_->random());
    request->call.deadline = now + time_left();
    request->message = bytes_of(message);
    request->peer = context_->peer();
    return request;
  }

  // Also where the client set no deadline, or one beyond all reason.
  Duration time_left() {
    if (context_->deadline() == system_clock::time_point::max()) {
      deadline_ = system_clock::now() + std::chrono::milliseconds(shared_->request_timeout.ms);
      return shared_->request_timeout;
    }
    deadline_ = context_->deadline();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - system_clock::now());
    return std::clamp(milliseconds(left.count()), milliseconds(0), deadline_max);
  }

  // The handler runs to its end even where its client was told that the deadline passed.
  static Task<void> run(std::shared_ptr<UnaryCall> self, std::shared_ptr<GrpcRequest> request) {
    asio::steady_timer deadline(co_await asio::this_coro::executor);
    deadline.expires_after(std::chrono::milliseconds((*request->call.deadline - self->method_->clock().now()).ms));
    deadline.async_wait([self](boost::system::error_code stopped) {
      if (!stopped) self->refuse(to_status(deadline_passed()));
    });
    const GrpcAnswer answer = co_await self->method_->answer(std::move(request));
    deadline.cancel();
    self->answer(answer);
  }

  void check(std::exception_ptr thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& what) {
      log::error("grpc call failed", {{"method", method_->path()}, {"request_id", request_id_}, {"error", what.what()}});
    } catch (...) {
      log::error("grpc call failed", {{"method", method_->path()}, {"request_id", request_id_}});
    }
    refuse(to_status({.kind = Kind::internal, .code = "internal", .detail = "Something went wrong on our side."}));
  }

  void answer(const GrpcAnswer& answer) {
    if (!answer.message.ok()) return refuse(to_status(answer.message.error()), answer.replayed);
    if (answered_.exchange(true)) return;
    const grpc::Slice slice(*answer.message);
    *response_ = grpc::ByteBuffer(&slice, 1);
    if (answer.version) context_->AddTrailingMetadata(names::etag, etag_text(*answer.version));
    finish(grpc::Status::OK, answer.replayed);
  }

  void refuse(const grpc::Status& status, bool replayed = false) {
    if (answered_.exchange(true)) return;
    finish(status, replayed);
  }

  void finish(const grpc::Status& status, bool replayed) {
    context_->AddTrailingMetadata(names::request_id, request_id_);
    if (replayed) context_->AddTrailingMetadata(names::idempotent_replayed, "true");
    method_->count(status.error_code(), steady_clock::now() - begin_);
    Finish(status);
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<GrpcMethod> method_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  const steady_clock::time_point begin_ = steady_clock::now();
  system_clock::time_point deadline_ = system_clock::time_point::max();
  std::string request_id_;
  std::atomic<bool> answered_ = false;
  std::shared_ptr<UnaryCall> held_by_grpc_;
};

// Our methods as gRPC has them from generated code: by name, with raw bytes, on the callback API.
class RawService final : public grpc::Service {
 public:
  RawService(const rpc::Service& service, const GrpcParts& parts, std::shared_ptr<Shared> shared) : name_(service.descriptor->full_name()) {
    for (const Method& method : service.methods)
      add(std::make_shared<GrpcMethod>(method, *parts.keys, *parts.clock, *parts.random, parts.exporter), shared);
  }
  const std::string& name() const { return name_; }

 private:
  void add(std::shared_ptr<GrpcMethod> method, std::shared_ptr<Shared> shared) {
    const auto index = static_cast<int>(methods_.size());
    methods_.push_back(method);  // gRPC keeps a pointer to its path
    AddMethod(new grpc::internal::RpcServiceMethod(method->path().c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(index, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                                     [shared, method](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) -> grpc::ServerUnaryReactor* {
                                       const auto call = std::make_shared<UnaryCall>(shared, method, context, response);
                                       call->begin(*request);
                                       return call.get();
                                     }));
  }

  std::string name_;
  std::vector<std::shared_ptr<GrpcMethod>> methods_;
};

std::string target_of(const std::string& address, std::uint16_t port) {
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port) : fmt::format("[{}]:{}", address, port);
}

void set_limits(grpc::ServerBuilder& builder, const GrpcParts& parts) {
  grpc::ResourceQuota quota("purser");
  builder.SetResourceQuota(quota.SetMaxThreads(reflection_threads_max));
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1).SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.SetMaxReceiveMessageSize(static_cast<int>(parts.message_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a taken port is an error, not a second listener
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, client_ping_interval_ms_min);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, connection_idle_ms_max);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_ms_max);
}

class Server final : public GrpcServer {
 public:
  Server(asio::any_io_executor executor, const std::string& address, std::uint16_t port, const GrpcParts& parts)
      : shared_(std::make_shared<Shared>(std::move(executor), parts.request_timeout)) {
    PURSER_ASSERT(parts.keys != nullptr && parts.clock != nullptr && parts.random != nullptr);
    grpc::ServerBuilder builder;
    set_limits(builder, parts);
    for (const rpc::Service& service : parts.services) {
      services_.push_back(std::make_unique<RawService>(service, parts, shared_));
      builder.RegisterService(services_.back().get());
    }
    int bound = 0;
    builder.AddListeningPort(target_of(address, port), grpc::InsecureServerCredentials(), &bound);
    server_ = builder.BuildAndStart();
    if (!server_ || bound == 0)
      throw std::system_error(std::make_error_code(std::errc::address_in_use), fmt::format("gRPC cannot listen on {}", target_of(address, port)));
    port_ = static_cast<std::uint16_t>(bound);
    set_serving(true);
  }

  // What is still open is cancelled, also where a drain is still waiting for it.
  ~Server() override {
    if (!server_) return;
    grpc_server_cancel_all_calls(server_->c_server());
    server_->Shutdown(system_clock::now());
    for (std::thread& thread : drains_) thread.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const override { return port_; }

  void set_serving(bool serving) override {
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus("", serving);
    for (const auto& service : services_) health->SetServingStatus(service->name(), serving);
  }

  Task<void> drain(Duration grace) override {
    set_serving(false);
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>([this, grace](auto resume) { start_drain(grace, std::move(resume)); },
                                                                         asio::use_awaitable);
  }

 private:
  // gRPC blocks while it shuts down, so this takes threads of its own. Streams of health and reflection would last the whole
  // grace: they are cut once our own calls are over.
  template <class Resume>
  void start_drain(Duration grace, Resume resume) {
    const auto until = system_clock::now() + std::chrono::milliseconds(grace.ms);
    const auto executor = asio::get_associated_executor(resume);
    drains_.emplace_back([this, until] { server_->Shutdown(until); });
    drains_.emplace_back([this, until, guard = asio::make_work_guard(executor), resume = std::move(resume)]() mutable {
      shared_->in_flight.wait_for_none(until);
      grpc_server_cancel_all_calls(server_->c_server());
      server_->Wait();
      asio::post(guard.get_executor(), std::move(resume));
    });
  }

  const std::shared_ptr<Shared> shared_;
  std::vector<std::unique_ptr<RawService>> services_;
  std::unique_ptr<grpc::Server> server_;
  std::uint16_t port_ = 0;
  std::vector<std::thread> drains_;
};

}  // namespace

std::unique_ptr<GrpcServer> serve_grpc(asio::any_io_executor executor, const std::string& address, std::uint16_t port, GrpcParts parts) {
  route_grpc_log();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  return std::make_unique<Server>(std::move(executor), address, port, parts);
}

}  // namespace purser::rpc
