#include "codegen/operations.hpp"

#include <algorithm>
#include <set>

#include "codegen/comments.hpp"
#include "codegen/words.hpp"
#include "google/api/annotations.pb.h"
#include "purser/options/v1/options.pb.h"

namespace purser::codegen {
namespace {

using google::api::HttpRule;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using options::v1::MethodRules;

const HttpRule& http_of(const MethodDescriptor& method) { return method.options().GetExtension(google::api::http); }
const MethodRules& rules_of(const MethodDescriptor& method) { return method.options().GetExtension(options::v1::method); }

Route verb_and_path(const HttpRule& rule) {
  switch (rule.pattern_case()) {
    case HttpRule::kGet:
      return {"get", rule.get(), {}, false};
    case HttpRule::kPut:
      return {"put", rule.put(), {}, false};
    case HttpRule::kPost:
      return {"post", rule.post(), {}, false};
    case HttpRule::kDelete:
      return {"delete", rule.delete_(), {}, false};
    case HttpRule::kPatch:
      return {"patch", rule.patch(), {}, false};
    case HttpRule::kCustom:
    case HttpRule::PATTERN_NOT_SET:
      return {};
  }
  return {};
}

std::vector<std::string> names_in_braces(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    names.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

Json parameter_reference(const char* name) { return Json::object({{"$ref", std::string("#/components/parameters/") + name}}); }
Json header_reference(const char* name) { return Json::object({{"$ref", std::string("#/components/headers/") + name}}); }
Json response_reference(const char* name) { return Json::object({{"$ref", std::string("#/components/responses/") + name}}); }

// "The id of the order." where the contract says nothing about order_id in a path; in a query it selects.
std::string parameter_description(const FieldDescriptor& field, bool in_path) {
  const std::string comment = prose(comment_of(field));
  if (!comment.empty()) return comment;
  const std::string& name = field.name();
  const std::string of_whom = name.ends_with("_id") ? name.substr(0, name.size() - 3) : "";
  if (!of_whom.empty()) return in_path ? "The id of the " + of_whom + "." : "Only those of this " + of_whom + ".";
  if (name == "starting_after") return "The id of the last element you have: gives the page behind it. Not together with ending_before.";
  if (name == "ending_before") return "The id of the first element you have: gives the page before it. Not together with starting_after.";
  return "Only those with this " + name + ".";
}

Json field_parameter(const FieldDescriptor& field, const char* place, Schemas& schemas) {
  Json parameter = Json::object({{"name", field.name()}, {"in", place}});
  const bool in_path = std::string_view(place) == "path";
  if (in_path || is_required(field)) parameter.set("required", true);
  return parameter.set("description", parameter_description(field, in_path)).set("schema", schemas.field(field, Face::request));
}

// In the query: what is not in the path. page_size and page_token are gRPC's way to ask for what limit and the cursors say here.
void add_query(const MethodDescriptor& method, const Route& route, Schemas& schemas, Json& parameters) {
  if (rules_of(method).list()) parameters.add(parameter_reference("Limit"));
  const Descriptor& request = *method.input_type();
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (std::ranges::count(route.path_fields, field.name()) > 0 || field.message_type() != nullptr) continue;
    if (rules_of(method).list() && (field.name() == "page_size" || field.name() == "page_token")) continue;
    parameters.add(field_parameter(field, "query", schemas));
  }
}

Json parameters_of(const MethodDescriptor& method, const Route& route, Schemas& schemas) {
  Json parameters = Json::array();
  for (const std::string& name : route.path_fields) {
    parameters.add(field_parameter(*method.input_type()->FindFieldByName(name), "path", schemas));
  }
  if (!route.has_body) add_query(method, route, schemas, parameters);
  if (rules_of(method).mutation()) parameters.add(parameter_reference("IdempotencyKey"));
  if (rules_of(method).conditional()) parameters.add(parameter_reference("IfMatch"));
  parameters.add(parameter_reference("Traceparent"));
  parameters.add(parameter_reference("CorrelationId"));
  return parameters;
}

bool any_field(const Descriptor& message, const std::set<std::string>& left_out, bool (*wanted)(const FieldDescriptor&)) {
  for (int i = 0; i < message.field_count(); ++i) {
    if (!left_out.contains(message.field(i)->name()) && wanted(*message.field(i))) return true;
  }
  return false;
}

Json body_of(const MethodDescriptor& method, const Route& route, Schemas& schemas) {
  const Descriptor& request = *method.input_type();
  const std::set<std::string> left_out(route.path_fields.begin(), route.path_fields.end());
  Json media = Json::object({{"schema", schemas.body_reference(request, left_out)}, {"example", schemas.example(request, left_out)}});
  return Json::object({{"required", any_field(request, left_out, is_required)}, {"content", Json::object({{"application/json", std::move(media)}})}});
}

std::string success_description(const Answer& answer, int status) {
  if (answer.list) return "One page, newest first.";
  return status == 201 ? "Created." : "Done.";
}

Json success_of(const MethodDescriptor& method, const Answer& answer, int status, Schemas& schemas) {
  Json headers = Json::object({{"Request-Id", header_reference("RequestId")}, {"X-Correlation-Id", header_reference("CorrelationId")}});
  const bool has_version = !answer.list && answer.message->FindFieldByName("version") != nullptr;
  const bool has_id = !answer.list && answer.message->FindFieldByName("id") != nullptr;
  if (has_version) headers.set("ETag", header_reference("ETag"));
  if (has_id && status == 201) headers.set("Location", header_reference("Location"));
  if (rules_of(method).mutation()) headers.set("Idempotent-Replayed", header_reference("IdempotentReplayed"));
  headers.set("RateLimit", header_reference("RateLimit")).set("RateLimit-Policy", header_reference("RateLimitPolicy"));
  Json schema = answer.list ? schemas.list_reference(*answer.message) : schemas.reference(*answer.message, Face::answer);
  return Json::object({{"description", success_description(answer, status)},
                       {"headers", std::move(headers)},
                       {"content", Json::object({{"application/json", Json::object({{"schema", std::move(schema)}})}})}});
}

bool names_something_else(const FieldDescriptor& field) { return field.options().GetExtension(options::v1::field).id_prefixes_size() > 0; }

Json responses_of(const MethodDescriptor& method, const Route& route, const Answer& answer, Schemas& schemas) {
  const MethodRules& rules = rules_of(method);
  const bool by_id = !route.path_fields.empty() || (route.has_body && any_field(*method.input_type(), {}, names_something_else));
  const int status = rules.success_status() == 0 ? 200 : rules.success_status();
  struct Failure {
    const char* status;
    const char* component;
    bool possible;
  };
  const Failure failures[] = {
      {"400", "BadRequest", true},
      {"401", "Unauthenticated", true},
      {"403", "Forbidden", true},
      {"404", "NotFound", by_id},
      {"408", "RequestTimeout", true},
      {"409", "Conflict", rules.mutation()},
      {"412", "PreconditionFailed", rules.conditional()},
      {"413", "ContentTooLarge", route.has_body},
      {"415", "UnsupportedMediaType", route.has_body},
      {"422", "ValidationFailed", true},
      {"429", "RateLimited", true},
      {"431", "HeadersTooLarge", true},
      {"500", "InternalError", true},
      {"503", "Unavailable", true},
      {"504", "DeadlineExceeded", true},
  };
  Json responses = Json::object({{std::to_string(status), success_of(method, answer, status, schemas)}});
  for (const Failure& failure : failures) {
    if (failure.possible) responses.set(failure.status, response_reference(failure.component));
  }
  return responses;
}

std::string scope_name(const MethodRules& rules) {
  switch (rules.scope()) {
    case options::v1::SCOPE_READONLY:
      return "readonly";
    case options::v1::SCOPE_MERCHANT:
      return "merchant";
    default:
      return "admin";  // also where the contract names none
  }
}

// The comment, and which keys may call it.
std::string description_of(const MethodDescriptor& method, const std::string& comment) {
  const std::string name = scope_name(rules_of(method));
  const std::string scope = "Needs an API key of scope `" + name + (name == "admin" ? "`." : "` or above.");
  return comment.empty() ? scope : comment + "\n\n" + scope;
}

}  // namespace

std::optional<Route> route_of(const MethodDescriptor& method, std::string& error) {
  if (!method.options().HasExtension(google::api::http)) return std::nullopt;
  const HttpRule& rule = http_of(method);
  Route route = verb_and_path(rule);
  route.path_fields = names_in_braces(route.path);
  route.has_body = rule.body() == "*";
  const std::string where = method.full_name() + ": ";
  if (route.verb.empty()) error = where + "a REST method is get, put, post, delete or patch";
  if (!rule.body().empty() && !route.has_body) error = where + "the body of a REST request is \"*\" or nothing";
  if (rule.additional_bindings_size() > 0) error = where + "additional_bindings are not described";
  for (const std::string& name : route.path_fields) {
    if (method.input_type()->FindFieldByName(name) == nullptr) error = where + "{" + name + "} in the path is no field of the request";
  }
  return route;
}

Answer answer_of(const MethodDescriptor& method, std::string& error) {
  const bool list = rules_of(method).list();
  const std::string& name = http_of(method).response_body();
  if (name.empty() && !list) return {method.output_type(), false};
  const FieldDescriptor* field = method.output_type()->FindFieldByName(name);
  if (field == nullptr || field->message_type() == nullptr || field->is_repeated() != list) {
    error = method.full_name() + ": response_body must name a " + (list ? "repeated message" : "message") + " of the response";
    return {};
  }
  return {field->message_type(), list};
}

Json operation(const MethodDescriptor& method, const Route& route, const Answer& answer, const std::string& tag, Schemas& schemas) {
  const std::string comment = prose(comment_of(method));
  Json out = Json::object({{"operationId", lower_camel_case(method.name())},
                           {"tags", Json::array({tag})},
                           {"summary", comment.empty() ? sentence_case(method.name()) : first_sentence(comment)},
                           {"description", description_of(method, comment)},
                           {"x-scope", scope_name(rules_of(method))},
                           {"security", Json::array({Json::object({{"apiKey", Json::array()}})})},
                           {"parameters", parameters_of(method, route, schemas)}});
  if (route.has_body) out.set("requestBody", body_of(method, route, schemas));
  return out.set("responses", responses_of(method, route, answer, schemas));
}

}  // namespace purser::codegen
