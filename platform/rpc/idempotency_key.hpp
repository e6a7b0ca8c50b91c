// The headers that make a request conditional or repeatable, from text to value.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "kernel/result.hpp"
#include "platform/http/message.hpp"

namespace purser::rpc {

// Idempotency-Key: an RFC 8941 string ("8e03…" in quotes), or the same text bare, as Stripe's clients send it: both are one key.
// 1 to 255 visible ASCII characters. Nothing where the header is missing; Kind::malformed `idempotency_key_invalid`.
Result<std::optional<std::string>> idempotency_key(const http::Headers& headers);

// If-Match: the version in "3" or W/"3"; nothing where it is missing or "*". Kind::malformed `if_match_invalid`.
Result<std::optional<std::int64_t>> if_match(const http::Headers& headers);

}  // namespace purser::rpc
