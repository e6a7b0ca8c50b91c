// The sandbox's values in the shapes PayPal's API gives them, and PayPal's decimal amounts.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/call.hpp"
#include "sandbox/events.hpp"
#include "sandbox/paypal_payment.hpp"

namespace purser::sandbox {

// "12.50"; JPY, HUF and TWD without decimals. Nothing where it is none, not above zero, or finer than PayPal's decimals.
std::optional<std::int64_t> paypal_minor(std::string_view value, Currency currency);
std::string paypal_value(std::int64_t minor, Currency currency);
// One that PayPal takes.
std::optional<Currency> paypal_currency(std::string_view code);

std::string order_json(const PaypalOrder& order, const std::vector<PaypalPart>& parts);
std::string part_json(const PaypalOrder& order, const PaypalPart& part);
std::string event_json_paypal(const Event& event);

// {"name":…,"message":…,"debug_id":…,"details":[{"issue":…,"description":…}]}. `links` is JSON of a list, or empty.
std::string paypal_error_json(std::string_view name, std::string_view issue, std::string_view description, std::string_view links = {});
// 422 UNPROCESSABLE_ENTITY, unless the status is another.
Answer paypal_refusal(std::string_view issue, std::string_view description, int status = 422);

}  // namespace purser::sandbox
