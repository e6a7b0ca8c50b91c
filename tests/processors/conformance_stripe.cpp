// Stripe, as the kit needs to know it.
#include "contexts/payments/processors/stripe.hpp"
#include "tests/processors/conformance.hpp"

namespace purser::conformance {

Description stripe() {
  const std::string secret = "whsec_kit";
  OverHttp http{.face = "stripe",
                .settings = {.webhook_secret = secret},
                .other_secret = "whsec_of_somebody_else",
                .webhook_tolerance = minutes(5),
                .make =
                    [secret](std::shared_ptr<http::Client> client, Clock&) {
                      return payments::make_stripe(std::move(client),
                                                   {.base_url = "http://sandbox.test", .secret_key = "sk_test_kit", .webhook_secret = secret});
                    },
                .path_prefix = "/v1/",
                .moves_money = [](const http::Outbound& request) { return request.method == "POST"; }};
  return {.name = "stripe",
          .approved = "pm_card_visa",
          .declines = {{"pm_card_chargeDeclined", "declined", "generic_decline", true},
                       {"pm_card_chargeDeclinedInsufficientFunds", "declined", "insufficient_funds", true},
                       {"pm_card_chargeDeclinedLostCard", "declined", "lost_card", false},
                       {"pm_card_chargeDeclinedStolenCard", "declined", "stolen_card", false},
                       {"pm_card_chargeDeclinedFraudulent", "declined", "fraudulent", false},
                       {"pm_card_visa_chargeDeclinedVelocityLimitExceeded", "declined", "card_velocity_exceeded", true},
                       {"pm_card_chargeDeclinedExpiredCard", "invalid_card", "expired_card", false},
                       {"pm_card_chargeDeclinedIncorrectCvc", "invalid_card", "incorrect_cvc", false},
                       {"pm_card_chargeDeclinedProcessingError", "declined", "processing_error", true},
                       {"pm_card_of_nobody", "invalid_card", "resource_missing", false}},
          .wants_buyer = "pm_card_authenticationRequired",
          .http = std::move(http),
          .make = [](const Description& description) { return std::make_unique<HttpWorld>(description); }};
}

}  // namespace purser::conformance
