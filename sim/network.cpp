#include "sim/network.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "kernel/assert.hpp"

namespace purser::sim {
namespace {

constexpr std::string_view cut_header = "purser-sandbox-cut";

// "http://shop/orders?x" in "shop" and "/orders?x".
std::pair<std::string, std::string> split(const std::string& url) {
  const std::size_t begin = url.find("://") + 3, slash = std::min(url.find('/', begin), url.size());
  return {url.substr(begin, slash - begin), slash == url.size() ? "/" : url.substr(slash)};
}

}  // namespace

// One request and what its sender comes to know. The sender's coroutine owns the wake; with it gone nobody hears.
struct Network::Exchange {
  Process* from;
  std::uint64_t incarnation;
  std::string from_name, to_name, line;
  std::int64_t timeout_us;
  std::size_t bytes_max;
  int copies = 1;
  std::weak_ptr<Wake> sender{};
  std::optional<http::Outcome> outcome{};
};

class NetworkClient final : public http::Client {
 public:
  NetworkClient(Network& network, Process& process) : network_(network), process_(process) {}

  Task<http::Outcome> send(http::Outbound request) override {
    const auto wake = std::make_shared<Wake>(process_.executor());
    const auto exchange = std::make_shared<Network::Exchange>(Network::Exchange{.from = &process_,
                                                                                .incarnation = process_.incarnation(),
                                                                                .from_name = process_.name(),
                                                                                .to_name = split(request.url).first,
                                                                                .line = request.method + " " + split(request.url).second,
                                                                                .timeout_us = request.total_timeout.ms * 1000,
                                                                                .bytes_max = request.response_bytes_max});
    exchange->sender = wake;
    network_.begin(exchange, std::move(request));
    co_await wake->wait();
    co_return *std::move(exchange->outcome);
  }

 private:
  Network& network_;
  Process& process_;
};

std::shared_ptr<http::Client> Network::client_of(Process& process) { return std::make_shared<NetworkClient>(*this, process); }

void Network::serve(const std::string& host, Process& process, std::function<http::Handler*()> handler) {
  hosts_.insert_or_assign(host, Host{&process, std::move(handler)});
}

void Network::drop_connections(Process& process) {
  for (auto& [name, host] : hosts_) {
    if (host.process != &process) continue;
    for (const auto& weak : host.answering)
      if (const auto exchange = weak.lock()) finish(exchange, delay_us(), http::InDoubt{"the connection was reset"});
    host.answering.clear();
  }
}

void Network::part(const std::string& a, const std::string& b, Duration length) {
  world_.tell("network", a + " and " + b + " cannot reach each other for " + std::to_string(length.ms / 1000) + " s");
  parted_[std::minmax(a, b)] = world_.now_us() + length.ms * 1000;
}

std::int64_t Network::parted_for_us(const std::string& a, const std::string& b) const {
  const auto found = parted_.find(std::minmax(a, b));
  return found == parted_.end() ? 0 : std::max<std::int64_t>(found->second - world_.now_us(), 0);
}

std::int64_t Network::delay_us() {
  std::int64_t delay = chance_.between(weather_.delay_min.ms * 1000, weather_.delay_max.ms * 1000);
  if (chance_.odds(weather_.slow)) {
    delay += chance_.between(0, weather_.slow_max.ms * 1000);
    world_.count("message slow");
  }
  return delay;
}

bool Network::strikes(double odds, std::string_view fault, const Exchange& exchange) {
  if (!chance_.odds(odds)) return false;
  world_.count(fault);
  world_.tell("network", std::string(fault) + ": " + exchange.from_name + " > " + exchange.to_name + " " + exchange.line);
  return true;
}

void Network::begin(std::shared_ptr<Exchange> exchange, http::Outbound request) {
  if (tamper) tamper(*exchange->from, request);
  world_.after(exchange->timeout_us, *exchange->from, [this, exchange] { finish(exchange, 0, http::InDoubt{"no answer in time"}); });
  const auto host = hosts_.find(exchange->to_name);
  PURSER_ASSERT(host != hosts_.end());
  if (strikes(weather_.refused, "connection refused", *exchange)) return finish(exchange, delay_us(), http::NotSent{"connection refused"});
  // Of what meets a partition some is refused at once, some vanishes, and some waits on the way and arrives when it is over.
  const std::int64_t parted_us = parted_for_us(exchange->from_name, exchange->to_name);
  if (parted_us > 0 && chance_.odds(0.6)) {
    world_.count("request lost in a partition");
    if (chance_.odds(0.5)) finish(exchange, delay_us(), http::NotSent{"no route to host"});
    return;
  }
  const bool parked = parted_us > 0 || chance_.odds(weather_.parked);
  if (parked) world_.count("request parked");
  if (!parked && strikes(weather_.request_lost, "request lost", *exchange)) {
    if (chance_.odds(0.5)) finish(exchange, delay_us(), http::InDoubt{"the connection was reset"});
    return;
  }
  http::Request arriving{.method = std::move(request.method),
                         .target = split(request.url).second,
                         .headers = std::move(request.headers),
                         .body = std::move(request.body),
                         .peer = exchange->from_name};
  arriving.headers.set("Host", exchange->to_name);
  if (!parked && strikes(weather_.duplicated, "request duplicated", *exchange)) exchange->copies = 2;
  // A parked request is gone for its sender, whatever becomes of it.
  if (parked) finish(exchange, delay_us(), http::InDoubt{"the connection was reset"});
  for (int copy = 0; copy < exchange->copies; ++copy)
    world_.after(parked ? parted_us + chance_.between(1'000'000, weather_.parked_max.ms * 1000) : delay_us(),
                 [this, exchange, &to = host->second, arriving] { deliver(exchange, to, arriving); });
}

// Happens at the receiver, which may have ended since the request left.
void Network::deliver(std::shared_ptr<Exchange> exchange, Host& host, http::Request request) {
  if (!host.process->is_up() || host.handler() == nullptr) {
    // Where another copy may have arrived, nobody can say that nothing did.
    if (exchange->copies > 1) return finish(exchange, delay_us(), http::InDoubt{"the connection was reset"});
    return finish(exchange, delay_us(), http::NotSent{"connection refused"});
  }
  std::erase_if(host.answering, [](const std::weak_ptr<Exchange>& weak) { return weak.expired() || weak.lock()->outcome; });
  host.answering.push_back(exchange);
  world_.after(0, *host.process, [this, exchange = std::move(exchange), &host, request = std::move(request)]() mutable {
    boost::asio::co_spawn(host.process->executor(), answer(this, exchange, &host, std::move(request)), boost::asio::detached);
  });
}

Task<void> Network::answer(Network* network, std::shared_ptr<Exchange> exchange, Host* host, http::Request request) {
  http::Response response = co_await (*host->handler())(std::move(request));
  World& world = network->world_;
  world.mark(response.body.substr(0, 64));
  const bool cut_by_the_sandbox = response.headers.find(cut_header).has_value();
  if (network->parted_for_us(exchange->from_name, exchange->to_name) > 0) {
    world.count("reply lost in a partition");
    co_return;
  }
  if (network->strikes(network->weather_.reply_lost, "reply lost", *exchange)) {
    if (network->chance_.odds(0.5)) network->finish(exchange, network->delay_us(), http::InDoubt{"the connection was reset"});
    co_return;
  }
  if (cut_by_the_sandbox || network->strikes(network->weather_.cut, "reply cut", *exchange)) {
    network->finish(exchange, network->delay_us(), http::InDoubt{"the answer broke off"});
    co_return;
  }
  if (response.body.size() > exchange->bytes_max)
    network->finish(exchange, network->delay_us(), http::InDoubt{"the answer is too large"});
  else
    network->finish(exchange, network->delay_us(), std::move(response));
}

// The first outcome that arrives is the one that counts.
void Network::finish(const std::shared_ptr<Exchange>& exchange, std::int64_t delay_us, http::Outcome outcome) {
  if (exchange->from->incarnation() != exchange->incarnation || !exchange->from->is_up()) return;
  world_.after(delay_us, *exchange->from, [exchange, outcome = std::move(outcome)] {
    if (exchange->outcome) return;
    const auto sender = exchange->sender.lock();
    if (!sender) return;
    exchange->outcome = outcome;
    sender->wake();
  });
}

}  // namespace purser::sim
