#include "platform/log.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "kernel/card_number.hpp"
#include "platform/clock.hpp"
#include "platform/json/json_writer.hpp"
#include "platform/metrics.hpp"

namespace purser::log {
namespace {

constexpr std::size_t waiting_bytes_max = 4 << 20;
constexpr auto flush_patience = std::chrono::seconds(5);
constexpr std::string_view refused = "[refused]";

std::atomic<Level> threshold{Level::info};
thread_local Capture* capture = nullptr;

std::string_view level_text(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

struct ValueWriter {
  JsonWriter& json;
  void operator()(const std::string& text) const { json.string(contains_card_number(text) ? refused : std::string_view(text)); }
  void operator()(bool flag) const { json.boolean(flag); }
  // A number is scanned as the text it becomes: a card number held as an integer is a card number.
  void operator()(std::int64_t number) const {
    if (contains_card_number(std::to_string(number))) {
      json.string(refused);
    } else {
      json.integer(number);
    }
  }
};

std::string line_of(Level level, std::string_view message, Fields fields) {
  std::string line;
  line.reserve(256);
  JsonWriter json(line);
  json.begin_object().key("time").string(rfc3339(system_clock().now())).key("level").string(level_text(level));
  json.key("msg").string(contains_card_number(message) ? refused : message);
  for (const Field& field : fields) {
    json.key(field.name);
    std::visit(ValueWriter{json}, field.value);
  }
  json.end_object();
  return line;
}

// Puts all of it on standard error, waiting as long as that takes; false where nobody reads it any more.
bool put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd writable{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Lines wait in one buffer of bounded size; a thread of its own writes them out, so that a stopped reader of standard error
// stops nobody else.
class Sink {
 public:
  Sink() {
    // Signals are for the main thread; here a broken pipe must come as an error, not as a signal.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { run(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > waiting_bytes_max) return drop(1);
    waiting_ += line;
    ++lines_added_;
    if (idle_) wake_.notify_one();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t last = lines_added_;
    written_.wait_for(lock, flush_patience, [&] { return lines_written_ >= last; });
  }

  void drop(std::int64_t lines) {
    dropped_untold_.fetch_add(lines, std::memory_order_relaxed);
    dropped_total_.add(static_cast<double>(lines));
  }

 private:
  void run() {
    std::string lines;
    for (;;) {
      lines.clear();
      std::uint64_t last = 0;
      {
        std::unique_lock lock(mutex_);
        idle_ = true;
        wake_.wait(lock, [&] { return !waiting_.empty(); });
        idle_ = false;
        lines.swap(waiting_);
        last = lines_added_;
      }
      if (const std::int64_t dropped = dropped_untold_.exchange(0); dropped > 0)
        lines += line_of(Level::warn, "log lines were dropped", {{"dropped", dropped}}) + "\n";
      if (!put(lines)) drop(std::count(lines.begin(), lines.end(), '\n'));
      const std::lock_guard lock(mutex_);
      lines_written_ = last;
      written_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, written_;
  std::string waiting_;
  std::uint64_t lines_added_ = 0, lines_written_ = 0;
  bool idle_ = false;
  std::atomic<std::int64_t> dropped_untold_{0};
  metrics::Counter& dropped_total_ = metrics::counter("purser_log_lines_dropped_total", "Log lines that were not written.");
};

// Never destroyed: its thread lives as long as the process, and other static objects may log until the very end.
Sink& sink() {
  static auto* made = [] {
    auto* fresh = new Sink;
    std::atexit([] { flush(); });
    return fresh;
  }();
  return *made;
}

}  // namespace

void set_level(Level level) { threshold.store(level, std::memory_order_relaxed); }
bool enabled(Level level) { return level >= (capture ? capture->level_ : threshold.load(std::memory_order_relaxed)); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  try {
    const std::string line = line_of(level, message, fields);
    if (capture) return capture->take_(level, line);
    sink().add(line + "\n");
  } catch (...) {  // out of memory: a log line is the last thing to end the process for
    return;
  }
}

void flush() { sink().flush(); }

Capture::Capture(Level level, Take take) : level_(level), take_(std::move(take)), outer_(std::exchange(capture, this)) {}
Capture::~Capture() { capture = outer_; }

}  // namespace purser::log
