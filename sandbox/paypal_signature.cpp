#include "sandbox/paypal_signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "kernel/assert.hpp"
#include "platform/digest.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::string_view sandbox_webhook_id = "WHSANDBOX00000001";
constexpr int key_bits = 2048;

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The polynomial of Ethernet and zlib, bit by bit: webhooks are short.
std::uint32_t crc32(std::string_view text) {
  std::uint32_t rest = 0xFFFFFFFFU;
  for (const char c : text) {
    rest ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~rest;
}

std::string signed_text(std::string_view text, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  std::string signature(size, '\0');
  const bool done = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()) == 1;
  signature.resize(done ? size : 0);
  return signature;
}

}  // namespace

std::string paypal_token(std::string_view secret, Instant ends) {
  const std::string end = std::to_string(ends.unix_ms);
  return end + "." + hex(hmac_sha256("token " + std::string(secret), end));
}

std::optional<Instant> paypal_token_end(std::string_view token, std::string_view secret) {
  const auto ms = parse_integer(token.substr(0, token.find('.')));
  if (!ms) return std::nullopt;
  const std::string own = paypal_token(secret, {*ms});
  return same_secret(own, token) ? std::optional(Instant{*ms}) : std::nullopt;
}

PaypalWebhookKey make_paypal_webhook_key() {
  const Key key(EVP_RSA_gen(key_bits), &EVP_PKEY_free);
  const Bio private_pem(BIO_new(BIO_s_mem()), &BIO_free), public_pem(BIO_new(BIO_s_mem()), &BIO_free);
  PURSER_ASSERT(key != nullptr);
  const bool written = PEM_write_bio_PrivateKey(private_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
                       PEM_write_bio_PUBKEY(public_pem.get(), key.get()) == 1;
  PURSER_ASSERT(written);
  return {.webhook_id = std::string(sandbox_webhook_id),
          .secret = std::string(sandbox_webhook_id) + "\n" + text_of(private_pem),
          .public_key = text_of(public_pem)};
}

void sign_paypal_webhook(http::Headers& headers, std::string_view secret, std::string_view transmission_id, Instant sent, std::string_view body) {
  const std::size_t line = secret.find('\n');
  if (line == std::string_view::npos) return;
  const std::string_view pem = secret.substr(line + 1);
  const Bio source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const Key key(PEM_read_bio_PrivateKey(source.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!key) return;
  const std::string time = rfc3339(sent);
  const std::string text = std::string(transmission_id) + "|" + time + "|" + std::string(secret.substr(0, line)) + "|" + std::to_string(crc32(body));
  headers.set("paypal-transmission-id", transmission_id);
  headers.set("paypal-transmission-time", time);
  headers.set("paypal-transmission-sig", base64(signed_text(text, key.get())));
  headers.set("paypal-auth-algo", "SHA256withRSA");
  headers.set("paypal-cert-url", "https://api.sandbox.test/v1/notifications/certs/CERT-SANDBOX");
}

}  // namespace purser::sandbox
