// The store port: transactions over SQL in the subset that SQLite 3.40 and PostgreSQL 15 both take ($1 placeholders).
//
//   auto order = co_await store.transact([&](Tx& tx) -> Result<Order> { … });
//
// A transaction body is a plain function. It may not await, so it can never call the world while it holds the database;
// it may run again (a busy engine, a serialization failure), so nothing may escape it but its result. An Error result
// rolls everything back. Engine trouble inside a body is thrown as store::Trouble, which transact() catches and turns into
// a 503 `store_unavailable`; bodies let it pass.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernel/result.hpp"
#include "kernel/time.hpp"
#include "platform/async.hpp"

namespace purser::store {

// One bound value. Text and blobs are views: they must outlive the call they are passed to.
struct Value {
  enum class Type : std::uint8_t { null, integer, text, blob };
  Type type = Type::null;
  std::int64_t integer = 0;
  std::string_view bytes{};

  Value() = default;
  Value(std::nullopt_t) {}  // NOLINT(google-explicit-constructor)
  template <std::integral I>
  Value(I value) : type(Type::integer), integer(static_cast<std::int64_t>(value)) {}  // NOLINT(google-explicit-constructor)
  Value(std::string_view text) : type(Type::text), bytes(text) {}                     // NOLINT(google-explicit-constructor)
  Value(const std::string& text) : type(Type::text), bytes(text) {}                   // NOLINT(google-explicit-constructor)
  Value(const char* text) : type(Type::text), bytes(text) {}                          // NOLINT(google-explicit-constructor)
  Value(Instant at) : type(Type::integer), integer(at.unix_ms) {}                     // NOLINT(google-explicit-constructor)
  template <class T>
  Value(const std::optional<T>& maybe) : Value(maybe ? Value(*maybe) : Value()) {}  // NOLINT(google-explicit-constructor)
  static Value blob(std::string_view bytes) {
    Value value;
    value.type = Type::blob, value.bytes = bytes;
    return value;
  }
};

// One row of an answer, valid only inside the callback it is handed to. Columns count from 0; a null reads as 0 or "".
class Row {
 public:
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;  // blobs too
  std::optional<std::int64_t> maybe_integer(int column) const { return is_null(column) ? std::nullopt : std::optional(integer(column)); }
  std::optional<std::string> maybe_text(int column) const { return is_null(column) ? std::nullopt : std::optional(std::string(text(column))); }
  Instant instant(int column) const { return {integer(column)}; }
  std::optional<Instant> maybe_instant(int column) const { return is_null(column) ? std::nullopt : std::optional(instant(column)); }

 protected:
  ~Row() = default;
};

class Trouble : public std::runtime_error {
 public:
  enum class Cause : std::uint8_t {
    busy,        // try the body again
    full,        // no room on the disk
    io,          // the disk failed
    constraint,  // a guard in the database refused: a bug in the rules above it, or a race they lost
    other
  };
  Trouble(Cause cause, const std::string& what) : std::runtime_error(what), cause(cause) {}
  Cause cause;
};

class Tx {
 public:
  // Runs a statement that answers no rows; says how many rows it changed.
  template <class... Args>
  std::int64_t exec(std::string_view sql, const Args&... args) {
    const Value values[] = {Value(args)..., Value()};
    return run(sql, {values, sizeof...(Args)}, [](const Row&) {});
  }
  // Calls `each(row)` for every row of the answer.
  template <class Each, class... Args>
  void query(std::string_view sql, Each&& each, const Args&... args) {
    const Value values[] = {Value(args)..., Value()};
    run(sql, {values, sizeof...(Args)}, std::forward<Each>(each));
  }
  // What `read(row)` makes of the first row, or nothing.
  template <class Read, class... Args>
  auto first(std::string_view sql, Read&& read, const Args&... args) -> std::optional<std::invoke_result_t<Read, const Row&>> {
    std::optional<std::invoke_result_t<Read, const Row&>> found;
    query(
        sql,
        [&](const Row& row) {
          if (!found) found.emplace(read(row));
        },
        args...);
    return found;
  }
  // For statements whose number of values is known only at run time (filters of a list).
  virtual std::int64_t run(std::string_view sql, std::span<const Value> values, const std::function<void(const Row&)>& each) = 0;

 protected:
  ~Tx() = default;
};

template <class Body>
using BodyResult = std::invoke_result_t<Body&, Tx&>;

class Store {
 public:
  virtual ~Store() = default;

  // Commits what the body did, and only then gives its result; gives its Error, or the store's, with nothing done.
  template <class Body>
  Task<BodyResult<Body>> transact(Body body) {
    co_return co_await settle<BodyResult<Body>>(true, body);
  }
  // Reads one snapshot. The body may not write.
  template <class Body>
  Task<BodyResult<Body>> read(Body body) {
    co_return co_await settle<BodyResult<Body>>(false, body);
  }

 protected:
  // Runs the body (true: keep its work; false: roll it back, which is no trouble) and says what trouble the engine had.
  using Step = std::function<bool(Tx&)>;
  virtual Task<std::optional<Error>> run(bool writes, Step step) = 0;

 private:
  template <class R, class Body>
  Task<R> settle(bool writes, Body& body) {
    static_assert(!std::is_same_v<R, void>, "a transaction body gives a Result");
    static_assert(
        requires(R result) {
          result.error();
          result.ok();
        }, "a transaction body gives a Result; it may not be a coroutine");
    std::optional<R> result;
    auto trouble = co_await run(writes, [&](Tx& tx) {
      result.emplace(body(tx));
      return result->ok();
    });
    if (trouble) co_return R(std::move(*trouble));
    co_return std::move(*result);
  }
};

// A context's tables, in steps that are never edited once released. `name` is NNNN_what, unique within `owner`.
struct Migration {
  std::string owner;
  std::string name;
  std::string sql;  // statements separated by ";", applied in one transaction
};

}  // namespace purser::store
