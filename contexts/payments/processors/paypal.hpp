// PayPal's Orders v2 and Payments v2 as a Processor.
//   authorize / sale   POST /v2/checkout/orders, intent AUTHORIZE or CAPTURE; an approved order: POST …/orders/{id}/authorize or /capture
//   capture            POST /v2/payments/authorizations/{id}/capture     release   POST /v2/payments/authorizations/{id}/void
//   refund             POST /v2/payments/captures/{id}/refund            reverse   void, or refunds where it was captured
//   look-up            GET  /v2/checkout/orders/{id}: the order with its authorizations, captures and refunds
//
// What is paid with (`payment_method`): "paypal" sends the buyer to PayPal; "paypal:<id>" and "card:<id>" are vaulted there,
// "token:<id>" is a billing agreement.
//
// `processor_ref` of a charge is the order's id, from the first answer to the last refund: it never changes while an order goes from
// approved to paid, and the order lists every authorization, capture and refund made of it, so that each is found when it is needed. A
// refund's is the refund's own id (of the last, where PayPal needed one a capture).
//
// The reference goes along as PayPal-Request-Id, custom_id and invoice_id. PayPal keeps the first for 6 hours on orders (more by
// agreement) and longer on payments; whoever repeats it gets what the first request has become. An order cannot be found by our reference:
// only transaction search can, hours late. So doubt about a charge is resolved by repeating it while its key lives. Beyond that an
// account that blocks repeated invoice ids (PayPal's default) answers DUPLICATE_INVOICE_ID, which is a doubt too, never a decline. Captures
// and refunds are looked for in their order before each ask, by invoice_id and custom_id: repeating them needs no key to be safe.
//
// An order that the buyer approved holds no money until we complete it, and no webhook can do so: look_up() does, under a key of
// its own. Releasing an order that is not completed asks PayPal nothing, for there is nothing it could let go.
//
// Webhooks: RSA-SHA256 over "transmission id|time|webhook id|crc32 of the body". The certificate is a setting and is not fetched from
// PAYPAL-CERT-URL: that address comes with the request, and whoever forges one would name his own. PayPal renews its certificate now and then:
// the setting takes several, so that the new one stands beside the old one. A CRC is no digest: the signature proves who sent a
// transmission, and against somebody who holds a genuine one and alters it the wire must be private. So the endpoint is https alone.
//
// It must be used on one executor.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contexts/payments/processors/processor.hpp"
#include "platform/clock.hpp"
#include "platform/http/client.hpp"

namespace purser::payments {

struct PaypalOptions {
  std::string name = "paypal";  // of the processor, and behind /webhooks/: a shop may have several accounts
  std::string base_url = "https://api-m.paypal.com";
  std::string client_id{};
  std::string client_secret{};
  std::string webhook_id{};
  std::string webhook_certificates{};  // PEM: X.509 certificates or public keys, one after another
  Duration connect_timeout = seconds(2);
  Duration total_timeout = seconds(30);
  Duration key_lifetime = hours(6);        // of PayPal-Request-Id on orders
  Duration webhook_tolerance = hours(96);  // PayPal tries for three days, and each event takes effect once
};

// The event types the adapter reads; what to subscribe a webhook to.
std::vector<std::string> paypal_webhook_types();

// `clock` tells when an access token runs out; it must outlive the processor.
std::shared_ptr<Processor> make_paypal(std::shared_ptr<http::Client> client, Clock& clock, PaypalOptions options);

// An Error (malformed) where the transmission is not signed by one of the certificates, for this webhook, over this body, within the time.
Result<Done> verify_paypal_signature(const http::Request& request, std::string_view webhook_id, std::string_view certificates, Instant now,
                                     Duration tolerance);

}  // namespace purser::payments
