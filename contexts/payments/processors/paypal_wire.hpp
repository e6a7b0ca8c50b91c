// PayPal's words: its amounts, what its statuses and issues mean, and the parts of an order. Pure; knows no request.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contexts/payments/processors/adapter.hpp"

namespace purser::payments::paypal {

// "12.50"; JPY, HUF and TWD have no decimals at PayPal. Nothing where PayPal does not take the currency or cannot express the amount.
std::optional<std::string> amount_text(Money money);
// {"currency_code":…,"value":…} in our minor units; nothing where it cannot be read exactly.
std::optional<Money> money_at(const simdjson::dom::element& object, std::string_view pointer);

// The elements of the list at `pointer`; none where there is no list.
std::vector<simdjson::dom::element> list_at(const simdjson::dom::element& object, std::string_view pointer);
// The address of the link with this relation, or "".
std::string link_of(const simdjson::dom::element& object, std::string_view relation);
// Where the buyer has to go: payer-action, or approve, as it was called before.
std::string approval_link(const simdjson::dom::element& object);

// The first unit of an order, which is the only one that we make, and what was done for it.
inline constexpr std::string_view unit = "/purchase_units/0", authorizations = "/purchase_units/0/payments/authorizations",
                                  captures = "/purchase_units/0/payments/captures", refunds = "/purchase_units/0/payments/refunds";

bool is_approved(const simdjson::dom::element& order);  // and not completed yet
// What an order says of the attempt that made it. In doubt where it is about another reference or amount.
Outcome order_outcome(const simdjson::dom::element& order, const Instruction& instruction);
// The same without knowing what was asked: a webhook's order.
Outcome order_outcome(const simdjson::dom::element& order, bool sale);
Outcome authorization_outcome(const simdjson::dom::element& authorization, std::string processor_ref);
Outcome capture_outcome(const simdjson::dom::element& capture, std::string processor_ref);
Outcome refund_outcome(const simdjson::dom::element& refund);

// What PayPal says is wrong: details[0].issue, else the error's name.
std::string issue_of(const simdjson::dom::element& error);
// An error's meaning for an ask that moves money. `status` is 400 or above.
Outcome error_outcome(int status, const simdjson::dom::element& error);
// PayPal's own word that it has nothing under this id.
bool says_forgotten(std::string_view issue);
// The ask was about something that is in another state already: what became of it stands in the order.
bool says_already(std::string_view issue);

}  // namespace purser::payments::paypal
