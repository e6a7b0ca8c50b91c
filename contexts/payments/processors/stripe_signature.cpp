#include <charconv>

#include "contexts/payments/processors/stripe.hpp"
#include "platform/digest.hpp"

namespace purser::payments {
namespace {

Error refused(std::string code, std::string detail) { return {.kind = Kind::malformed, .code = std::move(code), .detail = std::move(detail)}; }

}  // namespace

Result<Done> verify_stripe_signature(std::string_view header, std::string_view body, std::string_view secret, Instant now, Duration tolerance) {
  std::string_view timestamp;
  std::vector<std::string_view> signatures;
  for (std::string_view rest = header; !rest.empty();) {
    const auto comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    if (part.starts_with("t=")) timestamp = part.substr(2);
    if (part.starts_with("v1=")) signatures.push_back(part.substr(3));
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
  }
  std::int64_t at_seconds = 0;
  const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), at_seconds);
  if (error != std::errc() || end != timestamp.data() + timestamp.size() || at_seconds < 0 || at_seconds > 253402300799 || signatures.empty())
    return refused("signature_malformed", "The Stripe-Signature header is missing or is not \"t=…,v1=…\".");

  const std::string expected = hex(hmac_sha256(secret, std::string(timestamp) + "." + std::string(body)));
  bool valid = false;
  for (const std::string_view signature : signatures) valid = same_secret(signature, expected) || valid;
  if (!valid || secret.empty()) return refused("signature_invalid", "The signature does not match the body: check the webhook secret.");
  const Duration age = now - Instant{at_seconds * 1000};
  if (age > tolerance || age < Duration{-tolerance.ms})
    return refused("signature_too_old", "The signature's time is more than five minutes from ours.");
  return Done{};
}

}  // namespace purser::payments
