#include "bench/ceiling.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "bench/process.hpp"

namespace purser::bench {
namespace {

using Clock = std::chrono::steady_clock;

void bind(sqlite3_stmt* statement, int at, const Cell& cell) {
  struct Bind {
    sqlite3_stmt* statement;
    int at;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, at); }
    int operator()(std::int64_t value) const { return sqlite3_bind_int64(statement, at, value); }
    int operator()(double value) const { return sqlite3_bind_double(statement, at, value); }
    int operator()(const std::string& value) const {
      return sqlite3_bind_text64(statement, at, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(const Blob& value) const { return sqlite3_bind_blob64(statement, at, value.bytes.data(), value.bytes.size(), SQLITE_STATIC); }
  };
  if (std::visit(Bind{statement, at}, cell) != SQLITE_OK) throw std::runtime_error("a value of the sample cannot be bound");
}

void run(sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(sqlite3_db_handle(statement)));
  sqlite3_reset(statement);
}

std::string insert_statement(const SampledTable& table) {
  std::string marks = "?";
  for (int column = 1; column < table.columns; ++column) marks += ", ?";
  return fmt::format("insert into {} values ({})", table.name, marks);
}

// One fresh file and the statements to write to it.
class Target {
 public:
  Target(const Sample& sample, const std::filesystem::path& file)
      : sample_(sample), database_(open_database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX)) {
    execute(database_.get(), fmt::format("pragma page_size = {}", sample.page_bytes));
    execute(database_.get(), "pragma journal_mode = wal; pragma synchronous = full; pragma temp_store = memory; pragma cache_size = -16384");
    for (const std::string& sql : sample.schema) execute(database_.get(), sql);
    for (const SampledTable& table : sample.tables) inserts_.push_back(prepare(database_.get(), insert_statement(table)));
    begin_ = prepare(database_.get(), "begin immediate");
    commit_ = prepare(database_.get(), "commit");
    // The schema is not part of what is measured.
    execute(database_.get(), "pragma wal_checkpoint(truncate)");
  }

  void commit_checkout(std::size_t checkout) {
    run(begin_.get());
    for (std::size_t table = 0; table < inserts_.size(); ++table) insert_share(checkout, table);
    run(commit_.get());
  }

 private:
  // A table that has 2.5 rows a checkout gives two to one and three to the next.
  void insert_share(std::size_t checkout, std::size_t table) {
    const auto& rows = sample_.tables[table].rows;
    const std::size_t begin = checkout * rows.size() / sample_.checkouts, end = (checkout + 1) * rows.size() / sample_.checkouts;
    sqlite3_stmt* insert = inserts_[table].get();
    for (std::size_t row = begin; row < end; ++row) {
      int at = 0;
      for (const Cell& cell : rows[row]) bind(insert, ++at, cell);
      run(insert);
    }
  }

  const Sample& sample_;
  Database database_;  // outlives its statements
  std::vector<Statement> inserts_;
  Statement begin_, commit_;
};

void remove_database(const std::filesystem::path& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
}

}  // namespace

Ceiling measure_ceiling(const Sample& sample, const std::filesystem::path& folder, std::chrono::seconds length) {
  Ceiling ceiling;
  const auto file = folder / "ceiling.db";
  const double enough = static_cast<double>(length.count());
  while (ceiling.seconds < enough) {
    remove_database(file);
    Target target(sample, file);
    const double cpu_begun = own_cpu_seconds();
    const auto begun = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
    std::size_t checkout = 0;
    while (checkout < sample.checkouts && ceiling.seconds + elapsed() < enough) target.commit_checkout(checkout++);
    ceiling.seconds += elapsed();
    ceiling.cpu_seconds += own_cpu_seconds() - cpu_begun;
    ceiling.checkouts += checkout;
  }
  remove_database(file);
  return ceiling;
}

}  // namespace purser::bench
