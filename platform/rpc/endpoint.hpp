// A service method as REST serves it: what its contract says (google.api.http and MethodRules), worked out once; the way from a
// request to its message, and from its reply to an answer.
#pragma once
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/message.hpp"
#include "platform/rpc/routes.hpp"
#include "platform/rpc/service.hpp"

namespace purser::rpc {

struct Endpoint {
  Method method;
  std::string verb;  // "POST"
  std::string path;  // "/orders/{order_id}"
  Scope scope = Scope::admin;
  bool mutation = false;
  bool conditional = false;
  bool list = false;
  bool takes_body = false;
  int success_status = 200;
  const google::protobuf::FieldDescriptor* response_body = nullptr;  // what of the reply is answered; null: all of it
  std::vector<std::string> parameters{};                             // a query may carry
};

// Every binding of every method that has one. A contract that REST cannot serve as written is a bug.
std::vector<Endpoint> endpoints_of(const Service& service);

// The message a request stands for: its body, then its query, then its path.
Result<MessagePtr> read_request(const Endpoint& endpoint, std::string_view body, const http::Target& target, const PathValues& values);

// The answer a reply makes, with ETag and Location where it is a resource that has them. `path` is the request's.
http::Response write_reply(const Endpoint& endpoint, const Message& reply, const std::string& path);

// The orders and payments a message speaks of, for the log.
struct SubjectIds {
  std::string order_id, payment_id;
};
void note_subjects(const Message& message, SubjectIds& ids);
void note_subjects(const PathValues& values, SubjectIds& ids);

}  // namespace purser::rpc
