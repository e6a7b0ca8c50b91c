// Full disks, failing disks, foreign locks and kills: what was acknowledged is there, what was not is wholly absent.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <random>
#include <set>

#include "platform/store/tests/faulty_disk.hpp"
#include "platform/store/tests/scratch_store.hpp"

namespace purser::store {
namespace {

namespace asio = boost::asio;

class DiskTroubleTest : public ScratchStore {
 protected:
  void expect_unavailable(const Result<Done>& result, const char* remedy) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, Kind::unavailable);
    EXPECT_EQ(result.error().code, "store_unavailable");
    EXPECT_EQ(result.error().retry_after_seconds, 1);
    EXPECT_NE(result.error().detail.find(remedy), std::string::npos) << result.error().detail;
  }
};

TEST_F(DiskTroubleTest, AQuotaFillsUpAndIsRaised) {
  open({.file = {}, .pages_max = 40});
  std::int64_t kept = 0;
  Result<Done> last = Done{};
  while (kept < 1000 && (last = add_note(kept, std::string(3000, 'x'))).ok()) ++kept;
  expect_unavailable(last, "Free space");
  EXPECT_GT(kept, 5);
  EXPECT_EQ(count_notes(), kept);
  EXPECT_TRUE(store_->check()) << "what needs no room still works";

  EXPECT_TRUE(transact([](Tx& tx) -> Result<Done> {
    tx.query("pragma max_page_count = 4000", [](const Row&) {});
    return Done{};
  }));
  EXPECT_TRUE(add_note(kept, std::string(3000, 'x')));
  EXPECT_EQ(count_notes(), kept + 1);
}

TEST_F(DiskTroubleTest, AFullDiskRefusesAndRecoversWithoutARestart) {
  FaultyDisk disk;
  open();
  ASSERT_TRUE(add_note(1));
  disk.set(FaultyDisk::Fault::full);
  expect_unavailable(add_note(2), "Free space");
  expect_unavailable(store_->check(), "Free space");
  EXPECT_EQ(count_notes(), 1) << "reads go on";
  disk.set(FaultyDisk::Fault::none);
  EXPECT_TRUE(store_->check());
  EXPECT_TRUE(add_note(2));
  open();
  EXPECT_EQ(count_notes(), 2);
  store_.reset();
}

TEST_F(DiskTroubleTest, AFailedSyncAcknowledgesNothing) {
  FaultyDisk disk;
  open();
  ASSERT_TRUE(add_note(1));
  disk.set(FaultyDisk::Fault::sync_fails);
  expect_unavailable(add_note(2), "disk failed");
  EXPECT_EQ(count_notes(), 1);
  disk.set(FaultyDisk::Fault::none);
  EXPECT_TRUE(add_note(2));
  open();
  EXPECT_EQ(count_notes(), 2);
  store_.reset();
}

Task<void> write_and_tell(Store& store, std::int64_t number, int& unavailable) {
  const auto body = [number](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id) values ($1)", number);
    return Done{};
  };
  const auto written = co_await store.transact(body);
  if (!written && written.error().code == "store_unavailable") ++unavailable;
}

TEST_F(DiskTroubleTest, AFailedCommitIsTheTroubleOfItsWholeBatch) {
  FaultyDisk disk;
  open();
  disk.set(FaultyDisk::Fault::full);
  int unavailable = 0;
  for (int number = 0; number < 300; ++number) asio::co_spawn(io_, write_and_tell(*store_, number, unavailable), asio::detached);
  io_.run();
  EXPECT_EQ(unavailable, 300);
  EXPECT_EQ(store_->stats().failed, 300u);
  EXPECT_EQ(store_->stats().commits, 0u);
  disk.set(FaultyDisk::Fault::none);
  EXPECT_EQ(count_notes(), 0);
  EXPECT_TRUE(add_note(1));
  store_.reset();
}

TEST_F(DiskTroubleTest, AForeignLockIsWaitedForThenRefused) {
  open({.file = {}, .busy_ms = 20});
  sqlite3* foreign = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.database().c_str(), &foreign), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(foreign, "begin immediate", nullptr, nullptr, nullptr), SQLITE_OK);
  expect_unavailable(add_note(1), "Another process");
  ASSERT_EQ(sqlite3_exec(foreign, "rollback", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(add_note(1));
  sqlite3_close(foreign);
}

// The child's life: eight coroutines commit one note after another and tell each number once it is acknowledged.
Task<void> write_until_killed(Store& store, std::int64_t number, int pipe_end) {
  for (;; number += 8) {
    const auto body = [number](Tx& tx) -> Result<Done> {
      tx.exec("insert into notes (id, body) values ($1, $2)", number, std::string(500, 'x'));
      return Done{};
    };
    const auto written = co_await store.transact(body);
    if (!written || ::write(pipe_end, &number, sizeof number) != sizeof number) ::_exit(1);
  }
}

[[noreturn]] void live_as_child(const std::filesystem::path& file, std::int64_t from, int pipe_end) {
  auto store = open_sqlite({.file = file, .wal_checkpoint_pages = 15}, notes_tables);
  if (!store) ::_exit(2);
  asio::io_context io;
  for (std::int64_t writer = 0; writer < 8; ++writer) asio::co_spawn(io, write_until_killed(**store, from + writer, pipe_end), asio::detached);
  io.run();
  ::_exit(3);
}

// Kills the child after so many acknowledgements, at whatever it is doing then; gives all it had told.
std::vector<std::int64_t> acknowledged_until_killed(const std::filesystem::path& file, std::int64_t from, int acknowledgements) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) ::close(ends[0]), live_as_child(file, from, ends[1]);
  ::close(ends[1]);
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; ::read(ends[0], &number, sizeof number) == sizeof number;) {
    numbers.push_back(number);
    if (static_cast<int>(numbers.size()) == acknowledgements) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  return numbers;
}

TEST_F(DiskTroubleTest, AKillLosesNothingAcknowledged) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::set<std::int64_t> promised;
  for (int round = 0; round < 10; ++round) {
    const int acknowledgements = 1 + static_cast<int>(random() % 200);
    for (const auto number : acknowledged_until_killed(folder_.database(), round * 1'000'000 + 1, acknowledgements)) promised.insert(number);
  }
  open();
  std::set<std::int64_t> found;
  const auto sound = read([&](Tx& tx) -> Result<std::string> {
    found.clear();
    tx.query("select id from notes order by id", [&](const Row& row) { found.insert(row.integer(0)); });
    return *tx.first("pragma integrity_check", [](const Row& row) { return std::string(row.text(0)); });
  });
  EXPECT_EQ(*sound, "ok");
  EXPECT_GE(promised.size(), 10u);
  EXPECT_TRUE(std::includes(found.begin(), found.end(), promised.begin(), promised.end()))
      << promised.size() << " promised, " << found.size() << " found";
}

}  // namespace
}  // namespace purser::store
