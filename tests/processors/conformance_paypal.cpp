// PayPal, as the kit needs to know it.
#include "contexts/payments/processors/paypal.hpp"
#include "sandbox/paypal_signature.hpp"
#include "tests/processors/conformance.hpp"

namespace purser::conformance {

Description paypal() {
  const sandbox::PaypalWebhookKey key = sandbox::make_paypal_webhook_key();
  OverHttp http{.face = "paypal",
                .settings = {.webhook_secret = key.secret},
                .other_secret = sandbox::make_paypal_webhook_key().secret,
                .webhook_tolerance = hours(96),
                .make =
                    [key](std::shared_ptr<http::Client> client, Clock& clock) {
                      return payments::make_paypal(std::move(client), clock,
                                                   {.base_url = "http://sandbox.test/paypal",
                                                    .client_id = "kit",
                                                    .client_secret = "secret",
                                                    .webhook_id = key.webhook_id,
                                                    .webhook_certificates = key.public_key});
                    },
                .path_prefix = "/paypal/",
                .moves_money = [](const http::Outbound& request) { return request.method == "POST" && !request.url.ends_with("/oauth2/token"); },
                .amount_text =
                    [](std::int64_t minor) {
                      const std::string cents = std::to_string(minor % 100);
                      return std::to_string(minor / 100) + "." + (cents.size() < 2 ? "0" : "") + cents;
                    }};
  return {.name = "paypal",
          .approved = "card:ok",
          .declines = {{"card:declined", "declined", "generic_decline", true},
                       {"paypal:cannot_pay", "declined", "payer_cannot_pay", false},
                       {"token:refused", "declined", "transaction_refused", true},
                       {"card:card_expired", "invalid_card", "expired_card", false},
                       {"card:do_not_honor", "declined", "do_not_honor", true},
                       {"card:insufficient_funds", "declined", "insufficient_funds", true},
                       {"card:expired", "invalid_card", "expired_card", false},
                       {"card:cvv", "invalid_card", "incorrect_cvc", false},
                       {"card:fraud", "declined", "fraudulent", false},
                       {"card:lost", "declined", "lost_card", false},
                       {"card:nobody", "invalid_card", "token_id_not_found", false},
                       {"pm_card_visa", "invalid_card", "payment_method_unknown", false}},
          .wants_buyer = "paypal",
          .http = std::move(http),
          .make = [](const Description& description) { return std::make_unique<HttpWorld>(description); }};
}

}  // namespace purser::conformance
