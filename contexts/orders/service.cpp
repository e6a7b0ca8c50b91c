#include "contexts/orders/service.hpp"

#include "contexts/orders/repository.hpp"
#include "contexts/orders/wire.hpp"
#include "kernel/assert.hpp"
#include "payments/v1/payment_service.purser.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::orders {
namespace {

using store::Tx;

Result<Order> must_find(Tx& tx, const rpc::Call& call, const std::string& order_id) {
  auto order = find(tx, call.caller.merchant_id, order_id);
  if (!order) return order_not_found(order_id);
  return std::move(*order);
}

Result<Done> must_be_new(Tx& tx, const rpc::Call& call, const std::string& client_reference) {
  if (client_reference.empty()) return Done{};
  const auto taken = find_by_client_reference(tx, call.caller.merchant_id, client_reference);
  if (!taken) return Done{};
  return Error{.kind = Kind::conflict,
               .code = "client_reference_taken",
               .detail = "An order with this client_reference exists: read it, or use another reference.",
               .metadata = {{"order_id", *taken}}};
}

Error cancel_was_refused(const Order& order) {
  return {.kind = Kind::conflict,
          .code = "cancel_refused",
          .detail = "The order stays as it is: its money could not be given back. The order's history says why.",
          .metadata = {{"order_id", order.id.text()}, {"state", std::string(text(order.status))}}};
}

template <class Response>
Response with_order(const Order& order) {
  Response response;
  *response.mutable_order() = to_api(order);
  return response;
}

}  // namespace

Reply<api::CreateOrderResponse> Service::CreateOrder(rpc::Call call, api::CreateOrderRequest request) {
  const Instant now = book_.clock().now();
  co_return co_await store_.transact([&](Tx& tx) -> Result<api::CreateOrderResponse> {
    return rpc::once<api::CreateOrderResponse>(tx, call, request, now, [&]() -> Result<api::CreateOrderResponse> {
      TRY_DONE(must_be_new(tx, call, request.client_reference()));
      Order order{.id = make_id<OrderId>(now, book_.random()),
                  .merchant_id = call.caller.merchant_id,
                  .user_id = request.user_id(),
                  .client_reference = request.client_reference(),
                  .order_type = request.order_type().empty() ? "purchase" : request.order_type(),
                  .total = {0, *Currency::parse(request.currency())},
                  .draft = draft_from(request, now, book_.random()),
                  .expires_at = now + settings_.expires_after,
                  .created_at = now,
                  .updated_at = now};
      const auto total = price(order.draft.lines, order.total.currency);
      if (!total) return explain(total.error(), order);
      order.total = *total;
      TRY(const Order opened, book_.open(tx, call, std::move(order)));
      return with_order<api::CreateOrderResponse>(opened);
    });
  });
}

Reply<api::GetOrderResponse> Service::GetOrder(rpc::Call call, api::GetOrderRequest request) {
  co_return co_await store_.read([&](Tx& tx) -> Result<api::GetOrderResponse> {
    TRY(const Order order, must_find(tx, call, request.order_id()));
    return with_order<api::GetOrderResponse>(order);
  });
}

Reply<api::UpdateOrderResponse> Service::UpdateOrder(rpc::Call call, api::UpdateOrderRequest request) {
  const Instant now = book_.clock().now();
  co_return co_await store_.transact([&](Tx& tx) -> Result<api::UpdateOrderResponse> {
    return rpc::once<api::UpdateOrderResponse>(tx, call, request, now, [&]() -> Result<api::UpdateOrderResponse> {
      TRY(const Order order, must_find(tx, call, request.order_id()));
      TRY(const Order after, book_.change(tx, call, order, update(order, draft_from(request, now, book_.random()), call.if_match)));
      return with_order<api::UpdateOrderResponse>(after);
    });
  });
}

// Where money is held or taken, the request is stored first, then payments is asked to give it back, and its event cancels the
// order. The answer says how far that came.
Reply<api::CancelOrderResponse> Service::CancelOrder(rpc::Call call, api::CancelOrderRequest request) {
  const std::string work_id = cancel_work_id(request.order_id());
  std::optional<Order> waiting;
  auto begun = co_await store_.transact([&](Tx& tx) -> Result<api::CancelOrderResponse> {
    waiting.reset();
    const Instant now = book_.clock().now();
    TRY(auto stored, rpc::begin<api::CancelOrderResponse>(tx, call, request, work_id, now));
    if (stored) return std::move(*stored);
    TRY(Order order, must_find(tx, call, request.order_id()));
    if (!order.cancel_requested) {
      const auto back = money_to_return(order);
      if (!back) return explain(back.error(), order);
      const bool at_once = *back == MoneyBack::none;
      TRY(order, book_.change(tx, call, order, at_once ? cancel(order, request.reason()) : request_cancel(order, request.reason())));
    }
    auto response = with_order<api::CancelOrderResponse>(order);
    if (order.cancel_requested)
      waiting = order;
    else
      rpc::finish(tx, call, response, now);
    return response;
  });
  if (!begun.ok() || !waiting) co_return begun;

  auto returned = co_await return_money(call, *waiting);
  co_return co_await store_.transact([&](Tx& tx) -> Result<api::CancelOrderResponse> {
    if (const auto stored = rpc::stored_answer(tx, call)) {
      api::CancelOrderResponse response;
      PURSER_ASSERT(response.ParseFromString(*stored));
      return response;
    }
    TRY(const Order order, must_find(tx, call, request.order_id()));
    if (!order.cancel_requested && order.status != Status::order_cancelled) return cancel_was_refused(order);
    auto response = with_order<api::CancelOrderResponse>(order);
    rpc::finish(tx, call, response, book_.clock().now());
    return response;
  });
}

Reply<Done> Service::return_money(rpc::Call call, Order order) {
  auto& payments = directory_.get<::payments::v1::PaymentService>();
  // Not the client's key, nor one that a client could send: whoever asks for this order's money, now or after a restart, asks for the same thing.
  call.idempotency_key = "cancel " + order.id.text() + " " + std::to_string(order.cancel_version);
  const bool taken = order.status == Status::payment_done;
  std::optional<Error> refused;
  if (taken) {
    ::payments::v1::RefundPaymentRequest refund;
    refund.set_payment_id(order.payment->id);
    refund.set_reason("order cancelled");
    auto done = co_await payments.RefundPayment(call, std::move(refund));
    if (!done.ok()) refused = std::move(done).error();
  } else {
    ::payments::v1::VoidPaymentRequest release;
    release.set_payment_id(order.payment->id);
    release.set_reason("order cancelled");
    auto done = co_await payments.VoidPayment(call, std::move(release));
    if (!done.ok()) refused = std::move(done).error();
  }
  // A fault, or something under way, is asked for again by the job; any other refusal ends the cancellation: no repetition changes it.
  if (!refused || refused->is_fault() || refused->retry_after_seconds) co_return Done{};
  co_return co_await store_.transact([&](Tx& tx) -> Result<Done> {
    TRY(const Order current, must_find(tx, call, order.id.text()));
    if (!current.cancel_requested) return Done{};
    TRY(const Order after, book_.change(tx, call, current, refuse_cancel(current, current.payment, refused->code)));
    return Done{};
  });
}

Reply<api::ListOrdersResponse> Service::ListOrders(rpc::Call call, api::ListOrdersRequest request) {
  const rpc::Page page = rpc::Page::of(request);
  co_return co_await store_.read([&](Tx& tx) -> Result<api::ListOrdersResponse> {
    auto orders = list(tx, call.caller.merchant_id, {request.user_id(), from_api(request.status())}, page);
    api::ListOrdersResponse response;
    response.set_has_more(rpc::settle_page(page, orders));
    for (const Order& order : orders) *response.add_orders() = to_api(order);
    if (response.has_more() && !orders.empty()) response.set_next_page_token(orders.back().id.text());
    return response;
  });
}

Reply<api::ListOrderHistoryResponse> Service::ListOrderHistory(rpc::Call call, api::ListOrderHistoryRequest request) {
  const rpc::Page page = rpc::Page::of(request);
  co_return co_await store_.read([&](Tx& tx) -> Result<api::ListOrderHistoryResponse> {
    TRY(const Order order, must_find(tx, call, request.order_id()));
    auto entries = history(tx, call.caller.merchant_id, request.order_id(), page);
    api::ListOrderHistoryResponse response;
    response.set_has_more(rpc::settle_page(page, entries));
    for (const HistoryEntry& entry : entries) *response.add_entries() = to_api(entry);
    if (response.has_more() && !entries.empty()) response.set_next_page_token(entries.back().id);
    return response;
  });
}

}  // namespace purser::orders
