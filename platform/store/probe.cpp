#include "platform/store/probe.hpp"

namespace purser::store {

Reply<Done> Probe::ready() {
  const Instant now = clock_.now();
  if (now - asked_at_ < seconds(1)) co_return answer_;
  asked_at_ = now;
  answer_ = co_await store_.transact([&](Tx& tx) -> Result<Done> {
    tx.exec("insert into store_probe (id, writes) values (1, 1) on conflict (id) do update set writes = store_probe.writes + 1");
    return Done{};
  });
  co_return answer_;
}

}  // namespace purser::store
