#include "codegen/openapi_generator.hpp"

#include <google/protobuf/io/zero_copy_stream.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <span>

#include "codegen/comments.hpp"
#include "codegen/operations.hpp"
#include "codegen/pages.hpp"
#include "codegen/schemas.hpp"
#include "codegen/shared_components.hpp"
#include "codegen/webhooks.hpp"
#include "codegen/words.hpp"

namespace purser::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using Files = std::vector<const FileDescriptor*>;

// One rpc that REST serves.
struct Served {
  const MethodDescriptor* method;
  Route route;
  Answer answer;
};

constexpr const char* introduction =
    "Orders and payments: no customer is charged twice, no paid order is lost.\n"
    "\n"
    "- **Keys.** Send `Authorization: Bearer sk_test_…`.\n"
    "- **Retries.** Every request that changes something carries an `Idempotency-Key`. Repeat it with the same key as often as you "
    "like: it takes effect once.\n"
    "- **Money** is a whole number of minor units and an ISO 4217 code: 1250 USD is $12.50, 1250 JPY is ¥1250.\n"
    "- **Time** is RFC 3339 in UTC.\n"
    "- **Lists** are newest first. Turn pages with `starting_after` and `ending_before`.\n"
    "- **Errors** are `application/problem+json`; programs switch on `code`.\n"
    "- **Absent is empty.** Empty texts, empty lists and unset objects are left out of answers; in requests, null is the same as "
    "left out, and an unknown field is refused.\n"
    "- **Card numbers** are refused anywhere in a request. Send the processor's token.\n";

Json info() {
  return Json::object({{"title", "Purser"},
                       {"version", "0.1.0"},
                       {"summary", "A self-hosted orders-and-payments platform"},
                       {"description", introduction},
                       {"license", Json::object({{"name", "Apache License 2.0"}, {"identifier", "Apache-2.0"}})}});
}

Files by_name(Files files) {
  std::ranges::sort(files, {}, [](const FileDescriptor* file) { return file->name(); });
  return files;
}

bool collect(const Files& files, std::vector<Served>& served, std::string& error) {
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const MethodDescriptor* method = file->service(i)->method(j);
        const auto route = route_of(*method, error);
        if (!route) continue;
        const Answer answer = error.empty() ? answer_of(*method, error) : Answer{};
        if (!error.empty()) return false;
        served.push_back({method, *route, answer});
      }
    }
  }
  return true;
}

// "Orders" for /orders/{order_id}: what a service is called is how its paths begin.
std::string tag_of(const Served& served) {
  const std::string_view path = std::string_view(served.route.path).substr(1);
  return sentence_case(path.substr(0, path.find('/')));
}

// The tag of a service is that of its first method.
std::string tag_of(const ServiceDescriptor& service, std::span<const Served> all) {
  const auto first = std::ranges::find_if(all, [&](const Served& one) { return one.method->service() == &service; });
  return tag_of(*first);
}

// What is said above the service, or else on top of its file.
std::string service_description(const ServiceDescriptor& service) {
  const std::string comment = prose(comment_of(service));
  if (!comment.empty()) return comment;
  google::protobuf::SourceLocation top;
  const std::vector<int> syntax = {12};  // FileDescriptorProto.syntax
  return service.file()->GetSourceLocation(syntax, &top) ? prose(top.leading_comments) : "";
}

Json tags_of(std::span<const Served> all) {
  Json tags = Json::array();
  std::set<std::string> named;
  for (const Served& served : all) {
    const ServiceDescriptor& service = *served.method->service();
    const std::string name = tag_of(service, all);
    if (!named.insert(name).second) continue;
    const std::string description = service_description(service);
    tags.add(Json::object({{"name", name}, {"description", description.empty() ? name + "." : description}}));
  }
  add_page_tags(tags);
  return tags;
}

Json paths_of(std::span<const Served> all, Schemas& schemas) {
  Json paths = Json::object();
  for (const Served& served : all) {
    const std::string tag = tag_of(*served.method->service(), all);
    paths.at(served.route.path).set(served.route.verb, operation(*served.method, served.route, served.answer, tag, schemas));
  }
  add_pages(paths);
  return paths;
}

Json components_of(const Schemas& schemas) {
  Json all_schemas = schemas.components();
  all_schemas.set("CloudEvent", cloud_event_schema()).set("Health", health_schema()).set("Problem", problem_schema());
  Json parameters = shared_parameters();
  parameters.set_all(webhook_parameters());
  return Json::object({{"securitySchemes", security_schemes()},
                       {"parameters", std::move(parameters)},
                       {"headers", shared_headers()},
                       {"responses", shared_responses()},
                       {"schemas", std::move(all_schemas)}});
}

Json document(const Files& files, std::span<const Served> served) {
  Schemas schemas(files);
  const auto events = events_of(files);
  for (const Served& one : served) schemas.note_answer(*one.answer.message);
  for (const auto* event : events) schemas.note_answer(*event);
  Json paths = paths_of(served, schemas);
  Json webhooks = webhooks_of(events, schemas);
  return Json::object({{"openapi", "3.1.0"},
                       {"info", info()},
                       {"servers", Json::array({Json::object({{"url", "/"}, {"description", "The server that gave this document"}})})},
                       {"tags", tags_of(served)},
                       {"paths", std::move(paths)},
                       {"webhooks", std::move(webhooks)},
                       {"components", components_of(schemas)}});
}

void write_all(google::protobuf::io::ZeroCopyOutputStream& stream, std::string_view text) {
  void* buffer = nullptr;
  int room = 0;
  while (!text.empty() && stream.Next(&buffer, &room)) {
    const auto count = std::min(text.size(), static_cast<std::size_t>(room));
    std::memcpy(buffer, text.data(), count);
    text.remove_prefix(count);
    if (count < static_cast<std::size_t>(room)) stream.BackUp(room - static_cast<int>(count));
  }
}

}  // namespace

bool generate_openapi(const Files& files, google::protobuf::compiler::GeneratorContext& context, std::string& error) {
  const Files sorted = by_name(files);
  std::vector<Served> served;
  if (!collect(sorted, served, error)) return false;
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(context.Open("openapi.json"));
  write_all(*stream, document(sorted, served).text() + "\n");
  return true;
}

}  // namespace purser::codegen
