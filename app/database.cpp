#include "app/database.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/shop.hpp"

namespace purser::app {
namespace {

std::filesystem::path file_in(const std::filesystem::path& data_dir) { return data_dir / "purser.db"; }

}  // namespace

Result<std::unique_ptr<DataLock>> DataLock::take(const std::filesystem::path& data_dir) {
  TRY_DONE(make_data_dir(data_dir));
  const auto file = data_dir / "serve.lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return std::unique_ptr<DataLock>(new DataLock(fd));
  if (fd >= 0) ::close(fd);
  return Error{.kind = Kind::unavailable,
               .code = "data_dir_in_use",
               .detail = "The data folder " + data_dir.string() + " is in use by another server. Stop it, or choose another with --data-dir."};
}

DataLock::~DataLock() { ::close(fd_); }

Result<Done> make_data_dir(const std::filesystem::path& data_dir) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(data_dir, error);
  if (error) return Error{.kind = Kind::unavailable, .code = "data_dir", .detail = "Cannot make " + data_dir.string() + ": " + error.message() + "."};
  if (fresh) ::chmod(data_dir.c_str(), S_IRWXU);
  return Done{};
}

Result<std::shared_ptr<store::SqliteStore>> open_database(const std::filesystem::path& data_dir) {
  TRY_DONE(make_data_dir(data_dir));
  return store::open_sqlite({.file = file_in(data_dir)}, all_migrations());
}

Result<std::shared_ptr<store::SqliteStore>> open_existing_database(const std::filesystem::path& data_dir) {
  if (has_database(data_dir)) return open_database(data_dir);
  return Error{
      .kind = Kind::not_found,
      .code = "no_database",
      .detail = "There is no database at " + file_in(data_dir).string() + ". Name the server's data folder with --data-dir or PURSER_DATA_DIR."};
}

bool has_database(const std::filesystem::path& data_dir) {
  std::error_code unreadable;
  return std::filesystem::exists(file_in(data_dir), unreadable);
}

}  // namespace purser::app
