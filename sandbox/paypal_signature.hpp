// What the sandbox's PayPal signs with: access tokens that carry their own end, and webhooks under an RSA key.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kernel/time.hpp"
#include "platform/http/message.hpp"

namespace purser::sandbox {

// "<end in ms>.<HMAC>"; whoever has the secret can tell a token of its own.
std::string paypal_token(std::string_view secret, Instant ends);
// When it ends; nothing where it was not made with this secret.
std::optional<Instant> paypal_token_end(std::string_view token, std::string_view secret);

// A key pair made anew, from the operating system's chance. `secret` is what FaceSettings::webhook_secret takes: the webhook's id, a line
// break and the private key as PEM. `public_key` is PEM too, for whoever verifies.
struct PaypalWebhookKey {
  std::string webhook_id, secret, public_key;
};
PaypalWebhookKey make_paypal_webhook_key();

// Sets the five PAYPAL-… headers of a transmission; none where the secret is not as above.
void sign_paypal_webhook(http::Headers& headers, std::string_view secret, std::string_view transmission_id, Instant sent, std::string_view body);

}  // namespace purser::sandbox
