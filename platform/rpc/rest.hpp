// The REST face: routes by google.api.http, keys, scopes, limits, problem+json (RFC 9457), lists, ETags, correlation ids, and the
// pages around the API: /livez /readyz /healthz /health /metrics /openapi.json /docs. A method is served here only because its
// contract says so.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "platform/http/message.hpp"
#include "platform/random.hpp"
#include "platform/rpc/keys.hpp"
#include "platform/rpc/service.hpp"
#include "platform/trace.hpp"

namespace purser::rpc {

// A route that is no service method (a processor's webhook, a page). `path` may hold "{name}" segments; no API key is asked for.
struct RawRoute {
  std::string method;
  std::string path;
  std::function<Task<http::Response>(http::Request request, std::vector<std::pair<std::string, std::string>> path_values)> handle;
};

struct RestParts {
  std::vector<Service> services;
  std::vector<RawRoute> routes;
  KeyRing* keys = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  trace::Exporter* exporter = nullptr;  // may be null
  std::function<Reply<Done>()> ready;   // /readyz: the Error says what is not
  std::string_view openapi_json;        // served as it is
  std::string_view docs_html;
  Duration request_timeout = seconds(30);  // becomes the call's deadline
  int requests_per_minute = 0;             // of one API key, over every face that asks `keys`; 0: no limit
  bool metrics_open = true;                // serve /metrics here
};

http::Handler make_rest_face(RestParts parts);

// An Error as problem+json, as every answer of this server says it.
http::Response problem(const Error& error, std::string_view request_id, std::string_view instance);
int http_status(Kind kind);

}  // namespace purser::rpc
