// The embedded database of this process: where it lies, and every table there is.
#pragma once
#include <filesystem>
#include <memory>

#include "platform/store/sqlite_store.hpp"

namespace purser::app {

std::vector<store::Migration> all_migrations();
Result<std::shared_ptr<store::SqliteStore>> open_database(const std::filesystem::path& data_dir);
// Makes the folder with mode 0700 where it is absent.
Result<Done> make_data_dir(const std::filesystem::path& data_dir);

}  // namespace purser::app
