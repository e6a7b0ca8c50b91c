// Everything a handler may know about the request beside its message: who asks, under which key, by when, and to which trace
// it belongs. The same whether it came over REST, over gRPC or from another context in this process.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.hpp"
#include "platform/trace.hpp"

namespace purser::rpc {

enum class Scope : std::uint8_t { readonly = 1, merchant = 2, admin = 3 };  // each allows what those before it allow

struct Caller {
  std::string merchant_id;
  std::string actor;  // the API key's id, "key_…", or "system"
  Scope scope = Scope::readonly;
};

// Something in a body that was read otherwise than it was written.
struct Repair {
  std::string field{};     // an RFC 6901 pointer into the body
  std::string code{};      // amount_as_text, currency_case, unknown_field, …
  std::string received{};  // shortened; never a card number, and nothing of what no contract knows
  std::string used{};      // what stands there instead; empty where it was left out
  bool operator==(const Repair&) const = default;
};

// What a handler says beside its message.
struct Notes {
  bool replayed = false;  // the answer was stored by an earlier request with the same idempotency key
};

struct Call {
  Caller caller{};
  std::string idempotency_key{};
  std::optional<std::int64_t> if_match{};  // the version the client has
  std::optional<Instant> deadline{};
  std::string request_id{};      // "req_…", one for each request from outside
  std::string correlation_id{};  // the client's own, or the request id
  trace::Context trace{};
  std::shared_ptr<Notes> notes = std::make_shared<Notes>();
  std::vector<Repair> repairs{};  // of the request from outside, for whoever stores what came of it

  // The same caller asking another service as a step of this request. The step's key is derived, so that repeating the request
  // repeats the step under the same key; it holds a space, which no client's key may, so that the two never meet. What a step
  // replays is not a replay of the request.
  Call step(std::string_view name) const {
    Call call = *this;
    if (!idempotency_key.empty()) call.idempotency_key = idempotency_key + " " + std::string(name);
    call.if_match.reset();
    call.notes = std::make_shared<Notes>();
    return call;
  }
};

// Work nobody outside asked for: jobs, recovery. It acts for a merchant, as "system".
inline Call system_call(std::string merchant_id, std::string cause) {
  Call call;
  call.caller = {.merchant_id = std::move(merchant_id), .actor = "system", .scope = Scope::admin};
  call.request_id = cause;
  call.correlation_id = std::move(cause);
  return call;
}

}  // namespace purser::rpc
