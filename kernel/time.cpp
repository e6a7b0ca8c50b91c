#include "kernel/time.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace purser {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

// Reads exactly `digits` decimal digits at `at`; -1 if they are not all digits.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

struct Offset {
  std::int64_t ms;
};

std::optional<Offset> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return Offset{0};
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hour = digits_at(text, 1, 2), minute = digits_at(text, 4, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  const std::int64_t ms = (hour * 60 + minute) * 60'000LL;
  return Offset{text[0] == '+' ? ms : -ms};
}

}  // namespace

std::string rfc3339(Instant at) {
  std::int64_t day = at.unix_ms / day_ms, rest = at.unix_ms % day_ms;
  if (rest < 0) rest += day_ms, --day;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::array<char, 40> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()), unsigned(date.month()),
                                   unsigned(date.day()), int(rest / 3'600'000), int(rest / 60'000 % 60), int(rest / 1000 % 60), int(rest % 1000));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const int year = digits_at(text, 0, 4), month = digits_at(text, 5, 2), day = digits_at(text, 8, 2);
  const int hour = digits_at(text, 11, 2), minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{unsigned(month)}, std::chrono::day{unsigned(day)}};
  if (!date.ok()) return std::nullopt;

  std::size_t at = 19;
  int fraction_ms = 0;
  if (text[at] == '.') {
    int scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) fraction_ms += (text[at] - '0') * scale;
    if (at == 20) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(at));
  if (!offset) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return Instant{days * day_ms + ((hour * 60LL + minute) * 60 + second) * 1000 + fraction_ms - offset->ms};
}

}  // namespace purser
