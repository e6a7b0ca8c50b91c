// What every adapter is made of: the few ends of an ask in the words that all of Purser understands, and a processor's answer, read.
#pragma once
#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "contexts/payments/processors/processor.hpp"
#include "platform/http/client.hpp"
#include "platform/json/json_reader.hpp"

namespace purser::payments {

using json::flag_at;
using json::integer_at;
using json::object_at;
using json::text_at;

// It cannot be told what became of the ask.
Outcome in_doubt(std::string code, std::string message);
// It answered, but what it says decides nothing (yet).
Outcome undecided(std::string message, std::string processor_ref = {});
// No byte of it left, or the processor said itself that it did nothing.
Outcome not_sent(std::string message);
// `code`: declined, invalid_card, unknown. `retryable`: whether trying again (another day, another card) can help.
Outcome declined(std::string code, std::string message, std::string decline_code, bool retryable, std::string processor_ref = {});

// What came back: a document to read where the processor answered with a JSON object, else the outcome already, and an empty object.
struct Answer {
  int status = 0;
  std::shared_ptr<simdjson::dom::parser> parser = std::make_shared<simdjson::dom::parser>();  // owns the document
  simdjson::dom::element document{};
  std::optional<Outcome> outcome{};
};
Answer read_answer(http::Outcome sent);

}  // namespace purser::payments
