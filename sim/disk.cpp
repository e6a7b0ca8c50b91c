#include "sim/disk.hpp"

#include "kernel/assert.hpp"
#include "platform/store/body.hpp"
#include "platform/store/migrate.hpp"
#include "sim/mutants.hpp"

namespace purser::sim {

using store::Ending;
using store::Trouble;

Disk::Disk(const std::vector<store::Migration>& migrations) : connection_(store::Connection::in_memory()) {
  PURSER_ASSERT(store::migrate(*connection_, migrations).ok());
  connection_->query("select name from sqlite_master where type = 'table' and name <> 'schema_migrations' order by name",
                     [&](const store::Row& row) { wipes_.push_back("delete from " + std::string(row.text(0))); });
}

void Disk::wipe() {
  connection_->begin_immediate();
  for (const std::string& sql : wipes_) connection_->exec(sql);
  connection_->commit();
}

SimStore::SimStore(Process& process, Disk& disk, const Weather& weather, const DiskTrouble& trouble, std::function<void()> committed)
    : process_(process),
      disk_(disk),
      weather_(weather),
      trouble_(trouble),
      committed_(std::move(committed)),
      chance_(process.world().chance().fork("store " + process.name() + std::to_string(process.incarnation()))) {}

Task<std::optional<Error>> SimStore::run(bool writes, Step step) {
  co_await process_.clock().sleep(chance_.between(milliseconds(0), weather_.disk_max));
  auto trouble = writes ? write(step) : read(step);
  co_return trouble;
}

std::optional<Error> SimStore::read(const Step& step) {
  store::Connection& connection = disk_.connection();
  connection.begin_snapshot();
  store::Outcome outcome = store::run_once(step, connection);
  connection.rollback();
  return std::move(outcome.error);
}

std::optional<Error> SimStore::write(const Step& step) {
  World& world = process_.world();
  const auto trouble = [&](Trouble::Cause cause, std::string_view what) {
    world.count(what);
    world.tell(process_.name(), "store: " + std::string(what));
    return store::to_error(Trouble(cause, std::string(what)));
  };
  if (trouble_.full) return trouble(Trouble::Cause::full, "disk full");
  if (chance_.odds(weather_.busy)) return trouble(Trouble::Cause::busy, "store busy");

  store::Connection& connection = disk_.connection();
  connection.begin_immediate();
  if (chance_.odds(weather_.runs_twice)) {
    connection.savepoint();
    static_cast<void>(store::run_once(step, connection));
    connection.undo();
    world.count("transaction run twice");
  }
  DivertingTx diverting(connection, diverted_table());
  store::Tx& tx = diverted_table().empty() ? static_cast<store::Tx&>(connection) : diverting;
  store::Outcome outcome = store::run_once(step, tx);
  if (outcome.ending != Ending::kept) {
    connection.rollback();
    return std::move(outcome.error);
  }
  if (chance_.odds(weather_.crash_at_commit)) {
    world.count("crash at a commit");
    const bool kept = chance_.odds(0.5);
    if (kept) {
      connection.commit();
      committed_();
    } else {
      connection.rollback();
    }
    world.tell(process_.name(), kept ? "store: committed, and then" : "store: about to commit, when");
    process_.crash_in(1);
    return store::to_error(Trouble(Trouble::Cause::io, "crash"));
  }
  if (chance_.odds(weather_.commit_fails)) {
    connection.rollback();
    return trouble(Trouble::Cause::io, "commit failed");
  }
  connection.commit();
  if (chance_.odds(diverted_table().empty() ? 0 : weather_.crash_at_commit + 0.002)) {
    process_.crash_in(1);
    return store::to_error(Trouble(Trouble::Cause::io, "crash"));
  }
  diverting.write_the_rest();
  committed_();
  if (chance_.odds(weather_.commit_unanswered)) return trouble(Trouble::Cause::io, "commit took effect unanswered");
  return std::nullopt;
}

}  // namespace purser::sim
