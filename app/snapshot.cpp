#include "app/snapshot.hpp"

#include <filesystem>

#include "app/shop.hpp"
#include "platform/store/sqlite_connection.hpp"
#include "verify/verify.hpp"

namespace purser::app {
namespace {

constexpr int busy_ms = 10'000;

Error cannot(std::string code, std::string detail) { return {.kind = Kind::unavailable, .code = std::move(code), .detail = std::move(detail)}; }

// The tables must be those that the checks know: a database of another version is not judged.
Result<Done> must_be_of_this_version(store::Tx& tx) {
  auto unknown = verify::migrations_of(tx);
  std::string missing;
  for (const store::Migration& migration : all_migrations())
    if (unknown.erase({migration.owner, migration.name}) == 0) missing = migration.owner + "/" + migration.name;
  if (!unknown.empty()) {
    const auto& [owner, name] = *unknown.begin();
    return cannot("migration_unknown",
                  "The database has the migration " + owner + "/" + name + ", which is not known here: run the newer binary that applied it.");
  }
  if (!missing.empty())
    return cannot("migration_missing", "The database lacks the migration " + missing +
                                           ": an older binary made it. Start the server once, or run the binary that made it.");
  return Done{};
}

}  // namespace

Result<Done> in_snapshot(const std::string& data_dir, const std::function<void(store::Tx&)>& look) {
  const auto file = std::filesystem::path(data_dir) / "purser.db";
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return cannot("no_database", "There is no database at " + file.string() + ". Name the server's data folder with --data-dir.");
  try {
    store::Connection connection(file, store::Connection::Mode::read_only, busy_ms);
    connection.begin_snapshot();
    Result<Done> done = must_be_of_this_version(connection);
    if (done.ok()) look(connection);
    connection.rollback();
    return done;
  } catch (const store::Trouble& trouble) {
    return cannot("database_unreadable", std::string("The database cannot be read: ") + trouble.what());
  }
}

}  // namespace purser::app
