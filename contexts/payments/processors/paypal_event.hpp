// The body of a PayPal webhook, once its signature is checked. Pure.
#pragma once
#include <string>

#include "contexts/payments/processors/processor.hpp"

namespace purser::payments::paypal {

Result<Notice> read_event(const std::string& body);

}  // namespace purser::payments::paypal
