#include "sim/people.hpp"

#include <toml++/toml.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "embedded/workload.hpp"
#include "kernel/assert.hpp"

namespace purser::sim {

// Each act of the table has its weight in the file; one that is missing there, or there and not here, is a mistake.
People::Weighted People::read(const char* table, const std::vector<std::pair<const char*, Act>>& acts) {
  static const toml::table file = toml::parse(embedded::workload);
  const toml::table* rows = file[table].as_table();
  PURSER_ASSERT(rows && rows->size() == acts.size());
  Weighted weighted;
  for (const auto& [name, act] : acts) {
    const auto weight = (*rows)[name].value<double>();
    PURSER_ASSERT(weight && *weight >= 0);
    weighted.weights.push_back(*weight);
    weighted.acts.push_back(act);
  }
  return weighted;
}

const People::Weighted& People::buyer_acts() {
  static const Weighted acts = read("buyers", {{"checkout", &People::checkout},
                                               {"order_and_pay", &People::order_and_pay},
                                               {"pay_twice_at_once", &People::pay_twice_at_once},
                                               {"pay_again_after_silence", &People::pay_again_after_silence},
                                               {"same_key_at_once", &People::same_key_at_once},
                                               {"order_twice_by_reference", &People::order_twice_by_reference},
                                               {"decline_and_retry", &People::decline_and_retry},
                                               {"retry_until_held", &People::retry_until_held},
                                               {"authenticate", &People::authenticate},
                                               {"change_and_pay", &People::change_and_pay},
                                               {"pay_directly", &People::pay_directly},
                                               {"pay_in_parts", &People::pay_in_parts},
                                               {"abandon", &People::abandon}});
  return acts;
}

const People::Weighted& People::clerk_acts() {
  static const Weighted acts = read("clerks", {{"nothing", &People::nothing},
                                               {"capture", &People::capture},
                                               {"capture_in_parts", &People::capture_in_parts},
                                               {"capture_twice_at_once", &People::capture_twice_at_once},
                                               {"refund", &People::refund},
                                               {"refund_in_parts_at_once", &People::refund_in_parts_at_once},
                                               {"refund_then_cancel", &People::refund_then_cancel},
                                               {"cancel", &People::cancel},
                                               {"cancel_twice_at_once", &People::cancel_twice_at_once},
                                               {"void", &People::void_payment},
                                               {"retry", &People::retry}});
  return acts;
}

void People::send_buyer() {
  ++buyers_;
  const Weighted& all = buyer_acts();
  set_going((this->*all.acts[chance().weighted(all.weights)])(""));
}

void People::hand_to_clerks(const std::string& order_id) {
  const Weighted& all = clerk_acts();
  for (std::int64_t visits = chance().between(1, 2); visits > 0; --visits) set_going((this->*all.acts[chance().weighted(all.weights)])(order_id));
}

Task<void> People::pause(Duration at_most) { co_await client_.process().clock().sleep(chance().between(milliseconds(0), at_most)); }

void People::set_going(Task<void> task) {
  ++at_work_;
  boost::asio::co_spawn(client_.process().executor(), see_through(this, std::move(task)), boost::asio::detached);
}

Task<void> People::see_through(People* people, Task<void> task) {
  co_await std::move(task);
  --people->at_work_;
}

}  // namespace purser::sim
