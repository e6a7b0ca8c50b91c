#include "contexts/payments/processors/adapter.hpp"

namespace purser::payments {

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

namespace {

// What cannot be read says nothing, but it can be asked.
Answer unread(Outcome why, int status = 0) {
  Answer answer{.status = status, .outcome = std::move(why)};
  answer.document = answer.parser->parse(std::string_view("{}")).value();
  return answer;
}

}  // namespace

Answer read_answer(http::Outcome sent) {
  if (const auto* never = std::get_if<http::NotSent>(&sent)) return unread(not_sent(never->reason));
  if (const auto* doubt = std::get_if<http::InDoubt>(&sent)) return unread(in_doubt("timeout", doubt->reason));
  const auto& response = std::get<http::Response>(sent);
  Answer answer{.status = response.status};
  if (answer.parser->parse(response.body).get(answer.document) == simdjson::SUCCESS && answer.document.is_object()) return answer;
  return unread(in_doubt("unknown", "The processor's answer (status " + std::to_string(response.status) + ") cannot be read."), response.status);
}

}  // namespace purser::payments
