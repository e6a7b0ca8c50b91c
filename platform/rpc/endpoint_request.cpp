#include <algorithm>
#include <set>

#include "platform/rpc/endpoint.hpp"
#include "platform/rpc/json.hpp"
#include "platform/rpc/json_type.hpp"

namespace purser::rpc {
namespace {

constexpr int limit_default = 10, limit_max = 100;

Error unknown_parameter(const Endpoint& endpoint, std::string_view name) {
  std::string allowed = endpoint.list ? "limit" : "";
  for (const auto& parameter : endpoint.parameters) allowed += (allowed.empty() ? "" : ", ") + parameter;
  if (allowed.empty()) allowed = "none";
  return invalid("", "unknown_parameter", "There is no query parameter " + quoted_name(name) + " here; known: " + allowed + ".");
}

void set_page_size(Message& message, int limit) {
  const auto* field = message.GetDescriptor()->FindFieldByName("page_size");
  if (field != nullptr) message.GetReflection()->SetInt32(&message, field, limit);
}

Result<Done> read_limit(Message& message, std::string_view text) {
  auto done = set_field(message, "page_size", text);
  if (!done.ok()) {
    for (FieldError& field : done.error().fields) field.pointer = "/limit";
    return done;
  }
  const auto* field = message.GetDescriptor()->FindFieldByName("page_size");
  const int limit = message.GetReflection()->GetInt32(message, field);
  if (limit < 1) return invalid("/limit", "too_small", "limit must be at least 1.");
  if (limit > limit_max) return invalid("/limit", "too_large", "limit must be at most " + std::to_string(limit_max) + ".");
  return Done{};
}

Result<Done> read_query(const Endpoint& endpoint, const http::Target& target, Message& message) {
  if (endpoint.list) set_page_size(message, limit_default);
  std::set<std::string_view> seen;
  for (const auto& [name, value] : target.query) {
    const bool limit = endpoint.list && name == "limit";
    if (!limit && std::ranges::find(endpoint.parameters, name) == endpoint.parameters.end()) return unknown_parameter(endpoint, name);
    if (!seen.insert(name).second) return invalid("/" + name, "duplicate_field", "The query parameter " + name + " is given twice.");
    TRY_DONE(limit ? read_limit(message, value) : set_field(message, name, value));
  }
  if (seen.contains("starting_after") && seen.contains("ending_before"))
    return invalid("/ending_before", "ambiguous_cursor", "Give starting_after or ending_before, not both.");
  return Done{};
}

// The path says which resource is meant. A body that names another one is a mistake of the client's, and is not guessed at.
Result<Done> read_path(const PathValues& values, Message& message) {
  for (const auto& [name, value] : values) {
    const auto* field = message.GetDescriptor()->FindFieldByName(name);
    if (field != nullptr && field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      const std::string sent = message.GetReflection()->GetString(message, field);
      if (!sent.empty() && sent != value) return invalid("/" + name, "differs_from_path", "This must be what the path says, or be left out.");
    }
    TRY_DONE(set_field(message, name, value));
  }
  return Done{};
}

}  // namespace

Result<MessagePtr> read_request(const Endpoint& endpoint, std::string_view body, const http::Target& target, const PathValues& values) {
  MessagePtr message = endpoint.method.new_request();
  if (!body.empty()) TRY_DONE(read_json(body, *message));
  TRY_DONE(read_query(endpoint, target, *message));
  TRY_DONE(read_path(values, *message));
  return message;
}

}  // namespace purser::rpc
