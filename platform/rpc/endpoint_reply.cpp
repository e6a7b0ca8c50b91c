#include "platform/json/json_writer.hpp"
#include "platform/rpc/endpoint.hpp"
#include "platform/rpc/json.hpp"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;

bool has_more(const Message& reply) {
  const auto* field = reply.GetDescriptor()->FindFieldByName("has_more");
  return field != nullptr && reply.GetReflection()->GetBool(reply, field);
}

std::string list_envelope(const Endpoint& endpoint, const Message& reply, const std::string& path) {
  const auto& reflection = *reply.GetReflection();
  std::string body = R"({"object":"list","data":[)";
  for (int i = 0; i < reflection.FieldSize(reply, endpoint.response_body); ++i) {
    if (i > 0) body += ',';
    write_json(reflection.GetRepeatedMessage(reply, endpoint.response_body, i), body);
  }
  body += has_more(reply) ? R"(],"has_more":true,"url":)" : R"(],"has_more":false,"url":)";
  append_json_string(body, path);
  body += '}';
  return body;
}

void add_etag(const Message& resource, http::Headers& headers) {
  const auto* version = resource.GetDescriptor()->FindFieldByName("version");
  if (version == nullptr || version->cpp_type() != FieldDescriptor::CPPTYPE_INT64 || version->is_repeated()) return;
  headers.add("ETag", "\"" + std::to_string(resource.GetReflection()->GetInt64(resource, version)) + "\"");
}

void add_location(const Message& resource, const std::string& path, http::Headers& headers) {
  const auto* id = resource.GetDescriptor()->FindFieldByName("id");
  if (id == nullptr || id->cpp_type() != FieldDescriptor::CPPTYPE_STRING || id->is_repeated()) return;
  headers.add("Location", path + "/" + resource.GetReflection()->GetString(resource, id));
}

}  // namespace

http::Response write_reply(const Endpoint& endpoint, const Message& reply, const std::string& path) {
  http::Response response{.status = endpoint.success_status};
  response.headers.add("Content-Type", "application/json");
  if (endpoint.list) {
    response.body = list_envelope(endpoint, reply, path);
    return response;
  }
  const Message& resource = endpoint.response_body == nullptr ? reply : reply.GetReflection()->GetMessage(reply, endpoint.response_body);
  add_etag(resource, response.headers);
  if (response.status == 201) add_location(resource, path, response.headers);
  response.body.reserve(1024);
  write_json(resource, response.body);
  return response;
}

}  // namespace purser::rpc
