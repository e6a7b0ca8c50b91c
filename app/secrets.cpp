#include "app/secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace purser::app {

std::string read_secret(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  std::getline(in, text);
  return text;
}

Result<Done> write_secret(const std::filesystem::path& file, const std::string& text) {
  const auto failed = [&]() -> Error {
    return {.kind = Kind::unavailable, .code = "secret_file", .detail = "Cannot write " + file.string() + ": " + std::strerror(errno) + "."};
  };
  const std::string line = text + "\n";
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return failed();
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written) return failed();
  return Done{};
}

Result<std::string> secret_from(const std::filesystem::path& file, std::size_t bytes, Random& random) {
  std::string text = read_secret(file);
  if (text.size() >= bytes) return text;
  if (!text.empty())
    return Error{.kind = Kind::unavailable,
                 .code = "secret_file",
                 .detail = file.string() + " has " + std::to_string(text.size()) + " characters; a secret has at least " + std::to_string(bytes) +
                           ". Restore it, or take it away to have a new one made: keys made under the old one are then unknown."};
  text = make_secret(bytes, random);
  TRY_DONE(write_secret(file, text));
  return text;
}

}  // namespace purser::app
