#include "codegen/pages.hpp"

#include <initializer_list>
#include <string>

namespace purser::codegen {
namespace {

enum class Content { health, text, document };

struct Page {
  const char* path;
  const char* operation_id;
  const char* summary;
  const char* description;
  const char* media_type;
  Content content;
};

// clang-format off
constexpr Page pages[] = {
    {"/livez", "getLiveness", "Whether the process runs", "Asks nothing of anything else.", "application/json", Content::health},
    {"/readyz", "getReadiness", "Whether it takes requests",
     "The database answers, its migrations are done, and the server is not about to stop.", "application/json", Content::health},
    {"/healthz", "getHealthz", "The same as /readyz", "Another name for /readyz.", "application/json", Content::health},
    {"/health", "getHealth", "The same as /readyz", "Another name for /readyz.", "application/json", Content::health},
    {"/metrics", "getMetrics", "Metrics", "In Prometheus's text format.", "text/plain", Content::text},
    {"/openapi.json", "getOpenApi", "This document", "The API as OpenAPI 3.1.", "application/json", Content::document},
    {"/docs", "getDocs", "The documentation", "This document as a page to read and to try.", "text/html", Content::text},
};
// clang-format on

Json reference(const char* name) { return Json::object({{"$ref", std::string("#/components/responses/") + name}}); }

Json content_of(const Page& page) {
  Json schema = Json::object({{"type", page.content == Content::text ? "string" : "object"}});
  if (page.content == Content::health) schema = Json::object({{"$ref", "#/components/schemas/Health"}});
  return Json::object({{page.media_type, Json::object({{"schema", std::move(schema)}})}});
}

Json page_operation(const Page& page) {
  const bool may_say_no = page.content == Content::health && std::string_view(page.path) != "/livez";
  Json responses = Json::object({{"200", Json::object({{"description", may_say_no ? "Yes." : "Here it is."}, {"content", content_of(page)}})},
                                 {"431", reference("HeadersTooLarge")}});
  if (may_say_no) responses.set("503", Json::object({{"description", "Not now, and why."}, {"content", content_of(page)}}));
  return Json::object({{"operationId", page.operation_id},
                       {"tags", Json::array({"Server"})},
                       {"summary", page.summary},
                       {"description", page.description},
                       {"security", Json::array()},
                       {"responses", std::move(responses)}});
}

Json stripe_webhook() {
  Json signature = Json::object({{"name", "Stripe-Signature"},
                                 {"in", "header"},
                                 {"required", true},
                                 {"description", "When it was signed, and the HMAC-SHA256 of time and body. Older than 300 seconds is refused."},
                                 {"schema", Json::object({{"type", "string"}})},
                                 {"example", "t=1767225600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"}});
  Json body = Json::object({{"required", true},
                            {"description", "A Stripe event, as Stripe sends it."},
                            {"content", Json::object({{"application/json", Json::object({{"schema", Json::object({{"type", "object"}})}})}})}});
  Json taken = Json::object(
      {{"type", "object"}, {"required", Json::array({"received"})}, {"properties", Json::object({{"received", Json::object({{"const", true}})}})}});
  Json content = Json::object({{"application/json", Json::object({{"schema", std::move(taken)}})}});
  Json responses = Json::object({{"200", Json::object({{"description", "Taken, or known already."}, {"content", std::move(content)}})}});
  struct Failure {
    const char* status;
    const char* component;
  };
  for (const Failure& failure : {Failure{"400", "BadRequest"},
                                 {"408", "RequestTimeout"},
                                 {"413", "ContentTooLarge"},
                                 {"431", "HeadersTooLarge"},
                                 {"500", "InternalError"},
                                 {"503", "Unavailable"}}) {
    responses.set(failure.status, reference(failure.component));
  }
  return Json::object({{"operationId", "receiveStripeWebhook"},
                       {"tags", Json::array({"Processors"})},
                       {"summary", "What Stripe reports"},
                       {"description", "Called by Stripe, proved by its signature. The same event may come twice or late: it takes effect once."},
                       {"security", Json::array()},
                       {"parameters", Json::array({std::move(signature)})},
                       {"requestBody", std::move(body)},
                       {"responses", std::move(responses)}});
}

Json tag(const char* name, const char* description) { return Json::object({{"name", name}, {"description", description}}); }

}  // namespace

void add_pages(Json& paths) {
  paths.at("/webhooks/stripe").set("post", stripe_webhook());
  for (const Page& page : pages) paths.at(page.path).set("get", page_operation(page));
}

Json health_schema() {
  const auto text = [](const char* description) { return Json::object({{"type", "string"}, {"description", description}}); };
  return Json::object({{"type", "object"},
                       {"description", "How the server is."},
                       {"required", Json::array({"status"})},
                       {"properties", Json::object({{"status", Json::object({{"type", "string"}, {"enum", Json::array({"ok", "unavailable"})}})},
                                                    {"code", text("What is not ready, for programs.")},
                                                    {"detail", text("What is not ready, for people.")}})}});
}

void add_page_tags(Json& tags) {
  tags.add(tag("Processors", "What payment processors call."));
  tags.add(tag("Server", "Probes, metrics and this document. No API key is asked for."));
  tags.add(tag("Webhooks", "What the server will call: every event of the catalogue. Planned; until then, read GET /events."));
}

}  // namespace purser::codegen
