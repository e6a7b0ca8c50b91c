// The store over SQLite: one file, WAL, synchronous=FULL. One writer thread takes every waiting transaction into one commit,
// a savepoint each, so that all of them share its fsync and a refused one does not hurt its neighbours. Readers have
// connections and threads of their own. docs/decisions/0003 says why.
#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "platform/store/store.hpp"

namespace purser::store {

struct SqliteOptions {
  std::filesystem::path file;  // created with mode 0600 where absent
  int readers = 2;
  int batch_max = 256;  // transactions in one commit
  std::int64_t wal_checkpoint_pages = 4000;
  int busy_ms = 5000;          // how long to wait while another process writes, before the answer is a 503
  std::int64_t pages_max = 0;  // quota of the file in pages of 4 KiB; 0: none. What does not fit meets a full disk
};

struct SqliteStats {  // since start, for metrics and the benchmark
  std::uint64_t commits, transactions, refused, retried, failed;
};

// Its threads run the bodies and post the results to the executors of the coroutines that wait. So the order at the end is:
// first the last pointer to the store goes, then the io_context. Going, the store finishes the commit it is in and answers
// that; what still waits is not run: its coroutine is destroyed on its executor, or with it.
class SqliteStore : public Store {
 public:
  virtual SqliteStats stats() const = 0;
  virtual Result<Done> check() = 0;  // for /readyz: can it write? Blocks for at most a commit.
};

// Opens the file and applies the migrations that are missing, each in its own transaction, so that a kill between two of
// them is mended by the next start. Blocks. Fails where a migration that was applied has another text now.
Result<std::shared_ptr<SqliteStore>> open_sqlite(SqliteOptions options, const std::vector<Migration>& migrations);

}  // namespace purser::store
