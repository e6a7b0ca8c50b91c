// The simulated world: one thread, virtual time, processes that crash. Nothing waits: where nothing is ready, time jumps to what is due
// next, and what is due runs in the order of (time, sequence). The same seed and the same code give the same run.
//
// A process is an io_context of its own and a body that is built anew at each start. A crash destroys the io_context, and with it every
// suspended coroutine and everything queued, between any two steps of it; what the process has on its disk stays.
#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "sim/chance.hpp"

namespace purser::sim {

class World;
class Process;

// Something a coroutine waits for: it is woken by an event of the world, or goes with its process.
class Wake {
 public:
  explicit Wake(const boost::asio::any_io_executor& executor) : timer_(executor, boost::asio::steady_timer::time_point::max()) {}
  void wake() {
    woken_ = true;
    timer_.cancel();
  }
  bool woken() const { return woken_; }
  Task<void> wait();  // throws operation_aborted where the waiting itself is cancelled

 private:
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

// A process's clock: the world's time, plus what this machine's clock is wrong by. Sleeps are measured by the world's time alone.
class ProcessClock final : public Clock {
 public:
  explicit ProcessClock(Process& process) : process_(process) {}
  Instant now() const override;
  Task<void> sleep(Duration length) override;
  void jump(Duration by) { offset_ = offset_ + by; }
  Duration offset() const { return offset_; }

 private:
  Process& process_;
  Duration offset_{};
};

// What runs in a process between its start and its end. It is destroyed after every coroutine of the process, and before its io_context.
class Body {
 public:
  virtual ~Body() = default;
};

class Process {
 public:
  using Boot = std::function<std::unique_ptr<Body>(Process&)>;
  Process(World& world, std::string name, Boot boot);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  void crash(const std::string& why);
  // Ends the process at its `steps`-th step from now, wherever that is.
  void crash_in(std::int64_t steps) { crash_in_ = steps; }
  bool is_up() const { return context_ != nullptr; }
  std::uint64_t incarnation() const { return incarnation_; }

  const std::string& name() const { return name_; }
  World& world() { return world_; }
  ProcessClock& clock() { return clock_; }
  Body* body() { return body_.get(); }
  boost::asio::any_io_executor executor() { return context_->get_executor(); }
  // Called when the process ends by a crash, after its coroutines are gone.
  std::function<void()> on_crash = [] {};

 private:
  friend class World;
  // io_context tells when its suspended coroutines go only from within.
  struct Context : boost::asio::io_context {
    Context() : boost::asio::io_context(1) {}
    using boost::asio::execution_context::shutdown;
  };
  void run_ready();
  void end();

  World& world_;
  std::string name_;
  Boot boot_;
  ProcessClock clock_;
  std::unique_ptr<Context> context_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> at_work_;
  std::unique_ptr<Body> body_;
  std::uint64_t incarnation_ = 0;
  std::int64_t crash_in_ = 0;  // 0: not planned
};

struct Violation {
  std::string check;
  std::string detail;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Process& add(std::string name, Process::Boot boot);

  // `act` happens in `process` after `delay` if it is still the same run of it; then the process does what is ready.
  void after(std::int64_t delay_us, Process& process, std::function<void()> act);
  // The same, of the world itself.
  void after(std::int64_t delay_us, std::function<void()> act);

  // Runs until `done()`, or until nothing is left to do, or for that much virtual time. True if done.
  bool run_until(const std::function<bool()>& done, Duration at_most);

  std::int64_t now_us() const { return now_us_; }
  Instant true_time() const { return {start_ms_ + now_us_ / 1000}; }
  const Chance& chance() const { return chance_; }  // to fork from
  std::uint64_t seed() const { return seed_; }

  // What the run is made of, for the digest: two runs of one seed must agree in all of it.
  void mark(std::string_view what);
  std::uint64_t digest() const { return digest_; }

  // The story, for whoever asked to see it (`tells` costs nothing otherwise).
  bool tells() const { return static_cast<bool>(listener_); }
  void tell(std::string_view who, const std::string& what) const;
  void listen(std::function<void(std::int64_t now_us, std::string_view who, const std::string& what)> listener) { listener_ = std::move(listener); }

  void count(std::string_view fault, std::int64_t by = 1);
  const std::map<std::string, std::int64_t, std::less<>>& counts() const { return counts_; }

  void violate(std::string check, std::string detail);
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  struct Event {
    std::int64_t at_us;
    std::uint64_t sequence;
    Process* process;
    std::uint64_t incarnation;
    std::function<void()> act;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return a.at_us != b.at_us ? a.at_us > b.at_us : a.sequence > b.sequence; }
  };
  void step();

  std::uint64_t seed_;
  Chance chance_;
  std::int64_t start_ms_;
  std::int64_t now_us_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::vector<Event> events_;  // a heap
  std::vector<std::unique_ptr<Process>> processes_;
  std::uint64_t digest_ = 0xcbf29ce484222325;
  std::function<void(std::int64_t, std::string_view, const std::string&)> listener_;
  std::map<std::string, std::int64_t, std::less<>> counts_;
  std::vector<Violation> violations_;
};

}  // namespace purser::sim
