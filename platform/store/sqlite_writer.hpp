// The one thread that writes. It takes every transaction that waits into one commit, each in a savepoint of its own, and
// answers them all once the commit is on the disk. Nothing is waited for to fill a batch: while one commit syncs, the next
// batch gathers by itself.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "platform/store/body.hpp"
#include "platform/store/sqlite_connection.hpp"
#include "platform/store/sqlite_store.hpp"

namespace purser::store {

class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, const SqliteOptions& options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  // ends the commit in hand, answers it, runs no other

  void submit(Pending pending);  // any thread
  SqliteStats stats() const;     // any thread

 private:
  void loop();
  bool take_batch();
  void settle_batch();
  void run_batch();
  Outcome run_until_settled(const Body& body);
  Outcome run_guarded(const Body& body);
  void answer_batch();
  void checkpoint_if_due();

  const std::unique_ptr<Connection> connection_;
  const std::size_t batch_max_;
  const std::int64_t checkpoint_pages_;
  std::int64_t checkpoint_at_;

  // The writer thread's own.
  std::vector<Pending> batch_;
  std::vector<Outcome> outcomes_;

  std::mutex mutex_;  // guards the three below
  std::condition_variable woken_;
  std::deque<Pending> waiting_;
  bool stopping_ = false;

  std::atomic<std::uint64_t> commits_ = 0, transactions_ = 0, refused_ = 0, retried_ = 0, failed_ = 0;
  std::thread thread_;  // last: starts when all the rest is there
};

}  // namespace purser::store
