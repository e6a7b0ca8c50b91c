// CheckoutService: an order and its payment in one call, made of the other two services through their interfaces. It stores only
// its answer: its steps carry keys derived from the request's, so that repeating a request that was cut short repeats them.
#pragma once
#include "checkout/v1/checkout_service.purser.hpp"
#include "platform/clock.hpp"
#include "platform/rpc/directory.hpp"
#include "platform/store/store.hpp"

namespace purser::checkout {

class Service final : public ::checkout::v1::CheckoutService {
 public:
  Service(store::Store& store, const Clock& clock, const rpc::Directory& directory) : store_(store), clock_(clock), directory_(directory) {}

  Reply<::checkout::v1::CreateCheckoutResponse> CreateCheckout(rpc::Call call, ::checkout::v1::CreateCheckoutRequest request) override;

 private:
  store::Store& store_;
  const Clock& clock_;
  const rpc::Directory& directory_;
};

}  // namespace purser::checkout
