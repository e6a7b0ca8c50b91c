// How Stripe signs, and how clients write their keys.
#pragma once
#include <string>
#include <string_view>

#include "kernel/time.hpp"

namespace purser::sandbox {

// As far as it is base64, padded or not.
std::string base64_decoded(std::string_view text);

// Stripe-Signature. "t=1760000000,v1=…": HMAC-SHA256 of "t.body".
std::string signature_header(std::string_view secret, Instant at, std::string_view body);

}  // namespace purser::sandbox
