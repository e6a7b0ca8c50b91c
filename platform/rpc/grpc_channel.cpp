#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "platform/rpc/grpc_face.hpp"
#include "platform/rpc/grpc_log.hpp"
#include "platform/rpc/grpc_metadata.hpp"
#include "platform/rpc/grpc_status.hpp"

namespace purser::rpc {
namespace {

namespace asio = boost::asio;
using std::chrono::system_clock;

constexpr Duration timeout_default = seconds(30);  // where the call has no deadline: none is ever open-ended
constexpr int message_bytes_max = 8 << 20, metadata_bytes_max = 64 << 10;
constexpr int keepalive_ms = 60'000, keepalive_timeout_ms = 20'000, reconnect_ms_max = 5'000;

// One call on its way: gRPC works on these until it says that it is done, whether or not anyone still waits.
struct Outbound {
  grpc::ClientContext context;
  std::string path;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

bool has_trailer(const grpc::ClientContext& context, const char* name, std::string_view value) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(name);
  return found != trailers.end() && std::string_view(found->second.data(), found->second.size()) == value;
}

bool read_into(grpc::ByteBuffer& buffer, Message& reply) {
  grpc::ProtoBufferReader reader(&buffer);
  return reader.status().ok() && reply.ParseFromZeroCopyStream(&reader);
}

class GrpcChannel final : public Channel {
 public:
  GrpcChannel(std::shared_ptr<grpc::Channel> channel, std::string api_key) : stub_(std::move(channel)), api_key_(std::move(api_key)) {}

  Reply<Done> call(const google::protobuf::MethodDescriptor* method, Call call, const Message& request, Message& reply) override {
    const auto outbound = prepare(*method, call, request);
    const grpc::Status status = co_await send(outbound);
    if (!status.ok()) co_return to_error(status);
    call.notes->replayed = has_trailer(outbound->context, names::idempotent_replayed, "true");
    if (!read_into(outbound->response, reply))
      co_return Error{
          .kind = Kind::internal, .code = "unreadable_answer", .detail = "The service answered with something that is not its contract's."};
    co_return Done();
  }

 private:
  std::shared_ptr<Outbound> prepare(const google::protobuf::MethodDescriptor& method, const Call& call, const Message& request) {
    auto outbound = std::make_shared<Outbound>();
    outbound->path = "/" + method.service()->full_name() + "/" + method.name();
    const auto deadline = call.deadline ? system_clock::time_point(std::chrono::milliseconds(call.deadline->unix_ms))
                                        : system_clock::now() + std::chrono::milliseconds(timeout_default.ms);
    outbound->context.set_deadline(deadline);
    for (const auto& [name, value] : write_metadata(call, api_key_)) outbound->context.AddMetadata(name, value);
    const grpc::Slice slice(request.SerializeAsString());
    outbound->request = grpc::ByteBuffer(&slice, 1);
    return outbound;
  }

  // Resumes on the caller's executor, which this keeps busy until then. Cancelling the waiting coroutine cancels the call.
  Task<grpc::Status> send(std::shared_ptr<Outbound> outbound) {
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(grpc::Status)>(
        [this](auto handler, std::shared_ptr<Outbound> sent) { start(std::move(handler), std::move(sent)); }, asio::use_awaitable, outbound);
  }

  // The waiting coroutine, and the work that keeps its executor busy meanwhile.
  template <class Handler>
  struct Waiting {
    explicit Waiting(Handler handler) : guard(asio::make_work_guard(asio::get_associated_executor(handler))), resume(std::move(handler)) {}
    asio::executor_work_guard<asio::associated_executor_t<Handler>> guard;
    Handler resume;
  };

  template <class Handler>
  void start(Handler handler, std::shared_ptr<Outbound> outbound) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) slot.assign([outbound](asio::cancellation_type) { outbound->context.TryCancel(); });
    auto waiting = std::make_shared<Waiting<Handler>>(std::move(handler));
    Outbound& sent = *outbound;
    // The context holds gRPC's channel, and the last channel may not end on gRPC's own thread, which it would wait for: so all
    // of the call moves over to the executor.
    auto done = [outbound, waiting](const grpc::Status& status) mutable {
      const auto executor = waiting->guard.get_executor();
      asio::post(executor, [outbound = std::move(outbound), waiting = std::move(waiting), status] { std::move(waiting->resume)(status); });
    };
    stub_.UnaryCall(&sent.context, sent.path, {}, &sent.request, &sent.response, std::move(done));
  }

  grpc::GenericStub stub_;
  std::string api_key_;
};

}  // namespace

std::shared_ptr<Channel> dial_grpc(const std::string& target, std::string api_key) {
  route_grpc_log();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(message_bytes_max);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, reconnect_ms_max);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no retries that a DNS record asks for
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return std::make_shared<GrpcChannel>(grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments), std::move(api_key));
}

}  // namespace purser::rpc
