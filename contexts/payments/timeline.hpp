// A payment's whole story, put together from what is stored: for GET /payments/{id}/timeline and `purser explain`.
// (Seed order-and-payments-refactor: anyone can see why.)
#pragma once
#include "contexts/payments/repository.hpp"
#include "payments/v1/timeline_service.purser.hpp"

namespace purser::payments {

// By a payment's id or an order's; 404 `payment_not_found`.
Result<::payments::v1::Timeline> timeline_of(store::Tx& tx, const std::string& merchant_id, const std::string& payment_or_order_id);

class TimelineService final : public ::payments::v1::TimelineService {
 public:
  explicit TimelineService(store::Store& store) : store_(store) {}
  Reply<::payments::v1::GetTimelineResponse> GetTimeline(rpc::Call call, ::payments::v1::GetTimelineRequest request) override;

 private:
  store::Store& store_;
};

}  // namespace purser::payments
