#include "sandbox/sandbox.hpp"

#include "sandbox/processor.hpp"

namespace purser::sandbox {

std::shared_ptr<Sandbox> make(store::Store& store, Clock& clock, Random& random, std::shared_ptr<http::Client> client, Options options) {
  return std::make_shared<Processor>(store, clock, random, std::move(client), std::move(options));
}

FaceSettings settings_of(const Options& options, std::string_view face) {
  if (face == stripe_face().name()) return {options.secret_key, options.webhook_url, options.webhook_secret, options.webhook_types};
  const auto found = options.faces.find(std::string(face));
  return found == options.faces.end() ? FaceSettings() : found->second;
}

Processor::Processor(store::Store& store, Clock& clock, Random& random, std::shared_ptr<http::Client> client, Options options)
    : store_(store), clock_(clock), random_(random), client_(std::move(client)), options_(std::move(options)) {}

http::Handler Processor::handler() {
  return [self = shared_from_this()](http::Request request) { return answer(self, std::move(request)); };
}

Options Processor::options() const {
  const std::scoped_lock lock(guard_);
  return options_;
}

WebhookTarget Processor::target(const Face& face) const {
  FaceSettings settings = settings_of(options(), face.name());
  return {client_ ? std::move(settings.webhook_url) : std::string(), std::move(settings.webhook_secret), std::move(settings.webhook_types)};
}

std::string Processor::base_url(const http::Request& request) const {
  const std::string configured = options().public_url;
  if (!configured.empty()) return configured;
  return "http://" + std::string(request.headers.find("host").value_or("localhost"));
}

http::Response json_response(int status, std::string body) {
  http::Response response{.status = status, .body = std::move(body)};
  response.headers.set("content-type", "application/json");
  return response;
}

}  // namespace purser::sandbox
