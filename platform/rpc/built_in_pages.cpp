#include "platform/rpc/built_in_pages.hpp"

#include <array>

#include "platform/digest.hpp"
#include "platform/json/json_writer.hpp"
#include "platform/metrics.hpp"
#include "platform/rpc/routes.hpp"

namespace purser::rpc {
namespace {

http::Response page(int status, std::string_view type, std::string body) {
  http::Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", type);
  return response;
}

Task<http::Response> give(http::Response response) { co_return response; }

RawRoute fixed(std::string path, http::Response response) {
  return {"GET", std::move(path), [response = std::move(response)](http::Request, PathValues) { return give(response); }};
}

Task<http::Response> live() { co_return page(200, "application/json", R"({"status":"ok"})"); }

Task<http::Response> readiness(std::function<Reply<Done>()> ready) {
  if (!ready) co_return page(200, "application/json", R"({"status":"ok"})");
  const auto done = co_await ready();
  if (done.ok()) co_return page(200, "application/json", R"({"status":"ok"})");
  std::string body;
  JsonWriter(body)
      .begin_object()
      .key("status")
      .string("unavailable")
      .key("code")
      .string(done.error().code)
      .key("detail")
      .string(done.error().detail)
      .end_object();
  co_return page(503, "application/json", std::move(body));
}

Task<http::Response> metrics_text() { co_return page(200, "text/plain; version=0.0.4; charset=utf-8", metrics::exposition()); }

http::Response docs_page(std::string_view html) {
  http::Response response = page(200, "text/html; charset=utf-8", std::string(html));
  response.headers.add("Content-Security-Policy", content_security_policy(html));
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

http::Response redirect(std::string_view to) {
  http::Response response{.status = 308};
  response.headers.add("Location", to);
  return response;
}

std::string hash_source(std::string_view code) { return " 'sha256-" + base64(sha256(code)) + "'"; }

// The hashes of all <name …>…</name> elements.
std::string hashes_of(std::string_view html, const std::string& name) {
  std::string hashes;
  for (std::size_t at = html.find("<" + name); at != std::string_view::npos; at = html.find("<" + name, at)) {
    const std::size_t begin = html.find('>', at) + 1, end = html.find("</" + name, at);
    if (begin == 0 || end == std::string_view::npos || end < begin) break;
    hashes += hash_source(html.substr(begin, end - begin));
    at = end;
  }
  return hashes.empty() ? " 'none'" : hashes;
}

}  // namespace

std::string content_security_policy(std::string_view html) {
  return "default-src 'none'; script-src" + hashes_of(html, "script") + "; style-src" + hashes_of(html, "style") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

std::vector<RawRoute> built_in_pages(const RestParts& parts) {
  std::vector<RawRoute> routes;
  routes.push_back({"GET", "/livez", [](http::Request, PathValues) { return live(); }});
  for (const char* path : {"/readyz", "/healthz", "/health"})
    routes.push_back({"GET", path, [ready = parts.ready](http::Request, PathValues) { return readiness(ready); }});
  if (parts.metrics_open) routes.push_back({"GET", "/metrics", [](http::Request, PathValues) { return metrics_text(); }});
  routes.push_back(fixed("/openapi.json", page(200, "application/json", std::string(parts.openapi_json))));
  routes.push_back(fixed("/docs", docs_page(parts.docs_html)));
  routes.push_back(fixed("/", redirect("/docs")));
  return routes;
}

}  // namespace purser::rpc
