#include "sim/hosts.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "contexts/payments/processors/stripe.hpp"
#include "payments/config/v1/config_service.purser.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::sim {
namespace {

constexpr const char* webhook_secret = "whsec_simulated";
constexpr const char* key_secret = "a secret of the simulator, which has more than 32 characters";
const Weather nothing_fails{.disk_max = milliseconds(1)};
const DiskTrouble no_trouble;

std::vector<app::MakeProcessor> accounts_of(const Tuning& tuning) {
  std::vector<app::MakeProcessor> accounts;
  for (const ProcessorName& name : processor_names) {
    if (accounts.size() == tuning.processors) break;
    const payments::StripeOptions options{.name = name.account,
                                          .base_url = std::string("http://") + name.host,
                                          .secret_key = "sk_test_simulated",
                                          .webhook_secret = webhook_secret,
                                          .total_timeout = tuning.processor_timeout,
                                          .visibility_lag = tuning.visibility_lags.at(accounts.size())};
    accounts.push_back([options](std::shared_ptr<http::Client> wire, Clock&) { return payments::make_stripe(std::move(wire), options); });
  }
  return accounts;
}

app::ShopSettings settings_of(const Tuning& tuning) {
  return {
      .key_secret = key_secret,
      .mode = "test",
      .orders = {.expires_after = tuning.order_expiry, .expiry_late_max = tuning.expiry_late_max, .cancel_again_after = tuning.cancel_again_after},
      .payments = {.processor_timeout = tuning.processor_timeout,
                   .action_timeout = tuning.action_timeout,
                   .repeat_for = tuning.repeat_for,
                   .look_every = tuning.janitor_every,
                   .last_look_after = hours(1)},
      .processors = accounts_of(tuning),
      .guard = {.failures_max = tuning.circuit_failures_max, .requests_per_second = 0},
      .request_timeout = seconds(15)};
}

class ShopBody final : public Body {
 public:
  ShopBody(Process& process, Network& network, Disk& disk, const Weather& weather, const Tuning& tuning, const DiskTrouble& trouble,
           std::function<void()> committed)
      : process_(process),
        random_(process.world().chance().fork("ids " + process.name() + std::to_string(process.incarnation()))),
        store_(process, disk, weather, trouble, std::move(committed)),
        shop_(settings_of(tuning), {store_, process.clock(), random_, network.client_of(process)}) {
    boost::asio::co_spawn(process.executor(), boot(this), boost::asio::detached);
  }

  http::Handler* handler() { return ready_ ? &face_ : nullptr; }
  app::Shop& shop() { return shop_; }

 private:
  // As `serve` does: what was begun is finished first, then it listens, then the jobs run. Where that fails the process ends.
  static Task<void> boot(ShopBody* self) {
    auto recovered = co_await self->shop_.recover();
    if (!recovered.ok()) {
      self->process_.world().tell(self->process_.name(), "cannot start: " + recovered.error().detail);
      self->process_.crash_in(1);
      co_return;
    }
    self->face_ = self->shop_.rest_face([]() -> Reply<Done> { co_return Done{}; });
    self->ready_ = true;
    self->jobs_ = self->shop_.start_jobs(self->process_.executor());
  }

  Process& process_;
  SimRandom random_;
  SimStore store_;
  app::Shop shop_;
  http::Handler face_;
  bool ready_ = false;
  std::shared_ptr<JobRunner> jobs_;
};

ShopBody* body_of(const ShopHost& host) { return host.process->is_up() ? static_cast<ShopBody*>(host.process->body()) : nullptr; }

class ProcessorBody final : public Body {
 public:
  ProcessorBody(Process& process, Network& network, Disk& disk, const ProcessorName& name, std::function<void()> committed)
      : random_(process.world().chance().fork(std::string("ids of the ") + name.host)),
        store_(process, disk, nothing_fails, no_trouble, std::move(committed)),
        sandbox_(sandbox::make(store_, process.clock(), random_, network.client_of(process),
                               {.webhook_url = std::string("http://") + shop_name + "/webhooks/" + name.account,
                                .webhook_secret = webhook_secret,
                                .webhook_types = payments::stripe_webhook_types()})),
        face_(sandbox_->handler()) {
    boost::asio::co_spawn(process.executor(), sandbox_->run(), boost::asio::detached);
  }
  http::Handler* handler() { return &face_; }

 private:
  SimRandom random_;
  SimStore store_;
  std::shared_ptr<sandbox::Sandbox> sandbox_;
  http::Handler face_;
};

std::string fault_rule(const char* fault, double probability, Duration delay) {
  std::string json;
  JsonWriter(json)
      .begin_object()
      .key("fault")
      .string(fault)
      .key("probability")
      .raw(std::to_string(probability))
      .key("delay_ms")
      .integer(delay.ms)
      .key("match")
      .begin_object()
      .key("method")
      .string("POST")
      .end_object()
      .end_object();
  return json;
}

Task<void> ask(http::Handler* handler, http::Request request) { static_cast<void>(co_await (*handler)(std::move(request))); }

}  // namespace

Disks::Disks() : shop(app::all_migrations()) {
  for (std::size_t i = 0; i < processor_names.size(); ++i) processors.emplace_back(sandbox::migrations());
}

void Disks::wipe() {
  shop.wipe();
  for (Disk& processor : processors) processor.wipe();
}

void add_shop(World& world, Network& network, Disk& disk, const Weather& weather, const Tuning& tuning, ShopHost& host,
              std::function<void()> committed) {
  host.process = &world.add(shop_name, [&, committed = std::move(committed)](Process& process) {
    return std::make_unique<ShopBody>(process, network, disk, weather, tuning, host.trouble, committed);
  });
  host.process->on_crash = [&network, &host] { network.drop_connections(*host.process); };
  network.serve(shop_name, *host.process, [&host]() -> http::Handler* {
    ShopBody* body = body_of(host);
    return body ? body->handler() : nullptr;
  });
}

bool is_ready(const ShopHost& host) {
  ShopBody* body = body_of(host);
  return body && body->handler();
}

Reply<std::string> make_api_key(ShopHost& host, std::size_t processors) {
  ShopBody* body = body_of(host);
  SimRandom ids(host.process->world().chance().fork("merchant"));
  const std::string merchant = make_id<MerchantId>(host.process->clock().now(), ids).text();
  CO_TRY(const auto created, co_await body->shop().keys().create(merchant, "simulated", rpc::Scope::admin));
  // All processors may be asked, the first one first.
  namespace config = ::payments::config::v1;
  config::UpdateConfigRequest request;
  for (std::size_t i = 0; i < processors; ++i) request.mutable_config()->add_priority(processor_names.at(i).account);
  rpc::Call call = rpc::system_call(merchant, "simulated");
  call.idempotency_key = "simulated configuration";
  CO_TRY_DONE(co_await body->shop().directory().get<config::ConfigService>().UpdateConfig(std::move(call), std::move(request)));
  co_return created.secret;
}

ProcessorHost::ProcessorHost(World& world, Network& network, Disk& disk, const ProcessorName& name, std::function<void()> committed)
    : world_(world), disk_(disk), name_(name) {
  process_ = &world.add(name.host, [&network, &disk, &name, committed = std::move(committed)](Process& process) {
    return std::make_unique<ProcessorBody>(process, network, disk, name, committed);
  });
  network.serve(name.host, *process_,
                [this]() -> http::Handler* { return process_->is_up() ? static_cast<ProcessorBody*>(process_->body())->handler() : nullptr; });
}

void ProcessorHost::control(std::string method, std::string path, std::string body) {
  http::Request request{.method = std::move(method), .target = std::move(path), .body = std::move(body)};
  http::Handler* handler = static_cast<ProcessorBody*>(process_->body())->handler();
  world_.after(0, *process_, [this, handler, request] { boost::asio::co_spawn(process_->executor(), ask(handler, request), boost::asio::detached); });
}

void ProcessorHost::misbehave(const Weather& weather) {
  const auto rule = [&](const char* fault, double probability, Duration delay = seconds(2)) {
    if (probability > 0) control("POST", "/_sandbox/faults", fault_rule(fault, probability, delay));
  };
  rule("error_500_before", weather.processor_error_before);
  rule("error_500_after_charge", weather.processor_error_after);
  rule("decline", weather.processor_declines);
  rule("rate_limited", weather.processor_busy);
  rule("processing", weather.processor_slow_settling);
  rule("webhook_late", weather.webhook_late, weather.webhook_late_by);
  rule("webhook_duplicate", weather.webhook_twice);
  rule("webhook_reordered", weather.webhook_reordered);
  rule("webhook_lost", weather.webhook_lost);
}

void ProcessorHost::behave() { control("DELETE", "/_sandbox/faults", ""); }

void ProcessorHost::deliver_webhooks_now() {
  store::Connection& disk = disk_.connection();
  disk.begin_immediate();
  disk.exec("update sandbox_deliveries set due_at = $1 where state = 'pending' and due_at > $1", process_->clock().now());
  disk.commit();
  control("POST", "/_sandbox/settings", "{}");
}

}  // namespace purser::sim
