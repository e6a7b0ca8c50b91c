#include "platform/job_runner.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "platform/log.hpp"

namespace purser {
namespace {

namespace asio = boost::asio;

// What the loops share; each loop keeps it alive.
struct Shared {
  bool stopping = false;
  std::size_t loops = 0;
  std::vector<std::shared_ptr<asio::steady_timer>> sleeping;
  asio::steady_timer all_ended;
  explicit Shared(const asio::any_io_executor& executor) : all_ended(executor, asio::steady_timer::time_point::max()) {}
};

Task<void> wait(asio::steady_timer& timer, Duration length) {
  timer.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(length.ms, 0)));
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

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

Task<void> loop(std::shared_ptr<Shared> shared, Job job, std::shared_ptr<asio::steady_timer> timer) {
  while (!shared->stopping) {
    const Duration pause = co_await run_once(job);
    if (!shared->stopping) co_await wait(*timer, pause);
  }
  if (--shared->loops == 0) shared->all_ended.cancel();
}

class Runner final : public JobRunner {
 public:
  explicit Runner(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Task<void> stop(Duration grace) override {
    shared_->stopping = true;
    for (const auto& timer : shared_->sleeping) timer->cancel();
    if (shared_->loops > 0) co_await wait(shared_->all_ended, grace);
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::shared_ptr<JobRunner> start_jobs(asio::any_io_executor executor, std::vector<Job> jobs) {
  auto shared = std::make_shared<Shared>(executor);
  for (Job& job : jobs) {
    auto timer = std::make_shared<asio::steady_timer>(executor);
    shared->sleeping.push_back(timer);
    ++shared->loops;
    asio::co_spawn(executor, loop(shared, std::move(job), timer), asio::detached);
  }
  return std::make_shared<Runner>(shared);
}

}  // namespace purser
