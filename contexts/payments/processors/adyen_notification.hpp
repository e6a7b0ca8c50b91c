// Adyen's standard webhooks: one notification, its signature, and what it means.
//
// Signed are pspReference, originalReference, merchantAccountCode, merchantReference, the amount, eventCode and success (HMAC-SHA256,
// base64, in additionalData.hmacSignature). Nothing else of a notification decides anything here. Adyen sends one item a message; a
// message of several is refused, and so comes again until the webhook is set to single items.
#pragma once
#include <string_view>

#include "contexts/payments/processors/processor.hpp"

namespace purser::payments {

// Of another merchant account than ours: About::nothing. An empty or unreadable key refuses all.
Result<Notice> parse_adyen_notification(std::string_view body, std::string_view hex_key, std::string_view merchant_account);

}  // namespace purser::payments
