#include "platform/store/migrate.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <map>
#include <utility>

#include "kernel/assert.hpp"
#include "platform/crash_point.hpp"
#include "platform/log.hpp"
#include "platform/store/body.hpp"

namespace purser::store {
namespace {

using Name = std::pair<std::string, std::string>;  // owner, name
using Applied = std::map<Name, std::string>;       // its digest

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  PURSER_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  std::string hex;
  for (unsigned at = 0; at < size; ++at) hex += fmt::format("{:02x}", digest[at]);
  return hex;
}

Applied load_applied(Connection& connection) {
  connection.script(
      "create table if not exists schema_migrations ("
      "owner text not null, name text not null, digest text not null, applied_at integer not null, primary key (owner, name))");
  Applied applied;
  connection.query("select owner, name, digest from schema_migrations order by owner, name",
                   [&](const Row& row) { applied[{std::string(row.text(0)), std::string(row.text(1))}] = row.text(2); });
  return applied;
}

Error changed(const Migration& migration) {
  return {
      .kind = Kind::conflict,
      .code = "migration_changed",
      .detail = fmt::format("Migration {}/{} was applied to this database with another text. Run the binary that applied it, or restore its text.",
                            migration.owner, migration.name)};
}

Result<Done> check_known(const Applied& applied, const std::vector<Migration>& migrations) {
  Applied unknown = applied;
  for (const Migration& migration : migrations) {
    const auto row = unknown.find({migration.owner, migration.name});
    if (row == unknown.end()) continue;
    if (row->second != sha256(migration.sql)) return changed(migration);
    unknown.erase(row);
  }
  if (unknown.empty()) return Done{};
  const Name& name = unknown.begin()->first;
  return Error{
      .kind = Kind::conflict,
      .code = "migration_unknown",
      .detail = fmt::format("Migration {}/{} was applied to this database but is not known here: a newer binary was used on it. Run that one.",
                            name.first, name.second)};
}

// Asks again inside the transaction: another process may have been quicker.
Result<Done> apply(Connection& connection, const Migration& migration) {
  const std::string digest = sha256(migration.sql);
  connection.begin_immediate();
  const auto there = connection.first(
      "select digest from schema_migrations where owner = $1 and name = $2", [](const Row& row) { return std::string(row.text(0)); }, migration.owner,
      migration.name);
  if (there) {
    connection.rollback();
    if (*there != digest) return changed(migration);
    return Done{};
  }
  connection.script(migration.sql);
  connection.exec("insert into schema_migrations (owner, name, digest, applied_at) values ($1, $2, $3, unixepoch() * 1000)", migration.owner,
                  migration.name, digest);
  pass_crash_point("before migration commit");
  connection.commit();
  pass_crash_point("after migration commit");
  log::info("migration applied", {{"owner", migration.owner}, {"name", migration.name}});
  return Done{};
}

Result<Done> apply_or_undo(Connection& connection, const Migration& migration) {
  try {
    return apply(connection, migration);
  } catch (const Trouble& trouble) {
    connection.rollback();
    Error error = to_error(trouble);
    if (error.kind == Kind::unavailable) return error;
    return Error{.kind = Kind::internal,
                 .code = "migration_failed",
                 .detail = fmt::format("Migration {}/{} failed and was undone: {}", migration.owner, migration.name, trouble.what())};
  }
}

}  // namespace

Result<Done> migrate(Connection& connection, const std::vector<Migration>& migrations) {
  const Applied applied = load_applied(connection);
  TRY_DONE(check_known(applied, migrations));
  for (const Migration& migration : migrations) {
    if (applied.contains({migration.owner, migration.name})) continue;
    TRY_DONE(apply_or_undo(connection, migration));
  }
  return Done{};
}

}  // namespace purser::store
