// The sandbox's pages for people: what happened lately, and the customer's authentication. Self-contained HTML.
#pragma once
#include <string>
#include <vector>

#include "sandbox/ledger.hpp"
#include "sandbox/payment.hpp"

namespace purser::sandbox {

std::string overview_page(const std::vector<PaymentIntent>& newest, const std::vector<LedgerRow>& ledger, const std::vector<LedgerTotal>& totals);
std::string authentication_page(const PaymentIntent& intent);

}  // namespace purser::sandbox
