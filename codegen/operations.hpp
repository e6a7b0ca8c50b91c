// The OpenAPI operation of one rpc: where it is, what it takes, what it answers.
#pragma once
#include <google/protobuf/descriptor.h>

#include <optional>
#include <string>
#include <vector>

#include "codegen/json_value.hpp"
#include "codegen/schemas.hpp"

namespace purser::codegen {

struct Route {
  std::string verb;                      // "get"
  std::string path;                      // "/orders/{order_id}"
  std::vector<std::string> path_fields;  // "order_id"
  bool has_body = false;
};

// Where REST serves the method: nothing for one without google.api.http, and why in `error` for one it cannot serve.
std::optional<Route> route_of(const google::protobuf::MethodDescriptor& method, std::string& error);

// What REST answers with: the whole message, one field of it, or a list around a repeated field. Throws nothing; `error` says what
// does not fit.
struct Answer {
  const google::protobuf::Descriptor* message = nullptr;
  bool list = false;
};
Answer answer_of(const google::protobuf::MethodDescriptor& method, std::string& error);

Json operation(const google::protobuf::MethodDescriptor& method, const Route& route, const Answer& answer, const std::string& tag, Schemas& schemas);

}  // namespace purser::codegen
