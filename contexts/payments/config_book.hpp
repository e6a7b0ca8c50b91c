// Merchants' configurations: stored as contracts with versions, and made into the rules' own words once per version.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "contexts/payments/repository.hpp"
#include "contexts/payments/rules/plan.hpp"
#include "payments/config/v1/config.pb.h"

namespace purser::payments {

MerchantConfig from_api(const ::payments::config::v1::MerchantConfig& config);

// Any thread.
class ConfigBook {
 public:
  // The one in force; the default where the merchant has none.
  std::shared_ptr<const MerchantConfig> of(store::Tx& tx, const std::string& merchant_id);

 private:
  std::mutex guard_;
  // With the bytes it was made from: a version that was read in a transaction may never have been committed, and be another one later.
  struct Known {
    std::string bytes;
    std::shared_ptr<const MerchantConfig> config;
  };
  std::map<std::string, Known, std::less<>> known_;  // by merchant
};

}  // namespace purser::payments
