#include "sim/mutants.hpp"

#include <algorithm>
#include <array>

#include "kernel/mutant.hpp"

namespace purser {
namespace {

std::string_view active;  // written before the first seed, by one thread

}  // namespace

bool mutated(std::string_view name) { return !active.empty() && active == name; }

}  // namespace purser

namespace purser::sim {
namespace {

constexpr std::array<Mutant, 18> mutants{{
    {"new_reference_each_retry", "a repeated request goes out under a reference of its own"},
    {"reference_saved_after_the_call", "the processor is asked before the attempt is stored"},
    {"retry_elsewhere_on_timeout", "after a time-out the money is asked for elsewhere, without asking what became of the first"},
    {"webhook_overwrites_a_later_state", "what a late webhook says replaces what is known already"},
    {"idempotency_row_in_its_own_transaction", "the key's row is committed after the effect"},
    {"refund_guard_read_before_the_lock", "a refund is judged by the payment as it was before the transaction"},
    {"outbox_row_after_the_commit", "the event is written after the change that it tells of"},
    {"recovery_forgets_payments_in_progress", "nobody looks after an attempt whose process ended"},
    {"late_success_ignored", "a charge that succeeds after it was given up is left standing"},
    {"event_applied_twice", "each handler runs twice"},
    {"fallback_while_in_doubt", "the next processor is asked while it is unknown whether money moved at the first"},
    {"visibility_lag_ignored", "a charge that a look-up does not show yet counts as one that was never made"},
    {"split_sum_off_by_one", "the parts of a payment come to one unit more than the payment"},
    {"compensation_refunds_the_winner", "a part that was declined and then paid elsewhere undoes the payment that succeeded"},
    {"look_up_bounded_by_our_clock", "found by the simulator: a look-up that believes both clocks agree misses a charge"},
    {"stray_cancel_voids_the_payment", "found by the simulator: the cancellation of a stray charge voids the payment that another one holds"},
    {"a_replaced_payment_is_refused", "found by the simulator: the reversal of a stray charge stands still, for its order is paid otherwise"},
    {"absent_is_final", "found by the simulator: a charge that was given up is never looked for again"},
}};

}  // namespace

std::span<const Mutant> all_mutants() { return mutants; }

bool switch_on(std::string_view name) {
  const auto found = std::ranges::find(mutants, name, &Mutant::name);
  if (found == mutants.end()) return false;
  active = found->name;
  return true;
}

std::string_view diverted_table() {
  if (mutated("idempotency_row_in_its_own_transaction")) return "idempotency_keys";
  if (mutated("outbox_row_after_the_commit")) return "outbox";
  return "";
}

// A claim says whether the key is new, and that has to be true.
bool DivertingTx::already_claimed(std::string_view sql, std::span<const store::Value> values) {
  if (!sql.starts_with("insert into idempotency_keys")) return false;
  bool there = false;
  const std::array key = {values[0], values[1]};
  connection_.run("select 1 from idempotency_keys where merchant_id = $1 and key = $2", key, [&](const store::Row&) { there = true; });
  return there;
}

std::int64_t DivertingTx::run(std::string_view sql, std::span<const store::Value> values, const std::function<void(const store::Row&)>& each) {
  const bool diverted = (sql.starts_with("insert into ") || sql.starts_with("update ")) && sql.substr(sql.find(' ') + 1, 40).contains(table_);
  if (!diverted || already_claimed(sql, values)) return connection_.run(sql, values, each);
  Statement statement{.sql = std::string(sql), .values = {values.begin(), values.end()}};
  for (const store::Value& value : values) statement.texts.emplace_back(value.bytes);
  left_out_.push_back(std::move(statement));
  return 1;
}

void DivertingTx::write_the_rest() {
  for (Statement& statement : left_out_) {
    for (std::size_t index = 0; index < statement.values.size(); ++index) statement.values[index].bytes = statement.texts[index];
    try {
      connection_.run(statement.sql, statement.values, [](const store::Row&) {});
    } catch (const store::Trouble&) {
      continue;
    }
  }
}

}  // namespace purser::sim
