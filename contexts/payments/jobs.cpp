#include "contexts/payments/jobs.hpp"

#include <algorithm>

#include "platform/fan_out.hpp"
#include "platform/log.hpp"
#include "platform/metrics.hpp"

namespace purser::payments {
namespace {

using store::Tx;

constexpr int rows_max = 200;
constexpr std::size_t at_once = 16;

Task<Duration> look_after_attempts(Orchestrator& orchestrator) {
  static metrics::Gauge& due_gauge = metrics::gauge("purser_payment_attempts_due", "Open attempts the janitor found due at its last look.");
  const Instant now = orchestrator.book().clock().now();
  auto due = co_await orchestrator.store().read([&](Tx& tx) -> Result<std::vector<AttemptKey>> { return due_attempts(tx, now, rows_max); });
  if (!due.ok()) co_return orchestrator.settings().look_every;
  due_gauge.set(static_cast<double>(due->size()));
  const bool more = due->size() == std::size_t{rows_max};
  co_await for_each_concurrently<AttemptKey>(std::move(*due), at_once,
                                             [&orchestrator](AttemptKey key) { return orchestrator.resolve(std::move(key)); });
  co_return more ? milliseconds(50) : orchestrator.settings().look_every;
}

// Payments in parts that nobody goes on with: whoever did was cut short, or a leg's outcome came by other ways.
Task<Duration> advance_splits(Orchestrator& orchestrator, CompositePayments& composite) {
  const Instant now = orchestrator.book().clock().now();
  auto due = co_await orchestrator.store().read([&](Tx& tx) -> Result<std::vector<PaymentKey>> { return due_wholes(tx, now, rows_max); });
  if (!due.ok()) co_return orchestrator.settings().look_every;
  co_await for_each_concurrently<PaymentKey>(std::move(*due), at_once, [&composite](PaymentKey key) {
    rpc::Call call = rpc::system_call(key.merchant_id, "janitor");
    return composite.advance(std::move(call), std::move(key));
  });
  co_return orchestrator.settings().look_every;
}

}  // namespace

std::vector<Job> jobs(Orchestrator& orchestrator, CompositePayments& composite) {
  const Duration every = orchestrator.settings().look_every;
  return {{"look_after_attempts", every, [&orchestrator] { return look_after_attempts(orchestrator); }},
          {"advance_splits", every, [&orchestrator, &composite] { return advance_splits(orchestrator, composite); }}};
}

Reply<Done> recover(Orchestrator& orchestrator) {
  const Instant now = orchestrator.book().clock().now();
  auto adopted = co_await orchestrator.store().transact([&](Tx& tx) -> Result<std::int64_t> { return adopt_sent_attempts(tx, now); });
  if (!adopted.ok()) co_return std::move(adopted).error();
  if (*adopted > 0) log::warn("attempts were under way when the process ended; the janitor finishes them", {{"attempts", *adopted}});
  co_return Done{};
}

}  // namespace purser::payments
