// The contexts, wired to each other over the ports they are given. Nothing in here knows a socket, a file or a thread: a Node gives it
// the real world, the simulator its own.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app/processors.hpp"
#include "contexts/orders/service.hpp"
#include "contexts/payments/orchestrator.hpp"
#include "contexts/payments/processors/guard.hpp"
#include "platform/config.hpp"
#include "platform/events/outbox.hpp"
#include "platform/http/client.hpp"
#include "platform/job_runner.hpp"
#include "platform/module.hpp"
#include "platform/rpc/directory.hpp"
#include "platform/rpc/rest.hpp"

namespace purser::app {

// Every table there is.
std::vector<store::Migration> all_migrations();

// All of them outlive the shop, and what it started on an executor.
struct ShopPorts {
  store::Store& store;
  Clock& clock;
  Random& random;
  std::shared_ptr<http::Client> processor_wire;
  trace::Exporter* exporter = nullptr;  // may be null
};

struct ShopSettings {
  std::string key_secret;  // API keys are hashed with it
  std::string mode;        // "test" or "live"
  orders::Settings orders;
  payments::Settings payments;
  std::vector<MakeProcessor> processors;  // in the order in which they are asked where no configuration says otherwise
  payments::GuardOptions guard;
  Duration idempotency_retention = hours(24);
  Duration request_timeout = seconds(15);
  int requests_per_minute = 0;

  static ShopSettings of(const Config& config, std::string key_secret);
};

class Shop {
 public:
  Shop(ShopSettings settings, ShopPorts ports);
  ~Shop();

  // Finishes what was begun before; once, ahead of the first request and of the jobs.
  Reply<Done> recover();
  std::shared_ptr<JobRunner> start_jobs(boost::asio::any_io_executor executor);
  // The REST face; `ready` answers /readyz.
  http::Handler rest_face(std::function<Reply<Done>()> ready);

  const std::vector<rpc::Service>& services() const { return services_; }
  const rpc::Directory& directory() const { return directory_; }
  rpc::KeyRing& keys() { return *keys_; }

 private:
  void add_contexts();

  ShopSettings settings_;
  ShopPorts ports_;
  std::unique_ptr<rpc::KeyRing> keys_;
  events::Outbox outbox_;
  rpc::Directory directory_;
  std::vector<Module> modules_;
  std::vector<rpc::Service> services_;
};

}  // namespace purser::app
