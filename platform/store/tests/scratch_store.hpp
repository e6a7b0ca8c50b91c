// A store over a real file in a folder of its own, and one thread that runs coroutines until they are through.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "platform/store/sqlite_store.hpp"

namespace purser::store {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "purser-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  std::filesystem::path database() const { return path_ / "shop.db"; }

 private:
  std::filesystem::path path_;
};

inline const std::vector<Migration> notes_tables = {
    {"notes", "0001_notes", "create table notes (id integer primary key, body text); create table counters (name text primary key, count integer)"},
    {"notes", "0002_parts", "create table parts (id integer primary key, note integer references notes (id) deferrable initially deferred)"}};

// co_spawn itself takes only what has a default.
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}

template <class T>
T run_until_done(boost::asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  auto future = boost::asio::co_spawn(io, keep_result(std::move(task), result), boost::asio::use_future);
  io.restart();
  io.run();
  future.get();
  return *std::move(result);
}

class ScratchStore : public ::testing::Test {
 protected:
  void open(SqliteOptions options = {}) {
    store_.reset();
    options.file = folder_.database();
    auto opened = open_sqlite(options, notes_tables);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = *opened;
  }
  void TearDown() override { store_.reset(); }

  template <class Body>
  BodyResult<Body> transact(Body body) {
    return run_until_done(io_, store_->transact(std::move(body)));
  }
  template <class Body>
  BodyResult<Body> read(Body body) {
    return run_until_done(io_, store_->read(std::move(body)));
  }
  Result<Done> add_note(std::int64_t id, std::string text = "a note") {
    return transact([id, text](Tx& tx) -> Result<Done> {
      tx.exec("insert into notes (id, body) values ($1, $2)", id, text);
      return Done{};
    });
  }
  std::int64_t count_notes() {
    return *read(
        [](Tx& tx) -> Result<std::int64_t> { return *tx.first("select count(*) from notes", [](const Row& row) { return row.integer(0); }); });
  }

  ScratchFolder folder_;
  boost::asio::io_context io_;  // outlives the store
  std::shared_ptr<SqliteStore> store_;
};

}  // namespace purser::store
