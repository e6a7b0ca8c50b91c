#include "sim/weather.hpp"

#include <algorithm>
#include <array>

namespace purser::sim {
namespace {

// Most seeds are spared by most faults, so that the others are seen at work; some have much of one.
double level(Chance& chance, double some, double much) {
  constexpr std::array<double, 3> weights = {5, 3, 1};
  switch (chance.weighted(weights)) {
    case 0:
      return 0;
    case 1:
      return some;
    default:
      return much;
  }
}

}  // namespace

Weather calm() { return {}; }

void make_stormy(Weather& weather, Tuning& tuning) {
  weather.parked = 0.2;
  weather.parked_max = minutes(5);
  weather.reply_lost = 0.1;
  weather.partitions_per_hour = 30;
  weather.partition_max = minutes(3);
  weather.webhook_lost = 0.2;
  tuning.repeat_for = seconds(30);
  tuning.processor_timeout = seconds(5);
  tuning.processors = 1;                     // who gives up asks the same one again, which is where the old and the new meet
  tuning.visibility_lags.fill(seconds(15));  // its list shows at once what is there: what is parked is given up soon
  tuning.janitor_every = seconds(2);
  tuning.safety = minutes(25);
}

Weather draw_weather(Chance chance) {
  Weather weather;
  weather.delay_max = chance.between(milliseconds(2), milliseconds(200));
  weather.slow = level(chance, 0.02, 0.1);
  weather.slow_max = chance.between(seconds(1), minutes(2));
  weather.parked = level(chance, 0.02, 0.08);
  weather.parked_max = chance.between(minutes(1), minutes(30));
  weather.refused = level(chance, 0.02, 0.2);
  weather.request_lost = level(chance, 0.02, 0.15);
  weather.reply_lost = level(chance, 0.03, 0.2);
  weather.cut = level(chance, 0.01, 0.1);
  weather.duplicated = level(chance, 0.01, 0.1);
  weather.partitions_per_hour = level(chance, 2, 20);
  weather.partition_max = chance.between(seconds(5), minutes(10));
  weather.disk_max = chance.between(milliseconds(0), milliseconds(20));
  weather.runs_twice = level(chance, 0.05, 0.5);
  weather.busy = level(chance, 0.005, 0.03);
  weather.commit_fails = level(chance, 0.005, 0.03);
  weather.commit_unanswered = level(chance, 0.005, 0.03);
  weather.disk_full_per_hour = level(chance, 1, 6);
  weather.disk_full_max = chance.between(seconds(5), minutes(5));
  weather.crash_at_commit = level(chance, 0.003, 0.02);
  weather.crashes_per_hour = level(chance, 4, 40);
  weather.down_max = chance.between(milliseconds(100), minutes(2));
  weather.clock_jumps_per_hour = level(chance, 1, 6);
  weather.jump_ahead_max = chance.odds(0.3) ? hours(72) : hours(2);
  weather.processor_error_before = level(chance, 0.01, 0.05);
  weather.processor_error_after = level(chance, 0.01, 0.05);
  weather.processor_declines = level(chance, 0.02, 0.1);
  weather.processor_busy = level(chance, 0.02, 0.1);
  weather.processor_slow_settling = level(chance, 0.02, 0.1);
  weather.webhook_late = level(chance, 0.1, 0.4);
  weather.webhook_late_by = chance.between(seconds(1), minutes(10));
  weather.webhook_twice = level(chance, 0.1, 0.4);
  weather.webhook_reordered = level(chance, 0.1, 0.4);
  weather.webhook_lost = level(chance, 0.1, 0.5);
  return weather;
}

Tuning draw_tuning(Chance chance) {
  Tuning tuning;
  tuning.buyers = static_cast<int>(chance.between(20, 26));
  tuning.safety = chance.between(minutes(3), minutes(25));
  tuning.janitor_every = chance.between(seconds(1), seconds(30));
  tuning.expiry_late_max = chance.between(seconds(5), seconds(60));
  tuning.cancel_again_after = chance.between(seconds(10), seconds(60));
  tuning.processor_timeout = chance.between(seconds(5), seconds(40));
  tuning.action_timeout = chance.between(minutes(5), hours(1));
  tuning.repeat_for = chance.odds(0.4) ? minutes(15) : chance.between(seconds(30), minutes(3));
  tuning.order_expiry = chance.odds(0.3) ? chance.between(minutes(2), minutes(30)) : hours(24);
  tuning.client_timeout = chance.between(seconds(5), seconds(60));
  tuning.circuit_failures_max = chance.odds(0.5) ? 20 : 3;
  tuning.long_tail = chance.odds(0.2);
  tuning.processors = static_cast<std::size_t>(chance.between(1, 3));
  for (Duration& lag : tuning.visibility_lags) lag = chance.odds(0.5) ? seconds(90) : chance.between(seconds(60), minutes(20));
  return tuning;
}

}  // namespace purser::sim
