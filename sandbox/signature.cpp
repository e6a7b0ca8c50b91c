#include "sandbox/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <span>

namespace purser::sandbox {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hex(const Digest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) out += {digits[byte >> 4], digits[byte & 15]};
  return out;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  Digest digest;
  SHA256(bytes_of(text), text.size(), digest.data());
  return hex(digest);
}

std::string hmac_sha256_hex(std::string_view secret, std::string_view text) {
  Digest digest;
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text), text.size(), digest.data(), &length);
  return hex(digest);
}

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
  return "t=" + time + ",v1=" + hmac_sha256_hex(secret, time + "." + std::string(body));
}

}  // namespace purser::sandbox
