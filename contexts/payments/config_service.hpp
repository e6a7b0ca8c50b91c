// ConfigService: reading, changing, trying and bringing back a merchant's routing.
#pragma once
#include "contexts/payments/orchestrator.hpp"
#include "payments/config/v1/config_service.purser.hpp"

namespace purser::payments {

class ConfigService final : public ::payments::config::v1::ConfigService {
 public:
  explicit ConfigService(Orchestrator& orchestrator) : orchestrator_(orchestrator) {}

  Reply<::payments::config::v1::GetConfigResponse> GetConfig(rpc::Call call, ::payments::config::v1::GetConfigRequest request) override;
  Reply<::payments::config::v1::UpdateConfigResponse> UpdateConfig(rpc::Call call, ::payments::config::v1::UpdateConfigRequest request) override;
  Reply<::payments::config::v1::ListConfigVersionsResponse> ListConfigVersions(rpc::Call call,
                                                                               ::payments::config::v1::ListConfigVersionsRequest request) override;
  Reply<::payments::config::v1::RollBackConfigResponse> RollBackConfig(rpc::Call call,
                                                                       ::payments::config::v1::RollBackConfigRequest request) override;
  Reply<::payments::config::v1::TryConfigResponse> TryConfig(rpc::Call call, ::payments::config::v1::TryConfigRequest request) override;

 private:
  Orchestrator& orchestrator_;
};

}  // namespace purser::payments
