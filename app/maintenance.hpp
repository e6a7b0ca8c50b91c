// What belongs to no context and happens on a timer: forgetting answers whose idempotency keys have expired.
#pragma once
#include <vector>

#include "platform/module.hpp"

namespace purser::app {

std::vector<Job> maintenance_jobs(store::Store& store, const Clock& clock, Duration idempotency_retention);

}  // namespace purser::app
