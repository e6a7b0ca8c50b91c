#include "app/database.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/shop.hpp"

namespace purser::app {

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
  return store::open_sqlite({.file = data_dir / "purser.db"}, all_migrations());
}

}  // namespace purser::app
