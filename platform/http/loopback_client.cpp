#include "platform/http/loopback_client.hpp"

#include <exception>
#include <utility>

#include "platform/log.hpp"

namespace purser::http {
namespace {

// "http://host:1/a?b" in its authority and its target; nothing where it is no URL of ours.
std::optional<std::pair<std::string, std::string>> split_url(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
    const std::string_view path = url.substr(end, url.find('#', end) - end);
    if (end == 0) return std::nullopt;
    return std::pair(std::string(url.substr(0, end)), (path.starts_with('/') ? "" : "/") + std::string(path));
  }
  return std::nullopt;
}

class LoopbackClient : public Client {
 public:
  explicit LoopbackClient(Handler handler) : handler_(std::move(handler)) {}

  Task<Outcome> send(Outbound outbound) override {
    auto parts = split_url(outbound.url);
    if (!parts) co_return NotSent{"not an http URL: " + outbound.url};
    const std::size_t bytes_max = outbound.response_bytes_max;
    Request request{.method = std::move(outbound.method),
                    .target = std::move(parts->second),
                    .headers = std::move(outbound.headers),
                    .body = std::move(outbound.body)};
    if (!request.headers.find("Host")) request.headers.add("Host", parts->first);
    Response response = co_await answer(std::move(request));
    if (response.body.size() > bytes_max) co_return InDoubt{"the response is too large"};
    co_return response;
  }

 private:
  Task<Response> answer(Request request) {
    try {
      co_return co_await handler_(std::move(request));
    } catch (const std::exception& thrown) {
      log::error("a handler threw", {{"error", thrown.what()}});
    }
    co_return Response{.status = 500};
  }

  Handler handler_;
};

}  // namespace

std::shared_ptr<Client> make_loopback_client(Handler handler) { return std::make_shared<LoopbackClient>(std::move(handler)); }

}  // namespace purser::http
