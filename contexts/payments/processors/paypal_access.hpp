// PayPal's API as one who may ask it: OAuth client credentials turned into an access token, which is kept until shortly before it runs
// out, fetched once for all who need it, and renewed once where PayPal no longer takes it.
#pragma once
#include <memory>
#include <string>

#include "contexts/payments/processors/adapter.hpp"
#include "contexts/payments/processors/paypal.hpp"
#include "platform/single_flight.hpp"

namespace purser::payments::paypal {

struct Ask {
  std::string method;
  std::string path;
  std::string body{};
  std::string key{};  // PayPal-Request-Id
  std::string traceparent{};
};

class Access {
 public:
  Access(std::shared_ptr<http::Client> client, Clock& clock, const PaypalOptions& options)
      : client_(std::move(client)), clock_(clock), options_(options) {}

  // The answer, with an outcome where it is none to read: an error's meaning, a doubt, or not sent. As long as there is no token,
  // nothing of the ask was sent.
  Task<Answer> send(Ask ask);

 private:
  struct Token {
    std::string text{};
    Instant renew_at{};
    std::optional<Outcome> failure{};
  };
  Task<Token> token();
  Task<Token> fetch_token();
  Task<http::Outcome> transmit(Ask ask, std::string token);

  std::shared_ptr<http::Client> client_;
  Clock& clock_;
  const PaypalOptions options_;
  Token token_{};
  SingleFlight<Token> renewal_;
};

}  // namespace purser::payments::paypal
