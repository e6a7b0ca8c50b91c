// One SQLite connection with its prepared statements, used by one thread at a time. It is the Tx that bodies see; the
// statements that begin and end a transaction are for whoever owns it. Engine trouble is thrown as Trouble.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/store/store.hpp"

namespace purser::store {

class Connection final : public Tx {
 public:
  enum class Mode : std::uint8_t { read_write, read_only, in_memory };

  // The file is created, readable by its owner alone, where it is absent and the mode writes. `busy_ms` is how long to wait
  // where another process holds it. In memory there is no file (the simulator's disk): what was committed lasts as long as this
  // connection.
  Connection(const std::filesystem::path& file, Mode mode, int busy_ms);
  static std::unique_ptr<Connection> in_memory() { return std::make_unique<Connection>(":memory:", Mode::in_memory, 0); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  // $n is the nth value wherever it stands. Values are not copied. A statement that writes is refused when read_only.
  std::int64_t run(std::string_view sql, std::span<const Value> values, const std::function<void(const Row&)>& each) override;
  // Statements separated by ";", without values, not kept prepared.
  void script(const std::string& sql);

  void begin_immediate() { control("begin immediate"); }
  void begin_snapshot() { control("begin"); }
  void commit() { control("commit"); }
  void rollback() noexcept;  // nothing to do where the engine already did
  void savepoint() { control("savepoint body"); }
  void release() { control("release body"); }
  void undo();  // back to the savepoint, which is gone then

  // False once the engine rolled everything back by itself, as it may when the disk fails.
  bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }
  // True while a deferred foreign key has no parent: the commit would fail.
  bool has_open_references() const;
  // Moves the log into the file as far as readers allow (SQLITE_CHECKPOINT_…). What cannot be moved stays safe in the log.
  void checkpoint(int sqlite_mode) noexcept;
  // Pages in the write-ahead log after the last commit made here.
  int wal_pages() const { return wal_pages_; }

 private:
  struct Statement {
    struct Finalize {
      void operator()(sqlite3_stmt* prepared) const { sqlite3_finalize(prepared); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> handle;
    std::vector<std::size_t> value_of;  // the value each of the engine's parameters takes
    std::size_t values = 0;
    bool writes = false;
    bool in_use = false;
  };
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  class Use;

  void open(const std::filesystem::path& file);
  void configure();
  void control(std::string_view sql);
  Statement& prepared(std::string_view sql);
  Statement prepare(std::string_view sql, unsigned flags) const;
  std::int64_t step(Statement& statement, std::span<const Value> values, const std::function<void(const Row&)>& each);
  void bind(const Statement& statement, std::span<const Value> values) const;
  [[noreturn]] void fail(int code, std::string_view sql) const;

  Mode mode_;
  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
  int in_use_ = 0;
  int wal_pages_ = 0;
};

}  // namespace purser::store
