// What every adapter is made of: reading a processor's JSON, and the few ends of an ask in the words that all of Purser understands.
#pragma once
#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "contexts/payments/processors/processor.hpp"
#include "platform/http/client.hpp"

namespace purser::payments {

// A member that is missing, or of another type, reads as "", 0, false or nothing. `pointer` is a JSON pointer, "/amount/value".
std::string text_at(const simdjson::dom::element& object, std::string_view pointer);
std::int64_t integer_at(const simdjson::dom::element& object, std::string_view pointer);
bool flag_at(const simdjson::dom::element& object, std::string_view pointer);
std::optional<simdjson::dom::element> object_at(const simdjson::dom::element& object, std::string_view pointer);

// It cannot be told what became of the ask.
Outcome in_doubt(std::string code, std::string message);
// It answered, but what it says decides nothing (yet).
Outcome undecided(std::string message, std::string processor_ref = {});
// No byte of it left, or the processor said itself that it did nothing.
Outcome not_sent(std::string message);
// `code`: declined, invalid_card, unknown. `retryable`: whether trying again (another day, another card) can help.
Outcome declined(std::string code, std::string message, std::string decline_code, bool retryable, std::string processor_ref = {});

// What came back: a document to read where the processor answered with a JSON object, else the outcome already.
struct Answer {
  int status = 0;
  std::shared_ptr<simdjson::dom::parser> parser = std::make_shared<simdjson::dom::parser>();  // owns the document
  simdjson::dom::element document{};
  std::optional<Outcome> outcome{};
};
Answer read_answer(http::Outcome sent);

// Hex of the HMAC-SHA256, as most processors sign with it.
std::string hmac_sha256_hex(std::string_view key, std::string_view text);
// Compares in constant time.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace purser::payments
