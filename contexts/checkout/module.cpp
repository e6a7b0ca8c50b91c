#include "contexts/checkout/module.hpp"

#include "contexts/checkout/service.hpp"

namespace purser::checkout {

Module make_module(store::Store& store, const Clock& clock, const rpc::Directory& directory) {
  return {.name = "checkout",
          .services = {::checkout::v1::bind(std::make_shared<Service>(store, clock, directory))},
          .routes = {},
          .subscriptions = {},
          .jobs = {},
          .recover = nullptr,
          .owned = nullptr};
}

}  // namespace purser::checkout
