// What an operation comes to: a value, or an Error that says who must do what about it.
//
// Three kinds of wrong are kept apart (STYLE.md):
//   refusal  the business or the edge says no; the caller can mend it (every Kind below `unavailable`)
//   fault    the world failed; trying again may help (`unavailable`, `timeout`)
//   bug      the code is wrong; PURSER_ASSERT ends the process, in release builds too (kernel/assert.hpp)
//
// `code` is stable and snake_case: clients switch on it. `detail` is for people and names the remedy.
#pragma once
#include <concepts>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace purser {

enum class Kind : std::uint8_t {
  malformed,         // 400: cannot be read at all
  unauthenticated,   // 401
  forbidden,         // 403: the key's scope does not allow it
  not_found,         // 404: does not exist, or is another merchant's
  wrong_method,      // 405
  too_slow,          // 408: the request did not arrive in time
  conflict,          // 409: not in this state, or still running
  stale,             // 412: If-Match names an older version
  too_large,         // 413
  unsupported,       // 415: content type
  invalid,           // 422: readable, but a field breaks a rule
  rate_limited,      // 429
  header_too_large,  // 431
  internal,          // 500: our mistake
  unavailable,       // 503: a dependency failed; nothing was done
  timeout,           // 504: the caller's deadline passed
};

// One field that broke a rule. `pointer` is an RFC 6901 JSON pointer into the request body ("" for all of it).
struct FieldError {
  std::string pointer{};
  std::string detail{};
  std::string code{};
  bool operator==(const FieldError&) const = default;
};

struct Error {
  Kind kind = Kind::internal;
  std::string code{};
  std::string detail{};
  std::vector<FieldError> fields{};
  std::map<std::string, std::string> metadata{};  // facts a client may want: the state, what is allowed, a limit
  std::optional<int> retry_after_seconds{};

  bool operator==(const Error&) const = default;
  bool is_fault() const { return kind == Kind::unavailable || kind == Kind::timeout || kind == Kind::internal; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : outcome_(std::move(value)) {}                       // NOLINT(google-explicit-constructor)
  Result(Error error) : outcome_(std::unexpected(std::move(error))) {}  // NOLINT(google-explicit-constructor)
  Result(std::unexpected<Error> error) : outcome_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return outcome_.has_value(); }
  bool ok() const { return outcome_.has_value(); }
  T& value() & { return outcome_.value(); }
  const T& value() const& { return outcome_.value(); }
  T&& value() && { return std::move(outcome_).value(); }
  T& operator*() & { return *outcome_; }
  const T& operator*() const& { return *outcome_; }
  T&& operator*() && { return std::move(*outcome_); }
  T* operator->() { return &*outcome_; }
  const T* operator->() const { return &*outcome_; }
  Error& error() & { return outcome_.error(); }
  const Error& error() const& { return outcome_.error(); }
  Error&& error() && { return std::move(outcome_).error(); }

 private:
  std::expected<T, Error> outcome_;
};

// The value of an operation that has none.
struct Done {
  bool operator==(const Done&) const = default;
};

// The field errors of one request as one refusal (422).
inline Error invalid(std::vector<FieldError> fields) {
  std::string detail = fields.empty() ? "The request breaks a rule." : fields.front().detail;
  return Error{.kind = Kind::invalid, .code = "validation_failed", .detail = std::move(detail), .fields = std::move(fields)};
}
inline Error invalid(std::string pointer, std::string code, std::string detail) {
  return invalid(std::vector<FieldError>{{std::move(pointer), std::move(detail), std::move(code)}});
}

}  // namespace purser

#define PURSER_JOIN_(a, b) a##b
#define PURSER_JOIN(a, b) PURSER_JOIN_(a, b)

// TRY(auto x, expression): the value, or return the error from this function. CO_TRY: the same in a coroutine.
#define TRY(declaration, ...)                                                                   \
  auto PURSER_JOIN(try_, __LINE__) = (__VA_ARGS__);                                             \
  if (!PURSER_JOIN(try_, __LINE__).ok()) return std::move(PURSER_JOIN(try_, __LINE__)).error(); \
  declaration = *std::move(PURSER_JOIN(try_, __LINE__))
#define CO_TRY(declaration, ...)                                                                   \
  auto PURSER_JOIN(try_, __LINE__) = (__VA_ARGS__);                                                \
  if (!PURSER_JOIN(try_, __LINE__).ok()) co_return std::move(PURSER_JOIN(try_, __LINE__)).error(); \
  declaration = *std::move(PURSER_JOIN(try_, __LINE__))
// The same where only success matters.
#define TRY_DONE(...)                                         \
  do {                                                        \
    auto try_done_ = (__VA_ARGS__);                           \
    if (!try_done_.ok()) return std::move(try_done_).error(); \
  } while (false)
#define CO_TRY_DONE(...)                                         \
  do {                                                           \
    auto try_done_ = (__VA_ARGS__);                              \
    if (!try_done_.ok()) co_return std::move(try_done_).error(); \
  } while (false)
