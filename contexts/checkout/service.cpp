#include "contexts/checkout/service.hpp"

#include "orders/v1/order_service.purser.hpp"
#include "payments/v1/payment_service.purser.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::checkout {
namespace {

namespace api = ::checkout::v1;

::orders::v1::CreateOrderRequest order_of(const api::CreateCheckoutRequest& request) {
  ::orders::v1::CreateOrderRequest order;
  order.set_user_id(request.user_id());
  order.set_currency(request.currency());
  *order.mutable_items() = request.items();
  order.set_client_reference(request.client_reference());
  *order.mutable_metadata() = request.metadata();
  return order;
}

::payments::v1::CreatePaymentRequest payment_of(const api::CreateCheckoutRequest& request, const std::string& order_id) {
  ::payments::v1::CreatePaymentRequest payment;
  payment.set_order_id(order_id);
  payment.set_payment_method(request.payment_method());
  payment.set_capture_method(request.capture_method() == ::payments::v1::CAPTURE_METHOD_UNSPECIFIED ? ::payments::v1::CAPTURE_METHOD_MANUAL
                                                                                                    : request.capture_method());
  payment.set_return_url(request.return_url());
  payment.set_method(request.method());
  *payment.mutable_processor_tokens() = request.processor_tokens();
  payment.set_country(request.country());
  payment.set_card_network(request.card_network());
  *payment.mutable_parts() = request.parts();
  payment.set_client_ip(request.client_ip());
  *payment.mutable_metadata() = request.metadata();
  return payment;
}

// What a payment's refusal says of the order is, here, about what is bought.
Error as_checkout(Error error) {
  for (FieldError& field : error.fields)
    if (field.pointer == "/order_id") field.pointer = "/items";
  return error;
}

// Told before there is an order, too; what else is wrong with parts shows once the order's total is known.
Result<Done> must_say_how_it_is_paid(const api::CreateCheckoutRequest& request) {
  if (request.parts_size() == 0 && request.payment_method().empty())
    return invalid("/payment_method", "required", "Give the processor's token for what the buyer pays with, or parts that have one each.");
  if (request.parts_size() > 0 && !request.payment_method().empty())
    return invalid("/payment_method", "not_with_parts", "Each of the parts says this by itself: leave it out here.");
  return Done{};
}

// Told before there is an order: one that is left behind by a refusal would keep its client_reference.
Result<Done> must_cost_something(const api::CreateCheckoutRequest& request) {
  for (const auto& line : request.items())
    if (line.unit_price() > 0) return Done{};
  return invalid("/items", "nothing_to_pay", "All lines are free: there is nothing to authorise. Create an order instead.");
}

}  // namespace

Reply<api::CreateCheckoutResponse> Service::CreateCheckout(rpc::Call call, api::CreateCheckoutRequest request) {
  // Before the first step: a key that was used for something else must not get as far as the money.
  CO_TRY(auto stored, co_await store_.read([&](store::Tx& tx) { return rpc::peek(tx, call, request); }));
  if (stored) co_return rpc::parse_stored<api::CreateCheckoutResponse>(*stored, call);
  CO_TRY_DONE(must_say_how_it_is_paid(request));
  CO_TRY_DONE(must_cost_something(request));

  auto& orders = directory_.get<::orders::v1::OrderService>();
  auto& payments = directory_.get<::payments::v1::PaymentService>();
  CO_TRY(auto ordered, co_await orders.CreateOrder(call.step("order"), order_of(request)));
  const std::string order_id = ordered.order().id();
  auto paid = co_await payments.CreatePayment(call.step("payment"), payment_of(request, order_id));
  if (!paid.ok()) co_return as_checkout(std::move(paid).error());
  // The order as the payment left it.
  ::orders::v1::GetOrderRequest get;
  get.set_order_id(order_id);
  CO_TRY(auto found, co_await orders.GetOrder(call.step("read"), std::move(get)));
  api::CreateCheckoutResponse response;
  *response.mutable_order() = std::move(*found.mutable_order());
  *response.mutable_payment() = std::move(*paid->mutable_payment());
  co_return co_await store_.transact([&](store::Tx& tx) -> Result<api::CreateCheckoutResponse> {
    return rpc::once<api::CreateCheckoutResponse>(tx, call, request, clock_.now(), [&]() -> Result<api::CreateCheckoutResponse> { return response; });
  });
}

}  // namespace purser::checkout
