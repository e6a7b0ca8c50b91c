// What a context brings to the process: app/ collects modules and starts what they name.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/events/outbox.hpp"
#include "platform/rpc/rest.hpp"
#include "platform/rpc/service.hpp"
#include "platform/store/store.hpp"

namespace purser {

// Work on a timer. `run` does what is due and says how soon it wants to run again at the latest (capped by `every`).
struct Job {
  std::string name;
  Duration every;
  std::function<Task<Duration>()> run;
};

struct Module {
  std::string name;
  std::vector<rpc::Service> services;
  std::vector<rpc::RawRoute> routes;
  std::vector<events::Subscription> subscriptions;
  std::vector<Job> jobs;
  std::function<Reply<Done>()> recover;  // once at start, before the first request: finish what was begun
  std::shared_ptr<void> owned;           // what the functions above refer to
};

}  // namespace purser
