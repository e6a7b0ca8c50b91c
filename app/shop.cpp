#include "app/shop.hpp"

#include "app/event_service.hpp"
#include "app/maintenance.hpp"
#include "contexts/checkout/module.hpp"
#include "contexts/orders/migrations.hpp"
#include "contexts/orders/module.hpp"
#include "contexts/payments/migrations.hpp"
#include "contexts/payments/module.hpp"
#include "contexts/payments/processors/wallet.hpp"
#include "contexts/wallet/migrations.hpp"
#include "contexts/wallet/module.hpp"
#include "embedded/docs_page.hpp"
#include "embedded/openapi.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/rpc/keys.hpp"

namespace purser::app {

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  const auto add = [&](std::vector<store::Migration> some) {
    for (store::Migration& migration : some) all.push_back(std::move(migration));
  };
  add(rpc::KeyRing::migrations());
  add(rpc::idempotency_migrations());
  add(events::Outbox::migrations());
  add(orders::migrations());
  add(payments::migrations());
  add(wallet::migrations());
  return all;
}

ShopSettings ShopSettings::of(const Config& config, std::string key_secret) {
  return {.key_secret = std::move(key_secret),
          .mode = config.mode,
          .orders = {.expires_after = seconds(config.order_expiry_seconds)},
          .payments = {.processor_timeout = milliseconds(config.processor_total_timeout_ms),
                       .action_timeout = seconds(config.requires_action_timeout_seconds)},
          .processors = processors_of(config),
          .guard = {.requests_per_second = static_cast<double>(config.processor_requests_per_second)},
          .idempotency_retention = hours(config.idempotency_retention_hours),
          .request_timeout = milliseconds(config.request_timeout_ms),
          .requests_per_minute = static_cast<int>(config.requests_per_minute)};
}

Shop::Shop(ShopSettings settings, ShopPorts ports)
    : settings_(std::move(settings)),
      ports_(std::move(ports)),
      keys_(std::make_unique<rpc::KeyRing>(ports_.store, ports_.clock, ports_.random, settings_.mode, settings_.key_secret)),
      outbox_(ports_.clock, ports_.random) {
  add_contexts();
  for (Module& module : modules_) {
    for (events::Subscription& subscription : module.subscriptions) outbox_.add(std::move(subscription));
    services_.insert(services_.end(), module.services.begin(), module.services.end());
  }
}

Shop::~Shop() = default;

void Shop::add_contexts() {
  auto& [store, clock, random, processor_wire, exporter] = ports_;
  std::vector<std::shared_ptr<payments::Guard>> guarded;
  for (const MakeProcessor& make : settings_.processors)
    guarded.push_back(std::make_shared<payments::Guard>(make(processor_wire, clock), clock, random, exporter, settings_.guard));
  // Our own, perhaps in this very process: there is nothing to spare it from.
  payments::GuardOptions unlimited = settings_.guard;
  unlimited.requests_per_second = 0;
  guarded.push_back(std::make_shared<payments::Guard>(payments::make_wallet(directory_), clock, random, exporter, unlimited));
  const auto processors = std::make_shared<const payments::Processors>(std::move(guarded));
  modules_.push_back(orders::make_module({store, outbox_, clock, random, directory_, settings_.orders}));
  modules_.push_back(payments::make_module({store, outbox_, clock, random, directory_, processors, settings_.payments}));
  modules_.push_back(checkout::make_module(store, clock, directory_));
  modules_.push_back(wallet::make_module({store, outbox_, clock, random, directory_}));
  modules_.push_back({.name = "events",
                      .services = {::events::v1::bind(std::make_shared<EventService>(store))},
                      .routes = {},
                      .subscriptions = {},
                      .jobs = maintenance_jobs(store, clock, settings_.idempotency_retention),
                      .recover = nullptr,
                      .owned = nullptr});
}

Reply<Done> Shop::recover() {
  for (const Module& module : modules_)
    if (module.recover) CO_TRY_DONE(co_await module.recover());
  co_return Done{};
}

std::shared_ptr<JobRunner> Shop::start_jobs(boost::asio::any_io_executor executor) {
  std::vector<Job> jobs;
  for (const Module& module : modules_) jobs.insert(jobs.end(), module.jobs.begin(), module.jobs.end());
  return purser::start_jobs(std::move(executor), ports_.clock, std::move(jobs));
}

http::Handler Shop::rest_face(std::function<Reply<Done>()> ready) {
  std::vector<rpc::RawRoute> routes;
  for (const Module& module : modules_) routes.insert(routes.end(), module.routes.begin(), module.routes.end());
  return rpc::make_rest_face({.services = services_,
                              .routes = std::move(routes),
                              .keys = keys_.get(),
                              .clock = &ports_.clock,
                              .random = &ports_.random,
                              .exporter = ports_.exporter,
                              .ready = std::move(ready),
                              .openapi_json = embedded::openapi,
                              .docs_html = embedded::docs_page,
                              .request_timeout = settings_.request_timeout,
                              .requests_per_minute = settings_.requests_per_minute});
}

}  // namespace purser::app
