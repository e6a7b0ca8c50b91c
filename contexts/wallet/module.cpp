#include "contexts/wallet/module.hpp"

namespace purser::wallet {

Module make_module(const Parts& parts) {
  struct Context {
    WalletBook book;
    std::shared_ptr<Service> service;
  };
  auto context = std::make_shared<Context>(Context{{parts.outbox, parts.clock, parts.random}, nullptr});
  context->service = std::make_shared<Service>(parts.store, context->book);
  parts.directory.put<::wallet::v1::WalletService>(context->service);
  return {.name = "wallet",
          .services = {::wallet::v1::bind(context->service)},
          .routes = {},
          .subscriptions = {},
          .jobs = {},
          .recover = nullptr,
          .owned = context};
}

}  // namespace purser::wallet
