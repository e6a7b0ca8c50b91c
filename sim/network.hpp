// The network between simulated processes: HTTP by name ("http://shop/orders"), and everything that can happen to a request on its way.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "platform/http/client.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"

namespace purser::sim {

class Network {
 public:
  Network(World& world, const Weather& weather) : world_(world), weather_(weather), chance_(world.chance().fork("network")) {}

  // Who answers at this name while `process` is up; nothing handles it while `handler()` gives none (it does not listen yet).
  void serve(const std::string& host, Process& process, std::function<http::Handler*()> handler);
  // Tells those whose requests `process` was answering that their connections are gone.
  void drop_connections(Process& process);
  // No message passes between the two for so long.
  void part(const std::string& a, const std::string& b, Duration length);
  void heal() { parted_.clear(); }

  std::shared_ptr<http::Client> client_of(Process& process);
  // Sees every request that leaves, before it does; for mutants.
  std::function<void(const Process& from, http::Outbound& request)> tamper;

 private:
  friend class NetworkClient;
  struct Exchange;
  struct Host {
    Process* process;
    std::function<http::Handler*()> handler;
    std::vector<std::weak_ptr<Exchange>> answering{};
  };
  void begin(std::shared_ptr<Exchange> exchange, http::Outbound request);
  void deliver(std::shared_ptr<Exchange> exchange, Host& host, http::Request request);
  void finish(const std::shared_ptr<Exchange>& exchange, std::int64_t delay_us, http::Outcome outcome);
  static Task<void> answer(Network* network, std::shared_ptr<Exchange> exchange, Host* host, http::Request request);
  std::int64_t delay_us();
  std::int64_t parted_for_us(const std::string& a, const std::string& b) const;  // 0: not at all
  bool strikes(double odds, std::string_view fault, const Exchange& exchange);

  World& world_;
  const Weather& weather_;
  Chance chance_;
  std::map<std::string, Host> hosts_;
  std::map<std::pair<std::string, std::string>, std::int64_t> parted_;  // until when
};

}  // namespace purser::sim
