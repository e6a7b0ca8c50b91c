// The orders context as one piece: what it serves, hears and does. Only app/ makes one.
#pragma once
#include <memory>

#include "contexts/orders/service.hpp"
#include "platform/module.hpp"

namespace purser::orders {

struct Parts {
  store::Store& store;
  events::Outbox& outbox;
  const Clock& clock;
  Random& random;
  rpc::Directory& directory;  // gives PaymentService, takes OrderService
  Settings settings;
};

Module make_module(const Parts& parts);

}  // namespace purser::orders
