// The wallet context as one piece: what it serves. Only app/ makes one.
#pragma once
#include "contexts/wallet/service.hpp"
#include "platform/module.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::wallet {

struct Parts {
  store::Store& store;
  events::Outbox& outbox;
  const Clock& clock;
  Random& random;
  rpc::Directory& directory;  // takes WalletService
};

Module make_module(const Parts& parts);

}  // namespace purser::wallet
