// A child process and what the kernel says of it. Its two outputs go to files, so that reading them costs the measured time nothing.
// Ends the child when it ends: politely first, then by force. Failures are thrown as std::runtime_error with words for people.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace purser::bench {

class Process {
 public:
  // Runs with our environment less every PURSER_… of it, and with `environment` ("NAME=value"). Output: <log>.out and <log>.err.
  Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, const std::filesystem::path& log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t id() const { return id_; }
  std::chrono::steady_clock::time_point begun() const { return begun_; }
  // Waits until it has printed `text` and a line end after it; the rest of that line. Throws, with what it said, if it ends before.
  std::string wait_for_output(const std::string& text, std::chrono::seconds patience);
  bool is_running();
  double cpu_seconds() const;           // user and system, all threads
  std::int64_t resident_bytes() const;  // VmRSS
  std::string ending();                 // "running", or how it ended: "exit 1", "signal 11 (Segmentation fault)"
  std::string complaints() const;       // the end of its error output
  void stop();

 private:
  std::filesystem::path log_;
  std::chrono::steady_clock::time_point begun_;
  pid_t id_ = -1;
  int status_ = 0;  // of waitpid, once it has ended
};

double own_cpu_seconds();

}  // namespace purser::bench
