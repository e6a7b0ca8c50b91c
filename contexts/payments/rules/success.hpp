// Success-rate routing: of the processors that the configuration names, the one that succeeded most often lately is asked first. A few
// payments go to the others in turn, so that one that recovered is noticed. Pure; which payments those are follows from their ids.
#pragma once
#include <string>
#include <vector>

#include "kernel/time.hpp"

namespace purser::payments {

struct SuccessRouting {
  bool enabled = false;
  Duration window = hours(1);
  int attempts_minimum = 20;    // before a processor's rate is believed
  int exploration_percent = 5;  // of the payments
};

// What became of a processor's attempts within the window. Those whose outcome is not known yet are not in it; those in doubt are.
struct SuccessRate {
  std::string processor{};
  int attempts = 0;
  int succeeded = 0;
};

struct Leader {
  std::string processor{};  // empty: the order stays as it is
  std::string why{};
};

// `candidates`: those that could be asked for this payment, in the configuration's order.
Leader leader_of(const std::vector<std::string>& candidates, const std::string& payment_id, const SuccessRouting& routing,
                 const std::vector<SuccessRate>& rates);

// 0 … 99, the same for the same text whatever machine and version.
int percentile_of(const std::string& text);

}  // namespace purser::payments
