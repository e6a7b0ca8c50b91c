// The sandbox's values in the shapes Stripe's API gives them.
#pragma once
#include <string>
#include <string_view>

#include "sandbox/events.hpp"
#include "sandbox/payment.hpp"
#include "sandbox/stripe_error.hpp"

namespace purser::sandbox {

inline constexpr std::string_view stripe_name = "stripe";
inline constexpr std::string_view default_api_version = "2026-10-28.endive";

// `expanded_charge` is the JSON of latest_charge where it was asked for, else empty.
std::string intent_json(const PaymentIntent& intent, std::string_view expanded_charge = {});
std::string charge_json(const Charge& charge);
std::string refund_json(const Refund& refund);
std::string method_json(std::string_view payment_method, Instant created);
std::string event_json(const Event& event);

// A page of a list or of a search; `data` is the objects' JSON, joined by commas.
std::string list_json(std::string_view data, bool has_more, std::string_view url);
std::string search_json(std::string_view data, std::string_view next_page, std::string_view url);

// The error of a request about `intent` (which may be absent), with the intent as it is now.
std::string error_json_of(const StripeError& error, const PaymentIntent* intent);

}  // namespace purser::sandbox
