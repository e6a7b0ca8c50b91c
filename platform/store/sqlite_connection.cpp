#include "platform/store/sqlite_connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>

#include "platform/log.hpp"

namespace purser::store {
namespace {

constexpr std::size_t statements_max = 1000;

// Savepoints keep the pages they may have to restore in memory up to this size, and only then in a temporary file.
void configure_engine() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 4 << 20);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

// The write-ahead log and its index inherit the mode. Only ever opens a file it creates: closing a descriptor of a file that
// is open elsewhere in the process would drop that one's locks.
void create_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) ::close(descriptor);
  if (descriptor < 0 && errno != EEXIST) throw Trouble(Trouble::Cause::io, fmt::format("{}: {}", file.string(), std::strerror(errno)));
}

Trouble::Cause cause_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Trouble::Cause::busy;
    case SQLITE_FULL:
      return Trouble::Cause::full;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Trouble::Cause::io;
    case SQLITE_CONSTRAINT:
      return Trouble::Cause::constraint;
    default:
      return Trouble::Cause::other;
  }
}

class CurrentRow final : public Row {
 public:
  explicit CurrentRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const override {
    const void* bytes =
        sqlite3_column_type(statement_, column) == SQLITE_BLOB ? sqlite3_column_blob(statement_, column) : sqlite3_column_text(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind_value(sqlite3_stmt* statement, int parameter, const Value& value) {
  // The engine takes a null pointer for NULL, whatever the length.
  const char* bytes = value.bytes.data() == nullptr ? "" : value.bytes.data();
  switch (value.type) {
    case Value::Type::null:
      return sqlite3_bind_null(statement, parameter);
    case Value::Type::integer:
      return sqlite3_bind_int64(statement, parameter, value.integer);
    case Value::Type::text:
      return sqlite3_bind_text64(statement, parameter, bytes, value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
    case Value::Type::blob:
      return sqlite3_bind_blob64(statement, parameter, bytes, value.bytes.size(), SQLITE_STATIC);
  }
  return SQLITE_MISUSE;
}

// "$12" is the value at 11. The engine itself counts "$n" by first appearance, whatever its digits say.
std::size_t value_index(const char* name, std::string_view sql) {
  const std::string_view text = name == nullptr ? "" : name;
  std::size_t number = 0;
  if (text.starts_with('$')) {
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) number = 0;
  }
  if (number == 0) throw Trouble(Trouble::Cause::other, fmt::format("parameter \"{}\" is not $1, $2, …: {}", text, sql));
  return number - 1;
}

}  // namespace

// A statement while it runs: whatever happens, it is reset and lets go of the values, which end with the call.
class Connection::Use {
 public:
  Use(Statement& statement, int& count) : statement_(statement), count_(count) { statement_.in_use = true, ++count_; }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement_.handle.get());
    if (statement_.values > 0) sqlite3_clear_bindings(statement_.handle.get());
    statement_.in_use = false, --count_;
  }

 private:
  Statement& statement_;
  int& count_;
};

Connection::Connection(const std::filesystem::path& file, Mode mode, int busy_ms) : mode_(mode) {
  configure_engine();
  if (mode == Mode::read_write) create_private(file);
  open(file);
  sqlite3_busy_timeout(database_.get(), busy_ms);
  configure();
}

void Connection::open(const std::filesystem::path& file) {
  const int access = mode_ == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) fail(code, file.native());
}

void Connection::configure() {
  script("pragma foreign_keys = on; pragma temp_store = memory; pragma mmap_size = 0");
  if (mode_ == Mode::read_only) return script("pragma query_only = on; pragma cache_size = -4096");
  if (mode_ == Mode::in_memory) return;

  bool wal = false;
  query("pragma journal_mode = wal", [&](const Row& row) { wal = row.text(0) == "wal"; });
  if (!wal) throw Trouble(Trouble::Cause::other, "the file system cannot hold a database with a write-ahead log");
  // The owner checkpoints when nobody is waiting, so not inside a commit.
  script("pragma synchronous = full; pragma cache_size = -16384; pragma wal_autocheckpoint = 0");
  sqlite3_wal_hook(
      database_.get(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

std::int64_t Connection::run(std::string_view sql, std::span<const Value> values, const std::function<void(const Row&)>& each) {
  Statement& statement = prepared(sql);
  if (!statement.in_use) return step(statement, values, each);
  // A caller further out is still reading the answer of the same text.
  Statement another = prepare(sql, 0);
  return step(another, values, each);
}

std::int64_t Connection::step(Statement& statement, std::span<const Value> values, const std::function<void(const Row&)>& each) {
  sqlite3_stmt* handle = statement.handle.get();
  if (statement.writes && mode_ == Mode::read_only) throw Trouble(Trouble::Cause::other, std::string("a read may not write: ") + sqlite3_sql(handle));
  const Use use(statement, in_use_);
  bind(statement, values);
  const CurrentRow row(handle);
  int code = sqlite3_step(handle);
  for (; code == SQLITE_ROW; code = sqlite3_step(handle)) each(row);
  if (code != SQLITE_DONE) fail(code, sqlite3_sql(handle));
  return statement.writes ? sqlite3_changes64(database_.get()) : 0;
}

void Connection::bind(const Statement& statement, std::span<const Value> values) const {
  sqlite3_stmt* handle = statement.handle.get();
  if (values.size() != statement.values) {
    throw Trouble(Trouble::Cause::other, fmt::format("{} values for {}: {}", values.size(), statement.values, sqlite3_sql(handle)));
  }
  int parameter = 0;
  for (const std::size_t index : statement.value_of) {
    const int code = bind_value(handle, ++parameter, values[index]);
    if (code != SQLITE_OK) fail(code, sqlite3_sql(handle));
  }
}

Connection::Statement& Connection::prepared(std::string_view sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return known->second;
  // Texts built at run time must not fill the memory. The ones in daily use are soon back.
  if (statements_.size() >= statements_max && in_use_ == 0) statements_.clear();
  return statements_.emplace(std::string(sql), prepare(sql, SQLITE_PREPARE_PERSISTENT)).first->second;
}

Connection::Statement Connection::prepare(std::string_view sql, unsigned flags) const {
  Statement statement;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), flags, &handle, nullptr);
  statement.handle.reset(handle);
  if (code != SQLITE_OK) fail(code, sql);
  if (handle == nullptr) throw Trouble(Trouble::Cause::other, fmt::format("no statement in \"{}\"", sql));
  statement.writes = sqlite3_stmt_readonly(handle) == 0;
  for (int parameter = 1; parameter <= sqlite3_bind_parameter_count(handle); ++parameter) {
    const std::size_t index = value_index(sqlite3_bind_parameter_name(handle, parameter), sql);
    statement.value_of.push_back(index);
    statement.values = std::max(statement.values, index + 1);
  }
  return statement;
}

void Connection::control(std::string_view sql) {
  run(sql, {}, [](const Row&) {});
}

void Connection::script(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, sql);
}

void Connection::rollback() noexcept {
  if (!in_transaction()) return;
  try {
    control("rollback");
  } catch (const std::exception& thrown) {
    log::error("a rollback failed", {{"engine", thrown.what()}});
  }
}

void Connection::undo() {
  control("rollback to body");
  release();
}

bool Connection::has_open_references() const {
  int open = 0, highest = 0;
  return sqlite3_db_status(database_.get(), SQLITE_DBSTATUS_DEFERRED_FKS, &open, &highest, 0) == SQLITE_OK && open != 0;
}

void Connection::checkpoint(int sqlite_mode) noexcept {
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, sqlite_mode, nullptr, nullptr);
  if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return;
  log::warn("the write-ahead log could not be moved into the database", {{"engine", sqlite3_errmsg(database_.get())}});
}

void Connection::fail(int code, std::string_view sql) const {
  const char* words = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  throw Trouble(cause_of(code), fmt::format("{} ({}): {}", words, code, sql));
}

}  // namespace purser::store
