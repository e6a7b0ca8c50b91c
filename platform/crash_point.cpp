#include "platform/crash_point.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace purser::crash {
namespace {

std::int64_t crash_at() {
  const char* text = std::getenv("PURSER_CRASH_AT");
  const std::string_view digits = text == nullptr ? "" : text;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() && number > 0 ? number : 0;
}

const std::int64_t first_left = crash_at();

}  // namespace

std::atomic<std::int64_t> left = first_left;

// The log writes from a thread of its own, which dies with the process: this line goes to the descriptor itself.
void count_down(const char* name) noexcept {
  if (left.fetch_sub(1, std::memory_order_relaxed) != 1) return;
  std::array<char, 128> line{};
  const auto end = fmt::format_to_n(line.data(), line.size() - 1, "crash point {}: {}\n", first_left, name);
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), static_cast<std::size_t>(end.out - line.data()));
  std::raise(SIGKILL);
}

}  // namespace purser::crash
