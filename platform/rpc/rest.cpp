#include "platform/rpc/rest.hpp"

#include <algorithm>
#include <deque>

#include "kernel/assert.hpp"
#include "platform/log.hpp"
#include "platform/rpc/built_in_pages.hpp"
#include "platform/rpc/deadline.hpp"
#include "platform/rpc/endpoint.hpp"
#include "platform/rpc/exchange.hpp"
#include "platform/rpc/external_request.hpp"
#include "platform/rpc/idempotency_key.hpp"
#include "platform/rpc/rate_limit.hpp"
#include "platform/rpc/request_scan.hpp"
#include "platform/rpc/routes.hpp"
#include "platform/rpc/validate.hpp"

namespace purser::rpc {
namespace {

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::readonly:
      return "readonly";
    case Scope::merchant:
      return "merchant";
    case Scope::admin:
      return "admin";
  }
  return "";
}

Error not_read(std::string code, std::string detail) { return {.kind = Kind::malformed, .code = std::move(code), .detail = std::move(detail)}; }

Result<std::string> bearer_token(const http::Headers& headers) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view header = headers.find("Authorization").value_or("");
  const bool bearer = header.size() > scheme.size() && std::ranges::equal(header.substr(0, scheme.size()), scheme, [](char a, char b) {
                        return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
                      });
  if (bearer) return std::string(header.substr(scheme.size()));
  return Error{.kind = Kind::unauthenticated, .code = "unauthenticated", .detail = "Send your API key in the header \"Authorization: Bearer sk_…\"."};
}

Result<Done> check_scope(const Caller& caller, Scope needed) {
  if (caller.scope >= needed) return Done{};
  Error error{.kind = Kind::forbidden, .code = "insufficient_scope"};
  error.detail = "This needs a key of scope " + std::string(scope_name(needed)) + "; yours has " + std::string(scope_name(caller.scope)) + ".";
  error.metadata = {{"needed", std::string(scope_name(needed))}, {"had", std::string(scope_name(caller.scope))}};
  return error;
}

// "application/json", with or without "; charset=utf-8".
bool is_json(std::string_view type) {
  std::string text;
  for (const char c : type)
    if (c != ' ' && c != '\t' && c != '"') text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text == "application/json" || text == "application/json;charset=utf-8";
}

Result<Done> check_body(const Endpoint& endpoint, const http::Request& request) {
  if (request.body.empty()) return Done{};
  if (!endpoint.takes_body) return not_read("body_not_allowed", "This request takes no body.");
  if (is_json(request.headers.find("Content-Type").value_or(""))) return Done{};
  return Error{.kind = Kind::unsupported, .code = "unsupported_media_type", .detail = "Send the body as Content-Type: application/json."};
}

Result<Done> read_conditions(const Endpoint& endpoint, const http::Headers& headers, Call& call) {
  if (endpoint.mutation) {
    TRY(auto key, idempotency_key(headers));
    if (!key) return not_read("idempotency_key_missing", "Send an Idempotency-Key header: a value of your own, new for each new request.");
    call.idempotency_key = std::move(*key);
  }
  if (endpoint.conditional) {
    TRY(call.if_match, if_match(headers));
  }
  return Done{};
}

// The body as its contract has it, where the method takes others too. The call then says what was repaired.
Result<std::optional<std::string>> mended_body(const Endpoint& endpoint, const std::string& body, Call& call) {
  if (!endpoint.method.permissive || body.empty()) return std::optional<std::string>();
  TRY(ExternalRequest external, read_external(body, *endpoint.method.descriptor->input_type()));
  call.repairs = std::move(external.repairs);
  tell_repairs(call, endpoint.method);
  return std::optional(std::move(external.json));
}

Error no_route(const RouteMatch& match) {
  if (match.methods.empty())
    return {.kind = Kind::not_found, .code = "route_not_found", .detail = "There is nothing at this path. /docs lists what there is."};
  return {.kind = Kind::wrong_method, .code = "method_not_allowed", .detail = "This path takes " + allow_header(match.methods) + "."};
}

http::Response bare_500(const Exchange& exchange, const char* what) {
  log::error("a request failed",
             {{"error", what}, {"path", exchange.route}, {"request_id", exchange.request_id}, {"correlation_id", exchange.correlation_id}});
  return problem(Error{.kind = Kind::internal, .code = "internal", .detail = ""}, exchange.request_id, "");
}

// Shown as `instance`: the path as sent, unless it holds what no answer should repeat.
std::string_view instance_of(const http::Request& request) {
  const std::string_view path = std::string_view(request.target).substr(0, request.target.find_first_of("?#"));
  const bool plain = std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~'; });
  return plain ? path : "";
}

class RestFace : public std::enable_shared_from_this<RestFace> {
 public:
  explicit RestFace(RestParts parts);

  static Task<http::Response> serve(std::shared_ptr<RestFace> self, http::Request request);

 private:
  // One served path and method: a service method, or a raw route.
  struct Route {
    std::optional<Endpoint> endpoint;
    RawRoute raw;
    std::unique_ptr<RouteMetrics> metrics;
  };

  void add(Endpoint endpoint);
  void add(RawRoute raw);

  // Everything below runs within serve(), which keeps the face, the exchange and the request alive.
  Task<http::Response> answer(Exchange* exchange, http::Request* request, const http::Target* target);
  Task<http::Response> answer_raw(const Route* route, Exchange* exchange, http::Request* request, PathValues values);
  Reply<http::Response> call_method(const Endpoint* endpoint, Exchange* exchange, const http::Request* request, const http::Target* target,
                                    PathValues values);
  Reply<Call> identify(const Endpoint* endpoint, Exchange* exchange, const http::Request* request);

  http::Response answer_to_error(const Error& error, const Exchange& exchange, const http::Request& request) const;
  void finish(const Exchange& exchange, const http::Request& request, http::Response& response) const;

  RestParts parts_;
  RouteTable table_;
  std::deque<Route> routes_;
  RouteMetrics unmatched_{"OTHER", "unmatched"};
  metrics::Gauge& in_flight_ = metrics::gauge("purser_http_requests_in_flight", "Requests being answered now.");
};

RestFace::RestFace(RestParts parts) : parts_(std::move(parts)) {
  PURSER_ASSERT(parts_.clock != nullptr && parts_.random != nullptr && (parts_.keys != nullptr || parts_.services.empty()));
  if (parts_.keys != nullptr) parts_.keys->limit(parts_.requests_per_minute);
  for (const Service& service : parts_.services)
    for (Endpoint& endpoint : endpoints_of(service)) add(std::move(endpoint));
  for (const RawRoute& raw : parts_.routes) add(raw);
  for (RawRoute& page : built_in_pages(parts_)) add(std::move(page));
}

void RestFace::add(Endpoint endpoint) {
  table_.add(endpoint.verb, endpoint.path, routes_.size());
  auto metrics = std::make_unique<RouteMetrics>(endpoint.verb, endpoint.path);
  routes_.push_back({.endpoint = std::move(endpoint), .raw = {}, .metrics = std::move(metrics)});
}

void RestFace::add(RawRoute raw) {
  table_.add(raw.method, raw.path, routes_.size());
  auto metrics = std::make_unique<RouteMetrics>(raw.method, raw.path);
  routes_.push_back({.endpoint = {}, .raw = std::move(raw), .metrics = std::move(metrics)});
}

Task<http::Response> RestFace::serve(std::shared_ptr<RestFace> self, http::Request request) {
  const http::Target target = http::parse_target(request.target);
  const auto card = find_card_number(request, target);
  Exchange exchange = begin_exchange(request, card.has_value(), *self->parts_.clock, *self->parts_.random);
  exchange.metrics = &self->unmatched_;
  self->in_flight_.add(1);
  http::Response response;
  try {
    response = card ? problem(*card, exchange.request_id, "") : co_await self->answer(&exchange, &request, &target);
  } catch (const std::exception& error) {
    response = bare_500(exchange, error.what());
  } catch (...) {
    response = bare_500(exchange, "something that is no exception was thrown");
  }
  self->finish(exchange, request, response);
  self->in_flight_.add(-1);
  end_exchange(exchange, response, *self->parts_.clock, self->parts_.exporter);
  co_return response;
}

// The order of checks: path and method, then how the request is written (encoding, body and its type), then who asks (key, rate,
// scope), then the headers that make it repeatable, then its JSON, then the rules of its fields, then the handler.
Task<http::Response> RestFace::answer(Exchange* exchange, http::Request* request, const http::Target* target) {
  if (!target->valid) co_return answer_to_error(not_read("malformed_url", "The URL's percent-encoding is broken."), *exchange, *request);
  RouteMatch match = table_.match(request->method == "HEAD" ? "GET" : request->method, target->segments);
  if (!match.route && !match.methods.empty() && request->method == "OPTIONS") {
    http::Response response{.status = 204};
    response.headers.add("Allow", allow_header(match.methods));
    co_return response;
  }
  if (!match.route) {
    http::Response response = answer_to_error(no_route(match), *exchange, *request);
    if (!match.methods.empty()) response.headers.add("Allow", allow_header(match.methods));
    co_return response;
  }

  const Route& route = routes_[*match.route];
  exchange->route = route.endpoint ? route.endpoint->path : route.raw.path;
  exchange->metrics = route.metrics.get();
  if (!route.endpoint) co_return co_await answer_raw(&route, exchange, request, std::move(match.values));
  auto reply = co_await call_method(&*route.endpoint, exchange, request, target, std::move(match.values));
  co_return reply.ok() ? *std::move(reply) : answer_to_error(reply.error(), *exchange, *request);
}

// A raw route learns the ids of the exchange from headers, as if its client had sent them.
Task<http::Response> RestFace::answer_raw(const Route* route, Exchange* exchange, http::Request* request, PathValues values) {
  request->headers.set("Request-Id", exchange->request_id);
  request->headers.set("X-Correlation-Id", exchange->correlation_id);
  request->headers.set("traceparent", exchange->trace.traceparent());
  co_return co_await route->raw.handle(*request, std::move(values));
}

Reply<Call> RestFace::identify(const Endpoint* endpoint, Exchange* exchange, const http::Request* request) {
  CO_TRY(std::string token, bearer_token(request->headers));
  Call call;
  CO_TRY(call.caller, co_await parts_.keys->authenticate(std::move(token)));
  exchange->merchant_id = call.caller.merchant_id;
  if (RateLimiter& limiter = parts_.keys->limiter(); limiter.on()) {
    exchange->standing = limiter.take(call.caller.actor, exchange->begin);
    if (!exchange->standing->allowed) co_return rate_limited(*exchange->standing);
  }
  CO_TRY_DONE(check_scope(call.caller, endpoint->scope));
  call.deadline = exchange->begin + parts_.request_timeout;
  call.request_id = exchange->request_id;
  call.correlation_id = exchange->correlation_id;
  call.trace = exchange->trace;
  co_return call;
}

Reply<http::Response> RestFace::call_method(const Endpoint* endpoint, Exchange* exchange, const http::Request* request, const http::Target* target,
                                            PathValues values) {
  note_subjects(values, exchange->subjects);
  CO_TRY_DONE(check_body(*endpoint, *request));
  CO_TRY(Call call, co_await identify(endpoint, exchange, request));
  CO_TRY_DONE(read_conditions(*endpoint, request->headers, call));
  CO_TRY(const auto mended, mended_body(*endpoint, request->body, call));
  CO_TRY(MessagePtr message, read_request(*endpoint, mended ? *mended : request->body, *target, values));
  CO_TRY_DONE(validate(*message));

  const auto notes = call.notes;
  const std::shared_ptr<const Method> method(shared_from_this(), &endpoint->method);
  auto reply = co_await reply_within(method, std::move(call), std::move(message), parts_.clock, parts_.request_timeout);
  if (!reply)
    co_return Error{
        .kind = Kind::timeout,
        .code = "timeout",
        .detail = "Not finished in time, but still being worked on. Repeat the request with the same Idempotency-Key to learn its outcome."};
  CO_TRY(MessagePtr message_out, *std::move(reply));
  note_subjects(*message_out, exchange->subjects);
  http::Response response = write_reply(*endpoint, *message_out, target->path);
  if (notes->replayed) response.headers.add("Idempotent-Replayed", "true");
  co_return response;
}

http::Response RestFace::answer_to_error(const Error& error, const Exchange& exchange, const http::Request& request) const {
  if (error.kind == Kind::internal)
    log::error("a request failed", {{"code", error.code},
                                    {"error", error.detail},
                                    {"path", exchange.route},
                                    {"request_id", exchange.request_id},
                                    {"correlation_id", exchange.correlation_id}});
  return problem(error, exchange.request_id, instance_of(request));
}

void RestFace::finish(const Exchange& exchange, const http::Request& request, http::Response& response) const {
  http::Headers& headers = response.headers;
  headers.set("Request-Id", exchange.request_id);
  headers.set("X-Correlation-Id", exchange.correlation_id);
  headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
  if (parts_.keys != nullptr) parts_.keys->limiter().describe(exchange.standing ? &*exchange.standing : nullptr, headers);
  if (request.method == "HEAD") response.body.clear();
}

}  // namespace

http::Handler make_rest_face(RestParts parts) {
  auto face = std::make_shared<RestFace>(std::move(parts));
  return [face](http::Request request) { return RestFace::serve(face, std::move(request)); };
}

}  // namespace purser::rpc
