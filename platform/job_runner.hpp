// Runs modules' jobs on timers, each one after its own end, until stopped.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <vector>

#include "platform/clock.hpp"
#include "platform/module.hpp"

namespace purser {

class JobRunner {
 public:
  virtual ~JobRunner() = default;
  // No run begins any more; ends when those under way have, or after `grace`.
  virtual Task<void> stop(Duration grace) = 0;
};

// Starts at once. A job that throws is logged and runs again after its usual time. The clock must outlive the runner.
std::shared_ptr<JobRunner> start_jobs(boost::asio::any_io_executor executor, Clock& clock, std::vector<Job> jobs);

}  // namespace purser
