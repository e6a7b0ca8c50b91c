// What a seed's world does to its processes, and how its shop is tuned: each seed draws its own.
#pragma once
#include <array>

#include "kernel/time.hpp"
#include "sim/chance.hpp"

namespace purser::sim {

// Odds are of one message, one transaction or one request.
struct Weather {
  // The network, for each direction of each pair of processes.
  Duration delay_min = milliseconds(1), delay_max = milliseconds(20);
  double slow = 0;  // a message takes up to slow_max
  Duration slow_max = seconds(30);
  double parked = 0;  // kept somewhere on the way for up to parked_max, and then delivered; the sender learns nothing
  Duration parked_max = minutes(30);
  double refused = 0;       // no connection: surely not delivered
  double request_lost = 0;  // never delivered; the sender learns nothing
  double reply_lost = 0;    // delivered, done, and the answer never comes
  double cut = 0;           // the answer breaks off in the middle
  double duplicated = 0;    // delivered twice
  double partitions_per_hour = 0;
  Duration partition_max = minutes(2);

  // The store.
  Duration disk_max = milliseconds(3);  // what a transaction waits
  double runs_twice = 0;                // a body runs, is undone, and runs again
  double busy = 0;                      // answered as busy, nothing done
  double commit_fails = 0;              // nothing is kept, an error is answered
  double commit_unanswered = 0;         // all is kept, and an error is answered
  double disk_full_per_hour = 0;
  Duration disk_full_max = minutes(3);
  double crash_at_commit = 0;  // the process ends right before or right after a commit

  // The process.
  double crashes_per_hour = 0;
  Duration down_max = seconds(30);
  double clock_jumps_per_hour = 0;
  Duration jump_back_max = seconds(5), jump_ahead_max = hours(0);

  // The processor's own faults.
  double processor_error_before = 0, processor_error_after = 0, processor_declines = 0, processor_busy = 0, processor_slow_settling = 0;
  Duration webhook_late_by = seconds(5);
  double webhook_late = 0, webhook_twice = 0, webhook_reordered = 0, webhook_lost = 0;
};

// The shop's and its buyers' settings of this seed.
struct Tuning {
  int buyers = 20;
  Duration safety = minutes(20);  // how long anything may break
  Duration janitor_every = seconds(5), expiry_late_max = seconds(20), cancel_again_after = seconds(30);
  Duration processor_timeout = seconds(20), action_timeout = minutes(30), repeat_for = minutes(15), order_expiry = hours(24);
  Duration client_timeout = seconds(20);
  int circuit_failures_max = 20;
  std::size_t processors = 1;  // that the shop is set up with
  std::array<Duration, 3> visibility_lags{seconds(90), seconds(90), seconds(90)};
  bool long_tail = false;  // after healing, the processor delivers every webhook it still has
};

Weather draw_weather(Chance chance);
Tuning draw_tuning(Chance chance);
Weather calm();
// More of what is late and lost, and people and processes that give up sooner.
void make_stormy(Weather& weather, Tuning& tuning);

}  // namespace purser::sim
