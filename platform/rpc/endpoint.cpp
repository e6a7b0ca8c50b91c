#include "platform/rpc/endpoint.hpp"

#include <algorithm>

#include "google/api/annotations.pb.h"
#include "kernel/assert.hpp"
#include "kernel/id.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::rpc {
namespace {

using google::protobuf::FieldDescriptor;

std::pair<std::string, std::string> verb_and_path(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return {"GET", rule.get()};
    case google::api::HttpRule::kPut:
      return {"PUT", rule.put()};
    case google::api::HttpRule::kPost:
      return {"POST", rule.post()};
    case google::api::HttpRule::kDelete:
      return {"DELETE", rule.delete_()};
    case google::api::HttpRule::kPatch:
      return {"PATCH", rule.patch()};
    case google::api::HttpRule::kCustom:
      return {rule.custom().kind(), rule.custom().path()};
    case google::api::HttpRule::PATTERN_NOT_SET:
      break;
  }
  return {};
}

bool is_paging(const std::string& name) { return name == "page_size" || name == "page_token"; }

// Fields that neither the path nor the body carries. A list's pages are asked for by `limit` and a cursor (conventions of REST);
// gRPC's names for the same are not offered twice.
std::vector<std::string> query_parameters(const Endpoint& endpoint) {
  std::vector<std::string> names;
  if (endpoint.takes_body) return names;
  const auto* type = endpoint.method.descriptor->input_type();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool in_path = endpoint.path.find("{" + field->name() + "}") != std::string::npos;
    const bool scalar = !field->is_repeated() && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
    if (scalar && !in_path && !(endpoint.list && is_paging(field->name()))) names.push_back(field->name());
  }
  return names;
}

Endpoint make_endpoint(const Method& method, const google::api::HttpRule& rule) {
  const auto& rules = method.descriptor->options().GetExtension(::purser::options::v1::method);
  auto [verb, path] = verb_and_path(rule);
  Endpoint endpoint{.method = method, .verb = std::move(verb), .path = std::move(path)};
  endpoint.scope = rules.scope() == 0 ? Scope::admin : static_cast<Scope>(rules.scope());
  endpoint.mutation = rules.mutation();
  endpoint.conditional = rules.conditional();
  endpoint.list = rules.list();
  endpoint.takes_body = rule.body() == "*";
  PURSER_ASSERT(rule.body().empty() || endpoint.takes_body);
  if (rules.success_status() != 0) endpoint.success_status = rules.success_status();
  if (!rule.response_body().empty()) {
    endpoint.response_body = method.descriptor->output_type()->FindFieldByName(rule.response_body());
    PURSER_ASSERT(endpoint.response_body != nullptr && endpoint.response_body->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE);
  }
  PURSER_ASSERT(!endpoint.list || (endpoint.response_body != nullptr && endpoint.response_body->is_repeated()));
  endpoint.parameters = query_parameters(endpoint);
  return endpoint;
}

std::string text_field(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) return "";
  return message.GetReflection()->GetString(message, field);
}

void note(std::string_view name, const std::string& value, SubjectIds& ids) {
  if (ids.order_id.empty() && name != "refund_id" && value.starts_with("ord_") && OrderId::parse(value)) ids.order_id = value;
  if (ids.payment_id.empty() && value.starts_with("pay_") && PaymentId::parse(value)) ids.payment_id = value;
}

}  // namespace

std::vector<Endpoint> endpoints_of(const Service& service) {
  std::vector<Endpoint> endpoints;
  for (const Method& method : service.methods) {
    const auto& rule = method.descriptor->options().GetExtension(google::api::http);
    if (rule.pattern_case() == google::api::HttpRule::PATTERN_NOT_SET) continue;
    endpoints.push_back(make_endpoint(method, rule));
    for (const auto& other : rule.additional_bindings()) endpoints.push_back(make_endpoint(method, other));
  }
  return endpoints;
}

void note_subjects(const PathValues& values, SubjectIds& ids) {
  for (const auto& [name, value] : values) note(name, value, ids);
}

void note_subjects(const Message& message, SubjectIds& ids) {
  for (const char* name : {"id", "order_id", "payment_id"}) note(name, text_field(message, name), ids);
  const auto* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count() && (ids.order_id.empty() || ids.payment_id.empty()); ++i) {
    const FieldDescriptor* field = type->field(i);
    const bool one = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated();
    if (one && message.GetReflection()->HasField(message, field)) note_subjects(message.GetReflection()->GetMessage(message, field), ids);
  }
}

}  // namespace purser::rpc
