// The janitor: looks after attempts that are open, until each has its end. docs/payments.md tells how.
#pragma once
#include <vector>

#include "contexts/payments/orchestrator.hpp"
#include "platform/module.hpp"

namespace purser::payments {

std::vector<Job> jobs(Orchestrator& orchestrator);

// At start: attempts that were sent before the process ended are due now.
Reply<Done> recover(Orchestrator& orchestrator);

}  // namespace purser::payments
