#include "contexts/checkout/module.hpp"

#include "contexts/checkout/service.hpp"
#include "platform/rpc/external_request.hpp"

namespace purser::checkout {

Module make_module(store::Store& store, const Clock& clock, const rpc::Directory& directory) {
  rpc::Service service = ::checkout::v1::bind(std::make_shared<Service>(store, clock, directory));
  rpc::read_permissively(service, {"CreateCheckout"});
  return {.name = "checkout", .services = {std::move(service)}, .routes = {}, .subscriptions = {}, .jobs = {}, .recover = nullptr, .owned = nullptr};
}

}  // namespace purser::checkout
