#include "contexts/payments/processors/paypal_access.hpp"

#include <algorithm>

#include "contexts/payments/processors/paypal_wire.hpp"
#include "platform/digest.hpp"

namespace purser::payments::paypal {
namespace {

constexpr Duration renewed_early = seconds(60);

// Whatever became of asking for a token, the ask itself was not sent.
Outcome unsent(const Outcome& of_the_token, bool answered) {
  Outcome outcome = not_sent("No access token could be had: " + (of_the_token.failure ? of_the_token.failure->message : ""));
  outcome.answered = answered;
  return outcome;
}

Outcome turned_away(std::string message) {
  Outcome outcome = not_sent(std::move(message));
  outcome.answered = true;
  return outcome;
}

}  // namespace

Task<Answer> Access::send(Ask ask) {
  http::Outcome sent;
  for (int renewals = 0;; ++renewals) {
    const Token with = co_await token();
    if (with.failure) {
      Answer none = read_answer(http::NotSent{"no access token"});
      none.outcome = with.failure;
      co_return none;
    }
    sent = co_await transmit(ask, with.text);
    const auto* response = std::get_if<http::Response>(&sent);
    if (response == nullptr || response->status != 401 || renewals > 0) break;
    // Refused unread, so that it may be asked again. Somebody else may have renewed it meanwhile.
    if (token_.text == with.text) token_ = {};
  }
  auto* response = std::get_if<http::Response>(&sent);
  const int status = response == nullptr ? 0 : response->status;
  if (status == 204) response->body = "{}";
  Answer answer = read_answer(std::move(sent));
  if (status == 429) answer.outcome = turned_away("The processor answered 429: it is asked too often.");
  if (status == 401) answer.outcome = declined("unknown", "The processor refused our credentials.", "authentication_failure", true);
  if (!answer.outcome && status >= 400) answer.outcome = error_outcome(status, answer.document);
  if (!answer.outcome && (status < 200 || status >= 300))
    answer.outcome = in_doubt("unknown", "The processor answered " + std::to_string(status) + ", which is no answer.");
  co_return answer;
}

Task<Access::Token> Access::token() {
  if (!token_.text.empty() && clock_.now() < token_.renew_at) co_return token_;
  co_return co_await renewal_.get([this] { return fetch_token(); });
}

Task<Access::Token> Access::fetch_token() {
  http::Outbound request{.method = "POST",
                         .url = options_.base_url + "/v1/oauth2/token",
                         .body = "grant_type=client_credentials",
                         .connect_timeout = options_.connect_timeout,
                         .total_timeout = options_.total_timeout};
  request.headers.set("Authorization", "Basic " + base64(options_.client_id + ":" + options_.client_secret));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  const Instant asked = clock_.now();
  const Answer answer = read_answer(co_await client_->send(std::move(request)));
  const bool refused = answer.status == 400 && !text_at(answer.document, "/error").empty();
  if (refused || answer.status == 401 || answer.status == 403)
    co_return Token{.failure = declined("unknown", "The processor refused our credentials.", "invalid_client", true)};
  if (answer.outcome) co_return Token{.failure = unsent(*answer.outcome, answer.status != 0)};
  const std::string text = text_at(answer.document, "/access_token");
  if (answer.status != 200 || text.empty())
    co_return Token{.failure = turned_away("No access token could be had: the processor answered " + std::to_string(answer.status) + ".")};
  const Duration lasts = seconds(std::clamp<std::int64_t>(integer_at(answer.document, "/expires_in"), 0, 86'400));
  // One that ends within the minute is used once, for what asked for it.
  token_ = {.text = text, .renew_at = asked + lasts - renewed_early};
  co_return token_;
}

Task<http::Outcome> Access::transmit(Ask ask, std::string token) {
  http::Outbound request{.method = std::move(ask.method),
                         .url = options_.base_url + ask.path,
                         .body = std::move(ask.body),
                         .connect_timeout = options_.connect_timeout,
                         .total_timeout = options_.total_timeout};
  request.headers.set("Authorization", "Bearer " + token);
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Prefer", "return=representation");
  if (!ask.key.empty()) request.headers.set("PayPal-Request-Id", ask.key);
  if (!ask.traceparent.empty()) request.headers.set("traceparent", ask.traceparent);
  co_return co_await client_->send(std::move(request));
}

}  // namespace purser::payments::paypal
