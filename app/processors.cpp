#include "app/processors.hpp"

#include "contexts/payments/processors/adyen.hpp"
#include "contexts/payments/processors/paypal.hpp"
#include "contexts/payments/processors/stripe.hpp"

namespace purser::app {
namespace {

using Wire = std::shared_ptr<http::Client>;

MakeProcessor stripe_of(const Config& config) {
  payments::StripeOptions options{.base_url = config.stripe_base_url,
                                  .secret_key = config.stripe_secret_key.reveal(),
                                  .webhook_secret = config.stripe_webhook_secret.reveal(),
                                  .api_version = config.stripe_api_version,
                                  .connect_timeout = milliseconds(config.processor_connect_timeout_ms),
                                  .total_timeout = milliseconds(config.processor_total_timeout_ms)};
  return [options](Wire wire, Clock&) { return payments::make_stripe(std::move(wire), options); };
}

MakeProcessor adyen_of(const Config& config) {
  payments::AdyenOptions options{
      .base_url = config.adyen_base_url,
      .api_key = config.adyen_api_key.reveal(),
      .merchant_account = config.adyen_merchant_account,
      .hmac_key = config.adyen_hmac_key.reveal(),
      .return_url = "https://localhost/",  // Adyen wants one of every payment, also of those that no buyer will come back from
      .connect_timeout = milliseconds(config.processor_connect_timeout_ms),
      .total_timeout = milliseconds(config.processor_total_timeout_ms)};
  return [options](Wire wire, Clock&) { return payments::make_adyen(std::move(wire), options); };
}

MakeProcessor paypal_of(const Config& config) {
  payments::PaypalOptions options{.base_url = config.paypal_base_url,
                                  .client_id = config.paypal_client_id,
                                  .client_secret = config.paypal_client_secret.reveal(),
                                  .webhook_id = config.paypal_webhook_id,
                                  .webhook_certificates = config.paypal_webhook_certificates.reveal(),
                                  .connect_timeout = milliseconds(config.processor_connect_timeout_ms),
                                  .total_timeout = milliseconds(config.processor_total_timeout_ms)};
  return [options](Wire wire, Clock& clock) { return payments::make_paypal(std::move(wire), clock, options); };
}

}  // namespace

std::vector<MakeProcessor> processors_of(const Config& config) {
  std::vector<MakeProcessor> all;
  all.push_back(stripe_of(config));  // a server does not start without
  if (!config.adyen_api_key.empty()) all.push_back(adyen_of(config));
  if (!config.paypal_client_id.empty()) all.push_back(paypal_of(config));
  return all;
}

}  // namespace purser::app
