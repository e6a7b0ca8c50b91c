// What a call says beside its message, as gRPC metadata: the names both ends use, and how they become a Call and back.
#pragma once
#include <string>
#include <string_view>

#include "kernel/result.hpp"
#include "platform/http/message.hpp"
#include "platform/random.hpp"
#include "platform/rpc/call.hpp"

namespace purser::rpc {

// Metadata is HTTP/2's header fields: the values read here are those of REST, by the same rules (platform/rpc/idempotency_key.hpp).
using Metadata = http::Headers;

namespace names {
inline constexpr const char *authorization = "authorization", *idempotency_key = "idempotency-key", *if_match = "if-match",
                            *traceparent = "traceparent", *tracestate = "tracestate", *correlation_id = "x-correlation-id";
inline constexpr const char *request_id = "request-id", *idempotent_replayed = "idempotent-replayed", *etag = "etag";  // of answers
}  // namespace names

// A new request: its id, and the trace and correlation id the client gave, or new ones. A client's value that is no valid one is
// replaced, never refused.
Call new_call(const Metadata& metadata, Instant now, Random& random);

// The key of "Bearer …", or 401.
Result<std::string> read_api_key(const Metadata& metadata);

// 422 `card_number_refused` if any value holds one.
Result<Done> refuse_card_numbers(const Metadata& metadata);

// The metadata that carries `call` to another process. An idempotency key longer than a client's may be (a step's, under a long key)
// travels as its SHA-256.
Metadata write_metadata(const Call& call, std::string_view api_key);
std::string etag_text(std::int64_t version);

}  // namespace purser::rpc
