// Whether the store can take a write now, asked at most once a second however many ask: for /readyz.
#pragma once
#include "platform/clock.hpp"
#include "platform/store/store.hpp"

namespace purser::store {

class Probe {
 public:
  Probe(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  Reply<Done> ready();

 private:
  Store& store_;
  const Clock& clock_;
  Instant asked_at_{};
  Result<Done> answer_{Done{}};
};

}  // namespace purser::store
