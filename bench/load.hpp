// The load generator: one thread, one epoll, k keep-alive connections over plain HTTP/1.1. It reads each answer whole before it counts
// it, and takes anything but a 2xx for an error. It never repeats a request.
//
//   closed loop  each client sends its next request when its last is answered; a latency runs from sending to the last byte
//   paced        requests are due at random moments (Poisson) whatever the server does, and wait where all clients are busy; a
//                latency runs from the moment the request was due, so a stalled server cannot hide what it kept waiting
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bench/latencies.hpp"
#include "bench/request.hpp"

namespace purser::bench {

struct Measured {
  std::uint64_t requests = 0;  // answered with a 2xx
  double seconds = 0;          // from the first request to the last answer
  Latencies latencies;
  std::map<std::string, std::uint64_t> errors;  // "503" or "connection lost"
  std::string first_error;                      // the answer, for people

  double per_second() const { return seconds > 0 ? static_cast<double>(requests) / seconds : 0; }
};

class Load {
 public:
  using OnAnswer = std::function<void(std::string_view body)>;

  // Connects all clients. Throws std::runtime_error where it cannot.
  Load(std::uint16_t port, std::size_t clients);
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();

  // Sends for so long, then waits for what is still under way. `per_second` 0: closed loop.
  Measured run(const RequestTemplate& request, std::chrono::milliseconds length, double per_second = 0, const OnAnswer& on_answer = {});

 private:
  using Clock = std::chrono::steady_clock;
  struct Client {
    int socket = -1;
    std::string out, in;
    std::size_t sent = 0, whole = 0;  // whole: length of the answer once its head is read
    Clock::time_point begun{};
    bool busy = false;
  };

  void start(Client& client, Clock::time_point due);
  void send(Client& client);
  void receive(Client& client);
  void finish(Client& client);
  void lose(Client& client, const std::string& why);
  void start_what_is_due();
  void wait();
  Clock::time_point next_wake(Clock::time_point now) const;

  int epoll_ = -1;
  std::vector<Client> clients_;
  std::vector<Client*> idle_;
  std::uint64_t sent_ = 0;  // over all runs, so that no key is used twice

  // of the run under way
  const RequestTemplate* request_ = nullptr;
  const OnAnswer* on_answer_ = nullptr;
  Measured measured_;
  Clock::time_point end_{}, next_due_{}, last_answer_{};
  std::exponential_distribution<double> gap_seconds_;
  std::mt19937_64 chance_{1};
  std::deque<Clock::time_point> overdue_;
  std::size_t busy_ = 0;
  bool paced_ = false;
};

// One GET on a connection of its own; the body, or empty unless the answer is a 200.
std::string get(std::uint16_t port, const std::string& path);
// One POST of JSON; throws unless the answer is a 200.
void post(std::uint16_t port, const std::string& path, const std::string& body);

}  // namespace purser::bench
