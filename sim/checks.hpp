// Who knows the truth: the processor's ledger, the shop's rows, and what the clients were told, compared without a line of the contexts'
// code. What needs no oracle is checked by verify/, here as on a real database.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/disk.hpp"
#include "sim/memory.hpp"
#include "sim/weather.hpp"
#include "sim/world.hpp"

namespace purser::sim {

class Checks {
 public:
  Checks(World& world, const Tuning& tuning, Disk& shop, std::vector<Disk>& processors);

  // After each commit of the shop: order and payment agree.
  void after_shop_commit();
  // After each commit of the processor: a charge is of a stored attempt, and of no other while one is open.
  void after_processor_commit(std::size_t processor);
  // Whether nothing is under way any more, in the shop and at the processor; otherwise what is.
  std::string unsettled(Instant now);
  // Once everything is at rest.
  void at_the_end(const Memory& memory, Instant now);

 private:
  void books_equal_the_ledger();
  void books_equal_the_wallet();
  void acknowledged_is_kept(const Memory& memory);
  void each_event_takes_effect_once();
  void absence_waits_for_the_lag();

  World& world_;
  const Tuning& tuning_;
  store::Connection& shop_;
  std::vector<store::Connection*> processors_;
  std::vector<std::int64_t> ledger_seen_;  // of each
  std::int64_t event_seen_ = 0;
};

}  // namespace purser::sim
