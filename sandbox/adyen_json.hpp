// The Adyen face's values in the shapes Adyen's Checkout API (v71) and its standard webhooks give them.
#pragma once
#include <string>
#include <string_view>

#include "sandbox/adyen_rules.hpp"
#include "sandbox/call.hpp"
#include "sandbox/events.hpp"

namespace purser::sandbox::adyen {

// {status, errorCode, message, errorType}. `executed`: it belongs to the idempotency key.
Answer error(int status, std::string_view code, std::string_view message, std::string_view type = "validation", bool executed = false);

// What POST /payments and /payments/details answer. `redirect_url` where the shopper has to go.
std::string payment_json(const Payment& payment, std::string_view redirect_url = {});
// What a modification is answered with: 201, received.
std::string modification_json(const Modification& modification);

// One NotificationRequestItem, unsigned: what an event of this face keeps.
std::string item_json(const Payment& payment, const Notification& notification, Instant at);
std::string item_json(const ModificationEffect& effect, Instant at);
// The webhook's body: the item in its envelope, signed with the key (hex, as Adyen's customer area shows it); unsigned without one.
std::string notification_json(std::string_view item, std::string_view hex_key);

}  // namespace purser::sandbox::adyen
