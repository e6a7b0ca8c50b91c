// The clock port. Contexts take the time from here and from nowhere else (tests/tidy); the simulator's body jumps.
#pragma once
#include "kernel/time.hpp"
#include "platform/async.hpp"

namespace purser {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;                // any thread
  virtual Task<void> sleep(Duration length) = 0;  // on the caller's executor; ends early with operation_aborted when cancelled
};

// The machine's clock. Stateless: one for the whole process.
Clock& system_clock();

}  // namespace purser
