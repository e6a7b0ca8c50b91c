#include "contexts/payments/processors/adapter.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace purser::payments {

using simdjson::dom::element;

std::string text_at(const element& object, std::string_view pointer) {
  std::string_view text;
  return object.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}
std::int64_t integer_at(const element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : 0;
}
bool flag_at(const element& object, std::string_view pointer) {
  bool flag = false;
  return object.at_pointer(pointer).get(flag) == simdjson::SUCCESS && flag;
}
std::optional<element> object_at(const element& object, std::string_view pointer) {
  element found;
  if (object.at_pointer(pointer).get(found) != simdjson::SUCCESS || !found.is_object()) return std::nullopt;
  return found;
}

Outcome in_doubt(std::string code, std::string message) {
  return {.end = End::in_doubt,
          .failure = Failure{.code = std::move(code), .message = std::move(message), .retryable = false, .outcome = "in_doubt"}};
}
Outcome undecided(std::string message, std::string processor_ref) {
  Outcome outcome = in_doubt("unknown", std::move(message));
  outcome.processor_ref = std::move(processor_ref);
  outcome.answered = true;
  return outcome;
}
Outcome not_sent(std::string message) {
  return {.end = End::not_sent,
          .failure = Failure{.code = "network_failure", .message = std::move(message), .retryable = true, .outcome = "not_sent"}};
}
Outcome declined(std::string code, std::string message, std::string decline_code, bool retryable, std::string processor_ref) {
  return {.end = End::declined,
          .processor_ref = std::move(processor_ref),
          .failure = Failure{.code = std::move(code),
                             .message = std::move(message),
                             .decline_code = std::move(decline_code),
                             .retryable = retryable,
                             .outcome = "declined"}};
}

Answer read_answer(http::Outcome sent) {
  Answer answer;
  if (const auto* never = std::get_if<http::NotSent>(&sent)) return answer.outcome = not_sent(never->reason), answer;
  if (const auto* doubt = std::get_if<http::InDoubt>(&sent)) return answer.outcome = in_doubt("timeout", doubt->reason), answer;
  const auto& response = std::get<http::Response>(sent);
  answer.status = response.status;
  if (answer.parser->parse(response.body).get(answer.document) != simdjson::SUCCESS || !answer.document.is_object())
    answer.outcome = in_doubt("unknown", "The processor's answer (status " + std::to_string(response.status) + ") cannot be read.");
  return answer;
}

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
       &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[digest[i] >> 4];
    hex += digits[digest[i] & 15];
  }
  return hex;
}

bool same_secret(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace purser::payments
