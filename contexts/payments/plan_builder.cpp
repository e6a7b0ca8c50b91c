#include "contexts/payments/plan_builder.hpp"

namespace purser::payments {

using store::Tx;

PaymentPlan PlanBuilder::plan_one(Tx& tx, const CoreRequestContext& request, const MerchantConfig& config) {
  const auto rates = rates_.of(tx, request.merchant_id, request.method, config.success, request.at);
  return build_plan(request, config, processors_.taking(request.method), rates);
}

PaymentPlan PlanBuilder::plan(Tx& tx, const Payment& payment, const MerchantConfig& config) {
  if (!payment.is_whole()) return plan_one(tx, request_of(payment), config);
  Payment planned = payment;
  planned.shares = plan_shares(tx, payment, config);
  planned.config_version = config.version;
  return plan_of(planned);
}

std::vector<Share> PlanBuilder::plan_shares(Tx& tx, const Payment& whole, const MerchantConfig& config) {
  std::vector<Share> shares = whole.shares;
  for (Share& share : shares) {
    PaymentPlan plan = plan_one(tx, request_of(whole, share), config);
    share.candidates = std::move(plan.steps.front().candidates);
    share.why = std::move(plan.steps.front().why);
  }
  return shares;
}

}  // namespace purser::payments
