// Adyen's Checkout API (version 71) and its standard webhooks as a Processor.
//   authorize / sale   POST /payments, captured by hand, or at once (captureDelayHours 0)
//   capture            POST /payments/{pspReference}/captures     refund    POST /payments/{pspReference}/refunds
//   release            POST /payments/{pspReference}/cancels      reverse   POST /payments/{pspReference}/reversals
//   release, reverse   of what never told its pspReference: POST /cancels, by the reference that it was asked for under, which is then
//                      the instruction's processor_ref
//   look-up            there is none: End::in_doubt. With the buyer's action_result, POST /payments/details, which completes the payment
// The reference goes along as `reference`, which notifications bring back, and as Idempotency-Key (at least 7 days).
//
// Adyen says "received" to captures, refunds, cancels and reversals, and tells what came of them by a notification, minutes later. Such an
// attempt is in doubt until then, and that is all it is: the janitor repeats it under the same key and is told "received" again, which does
// nothing; what ends it is the notification. So this relies on
//   - webhooks that arrive: without them no modification ever ends. After key_lifetime the janitor only cries for somebody to look;
//   - is_about() in webhooks.cpp knowing About::capture and About::release;
//   - a notification's merchantReference being the modification's own reference. A cancel that worked is told as the end of the charge
//     (End::released), by its pspReference or, after /cancels, by its reference; so it holds whoever asked for it;
//   - one key for all repetitions of a reversal: a second one under another key would be told as failed.
// Nothing is ever proved absent here: no look-up, no fallback from a doubt. An authorisation that nobody answered can be undone by its
// reference; a sale cannot, which is captured at once.
//
// A capture lets go what it leaves, unless Adyen enabled several partial captures for the account (`several_captures`); then what is left
// after the last one runs out by itself. CAPTURE_FAILED, days after a CAPTURE, is told as a failed capture, which our books do not undo.
// Amounts are in Adyen's minor units, which differ from ISO 4217 for CLP, ISK (hundredths) and CVE, IDR (whole).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "contexts/payments/processors/processor.hpp"
#include "platform/http/client.hpp"

namespace purser::payments {

struct AdyenOptions {
  std::string name = "adyen";  // of the processor, and behind /webhooks/: a shop may have several accounts
  std::string base_url = "https://checkout-test.adyen.com/v71";
  std::string api_key;
  std::string merchant_account;
  std::string hmac_key;    // hex, of the standard webhook
  std::string return_url;  // for payments that name none: Adyen wants one
  bool several_captures = false;
  Duration connect_timeout = seconds(2);
  Duration total_timeout = seconds(30);
};

// The event codes the adapter reads; what to enable in a standard webhook.
std::vector<std::string> adyen_webhook_types();

// A payment method is a storedPaymentMethodId; its shopperReference is the payment's user, or stands before it: "shopper/stored".
std::shared_ptr<Processor> make_adyen(std::shared_ptr<http::Client> client, AdyenOptions options);

}  // namespace purser::payments
