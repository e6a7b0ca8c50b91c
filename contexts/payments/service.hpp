// PaymentService: each command stores what is to be asked, asks the processor, and stores the answer.
#pragma once
#include "contexts/payments/composite.hpp"
#include "payments/v1/payment_service.purser.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::payments {

class Service final : public ::payments::v1::PaymentService {
 public:
  Service(Orchestrator& orchestrator, CompositePayments& composite, PlanBuilder& planner, const rpc::Directory& directory)
      : orchestrator_(orchestrator), composite_(composite), planner_(planner), directory_(directory) {}

  Reply<::payments::v1::CreatePaymentResponse> CreatePayment(rpc::Call call, ::payments::v1::CreatePaymentRequest request) override;
  Reply<::payments::v1::PlanPaymentResponse> PlanPayment(rpc::Call call, ::payments::v1::PlanPaymentRequest request) override;
  Reply<::payments::v1::GetPaymentResponse> GetPayment(rpc::Call call, ::payments::v1::GetPaymentRequest request) override;
  Reply<::payments::v1::ListPaymentsResponse> ListPayments(rpc::Call call, ::payments::v1::ListPaymentsRequest request) override;
  Reply<::payments::v1::RetryPaymentResponse> RetryPayment(rpc::Call call, ::payments::v1::RetryPaymentRequest request) override;
  Reply<::payments::v1::CapturePaymentResponse> CapturePayment(rpc::Call call, ::payments::v1::CapturePaymentRequest request) override;
  Reply<::payments::v1::RefundPaymentResponse> RefundPayment(rpc::Call call, ::payments::v1::RefundPaymentRequest request) override;
  Reply<::payments::v1::VoidPaymentResponse> VoidPayment(rpc::Call call, ::payments::v1::VoidPaymentRequest request) override;
  Reply<::payments::v1::GetRefundResponse> GetRefund(rpc::Call call, ::payments::v1::GetRefundRequest request) override;

 private:
  // What is to be paid: the order's total, or the request's own amount.
  struct Bill {
    Money amount;
    std::string user_id;
  };
  Payment payment_for(const rpc::Call& call, const ::payments::v1::CreatePaymentRequest& request, const Bill& bill);
  Reply<::payments::v1::CreatePaymentResponse> pay_in_parts(rpc::Call call, ::payments::v1::CreatePaymentRequest request, Payment whole);
  Task<void> call_unsaved(rpc::Call call, Payment fresh, NewAttempt attempt);
  Reply<Bill> bill_for(rpc::Call call, ::payments::v1::CreatePaymentRequest request);

  Orchestrator& orchestrator_;
  CompositePayments& composite_;
  PlanBuilder& planner_;
  const rpc::Directory& directory_;
};

}  // namespace purser::payments
