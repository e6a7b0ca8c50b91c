// Digests, and how processors write them.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kernel/time.hpp"

namespace purser::sandbox {

std::string sha256_hex(std::string_view text);
std::string hmac_sha256_hex(std::string_view secret, std::string_view text);

// As far as it is base64.
std::string base64_decoded(std::string_view text);
std::string hmac_sha256_base64(std::string_view secret, std::string_view text);
// Nothing where it is not hex.
std::optional<std::string> bytes_of_hex(std::string_view hex);

// Stripe-Signature. "t=1760000000,v1=…": HMAC-SHA256 of "t.body".
std::string signature_header(std::string_view secret, Instant at, std::string_view body);

}  // namespace purser::sandbox
