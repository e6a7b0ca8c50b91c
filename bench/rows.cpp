#include "bench/rows.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace purser::bench {
namespace {

constexpr const char* webhook_table = "webhook_inbox";
constexpr const char* order_table = "orders";  // one row a checkout

[[noreturn]] void fail(sqlite3* database, const std::string& sql) { throw std::runtime_error(fmt::format("{}: {}", sqlite3_errmsg(database), sql)); }

std::string text_of(sqlite3_stmt* statement, int column) {
  const void* bytes = sqlite3_column_blob(statement, column);
  return {static_cast<const char*>(bytes == nullptr ? "" : bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

Cell cell_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT:
      return text_of(statement, column);
    case SQLITE_BLOB:
      return Blob{text_of(statement, column)};
    default:
      return nullptr;
  }
}

std::vector<std::string> texts(sqlite3* database, const std::string& sql) {
  std::vector<std::string> all;
  const Statement statement = prepare(database, sql);
  while (sqlite3_step(statement.get()) == SQLITE_ROW) all.push_back(text_of(statement.get(), 0));
  return all;
}

std::int64_t number(sqlite3* database, const std::string& sql) {
  const Statement statement = prepare(database, sql);
  if (sqlite3_step(statement.get()) != SQLITE_ROW) fail(database, sql);
  return sqlite3_column_int64(statement.get(), 0);
}

std::vector<std::string> table_names(sqlite3* database) {
  return texts(database, "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");
}

SampledTable rows_after(sqlite3* database, const std::string& name, std::int64_t skipped) {
  SampledTable table{.name = name, .columns = 0, .rows = {}};
  const Statement statement = prepare(database, fmt::format("select * from {} order by rowid limit -1 offset {}", name, skipped));
  table.columns = sqlite3_column_count(statement.get());
  while (sqlite3_step(statement.get()) == SQLITE_ROW) {
    RowCells& row = table.rows.emplace_back();
    for (int column = 0; column < table.columns; ++column) row.push_back(cell_of(statement.get(), column));
  }
  return table;
}

}  // namespace

Database open_database(const std::filesystem::path& file, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) fail(opened, file.string());
  sqlite3_busy_timeout(opened, 5000);
  return database;
}

Statement prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) fail(database, sql);
  return Statement(prepared);
}

void execute(sqlite3* database, const std::string& sql) {
  if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(database, sql);
}

TableCounts count_rows(const std::filesystem::path& file) {
  const Database database = open_database(file, SQLITE_OPEN_READONLY);
  TableCounts counts;
  for (const std::string& name : table_names(database.get())) counts[name] = number(database.get(), "select count(*) from " + name);
  return counts;
}

Sample sample_rows(const std::filesystem::path& file, const TableCounts& before) {
  const Database database = open_database(file, SQLITE_OPEN_READONLY);
  execute(database.get(), "begin");  // one snapshot of all tables
  Sample sample{
      .page_bytes = number(database.get(), "pragma page_size"),
      .schema = texts(database.get(), "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type desc, rowid"),
      .tables = {}};
  for (const std::string& name : table_names(database.get())) {
    if (name == webhook_table) continue;
    const auto known = before.find(name);
    SampledTable table = rows_after(database.get(), name, known == before.end() ? 0 : known->second);
    if (name == order_table) sample.checkouts = table.rows.size();
    if (!table.rows.empty()) sample.tables.push_back(std::move(table));
  }
  if (sample.checkouts == 0) throw std::runtime_error("the server wrote no order");
  return sample;
}

std::string Sample::description() const {
  std::string text;
  for (const SampledTable& table : tables) text += fmt::format("{}{} {:.3g}", text.empty() ? "" : ", ", table.name, rows_per_checkout(table));
  return text;
}

}  // namespace purser::bench
