// Brings a database to the tables this binary knows: applies the migrations that are missing, in the order given, each with
// its row of schema_migrations in one transaction. A kill between two of them is mended by the next call. Two processes may
// call it at once.
//
// Refused, with nothing changed, where an applied migration has another text here (`migration_changed`) or is not known here,
// as when a newer binary was there before (`migration_unknown`).
#pragma once
#include <vector>

#include "platform/store/sqlite_connection.hpp"

namespace purser::store {

Result<Done> migrate(Connection& connection, const std::vector<Migration>& migrations);

}  // namespace purser::store
