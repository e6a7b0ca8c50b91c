// The sandbox's pages for people: what happened lately, and the customer's authentication. Self-contained HTML.
#pragma once
#include <string>
#include <vector>

#include "sandbox/face.hpp"
#include "sandbox/ledger.hpp"

namespace purser::sandbox {

struct FaceOverview {
  std::string processor;
  std::vector<PaymentRow> newest;
  std::vector<LedgerTotal> totals;
};
std::string overview_page(const std::vector<FaceOverview>& overviews, const std::vector<LedgerRow>& ledger);
std::string authentication_page(const Visit& visit);

}  // namespace purser::sandbox
