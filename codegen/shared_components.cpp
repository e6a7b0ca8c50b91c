#include "codegen/shared_components.hpp"

namespace purser::codegen {
namespace {

Json header_parameter(const char* name, bool required, const char* description, Json schema, const char* example) {
  return Json::object(
      {{"name", name}, {"in", "header"}, {"required", required}, {"description", description}, {"schema", std::move(schema)}, {"example", example}});
}

Json header(const char* description, const char* example) {
  return Json::object({{"description", description}, {"schema", Json::object({{"type", "string"}})}, {"example", example}});
}

// "RetryAfter" for Retry-After.
std::string component_name(std::string_view header) {
  std::string name;
  for (const char c : header) {
    if (c != '-') name += c;
  }
  return name;
}

Json header_reference(const char* name) { return Json::object({{"$ref", std::string("#/components/headers/") + name}}); }

struct Failure {
  const char* component;
  int status;
  const char* title;
  const char* description;
  const char* code;  // of the example, and its detail
  const char* detail;
  const char* header;  // one that comes with it, or none
};

// clang-format off
constexpr Failure failures[] = {
    {"BadRequest", 400, "The request cannot be read",
     "It cannot be read: not JSON, a broken URL or header, a body where none belongs, or no Idempotency-Key where one is required.",
     "idempotency_key_missing", "Send an Idempotency-Key header: a value of your own, new for each new request.", nullptr},
    {"Unauthenticated", 401, "Not authenticated", "No API key, or one that is unknown or revoked.",
     "unauthenticated", "Send your API key in the header \"Authorization: Bearer sk_…\".", "WWW-Authenticate"},
    {"Forbidden", 403, "Not allowed", "The API key's scope does not allow this.",
     "insufficient_scope", "This needs a key of scope merchant; yours has readonly.", nullptr},
    {"NotFound", 404, "Not found", "It does not exist, or it is another merchant's.",
     "order_not_found", "There is no such order.", nullptr},
    {"RequestTimeout", 408, "The request came too slowly", "The request did not arrive in time.",
     "request_too_slow", "The request did not arrive in time.", nullptr},
    {"Conflict", 409, "Conflict",
     "Not possible in this state (`illegal_transition`: `details` says the state and what it allows), already taken by another, or the first "
     "request with this Idempotency-Key is still running (`idempotency_key_in_use`).",
     "idempotency_key_in_use", "The first request with this Idempotency-Key is still running. Repeat it in a moment.", "Retry-After"},
    {"PreconditionFailed", 412, "The version is not the current one", "If-Match names another version than the current one: read it again.",
     "stale_version", "It has changed since you read it.", nullptr},
    {"ContentTooLarge", 413, "The request is too large", "The body is larger than this server takes.",
     "body_too_large", "The request body is larger than this server takes.", nullptr},
    {"UnsupportedMediaType", 415, "Content type not supported", "The body is not application/json.",
     "unsupported_media_type", "Send the body as Content-Type: application/json.", nullptr},
    {"ValidationFailed", 422, "The request breaks a rule",
     "It can be read, but breaks a rule: every field that does is in `errors`. Also a card number anywhere (`card_number_refused`), and an "
     "Idempotency-Key used before for another request (`idempotency_key_reused`).",
     "validation_failed", "This is required and must not be empty.", nullptr},
    {"RateLimited", 429, "Too many requests", "Too many requests with this API key.",
     "rate_limited", "Too many requests with this key; try again when Retry-After has passed.", "Retry-After"},
    {"HeadersTooLarge", 431, "The request's header is too large", "The request line or the headers are larger than this server takes.",
     "header_too_large", "The request line or header is larger than this server takes.", nullptr},
    {"InternalError", 500, "Internal error", "Our mistake; it was logged. Repeat the request with the same Idempotency-Key.",
     "internal", "Something went wrong on our side. It was logged under the request_id.", nullptr},
    {"Unavailable", 503, "Not available now", "Something the server depends on failed, or it is about to stop. Repeat the request with the same "
     "Idempotency-Key.",
     "store_unavailable", "The database cannot be written to.", "Retry-After"},
    {"DeadlineExceeded", 504, "Not done in time", "Still being worked on. Repeat the request with the same Idempotency-Key to learn its outcome.",
     "timeout", "Not finished in time, but still being worked on. Repeat the request with the same Idempotency-Key to learn its outcome.", nullptr},
};
// clang-format on

Json problem_example(const Failure& failure) {
  Json example = Json::object({{"type", std::string("/problems/") + failure.code},
                               {"title", failure.title},
                               {"status", failure.status},
                               {"detail", failure.detail},
                               {"instance", "/orders"},
                               {"code", failure.code},
                               {"request_id", "req_01kam2x1f4e7rbk3h6t9v5w8yz"}});
  if (failure.status == 422) {
    example.set("errors", Json::array({Json::object({{"pointer", "/user_id"}, {"detail", failure.detail}, {"code", "required"}})}));
  }
  return example;
}

Json failure_response(const Failure& failure) {
  Json headers = Json::object({{"Request-Id", header_reference("RequestId")}});
  headers.set("X-Correlation-Id", header_reference("CorrelationId"));
  if (failure.header != nullptr) headers.set(failure.header, header_reference(component_name(failure.header).c_str()));
  Json media = Json::object({{"schema", Json::object({{"$ref", "#/components/schemas/Problem"}})}, {"example", problem_example(failure)}});
  return Json::object({{"description", failure.description},
                       {"headers", std::move(headers)},
                       {"content", Json::object({{"application/problem+json", std::move(media)}})}});
}

Json field_errors_schema() {
  Json properties = Json::object({{"pointer", text_schema("Where in the body (RFC 6901); empty for all of it.")},
                                  {"detail", text_schema("What is wrong, for people.")},
                                  {"code", text_schema("What is wrong, for programs.")}});
  Json element = Json::object({{"type", "object"}, {"required", Json::array({"pointer", "detail", "code"})}, {"properties", std::move(properties)}});
  return Json::object({{"type", "array"}, {"description", "Every field that breaks a rule."}, {"items", std::move(element)}});
}

}  // namespace

Json text_schema(const char* description) { return Json::object({{"type", "string"}, {"description", description}}); }

Json shared_parameters() {
  Json limit = Json::object({{"type", "integer"}, {"format", "int32"}, {"minimum", 1}, {"maximum", 100}, {"default", 10}});
  const auto matching = [](const char* pattern) { return Json::object({{"type", "string"}, {"pattern", pattern}}); };
  Json parameters = Json::object();
  parameters.set("Limit", Json::object({{"name", "limit"}, {"in", "query"}, {"description", "How many at most."}, {"schema", std::move(limit)}}));
  parameters.set("IdempotencyKey",
                 header_parameter("Idempotency-Key", true,
                                  "A value of your own for this one operation: 1 to 255 visible ASCII characters, in double quotes or bare. Repeat "
                                  "the request with the same key and it takes effect once: you get the first answer again. Kept for at least 24 "
                                  "hours.",
                                  matching(R"(^("([!#-\[\]-~]|\\["\\]){1,255}"|[!#-~][!-~]{0,254})$)"), "\"8e03978e-40d5-43dd-bc93-6894a57f9324\""));
  parameters.set("IfMatch",
                 header_parameter("If-Match", false, "The ETag you have, or *. The request takes effect only if it is still the current one.",
                                  matching(R"(^(\*|(W/)?"[0-9]+")$)"), "\"3\""));
  parameters.set("Traceparent", header_parameter("traceparent", false, "W3C trace context: the trace this request belongs to.",
                                                 Json::object({{"type", "string"}}), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  parameters.set("CorrelationId",
                 header_parameter("X-Correlation-Id", false, "Your own name for what this request belongs to; it is in our logs and events.",
                                  matching("^[!-~]{1,128}$"), "cart-7731"));
  return parameters;
}

Json shared_headers() {
  Json headers = Json::object();
  headers.set("RequestId", header("Our name for this request.", "req_01kam2x1f4e7rbk3h6t9v5w8yz"));
  headers.set("CorrelationId", header("Your X-Correlation-Id, or else the Request-Id.", "cart-7731"));
  headers.set("Location", header("The path of what was created.", "/orders/ord_01kam2x1f4e7rbk3h6t9v5w8yz"));
  headers.set("WWWAuthenticate", header("How to say who you are.", "Bearer"));
  headers.set("ETag", header("The version of what was answered: send it as If-Match.", "\"3\""));
  headers.set("IdempotentReplayed", header("\"true\" where this answer was stored by an earlier request with the same Idempotency-Key.", "true"));
  headers.set("RateLimit", header("What is left of the limit, where one is set: r requests in the next t seconds.", "\"default\";r=50;t=30"));
  headers.set("RateLimitPolicy", header("The limit, where one is set: q requests in w seconds.", "\"default\";q=100;w=60"));
  headers.set("RetryAfter", header("How many seconds to wait.", "30"));
  return headers;
}

Json shared_responses() {
  Json responses = Json::object();
  for (const Failure& failure : failures) responses.set(failure.component, failure_response(failure));
  return responses;
}

Json security_schemes() {
  return Json::object({{"apiKey", Json::object({{"type", "http"},
                                                {"scheme", "bearer"},
                                                {"description",
                                                 "An API key, `sk_test_…` or `sk_live_…`. Its scope is readonly, merchant or "
                                                 "admin, each allowing what those before it allow."}})}});
}

Json problem_schema() {
  Json properties = Json::object({
      {"type", Json::object({{"type", "string"}, {"format", "uri-reference"}, {"description", "The kind of problem."}})},
      {"title", text_schema("What kind of problem it is, in words.")},
      {"status", Json::object({{"type", "integer"}, {"format", "int32"}, {"minimum", 400}, {"maximum", 599}, {"description", "The HTTP status."}})},
      {"detail", text_schema("What went wrong and what to do about it, for people.")},
      {"instance", text_schema("The path that was asked.")},
      {"code", text_schema("What went wrong, for programs: stable, snake_case.")},
      {"request_id", text_schema("Our name for the request: quote it when you ask us.")},
      {"errors", field_errors_schema()},
      {"details", Json::object({{"type", "object"},
                                {"description", "Facts that help: the state it is in, what that state allows, a limit."},
                                {"additionalProperties", Json::object({{"type", "string"}})}})},
  });
  return Json::object({{"type", "object"},
                       {"description", "An error (RFC 9457)."},
                       {"required", Json::array({"type", "title", "status", "detail", "code"})},
                       {"properties", std::move(properties)}});
}

}  // namespace purser::codegen
