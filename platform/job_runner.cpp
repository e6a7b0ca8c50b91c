#include "platform/job_runner.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "platform/log.hpp"

namespace purser {
namespace {

namespace asio = boost::asio;

// Something that happens once and that many may wait for: a timer that never runs out and is cancelled when it happens.
class Signal {
 public:
  explicit Signal(const asio::any_io_executor& executor) : timer_(executor, asio::steady_timer::time_point::max()) {}
  void give() {
    given_ = true;
    timer_.cancel();
  }
  bool given() const { return given_; }
  // Until it is given, or for that long.
  Task<void> wait(Clock& clock, Duration at_most) {
    using namespace asio::experimental::awaitable_operators;
    if (!given_ && at_most.ms > 0) co_await (timer_.async_wait(asio::as_tuple(asio::use_awaitable)) || clock.sleep(at_most));
  }

 private:
  asio::steady_timer timer_;
  bool given_ = false;
};

// What the loops share; each loop keeps it alive.
struct Shared {
  Shared(const asio::any_io_executor& executor, Clock& given) : clock(given), stopping(executor), all_ended(executor) {}
  Clock& clock;
  std::size_t loops = 0;
  Signal stopping, all_ended;
};

Task<Duration> run_once(const Job& job) {
  std::string trouble;
  try {
    co_return std::min(co_await job.run(), job.every);
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  log::error("a job failed", {{"job", job.name}, {"error", trouble}});
  co_return job.every;
}

Task<void> loop(std::shared_ptr<Shared> shared, Job job) {
  while (!shared->stopping.given()) {
    const Duration pause = co_await run_once(job);
    co_await shared->stopping.wait(shared->clock, pause);
  }
  if (--shared->loops == 0) shared->all_ended.give();
}

class Runner final : public JobRunner {
 public:
  explicit Runner(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Task<void> stop(Duration grace) override {
    shared_->stopping.give();
    if (shared_->loops > 0) co_await shared_->all_ended.wait(shared_->clock, grace);
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<JobRunner> start_jobs(asio::any_io_executor executor, Clock& clock, std::vector<Job> jobs) {
  auto shared = std::make_shared<Shared>(executor, clock);
  shared->loops = jobs.size();
  for (Job& job : jobs) asio::co_spawn(executor, loop(shared, std::move(job)), asio::detached);
  return std::make_shared<Runner>(shared);
}

}  // namespace purser
