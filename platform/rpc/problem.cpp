#include <algorithm>

#include "platform/json/json_writer.hpp"
#include "platform/rpc/rest.hpp"

namespace purser::rpc {
namespace {

std::string_view title(Kind kind) {
  switch (kind) {
    case Kind::malformed:
      return "The request cannot be read";
    case Kind::unauthenticated:
      return "Not authenticated";
    case Kind::forbidden:
      return "Not allowed";
    case Kind::not_found:
      return "Not found";
    case Kind::wrong_method:
      return "Method not allowed";
    case Kind::too_slow:
      return "The request came too slowly";
    case Kind::conflict:
      return "Conflict";
    case Kind::stale:
      return "The version is not the current one";
    case Kind::too_large:
      return "The request is too large";
    case Kind::unsupported:
      return "Content type not supported";
    case Kind::invalid:
      return "The request breaks a rule";
    case Kind::rate_limited:
      return "Too many requests";
    case Kind::header_too_large:
      return "The request's header is too large";
    case Kind::internal:
      return "Internal error";
    case Kind::unavailable:
      return "Not available now";
    case Kind::timeout:
      return "Not done in time";
  }
  return "Error";
}

// What failed inside is for the log; a client learns that it was us.
std::string_view detail(const Error& error) {
  return error.kind == Kind::internal ? "Something went wrong on our side. It was logged under the request_id." : std::string_view(error.detail);
}

void write_fields(JsonWriter& json, const std::vector<FieldError>& fields) {
  json.key("errors").begin_array();
  for (const FieldError& field : fields)
    json.begin_object().key("pointer").string(field.pointer).key("detail").string(field.detail).key("code").string(field.code).end_object();
  json.end_array();
}

void write_details(JsonWriter& json, const std::map<std::string, std::string>& metadata) {
  json.key("details").begin_object();
  for (const auto& [name, value] : metadata) json.key(name).string(value);
  json.end_object();
}

std::string document(const Error& error, std::string_view request_id, std::string_view instance) {
  const std::string_view code = error.code.empty() ? "internal" : std::string_view(error.code);
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.key("type").string("/problems/" + std::string(code));
  json.key("title").string(title(error.kind));
  json.key("status").integer(http_status(error.kind));
  json.key("detail").string(detail(error));
  if (!instance.empty()) json.key("instance").string(instance);
  json.key("code").string(code);
  if (!request_id.empty()) json.key("request_id").string(request_id);
  if (!error.fields.empty()) write_fields(json, error.fields);
  if (!error.metadata.empty() && error.kind != Kind::internal) write_details(json, error.metadata);
  json.end_object();
  return body;
}

}  // namespace

int http_status(Kind kind) {
  switch (kind) {
    case Kind::malformed:
      return 400;
    case Kind::unauthenticated:
      return 401;
    case Kind::forbidden:
      return 403;
    case Kind::not_found:
      return 404;
    case Kind::wrong_method:
      return 405;
    case Kind::too_slow:
      return 408;
    case Kind::conflict:
      return 409;
    case Kind::stale:
      return 412;
    case Kind::too_large:
      return 413;
    case Kind::unsupported:
      return 415;
    case Kind::invalid:
      return 422;
    case Kind::rate_limited:
      return 429;
    case Kind::header_too_large:
      return 431;
    case Kind::internal:
      return 500;
    case Kind::unavailable:
      return 503;
    case Kind::timeout:
      return 504;
  }
  return 500;
}

http::Response problem(const Error& error, std::string_view request_id, std::string_view instance) {
  http::Response response{.status = http_status(error.kind), .body = document(error, request_id, instance)};
  response.headers.add("Content-Type", "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  if (error.kind == Kind::unauthenticated) response.headers.add("WWW-Authenticate", "Bearer");
  if (error.retry_after_seconds) response.headers.add("Retry-After", std::to_string(std::max(1, *error.retry_after_seconds)));
  return response;
}

}  // namespace purser::rpc
