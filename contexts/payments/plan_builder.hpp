// PlanBuilder (seed payment-orchestration-v2): whom a payment, or each part of one, may be asked of and in which order: by the merchant's
// configuration (rules/plan.hpp), and by how its processors did lately where it routes by that.
#pragma once
#include "contexts/payments/processors/processors.hpp"
#include "contexts/payments/rules/payment.hpp"
#include "contexts/payments/success_book.hpp"

namespace purser::payments {

// Any thread.
class PlanBuilder {
 public:
  explicit PlanBuilder(const Processors& processors) : processors_(processors) {}

  // Of a payment in parts it is a step for each of them.
  PaymentPlan plan(store::Tx& tx, const Payment& payment, const MerchantConfig& config);
  // The parts of a whole with who may be asked for each.
  std::vector<Share> plan_shares(store::Tx& tx, const Payment& whole, const MerchantConfig& config);

 private:
  PaymentPlan plan_one(store::Tx& tx, const CoreRequestContext& request, const MerchantConfig& config);

  const Processors& processors_;
  SuccessBook rates_;
};

}  // namespace purser::payments
