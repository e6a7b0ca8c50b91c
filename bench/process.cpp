#include "bench/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace purser::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::filesystem::path with_suffix(std::filesystem::path file, const char* suffix) { return file += suffix; }

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("PURSER_")) all.emplace_back(*entry);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, const std::filesystem::path& log)
    : log_(log), begun_(SteadyClock::now()) {
  auto words = arguments, settings = environment_with(environment);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int fresh = O_CREAT | O_TRUNC | O_WRONLY | O_APPEND;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, with_suffix(log, ".out").c_str(), fresh, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, with_suffix(log, ".err").c_str(), fresh, 0600);
  begun_ = SteadyClock::now();
  const int error = posix_spawn(&id_, words.front().c_str(), &files, nullptr, pointers(words).data(), pointers(settings).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error(fmt::format("cannot run {}: {}", words.front(), std::strerror(error)));
}

Process::~Process() { stop(); }

bool Process::is_running() {
  if (id_ <= 0) return false;
  if (::waitpid(id_, &status_, WNOHANG) == 0) return true;
  id_ = -1;
  return false;
}

std::string Process::wait_for_output(const std::string& text, std::chrono::seconds patience) {
  const auto until = SteadyClock::now() + patience;
  for (;;) {
    const bool running = is_running();
    const std::string output = read_file(with_suffix(log_, ".out"));
    if (const auto at = output.find(text); at != std::string::npos) {
      const auto begin = at + text.size();
      if (const auto end = output.find('\n', begin); end != std::string::npos) return output.substr(begin, end - begin);
    }
    if (!running) throw std::runtime_error("the server ended at once: " + complaints());
    if (SteadyClock::now() > until) throw std::runtime_error("the server never said \"" + text + "\": " + complaints());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The command's name stands in brackets and may hold anything; what follows is counted from behind it (proc(5)).
double Process::cpu_seconds() const {
  const std::string stat = read_file(fmt::format("/proc/{}/stat", id_));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) throw std::runtime_error("the server ended while it was measured: " + complaints());
  std::istringstream fields(stat.substr(name_end + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::int64_t Process::resident_bytes() const {
  std::istringstream status(read_file(fmt::format("/proc/{}/status", id_)));
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::int64_t kib = 0;
    status >> kib;
    return kib * 1024;
  }
  throw std::runtime_error("the server ended while it was measured: " + complaints());
}

std::string Process::ending() {
  if (is_running()) return "running";
  if (WIFSIGNALED(status_)) return fmt::format("signal {} ({})", WTERMSIG(status_), ::strsignal(WTERMSIG(status_)));
  return fmt::format("exit {}", WEXITSTATUS(status_));
}

std::string Process::complaints() const {
  const std::string text = read_file(with_suffix(log_, ".err"));
  return text.substr(text.size() > 800 ? text.size() - 800 : 0);
}

void Process::stop() {
  if (!is_running()) return;
  ::kill(id_, SIGTERM);
  const auto until = SteadyClock::now() + std::chrono::seconds(30);
  while (is_running()) {
    if (SteadyClock::now() > until) ::kill(id_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace purser::bench
