// The outbound HTTP port: one request, one of four ends. The difference between "never left" and "nobody knows" is what
// keeps a customer from being charged twice, so a body of this port may say not_sent only where it can prove it.
#pragma once
#include <string>
#include <variant>

#include "kernel/time.hpp"
#include "platform/http/message.hpp"

namespace purser::http {

struct Outbound {
  std::string method;
  std::string url;  // http:// or https://
  Headers headers{};
  std::string body{};
  Duration connect_timeout{2'000};
  Duration total_timeout{30'000};
  std::size_t response_bytes_max = 4 << 20;
};

struct NotSent {  // refused, unresolved, TLS failed, or never left our queue: no byte of the request was sent
  std::string reason;
};
struct InDoubt {  // sent, and no whole, readable response came: time-out, cut, too large, not HTTP
  std::string reason;
};
using Outcome = std::variant<Response, NotSent, InDoubt>;

class Client {
 public:
  virtual ~Client() = default;
  // Never follows a redirect. Never retries, but for one thing that libcurl does by itself: where a kept-alive connection turns
  // out dead before any byte of the answer, the same request goes out once more on a fresh one. Requests that must not happen
  // twice carry an idempotency key. Resumes on the caller's executor.
  virtual Task<Outcome> send(Outbound request) = 0;
};

}  // namespace purser::http
