// A service as the faces see it: its methods by descriptor, each a coroutine from message to message. Made from a typed
// interface by the code that codegen/ writes; nobody writes one by hand.
#pragma once
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/async.hpp"
#include "platform/rpc/call.hpp"

namespace purser::rpc {

using Message = google::protobuf::Message;
using MessagePtr = std::unique_ptr<Message>;

struct Method {
  const google::protobuf::MethodDescriptor* descriptor;
  // The request is of descriptor->input_type(), and so is the reply of output_type(). `call` and the request are the handler's.
  std::function<Reply<MessagePtr>(Call call, MessagePtr request)> invoke;
  bool permissive = false;  // REST repairs its bodies before it reads them (external_request.hpp)

  MessagePtr new_request() const;  // an empty message of input_type()
};

struct Service {
  const google::protobuf::ServiceDescriptor* descriptor;
  std::vector<Method> methods;
};

// Reaches a service that runs elsewhere. Used by generated clients.
class Channel {
 public:
  virtual ~Channel() = default;
  // Fills `reply`. The Error is what the other side's handler gave, or `unavailable` / `timeout` of the way there.
  virtual Reply<Done> call(const google::protobuf::MethodDescriptor* method, Call call, const Message& request, Message& reply) = 0;
};

// ---- for generated code ----

template <class Request, class Response, class Interface>
Reply<MessagePtr> invoke_typed(std::shared_ptr<Interface> service, Reply<Response> (Interface::*handler)(Call, Request), Call call,
                               MessagePtr request) {
  auto reply = co_await ((*service).*handler)(std::move(call), std::move(static_cast<Request&>(*request)));
  if (!reply.ok()) co_return std::move(reply).error();
  co_return MessagePtr(std::make_unique<Response>(std::move(*reply)));
}

template <class Request, class Response, class Interface>
Method bind_method(const google::protobuf::MethodDescriptor* descriptor, std::shared_ptr<Interface> service,
                   Reply<Response> (Interface::*handler)(Call, Request)) {
  return {descriptor, [service, handler](Call call, MessagePtr request) {
            return invoke_typed<Request, Response, Interface>(service, handler, std::move(call), std::move(request));
          }};
}

template <class Response, class Request>
Reply<Response> call_remote(std::shared_ptr<Channel> channel, const google::protobuf::MethodDescriptor* method, Call call, Request request) {
  Response response;
  auto done = co_await channel->call(method, std::move(call), request, response);
  if (!done.ok()) co_return std::move(done).error();
  co_return response;
}

}  // namespace purser::rpc
