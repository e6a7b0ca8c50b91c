// The rows of a checkout as the server itself wrote them: read from its database, kept in memory for the ceiling to write again.
// Reads only. Failures are thrown as std::runtime_error.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace purser::bench {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

Database open_database(const std::filesystem::path& file, int flags);
Statement prepare(sqlite3* database, const std::string& sql);
void execute(sqlite3* database, const std::string& sql);

struct Blob {
  std::string bytes;
};
using Cell = std::variant<std::nullptr_t, std::int64_t, double, std::string, Blob>;
using RowCells = std::vector<Cell>;

struct SampledTable {
  std::string name;
  int columns = 0;
  std::vector<RowCells> rows;
};

struct Sample {
  std::int64_t page_bytes = 0;
  std::vector<std::string> schema;   // tables, then indexes, as sqlite_master has them
  std::vector<SampledTable> tables;  // only those a checkout writes to
  std::size_t checkouts = 0;

  double rows_per_checkout(const SampledTable& table) const { return static_cast<double>(table.rows.size()) / static_cast<double>(checkouts); }
  std::string description() const;  // "orders 1, order_items 2, …"
};

using TableCounts = std::map<std::string, std::int64_t>;
TableCounts count_rows(const std::filesystem::path& file);
// What was written since `before`, as long as nothing but checkouts was. Rows in the order in which they were written. Rows of
// webhooks are left out: they are the processor's doing, not the checkout's.
Sample sample_rows(const std::filesystem::path& file, const TableCounts& before);

}  // namespace purser::bench
