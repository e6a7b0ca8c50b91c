#include "app/maintenance.hpp"

#include "platform/rpc/idempotency.hpp"

namespace purser::app {
namespace {

constexpr int rows_max = 500;

Task<Duration> forget_keys(store::Store& store, const Clock& clock, Duration retention) {
  auto forgotten =
      co_await store.transact([&](store::Tx& tx) -> Result<std::int64_t> { return rpc::forget_finished(tx, clock.now(), retention, rows_max); });
  co_return forgotten.ok() && *forgotten == rows_max ? seconds(1) : minutes(10);
}

}  // namespace

std::vector<Job> maintenance_jobs(store::Store& store, const Clock& clock, Duration idempotency_retention) {
  return {
      {"forget_idempotency_keys", minutes(10), [&store, &clock, idempotency_retention] { return forget_keys(store, clock, idempotency_retention); }}};
}

}  // namespace purser::app
