#include "sandbox/signature.hpp"

#include "platform/digest.hpp"

namespace purser::sandbox {
std::string base64_decoded(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned buffer = 0, bits = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) break;
    buffer = (buffer << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((buffer >> bits) & 255U);
  }
  return out;
}

std::string signature_header(std::string_view secret, Instant at, std::string_view body) {
  const std::string time = std::to_string(at.unix_ms / 1000);
  return "t=" + time + ",v1=" + hex(hmac_sha256(secret, time + "." + std::string(body)));
}

}  // namespace purser::sandbox
