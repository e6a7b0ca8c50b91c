// Stands between a program and its disk, loaded with LD_PRELOAD: a disk that fails is then as near as a variable. The program is
// the shipped one, and everything above the C library's calls is real.
//
//   DISK_SHIM_SYNC_FAILS_AT=n       the n-th fsync or fdatasync of the process is not made and fails with EIO; all others are made.
//   DISK_SHIM_FULL=<suffix>         while the file DISK_SHIM_FULL_WHILE exists, whatever would write to a file whose name ends so
//   DISK_SHIM_FULL_WHILE=<file>     fails with ENOSPC.
//
// What is failed on purpose is told on standard error, one line each: "disk shim: sync 12 fails: purser.db-wal".
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using Path = std::array<char, 4096>;

template <class Function>
Function* real(const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

std::string_view setting(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? "" : text;
}

std::string_view path_of(int descriptor, Path& path) {
  std::array<char, 64> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link.data(), path.data(), path.size());
  return length < 0 ? std::string_view() : std::string_view(path.data(), static_cast<std::size_t>(length));
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

void tell(const char* what, long number, std::string_view path) {
  std::array<char, 512> line{};
  const std::string_view name = name_of(path);
  const int length =
      std::snprintf(line.data(), line.size(), "disk shim: %s %ld fails: %.*s\n", what, number, static_cast<int>(name.size()), name.data());
  [[maybe_unused]] const auto written =
      real<ssize_t(int, const void*, size_t)>("write")(STDERR_FILENO, line.data(), static_cast<std::size_t>(length));
}

bool sync_fails(int descriptor) {
  static std::atomic<long> syncs = 0;
  static const char* const text = std::getenv("DISK_SHIM_SYNC_FAILS_AT");
  static const long fails_at = text == nullptr ? 0 : std::atol(text);
  if (++syncs != fails_at) return false;
  Path path{};
  tell("sync", fails_at, path_of(descriptor, path));
  errno = EIO;
  return true;
}

bool is_full(int descriptor) {
  static const std::string_view suffix = setting("DISK_SHIM_FULL"), flag = setting("DISK_SHIM_FULL_WHILE");
  if (suffix.empty() || flag.empty() || descriptor <= STDERR_FILENO) return false;
  Path path{};
  if (!path_of(descriptor, path).ends_with(suffix) || ::access(flag.data(), F_OK) != 0) return false;
  errno = ENOSPC;
  return true;
}

}  // namespace

// The C library's own names and types: whoever calls them finds these first.
extern "C" {

int fsync(int descriptor) {
  static auto* const make = real<int(int)>("fsync");
  return sync_fails(descriptor) ? -1 : make(descriptor);
}

int fdatasync(int descriptor) {
  static auto* const make = real<int(int)>("fdatasync");
  return sync_fails(descriptor) ? -1 : make(descriptor);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const make = real<ssize_t(int, const void*, size_t)>("write");
  return is_full(descriptor) ? -1 : make(descriptor, bytes, count);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t count, off_t offset) {
  static auto* const make = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return is_full(descriptor) ? -1 : make(descriptor, bytes, count, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t count, off64_t offset) {
  static auto* const make = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return is_full(descriptor) ? -1 : make(descriptor, bytes, count, offset);
}

}  // extern "C"
