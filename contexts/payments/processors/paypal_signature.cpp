#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

#include "contexts/payments/processors/adapter.hpp"
#include "contexts/payments/processors/paypal.hpp"
#include "platform/digest.hpp"

namespace purser::payments {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

constexpr Duration ahead_max = minutes(5);
constexpr std::size_t header_bytes_max = 4096;

Error refused(std::string code, std::string detail) { return {.kind = Kind::malformed, .code = std::move(code), .detail = std::move(detail)}; }

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest & 1U) != 0 ? (rest >> 1) ^ 0xEDB88320U : rest >> 1;
    table[byte] = rest;
  }
  return table;
}

std::uint32_t crc32(std::string_view text) {
  static constexpr auto table = make_crc_table();
  std::uint32_t rest = 0xFFFFFFFFU;
  for (const char c : text) rest = table[(rest ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (rest >> 8);
  return ~rest;
}

// The public key of one PEM block, a certificate or a bare key; none for any other.
Key read_key(std::string_view block) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> pem(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())), &BIO_free);
  if (block.starts_with("-----BEGIN CERTIFICATE-----")) {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr), &X509_free);
    return {certificate ? X509_get_pubkey(certificate.get()) : nullptr, &EVP_PKEY_free};
  }
  return {PEM_read_bio_PUBKEY(pem.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free};
}

bool is_signed(std::string_view text, std::string_view signature, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

bool is_signed_by_one_of(std::string_view certificates, std::string_view text, std::string_view signature) {
  constexpr std::string_view begin = "-----BEGIN ";
  for (std::size_t at = certificates.find(begin); at != std::string_view::npos;) {
    const std::size_t next = certificates.find(begin, at + begin.size());
    const Key key = read_key(certificates.substr(at, next == std::string_view::npos ? next : next - at));
    if (key && is_signed(text, signature, key.get())) return true;
    at = next;
  }
  return false;
}

}  // namespace

Result<Done> verify_paypal_signature(const http::Request& request, std::string_view webhook_id, std::string_view certificates, Instant now,
                                     Duration tolerance) {
  const auto header = [&](std::string_view name) { return request.headers.find(name).value_or(""); };
  const std::string_view id = header("PAYPAL-TRANSMISSION-ID"), time = header("PAYPAL-TRANSMISSION-TIME"), sent = header("PAYPAL-TRANSMISSION-SIG");
  const auto at = parse_rfc3339(time);
  const std::string signature = sent.size() > header_bytes_max ? "" : bytes_of_base64(sent).value_or("");
  if (id.empty() || id.size() > header_bytes_max || !at || signature.empty())
    return refused("signature_malformed", "The PAYPAL-TRANSMISSION-ID, -TIME or -SIG header is missing or cannot be read.");
  if (header("PAYPAL-AUTH-ALGO") != "SHA256withRSA")
    return refused("signature_malformed", "PAYPAL-AUTH-ALGO is not SHA256withRSA, the only algorithm that is taken.");
  // One text stands for one transmission: a "|" in the id could move what follows it.
  if (id.find('|') != std::string_view::npos) return refused("signature_malformed", "The PAYPAL-TRANSMISSION-ID header cannot be read.");

  const std::string text = std::string(id) + "|" + std::string(time) + "|" + std::string(webhook_id) + "|" + std::to_string(crc32(request.body));
  if (webhook_id.empty() || !is_signed_by_one_of(certificates, text, signature))
    return refused("signature_invalid", "The signature does not match the body: check the webhook id and PayPal's certificate in the settings.");
  const Duration age = now - *at;
  if (age > tolerance || age < Duration{-ahead_max.ms}) return refused("signature_too_old", "The transmission's time is too far from ours.");
  return Done{};
}

}  // namespace purser::payments
