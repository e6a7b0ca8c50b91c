// A moment in UTC, to the millisecond, and its RFC 3339 text. Pure: the time itself comes from platform/clock.hpp.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser {

struct Instant {
  std::int64_t unix_ms = 0;
  auto operator<=>(const Instant&) const = default;
};

struct Duration {
  std::int64_t ms = 0;
  auto operator<=>(const Duration&) const = default;
};

constexpr Duration milliseconds(std::int64_t count) { return {count}; }
constexpr Duration seconds(std::int64_t count) { return {count * 1000}; }
constexpr Duration minutes(std::int64_t count) { return {count * 60'000}; }
constexpr Duration hours(std::int64_t count) { return {count * 3'600'000}; }

constexpr Instant operator+(Instant at, Duration length) { return {at.unix_ms + length.ms}; }
constexpr Instant operator-(Instant at, Duration length) { return {at.unix_ms - length.ms}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
constexpr Duration operator-(Instant later, Instant earlier) { return {later.unix_ms - earlier.unix_ms}; }

// "2026-11-21T10:24:35.123Z". Years 0000 to 9999.
std::string rfc3339(Instant at);
// Reads RFC 3339 with any offset and any fraction (kept to milliseconds); nothing if it is not one.
std::optional<Instant> parse_rfc3339(std::string_view text);

}  // namespace purser
