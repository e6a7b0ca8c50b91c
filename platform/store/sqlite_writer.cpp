#include "platform/store/sqlite_writer.hpp"

#include <algorithm>
#include <utility>

#include "platform/crash_point.hpp"
#include "platform/metrics.hpp"

namespace purser::store {
namespace {

bool disk_failed(const Outcome& outcome) { return outcome.cause == Trouble::Cause::full || outcome.cause == Trouble::Cause::io; }

void count_commit(std::size_t transactions) {
  static metrics::Counter& commits = metrics::counter("purser_store_commits_total", "Commits to the embedded store, each with one fsync.");
  static metrics::Counter& all = metrics::counter("purser_store_transactions_total", "Transactions that those commits carried.");
  commits.add();
  all.add(static_cast<double>(transactions));
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, const SqliteOptions& options)
    : connection_(std::move(connection)),
      batch_max_(static_cast<std::size_t>(std::max(1, options.batch_max))),
      checkpoint_pages_(std::max<std::int64_t>(1, options.wal_checkpoint_pages)),
      checkpoint_at_(checkpoint_pages_),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

void Writer::submit(Pending pending) {
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    asleep = waiting_.empty();
    waiting_.push_back(std::move(pending));
  }
  if (asleep) woken_.notify_one();
}

SqliteStats Writer::stats() const {
  return {.commits = commits_, .transactions = transactions_, .refused = refused_, .retried = retried_, .failed = failed_};
}

void Writer::loop() {
  while (take_batch()) {
    settle_batch();
    answer_batch();
    checkpoint_if_due();
  }
}

bool Writer::take_batch() {
  std::unique_lock lock(mutex_);
  woken_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  if (stopping_) return false;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(waiting_.size(), batch_max_));
  batch_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return true;
}

void Writer::settle_batch() {
  outcomes_.assign(batch_.size(), Outcome{});
  try {
    run_batch();
  } catch (const Trouble& trouble) {
    connection_->rollback();
    outcomes_.assign(batch_.size(), failed_with(trouble));
  }
  // Room in the log can be used again once what it holds is in the database: a full disk may be full of nothing else.
  if (std::ranges::any_of(outcomes_, disk_failed)) connection_->checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
}

// Throws the trouble that undoes the whole batch.
void Writer::run_batch() {
  connection_->begin_immediate();
  for (std::size_t index = 0; index < batch_.size(); ++index) outcomes_[index] = run_until_settled(batch_[index].body);
  if (std::ranges::none_of(outcomes_, [](const Outcome& outcome) { return outcome.ending == Ending::kept; })) return connection_->rollback();
  pass_crash_point("before commit");
  connection_->commit();
  pass_crash_point("after commit");
  ++commits_;
  count_commit(batch_.size());
}

Outcome Writer::run_until_settled(const Body& body) {
  for (int runs = 1;; ++runs) {
    Outcome outcome = run_guarded(body);
    if (outcome.ending != Ending::again || runs == runs_max) return outcome;
    ++retried_;
  }
}

// Runs the body and leaves nothing of it unless it is kept. Alone in its batch it has the whole transaction for itself.
Outcome Writer::run_guarded(const Body& body) {
  const bool alone = batch_.size() == 1;
  if (!alone) connection_->savepoint();
  Outcome outcome = run_once(body, *connection_);
  if (!connection_->in_transaction()) {
    throw Trouble(outcome.cause.value_or(Trouble::Cause::io), "the engine rolled back the whole transaction");
  }
  if (outcome.ending == Ending::kept && connection_->has_open_references()) {
    outcome = failed_with(Trouble(Trouble::Cause::constraint, "a deferred foreign key has no parent"));
  }
  if (outcome.ending == Ending::kept) {
    if (!alone) connection_->release();
  } else if (alone) {
    connection_->rollback(), connection_->begin_immediate();
  } else {
    connection_->undo();
  }
  return outcome;
}

void Writer::answer_batch() {
  for (std::size_t index = 0; index < batch_.size(); ++index) {
    Outcome& outcome = outcomes_[index];
    ++(outcome.ending == Ending::kept ? transactions_ : outcome.ending == Ending::refused ? refused_ : failed_);
    batch_[index].complete(std::move(outcome.error));
  }
  batch_.clear();
}

// After the answers, so that nobody waits for it. While a reader keeps the log from starting over, only every so many more
// pages.
void Writer::checkpoint_if_due() {
  const std::int64_t pages = connection_->wal_pages();
  checkpoint_at_ = std::min(checkpoint_at_, pages + checkpoint_pages_);
  if (pages < checkpoint_at_) return;
  connection_->checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  checkpoint_at_ = pages + checkpoint_pages_;
}

}  // namespace purser::store
