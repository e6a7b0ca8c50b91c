// The processes of the simulated world: the shop, which is Purser's own code from its REST face to its last statement, and the sandbox
// processors with their ledgers, which never lie and never crash: they are who knows the truth.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "app/shop.hpp"
#include "sandbox/sandbox.hpp"
#include "sim/disk.hpp"
#include "sim/network.hpp"

namespace purser::sim {

inline constexpr const char* shop_name = "shop";

// A processor by the name the shop has for it, and the host at which it answers.
struct ProcessorName {
  const char* account;
  const char* host;
};
inline constexpr std::array<ProcessorName, 3> processor_names{
    {{"stripe", "processor"}, {"stripe_eu", "processor-eu"}, {"stripe_us", "processor-us"}}};

// What a seed needs of its thread: the disks, kept from one seed to the next.
struct Disks {
  Disks();
  void wipe();
  Disk shop;
  std::vector<Disk> processors;  // one for each of processor_names
};

struct ShopHost {
  Process* process = nullptr;
  DiskTrouble trouble;
};

// A shop that pays through the first `tuning.processors` of processor_names. It is to be started by its caller.
void add_shop(World& world, Network& network, Disk& disk, const Weather& weather, const Tuning& tuning, ShopHost& host,
              std::function<void()> committed);
// Whether it has recovered and takes requests.
bool is_ready(const ShopHost& host);
// An API key of a new merchant.
Reply<std::string> make_api_key(ShopHost& host);

class ProcessorHost {
 public:
  ProcessorHost(World& world, Network& network, Disk& disk, const ProcessorName& name, std::function<void()> committed);
  void start() { process_->start(); }
  const char* host() const { return name_.host; }
  // Its own faults from now on; without any, it is honest.
  void misbehave(const Weather& weather);
  void behave();
  // Delivers at once what it would have tried again later.
  void deliver_webhooks_now();

 private:
  void control(std::string method, std::string path, std::string body);

  World& world_;
  Disk& disk_;
  const ProcessorName& name_;
  Process* process_;
};

}  // namespace purser::sim
