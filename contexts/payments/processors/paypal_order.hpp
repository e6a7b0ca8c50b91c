// A PayPal order as our adapter uses it: the bodies that make and change one, and what an order tells about earlier asks. Pure.
#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "contexts/payments/processors/adapter.hpp"

namespace purser::payments::paypal {

// JSON of what the payment method stands for; nothing where it is none of PayPal's.
std::optional<std::string> payment_source(const Instruction& instruction);
std::string order_body(const Instruction& instruction, const std::string& amount, const std::string& source);
std::string capture_body(const Instruction& instruction, const std::string& amount);

// What became of a capture or refund under this reference: absent where the order shows none.
Outcome captured_already(const simdjson::dom::element& order, const Instruction& instruction);
Outcome refunded_already(const simdjson::dom::element& order, const Instruction& instruction);
bool is_partly_refunded(const simdjson::dom::element& order, const Instruction& instruction);  // under this reference; the rest was not asked for
// Succeeded where the order holds and keeps no money though it had some; in doubt while a refund or a capture is pending.
Outcome reversed_already(const simdjson::dom::element& order, const Instruction& instruction);

// The order of this id, with everything that was done for it in words that we know.
bool is_whole(const simdjson::dom::element& order, const std::string& id);
bool is_unpaid(const simdjson::dom::element& order);  // nothing was authorised or captured, nor tried
bool is_voided(const simdjson::dom::element& order);  // it was authorised, and all of that was released
// The authorization that holds money; "" where none does.
std::string held_authorization(const simdjson::dom::element& order);

// PayPal refunds a capture, not an order: a refund may need several. One that a single capture covers carries our reference as its custom_id,
// a part of one carries "reference/capture".
struct RefundPart {
  std::string capture;
  Money amount;
  std::string custom_id;
  std::string key;
};
std::string refund_body(const RefundPart& part);
// In the order of the captures; empty where they do not hold enough.
std::vector<RefundPart> plan_refund(const simdjson::dom::element& order, const Instruction& instruction);
// All that is left of every capture.
std::vector<RefundPart> plan_reversal(const simdjson::dom::element& order, const Instruction& instruction, const std::string& repetition);

}  // namespace purser::payments::paypal
