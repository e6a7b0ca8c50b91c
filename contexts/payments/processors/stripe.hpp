// Stripe's PaymentIntents, Refunds and webhooks (API version 2024-06-20) as a Processor. Also what the sandbox processor speaks.
//   authorize / sale   POST /v1/payment_intents, confirmed at once, capture_method manual or automatic
//   capture            POST /v1/payment_intents/{id}/capture      release   POST /v1/payment_intents/{id}/cancel
//   refund             POST /v1/refunds                           reverse   cancel, or refund where it was captured
//   look-up            GET  /v1/payment_intents, its newest three hundred, then /v1/payment_intents/search and /v1/refunds, by metadata
// The reference goes along as Idempotency-Key (kept at least 24 h) and as metadata[purser_reference].
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "contexts/payments/processors/processor.hpp"
#include "platform/http/client.hpp"

namespace purser::payments {

struct StripeOptions {
  std::string name = "stripe";  // of the processor, and behind /webhooks/: a shop may have several accounts
  std::string base_url = "https://api.stripe.com";
  std::string secret_key;
  std::string webhook_secret;
  std::string api_version = "2024-06-20";
  Duration connect_timeout = seconds(2);
  Duration total_timeout = seconds(30);
  Duration webhook_tolerance = seconds(300);
  Duration visibility_lag = seconds(90);  // of its search
};

// The event types the adapter reads; what to subscribe a webhook endpoint to.
std::vector<std::string> stripe_webhook_types();

std::shared_ptr<Processor> make_stripe(std::shared_ptr<http::Client> client, StripeOptions options);

// Stripe-Signature: "t=<unix>,v1=<hex>", HMAC-SHA256 of "t.body". Several v1 may stand in it while a secret rotates.
Result<Done> verify_stripe_signature(std::string_view header, std::string_view body, std::string_view secret, Instant now, Duration tolerance);

}  // namespace purser::payments
