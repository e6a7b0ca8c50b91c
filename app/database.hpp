// The embedded database of this process, and where it lies.
#pragma once
#include <filesystem>
#include <memory>

#include "platform/store/sqlite_store.hpp"

namespace purser::app {

// One server at a time serves a data folder: a second one would take the first one's open attempts for abandoned. Held as long as it
// lives, and let go by the system however the process ends.
class DataLock {
 public:
  static Result<std::unique_ptr<DataLock>> take(const std::filesystem::path& data_dir);
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;
  ~DataLock();

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_;
};

// Made where it is absent.
Result<std::shared_ptr<store::SqliteStore>> open_database(const std::filesystem::path& data_dir);
// For whoever only looks or takes away: a folder without a database is an error that names it, and stays as it is.
Result<std::shared_ptr<store::SqliteStore>> open_existing_database(const std::filesystem::path& data_dir);
bool has_database(const std::filesystem::path& data_dir);
// Makes the folder with mode 0700 where it is absent.
Result<Done> make_data_dir(const std::filesystem::path& data_dir);

}  // namespace purser::app
