// WalletService: each command is one transaction, under its idempotency key and under its own reference.
#pragma once
#include "contexts/wallet/wallet_book.hpp"
#include "wallet/v1/wallet_service.purser.hpp"

namespace purser::wallet {

class Service final : public ::wallet::v1::WalletService {
 public:
  Service(store::Store& store, WalletBook& book) : store_(store), book_(book) {}

  Reply<::wallet::v1::GetBalanceResponse> GetBalance(rpc::Call call, ::wallet::v1::GetBalanceRequest request) override;
  Reply<::wallet::v1::AddCreditsResponse> AddCredits(rpc::Call call, ::wallet::v1::AddCreditsRequest request) override;
  Reply<::wallet::v1::DeductCreditsResponse> DeductCredits(rpc::Call call, ::wallet::v1::DeductCreditsRequest request) override;
  Reply<::wallet::v1::HoldCreditsResponse> HoldCredits(rpc::Call call, ::wallet::v1::HoldCreditsRequest request) override;
  Reply<::wallet::v1::GetHoldResponse> GetHold(rpc::Call call, ::wallet::v1::GetHoldRequest request) override;
  Reply<::wallet::v1::CaptureHoldResponse> CaptureHold(rpc::Call call, ::wallet::v1::CaptureHoldRequest request) override;
  Reply<::wallet::v1::ReleaseHoldResponse> ReleaseHold(rpc::Call call, ::wallet::v1::ReleaseHoldRequest request) override;
  Reply<::wallet::v1::RefundCreditsResponse> RefundCredits(rpc::Call call, ::wallet::v1::RefundCreditsRequest request) override;
  Reply<::wallet::v1::GetOperationResponse> GetOperation(rpc::Call call, ::wallet::v1::GetOperationRequest request) override;
  Reply<::wallet::v1::ListEntriesResponse> ListEntries(rpc::Call call, ::wallet::v1::ListEntriesRequest request) override;

 private:
  template <class Response, class Request>
  Reply<Response> carry_out(rpc::Call call, Request request, Command command);

  store::Store& store_;
  WalletBook& book_;
};

}  // namespace purser::wallet
