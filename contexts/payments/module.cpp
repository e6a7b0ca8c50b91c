#include "contexts/payments/module.hpp"

#include "contexts/payments/config_service.hpp"
#include "contexts/payments/jobs.hpp"
#include "contexts/payments/service.hpp"
#include "contexts/payments/timeline.hpp"
#include "contexts/payments/webhooks.hpp"
#include "platform/rpc/external_request.hpp"

namespace purser::payments {

Module make_module(const Parts& parts) {
  // Service, route and jobs refer to these; the module owns them.
  struct Context {
    std::shared_ptr<const Processors> processors;
    PaymentBook book;
    ConfigBook configs;
    Orchestrator orchestrator;
    PlanBuilder planner;
    CompositePayments composite;
    Context(const Parts& given)
        : processors(given.processors),
          book(given.outbox, given.clock, given.random),
          orchestrator(given.store, book, configs, *processors, given.settings),
          planner(*processors),
          composite(orchestrator, planner) {}
  };
  auto context = std::make_shared<Context>(parts);
  auto service = std::make_shared<Service>(context->orchestrator, context->composite, context->planner, parts.directory);
  parts.directory.put<::payments::v1::PaymentService>(service);
  auto configs = std::make_shared<ConfigService>(context->orchestrator);
  parts.directory.put<::payments::config::v1::ConfigService>(configs);
  Orchestrator& orchestrator = context->orchestrator;
  rpc::Service paying = ::payments::v1::bind(service);
  rpc::read_permissively(paying, {"CreatePayment", "PlanPayment"});
  return {
      .name = "payments",
      .services = {std::move(paying), ::payments::config::v1::bind(configs), ::payments::v1::bind(std::make_shared<TimelineService>(parts.store))},
      .routes = {webhook_route(orchestrator)},
      .subscriptions = {},
      .jobs = jobs(orchestrator, context->composite),
      .recover = [&orchestrator] { return recover(orchestrator); },
      .owned = context};
}

}  // namespace purser::payments
