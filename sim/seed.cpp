#include "sim/seed.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <optional>

#include "kernel/card_number.hpp"
#include "platform/log.hpp"
#include "sim/checks.hpp"
#include "sim/people.hpp"

namespace purser::sim {
namespace {

constexpr Duration healing_max = hours(6), people_max = hours(3), look_every = seconds(20);

class ClientsBody final : public Body {};

// The stage and everybody on it, in the order in which they may go again.
class Day {
 public:
  Day(std::uint64_t seed, Disks& disks, const SeedOptions& options)
      : world_(seed),
        drawn_(draw_weather(world_.chance().fork("weather"))),
        tuning_(draw_tuning(world_.chance().fork("tuning"))),
        chance_(world_.chance().fork("fate")),
        checks_(world_, tuning_, disks.shop, disks.processors),
        network_(world_, weather_),
        clients_(world_.add("clients", [](Process&) { return std::make_unique<ClientsBody>(); })),
        memory_(world_),
        log_(options.listener ? log::Level::info : log::Level::warn, [this](log::Level, std::string_view line) { heard(line); }) {
    if (options.storm) make_stormy(drawn_, tuning_);
    for (std::size_t i = 0; i < tuning_.processors; ++i)
      processors_.push_back(std::make_unique<ProcessorHost>(world_, network_, disks.processors[i], processor_names.at(i),
                                                            [this, i] { checks_.after_processor_commit(i); }));
    if (options.listener) world_.listen(options.listener);
    add_shop(world_, network_, disks.shop, weather_, tuning_, shop_, [this] { checks_.after_shop_commit(); });
  }

  SeedReport run() {
    open();
    safety();
    healing();
    return report();
  }

 private:
  // Everything starts, and a merchant gets a key, while the sun shines.
  void open() {
    for (const auto& processor : processors_) processor->start();
    shop_.process->start();
    clients_.start();
    world_.run_until([&] { return is_ready(shop_); }, minutes(1));
    std::optional<std::string> key;
    world_.after(0, *shop_.process,
                 [&] { boost::asio::co_spawn(shop_.process->executor(), keep_key(&shop_, tuning_.processors, &key), boost::asio::detached); });
    world_.run_until([&] { return key.has_value(); }, minutes(1));
    client_ = std::make_unique<ShopClient>(clients_, network_.client_of(clients_), memory_, tuning_, *key);
    people_ = std::make_unique<People>(*client_);
  }
  static Task<void> keep_key(ShopHost* shop, std::size_t processors, std::optional<std::string>* key) {
    auto made = co_await make_api_key(*shop, processors);
    if (made.ok()) *key = *made;
  }

  // Anything may break.
  void safety() {
    weather_ = drawn_;
    for (const auto& processor : processors_) processor->misbehave(weather_);
    const std::int64_t length_us = tuning_.safety.ms * 1000;
    for (int buyer = 0; buyer < tuning_.buyers; ++buyer)
      world_.after(chance_.between(0, length_us * 2 / 3), clients_, [this] { people_->send_buyer(); });
    const auto often = [&](double per_hour, auto plan) {
      for (double expected = per_hour * static_cast<double>(tuning_.safety.ms) / 3'600'000.0; expected > 0; expected -= 1)
        if (chance_.odds(expected)) world_.after(chance_.between(0, length_us), plan);
    };
    often(weather_.crashes_per_hour, [this] { plan_crash(); });
    often(weather_.clock_jumps_per_hour, [this] { jump_clock(); });
    often(weather_.disk_full_per_hour, [this] { fill_disk(); });
    often(weather_.partitions_per_hour, [this] { part_two(); });
    shop_.process->on_crash = [this] { crashed(); };
    world_.run_until([] { return false; }, tuning_.safety);
  }

  void plan_crash() {
    if (shop_.process->is_up()) shop_.process->crash_in(chance_.between(1, 400));
  }
  void crashed() {
    ++crashes_;
    network_.drop_connections(*shop_.process);
    world_.after(chance_.between(10'000, weather_.down_max.ms * 1000), [this] { shop_.process->start(); });
  }
  void jump_clock() {
    // Ahead only once: a clock that leaps by hours again and again is no clock.
    const bool back = chance_.odds(0.5) || jumped_ahead_;
    if (!back) jumped_ahead_ = true;
    const Duration by = back ? Duration{-chance_.between(1, weather_.jump_back_max.ms)} : chance_.between(seconds(1), weather_.jump_ahead_max);
    world_.count(back ? "clock jumps back" : "clock jumps ahead");
    world_.tell("shop", "its clock jumps by " + std::to_string(by.ms) + " ms");
    shop_.process->clock().jump(by);
    if (by >= hours(20)) memory_.forget_keys();
  }
  void fill_disk() {
    world_.tell("shop", "its disk is full");
    shop_.trouble.full = true;
    world_.after(chance_.between(1'000'000, weather_.disk_full_max.ms * 1000), [this] { shop_.trouble.full = false; });
  }
  void part_two() {
    const auto which = static_cast<std::size_t>(chance_.between(0, static_cast<std::int64_t>(processors_.size()) - 1));
    const bool processor = chance_.odds(0.6);
    network_.part(shop_name, processor ? processors_[which]->host() : "clients", chance_.between(seconds(1), weather_.partition_max));
    world_.count("partition");
  }

  // Faults stop; everything must come to its end within a bound of virtual time.
  void healing() {
    world_.tell("world", "heals");
    weather_ = calm();
    shop_.trouble.full = false;
    network_.heal();
    for (const auto& processor : processors_) processor->behave();
    client_->be_patient();
    if (!world_.run_until([&] { return people_->are_done() && is_ready(shop_); }, people_max))
      world_.violate("everything_ends", "requests are still unanswered " + std::to_string(people_max.ms / 3'600'000) + " hours after healing");
    rest(healing_max);
    if (tuning_.long_tail) {
      world_.tell("world", "lets the processors deliver every webhook they still have");
      for (const auto& processor : processors_) processor->deliver_webhooks_now();
      world_.run_until([] { return false; }, minutes(2));
      rest(healing_max);
    }
    checks_.at_the_end(memory_, shop_.process->clock().now());
  }
  void rest(Duration at_most) {
    std::string open;
    const std::int64_t end_us = world_.now_us() + at_most.ms * 1000;
    do {
      open = checks_.unsettled(shop_.process->clock().now());
      if (open.empty()) return;
      world_.run_until([] { return false; }, look_every);
    } while (world_.now_us() < end_us);
    world_.violate("everything_ends", open + " " + std::to_string(at_most.ms / 3'600'000) + " hours after healing");
  }

  // What is logged is told, and holds no card number.
  void heard(std::string_view line) {
    world_.tell("log", std::string(line));
    if (contains_card_number(line)) world_.violate("no_card_number", "in a log line: " + std::string(line));
  }

  SeedReport report() {
    return {.seed = world_.seed(),
            .digest = world_.digest(),
            .virtual_us = world_.now_us(),
            .crashes = crashes_,
            .buyers = people_->buyers(),
            .orders = people_->orders(),
            .payments = people_->payments(),
            .requests = client_->asked(),
            .faults = world_.counts(),
            .violations = world_.violations()};
  }

  World world_;
  Weather weather_ = calm(), drawn_;
  Tuning tuning_;
  Chance chance_;
  Checks checks_;
  Network network_;
  std::vector<std::unique_ptr<ProcessorHost>> processors_;
  ShopHost shop_;
  Process& clients_;
  Memory memory_;
  std::unique_ptr<ShopClient> client_;
  std::unique_ptr<People> people_;
  std::int64_t crashes_ = 0;
  bool jumped_ahead_ = false;
  log::Capture log_;
};

}  // namespace

SeedReport run_seed(std::uint64_t seed, Disks& disks, const SeedOptions& options) {
  disks.wipe();
  Day day(seed, disks, options);
  return day.run();
}

}  // namespace purser::sim
