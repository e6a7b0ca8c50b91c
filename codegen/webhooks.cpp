#include "codegen/webhooks.hpp"

#include <algorithm>

#include "codegen/comments.hpp"
#include "codegen/shared_components.hpp"
#include "codegen/words.hpp"
#include "purser/options/v1/options.pb.h"

namespace purser::codegen {
namespace {

using google::protobuf::Descriptor;

const std::string& type_of(const Descriptor& event) { return event.options().GetExtension(options::v1::event).type(); }

Json event_body(const Descriptor& event, Schemas& schemas) {
  Json narrowed = Json::object(
      {{"type", "object"},
       {"properties", Json::object({{"type", Json::object({{"const", type_of(event)}})}, {"data", schemas.reference(event, Face::answer)}})}});
  Json schema = Json::object({{"allOf", Json::array({Json::object({{"$ref", "#/components/schemas/CloudEvent"}}), std::move(narrowed)})}});
  return Json::object(
      {{"required", true}, {"content", Json::object({{"application/cloudevents+json", Json::object({{"schema", std::move(schema)}})}})}});
}

Json event_responses() {
  const auto described = [](const char* description) { return Json::object({{"description", description}}); };
  return Json::object({{"2XX", described("Delivered.")},
                       {"410", described("Not wanted any more: nothing further is sent to this address.")},
                       {"default", described("Not delivered: it is sent again, later each time.")}});
}

Json delivery(const Descriptor& event, Schemas& schemas) {
  const std::string comment = prose(comment_of(event));
  Json parameters = Json::array();
  for (const char* name : {"WebhookId", "WebhookTimestamp", "WebhookSignature"}) {
    parameters.add(Json::object({{"$ref", std::string("#/components/parameters/") + name}}));
  }
  return Json::object({{"operationId", "on" + event.name()},
                       {"tags", Json::array({"Webhooks"})},
                       {"summary", comment.empty() ? sentence_case(event.name()) : first_sentence(comment)},
                       {"description", (comment.empty() ? "" : comment + "\n\n") +
                                           "Planned: delivery to an address of yours is not served yet. The event itself "
                                           "is, at `GET /events?type=" +
                                           type_of(event) + "`."},
                       {"x-status", "planned"},
                       {"security", Json::array()},
                       {"parameters", std::move(parameters)},
                       {"requestBody", event_body(event, schemas)},
                       {"responses", event_responses()}});
}

Json header_parameter(const char* name, const char* description, const char* example) {
  return Json::object({{"name", name},
                       {"in", "header"},
                       {"required", true},
                       {"description", description},
                       {"schema", Json::object({{"type", "string"}})},
                       {"example", example}});
}

}  // namespace

std::vector<const Descriptor*> events_of(const std::vector<const google::protobuf::FileDescriptor*>& files) {
  std::vector<const Descriptor*> events;
  for (const auto* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      if (file->message_type(i)->options().HasExtension(options::v1::event)) events.push_back(file->message_type(i));
    }
  }
  std::ranges::sort(events, {}, [](const Descriptor* event) { return type_of(*event); });
  return events;
}

Json webhooks_of(const std::vector<const Descriptor*>& events, Schemas& schemas) {
  Json webhooks = Json::object();
  for (const Descriptor* event : events) webhooks.at(type_of(*event)).set("post", delivery(*event, schemas));
  return webhooks;
}

Json cloud_event_schema() {
  Json properties = Json::object({
      {"specversion", Json::object({{"type", "string"}, {"const", "1.0"}})},
      {"id", text_schema("The event's id, `evt_…`: the same however often it is delivered.")},
      {"source", Json::object({{"type", "string"}, {"format", "uri-reference"}, {"description", "Who tells it."}})},
      {"type", text_schema("The name in the catalogue.")},
      {"subject", text_schema("The id of the order or payment it tells of.")},
      {"time", Json::object({{"type", "string"}, {"format", "date-time"}, {"description", "When it happened."}})},
      {"datacontenttype", Json::object({{"type", "string"}, {"const", "application/json"}})},
      {"sequence", text_schema("Counts the events of one order or payment, padded with zeros.")},
      {"partitionkey", text_schema("The same for events that stay in order.")},
      {"correlationid", text_schema("The X-Correlation-Id of the request that caused it.")},
      {"traceparent", text_schema("The trace of the request that caused it.")},
      {"data", Json::object({{"type", "object"}, {"description", "The event itself."}})},
  });
  return Json::object({{"type", "object"},
                       {"description", "An event in its envelope (CloudEvents 1.0, structured mode)."},
                       {"required", Json::array({"specversion", "id", "source", "type", "data"})},
                       {"properties", std::move(properties)}});
}

Json webhook_parameters() {
  Json parameters = Json::object();
  parameters.set("WebhookId", header_parameter("webhook-id", "The event's id: skip what you have seen.", "evt_01kam2x1f4e7rbk3h6t9v5w8yz"));
  parameters.set("WebhookTimestamp", header_parameter("webhook-timestamp", "When this attempt was made, in Unix seconds.", "1767225600"));
  parameters.set("WebhookSignature",
                 header_parameter("webhook-signature", "HMAC-SHA256 of id, timestamp and body with your secret (Standard Webhooks 1.0.0).",
                                  "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="));
  return parameters;
}

}  // namespace purser::codegen
