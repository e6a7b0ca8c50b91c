#include "contexts/orders/module.hpp"

#include "contexts/orders/handlers.hpp"
#include "contexts/orders/jobs.hpp"

namespace purser::orders {

Module make_module(const Parts& parts) {
  // The handlers and jobs outlive this call; the book lives as long as they do.
  struct Context {
    OrderBook book;
    std::shared_ptr<Service> service;
  };
  auto context = std::make_shared<Context>(Context{{parts.outbox, parts.clock, parts.random}, nullptr});
  context->service = std::make_shared<Service>(parts.store, context->book, parts.directory, parts.settings);
  parts.directory.put<::orders::v1::OrderService>(context->service);
  return {.name = "orders",
          .services = {::orders::v1::bind(context->service)},
          .routes = {},
          .subscriptions = payment_handlers(context->book),
          .jobs = jobs(parts.store, context->book, context->service, parts.settings),
          .recover = nullptr,
          .owned = context};
}

}  // namespace purser::orders
