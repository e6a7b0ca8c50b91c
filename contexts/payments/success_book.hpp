// How a merchant's processors did lately, read from its own payments and kept for a few seconds: a rate need not be newer than that, and
// one query then serves many payments.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "contexts/payments/rules/success.hpp"
#include "platform/store/store.hpp"

namespace purser::payments {

// Any thread.
class SuccessBook {
 public:
  // Nothing where the merchant does not route by it.
  std::vector<SuccessRate> of(store::Tx& tx, const std::string& merchant_id, const std::string& method, const SuccessRouting& routing, Instant now);

 private:
  struct Known {
    Instant read_at{};
    Duration window{};
    std::vector<SuccessRate> rates{};
  };
  std::mutex guard_;
  std::map<std::pair<std::string, std::string>, Known> known_;  // by merchant and method
};

}  // namespace purser::payments
