// The payments context as one piece: what it serves, hears and does. Only app/ makes one.
#pragma once
#include <memory>

#include "contexts/payments/orchestrator.hpp"
#include "platform/module.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::payments {

struct Parts {
  store::Store& store;
  events::Outbox& outbox;
  Clock& clock;
  Random& random;
  rpc::Directory& directory;  // gives OrderService, takes PaymentService
  std::shared_ptr<const Processors> processors;
  Settings settings;
};

Module make_module(const Parts& parts);

}  // namespace purser::payments
