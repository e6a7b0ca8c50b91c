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

}  // namespace purser::payments
