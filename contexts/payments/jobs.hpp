// The janitor: looks after attempts that are open, until each has its end, and goes on with payments in parts. docs/payments.md tells how.
#pragma once
#include <vector>

#include "contexts/payments/composite.hpp"
#include "platform/module.hpp"

namespace purser::payments {

std::vector<Job> jobs(Orchestrator& orchestrator, CompositePayments& composite);

// At start: attempts that were sent before the process ended are due now.
Reply<Done> recover(Orchestrator& orchestrator);

}  // namespace purser::payments
