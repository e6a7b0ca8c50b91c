#include "platform/store/sqlite_store.hpp"

#include <sys/stat.h>

#include <boost/asio/detached.hpp>
#include <limits>
#include <thread>

#include "platform/store/tests/scratch_store.hpp"

namespace purser::store {
namespace {

namespace asio = boost::asio;

const Error refusal{.kind = Kind::invalid, .code = "no", .detail = "The test says no."};

class SqliteStoreTest : public ScratchStore {
 protected:
  void SetUp() override { open(); }
};

TEST_F(SqliteStoreTest, GivesTheResultAndKeepsTheWork) {
  const auto id = transact([](Tx& tx) -> Result<std::int64_t> {
    EXPECT_EQ(tx.exec("insert into notes (id, body) values ($1, $2), ($3, $4)", 1, "one", 2, "two"), 2);
    return 7;
  });
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, 7);
  EXPECT_EQ(count_notes(), 2);
}

TEST_F(SqliteStoreTest, RefusalUndoesTheWorkAndPassesThrough) {
  const auto refused = transact([](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id) values (1)");
    return refusal;
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), refusal);
  EXPECT_EQ(count_notes(), 0);
  EXPECT_EQ(store_->stats().refused, 1u);
  EXPECT_EQ(store_->stats().commits, 0u);
}

TEST_F(SqliteStoreTest, ParametersGoByTheirNumberNotByAppearance) {
  const auto line = transact([](Tx& tx) -> Result<std::string> {
    return *tx.first("select $2 || '-' || $1 || '-' || $2 || '-' || $3", [](const Row& row) { return std::string(row.text(0)); }, "a", "b", "c");
  });
  EXPECT_EQ(*line, "b-a-b-c");
}

TEST_F(SqliteStoreTest, WrongParametersAreOurMistake) {
  const auto with = [&](const char* sql, int count) {
    return transact([sql, count](Tx& tx) -> Result<Done> {
      const std::vector<Value> values(static_cast<std::size_t>(count), Value(1));
      tx.run(sql, values, [](const Row&) {});
      return Done{};
    });
  };
  EXPECT_TRUE(with("select $1, $2", 2));
  EXPECT_EQ(with("select $1, $2", 1).error().code, "internal");
  EXPECT_EQ(with("select $1", 2).error().code, "internal");
  EXPECT_EQ(with("select ?", 1).error().code, "internal");
  EXPECT_EQ(with("select $1::bigint", 1).error().code, "internal");
  EXPECT_EQ(with("select nonsense from nowhere", 0).error().code, "internal");
  EXPECT_EQ(with("", 0).error().code, "internal");
}

TEST_F(SqliteStoreTest, ValuesComeBackAsTheyWent) {
  const std::string bytes("a\0b\xff\0", 5);
  const auto checked = transact([&](Tx& tx) -> Result<Done> {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
    const auto look = [&](const Row& row) {
      EXPECT_TRUE(row.is_null(0));
      EXPECT_EQ(row.integer(0), 0);
      EXPECT_EQ(row.text(0), "");
      EXPECT_EQ(row.maybe_text(0), std::nullopt);
      EXPECT_EQ(row.integer(1), least);
      EXPECT_EQ(row.integer(2), most);
      EXPECT_EQ(row.text(3), bytes);
      EXPECT_EQ(row.text(4), bytes);
      EXPECT_FALSE(row.is_null(5)) << "an empty text is no null";
      EXPECT_FALSE(row.is_null(6)) << "an empty blob is no null";
      EXPECT_EQ(row.instant(7), Instant{1234});
      EXPECT_TRUE(row.is_null(8));
      return 0;
    };
    EXPECT_TRUE(tx.first("select $1, $2, $3, $4, $5, $6, $7, $8, $9", look, std::nullopt, least, most, Value::blob(bytes), bytes, std::string_view(),
                         Value::blob({}), Instant{1234}, std::optional<std::string>()));
    return Done{};
  });
  EXPECT_TRUE(checked);
}

TEST_F(SqliteStoreTest, OneTextMayBeReadInsideItsOwnAnswer) {
  ASSERT_TRUE(add_note(1));
  ASSERT_TRUE(add_note(2));
  const auto pairs = read([](Tx& tx) -> Result<int> {
    int seen = 0;
    const auto each = [&](const Row&) { ++seen; };
    tx.query("select id from notes order by id", [&](const Row&) { tx.query("select id from notes order by id", each); });
    return seen;
  });
  EXPECT_EQ(*pairs, 4);
}

TEST_F(SqliteStoreTest, ManyTextsDoNotPileUp) {
  const auto sum = transact([](Tx& tx) -> Result<std::int64_t> {
    std::int64_t total = 0;
    for (int number = 0; number < 3000; ++number)
      total += *tx.first("select " + std::to_string(number), [](const Row& row) { return row.integer(0); });
    return total;
  });
  EXPECT_EQ(*sum, 2999 * 3000 / 2);
}

TEST_F(SqliteStoreTest, AReadMayNotWrite) {
  const auto wrote = read([](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id) values (1)");
    return Done{};
  });
  ASSERT_FALSE(wrote);
  EXPECT_EQ(wrote.error().code, "internal");
  EXPECT_EQ(count_notes(), 0);
}

TEST_F(SqliteStoreTest, AReadSeesOneSnapshot) {
  std::promise<void> began, committed;
  const auto go = committed.get_future().share();
  auto counts = [&](Tx& tx) -> Result<std::pair<std::int64_t, std::int64_t>> {
    const auto count = [&] { return *tx.first("select count(*) from notes", [](const Row& row) { return row.integer(0); }); };
    const auto before = count();
    began.set_value();
    go.wait();
    return std::pair(before, count());
  };
  asio::io_context other;
  std::optional<BodyResult<decltype(counts)>> reading;
  asio::co_spawn(other, keep_result(store_->read(counts), reading), asio::detached);
  std::thread runner([&] { other.run(); });
  began.get_future().wait();
  EXPECT_TRUE(add_note(1));
  committed.set_value();
  runner.join();
  EXPECT_EQ(**reading, std::pair(std::int64_t{0}, std::int64_t{0}));
  EXPECT_EQ(count_notes(), 1);
}

TEST_F(SqliteStoreTest, AThrowingBodyIsUndoneAndReportedAsOurs) {
  const auto thrown = transact([](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id) values (1)");
    throw std::runtime_error("a mistake");
  });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().kind, Kind::internal);
  EXPECT_EQ(thrown.error().detail.find("a mistake"), std::string::npos);
  EXPECT_EQ(count_notes(), 0);
  EXPECT_TRUE(add_note(1)) << "the store goes on";
}

TEST_F(SqliteStoreTest, ABrokenConstraintIsAConflictThatSaysNothingOfTheTables) {
  ASSERT_TRUE(add_note(1));
  const auto twice = add_note(1);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, Kind::conflict);
  EXPECT_EQ(twice.error().code, "constraint_violated");
  EXPECT_EQ(twice.error().detail.find("notes"), std::string::npos);
}

TEST_F(SqliteStoreTest, ADeferredForeignKeyHurtsOnlyItsOwnBody) {
  const auto orphan = transact([](Tx& tx) -> Result<Done> {
    tx.exec("insert into parts (id, note) values (1, 99)");
    return Done{};
  });
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().code, "constraint_violated");
  const auto child_first = transact([](Tx& tx) -> Result<Done> {
    tx.exec("insert into parts (id, note) values (2, 5)");
    tx.exec("insert into notes (id) values (5)");
    return Done{};
  });
  EXPECT_TRUE(child_first);
}

Task<void> add_part(Store& store, int number, std::int64_t note) {
  const auto body = [number, note](Tx& tx) -> Result<Done> {
    tx.exec("insert into parts (id, note) values ($1, $2)", number, note);
    return Done{};
  };
  const auto added = co_await store.transact(body);
  EXPECT_EQ(added.ok(), note == 1) << number;
  EXPECT_TRUE(added || added.error().code == "constraint_violated");
}

TEST_F(SqliteStoreTest, ADeferredForeignKeyDoesNotFailTheCommitOfItsNeighbours) {
  ASSERT_TRUE(add_note(1));
  for (int number = 0; number < 300; ++number) asio::co_spawn(io_, add_part(*store_, number, number % 5 == 0 ? 99 : 1), asio::detached);
  io_.restart();
  io_.run();
  EXPECT_EQ(store_->stats().failed, 60u);
}

TEST_F(SqliteStoreTest, ABusyBodyRunsAgainFromItsStart) {
  int runs = 0;
  const auto third = transact([&](Tx& tx) -> Result<int> {
    tx.exec("insert into notes (id) values (1)");
    if (++runs < 3) throw Trouble(Trouble::Cause::busy, "not yet");
    return runs;
  });
  EXPECT_EQ(*third, 3);
  EXPECT_EQ(count_notes(), 1);
  EXPECT_EQ(store_->stats().retried, 2u);

  const auto never = transact([&](Tx&) -> Result<int> { throw Trouble(Trouble::Cause::busy, "never"); });
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, "store_unavailable");
  EXPECT_EQ(never.error().retry_after_seconds, 1);
}

// Every third refuses after it wrote, every seventh throws after it wrote: all among neighbours that succeed.
Task<void> write_one(Store& store, int number, int& kept) {
  const auto body = [number](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id, body) values ($1, $2)", number, "a note");
    if (number % 3 == 0) return refusal;
    if (number % 7 == 0) throw std::runtime_error("thrown on purpose");
    return Done{};
  };
  const auto result = co_await store.transact(body);
  if (result) ++kept;
  EXPECT_EQ(result.ok(), number % 3 != 0 && number % 7 != 0) << number;
}

TEST_F(SqliteStoreTest, ManyTransactionsShareCommitsAndDoNotHurtOneAnother) {
  constexpr int count = 2000;
  int kept = 0;
  for (int number = 0; number < count; ++number) asio::co_spawn(io_, write_one(*store_, number, kept), asio::detached);
  io_.run();

  const SqliteStats stats = store_->stats();
  EXPECT_EQ(stats.transactions, static_cast<std::uint64_t>(kept));
  EXPECT_EQ(stats.transactions + stats.refused + stats.failed, static_cast<std::uint64_t>(count));
  EXPECT_LT(stats.commits, 200u);
  EXPECT_EQ(count_notes(), kept);
  const auto wrong = read([](Tx& tx) -> Result<bool> {
    return tx.first("select 1 from notes where id % 3 = 0 or id % 7 = 0", [](const Row&) { return 1; }).has_value();
  });
  EXPECT_FALSE(*wrong);
}

TEST_F(SqliteStoreTest, AnswersOnTheExecutorOfTheWaiter) {
  const auto outside = std::this_thread::get_id();
  std::thread::id inside;
  ASSERT_TRUE(transact([&](Tx&) -> Result<Done> {
    inside = std::this_thread::get_id();
    return Done{};
  }));
  EXPECT_NE(inside, outside);
  const auto resumed_on = [](Store& store) -> Task<std::thread::id> {
    const auto done = co_await store.transact([](Tx&) -> Result<Done> { return Done{}; });
    EXPECT_TRUE(done);
    co_return std::this_thread::get_id();
  };
  EXPECT_EQ(run_until_done(io_, resumed_on(*store_)), outside);
}

// Counts the frames that hold it.
struct Alive {
  explicit Alive(int& number) : count(&number) { ++*count; }
  Alive(Alive&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
  ~Alive() {
    if (count != nullptr) --*count;
  }
  int* count;
};

Task<void> hold_and_write(Store& store, Alive alive, int number) {
  const auto body = [number](Tx& tx) -> Result<Done> {
    tx.exec("insert into notes (id) values ($1)", number);
    return Done{};
  };
  const auto written = co_await store.transact(body);
  EXPECT_TRUE(written);
  EXPECT_NE(alive.count, nullptr);
}

TEST_F(SqliteStoreTest, GoesWhileCoroutinesWaitAndLeavesNoneBehind) {
  int alive = 0;
  {
    asio::io_context short_lived;
    std::promise<void> busy, go;
    const auto block = [&](Tx&) -> Result<Done> {
      busy.set_value();
      go.get_future().wait();
      return Done{};
    };
    std::optional<Result<Done>> blocked;
    asio::co_spawn(short_lived, keep_result(store_->transact(block), blocked), asio::detached);
    short_lived.poll();
    busy.get_future().wait();
    for (int number = 0; number < 50; ++number) asio::co_spawn(short_lived, hold_and_write(*store_, Alive(alive), number), asio::detached);
    short_lived.poll();
    EXPECT_EQ(alive, 50);
    std::thread closing([&] { store_.reset(); });
    go.set_value();
    closing.join();
  }
  EXPECT_EQ(alive, 0);
  open();
  const auto kept = count_notes();
  EXPECT_TRUE(kept == 0 || kept == 50) << kept << ": a batch is whole or not there";
}

TEST_F(SqliteStoreTest, OnlyItsOwnerMayReadTheFiles) {
  ASSERT_TRUE(add_note(1));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder_.database().string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteStoreTest, RunsWithTheDurabilityItPromises) {
  const auto settings = *transact([](Tx& tx) -> Result<std::string> {
    std::string found;
    for (const char* name : {"journal_mode", "synchronous", "foreign_keys", "temp_store", "wal_autocheckpoint"}) {
      tx.query(std::string("pragma ") + name, [&](const Row& row) { found += std::string(name) + "=" + std::string(row.text(0)) + " "; });
    }
    return found;
  });
  EXPECT_EQ(settings, "journal_mode=wal synchronous=2 foreign_keys=1 temp_store=2 wal_autocheckpoint=0 ");
}

TEST_F(SqliteStoreTest, TheLogIsMovedIntoTheFileAndStartsOver) {
  open({.file = {}, .wal_checkpoint_pages = 10});
  for (int number = 0; number < 300; ++number) ASSERT_TRUE(add_note(number, std::string(1000, 'x')));
  EXPECT_LT(std::filesystem::file_size(folder_.database().string() + "-wal"), 100u * 4096);
  EXPECT_GT(std::filesystem::file_size(folder_.database()), 300u * 1000);
  store_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_.database().string() + "-wal")) << "the last to close empties the log";
}

TEST_F(SqliteStoreTest, ChecksByWriting) {
  EXPECT_TRUE(store_->check());
  EXPECT_TRUE(store_->check());
  const auto writes =
      read([](Tx& tx) -> Result<std::int64_t> { return *tx.first("select writes from store_probe", [](const Row& row) { return row.integer(0); }); });
  EXPECT_EQ(*writes, 2);
}

TEST_F(SqliteStoreTest, AFolderThatIsNotThereIsNamed) {
  const auto opened = open_sqlite({.file = folder_.database().parent_path() / "absent" / "shop.db"}, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "store_unavailable");
  EXPECT_NE(opened.error().detail.find("absent"), std::string::npos);
}

// Two writers on one file, as when the command line works on a running shop's database.
Task<void> count_up(std::shared_ptr<Store> store, int& failed) {
  const auto body = [](Tx& tx) -> Result<Done> {
    tx.exec("insert into counters (name, count) values ('c', 1) on conflict (name) do update set count = counters.count + 1");
    return Done{};
  };
  const auto counted = co_await store->transact(body);
  if (!counted) ++failed;
}

TEST_F(SqliteStoreTest, TwoStoresShareAFile) {
  auto second = open_sqlite({.file = folder_.database()}, notes_tables);
  ASSERT_TRUE(second);
  int failed = 0;
  for (int number = 0; number < 200; ++number) {
    asio::co_spawn(io_, count_up(store_, failed), asio::detached);
    asio::co_spawn(io_, count_up(*second, failed), asio::detached);
  }
  io_.run();
  EXPECT_EQ(failed, 0);
  const auto count =
      read([](Tx& tx) -> Result<std::int64_t> { return *tx.first("select count from counters", [](const Row& row) { return row.integer(0); }); });
  EXPECT_EQ(*count, 400);
}

}  // namespace
}  // namespace purser::store
