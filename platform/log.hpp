// Structured logs: one JSON object a line on standard error: {"time":…,"level":…,"msg":…, fields…}. Never a secret, never a
// card number: every value is scanned, and one that holds a card number is written as "[refused]" (kernel/card_number.hpp).
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace purser::log {

enum class Level : std::uint8_t { debug, info, warn, error };

struct Field {
  std::string_view name;  // snake_case; literals
  std::variant<std::string, std::int64_t, bool> value;
  Field(std::string_view name, std::string_view text) : name(name), value(std::string(text)) {}
  Field(std::string_view name, const char* text) : name(name), value(std::string(text)) {}
  Field(std::string_view name, const std::string& text) : name(name), value(text) {}
  Field(std::string_view name, bool flag) : name(name), value(flag) {}
  template <std::integral I>
    requires(!std::same_as<I, bool>)
  Field(std::string_view name, I number) : name(name), value(static_cast<std::int64_t>(number)) {}
};
using Fields = std::initializer_list<Field>;

void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);  // any thread; never throws; drops rather than blocks

inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

void flush();

// While one lives, what its thread logs from `level` on goes to `take`, a line each without its end, and nowhere else.
class Capture {
 public:
  using Take = std::function<void(Level level, std::string_view line)>;
  Capture(Level level, Take take);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

 private:
  friend void write(Level level, std::string_view message, Fields fields);
  friend bool enabled(Level level);
  Level level_;
  Take take_;
  Capture* outer_;
};

}  // namespace purser::log
