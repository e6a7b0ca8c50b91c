#include "platform/store/sqlite_store.hpp"

#include <fmt/format.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <future>
#include <utility>

#include "platform/store/body.hpp"
#include "platform/store/migrate.hpp"
#include "platform/store/sqlite_connection.hpp"
#include "platform/store/sqlite_readers.hpp"
#include "platform/store/sqlite_writer.hpp"

namespace purser::store {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds check_max{3};

// Answers on the executor of the coroutine that waits, and keeps that executor at work until then.
template <class Handler>
Completion completion_of(Handler handler) {
  auto work = asio::make_work_guard(handler);
  return [handler = std::move(handler), work = std::move(work)](std::optional<Error> error) mutable {
    asio::post(work.get_executor(), [handler = std::move(handler), error = std::move(error)]() mutable { std::move(handler)(std::move(error)); });
  };
}

class OpenStore final : public SqliteStore {
 public:
  OpenStore(const SqliteOptions& options, std::unique_ptr<Connection> writing) : writer_(std::move(writing), options), readers_(options) {}

  SqliteStats stats() const override { return writer_.stats(); }
  Result<Done> check() override;

 protected:
  Task<std::optional<Error>> run(bool writes, Step step) override {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(std::optional<Error>)>(
        [this, writes](auto handler, Step body) { submit(writes, {std::move(body), completion_of(std::move(handler))}); }, asio::use_awaitable,
        std::move(step));
  }

 private:
  void submit(bool writes, Pending pending) { writes ? writer_.submit(std::move(pending)) : readers_.submit(std::move(pending)); }

  // The writer's connection is open before the readers' and closed after them: the last one to close empties the log.
  Writer writer_;
  Readers readers_;
};

Result<Done> OpenStore::check() {
  std::promise<std::optional<Error>> written;
  auto answer = written.get_future();
  const auto probe = [](Tx& tx) {
    return tx.exec("insert into store_probe (id, writes) values (1, 1) on conflict (id) do update set writes = store_probe.writes + 1") == 1;
  };
  writer_.submit({probe, [written = std::move(written)](std::optional<Error> error) mutable { written.set_value(std::move(error)); }});
  if (answer.wait_for(check_max) != std::future_status::ready) {
    return Error{.kind = Kind::unavailable,
                 .code = "store_unavailable",
                 .detail = fmt::format("A write to the database took longer than {} s: look at the disk's load.", check_max.count()),
                 .retry_after_seconds = 1};
  }
  if (std::optional<Error> trouble = answer.get()) return *std::move(trouble);
  return Done{};
}

std::unique_ptr<Connection> open_for_writing(const SqliteOptions& options) {
  auto connection = std::make_unique<Connection>(options.file, Connection::Mode::read_write, options.busy_ms);
  if (options.pages_max > 0) connection->script(fmt::format("pragma max_page_count = {}", options.pages_max));
  connection->script("create table if not exists store_probe (id integer primary key, writes integer not null)");
  return connection;
}

}  // namespace

Result<std::shared_ptr<SqliteStore>> open_sqlite(SqliteOptions options, const std::vector<Migration>& migrations) {
  try {
    auto connection = open_for_writing(options);
    TRY_DONE(migrate(*connection, migrations));
    return std::shared_ptr<SqliteStore>(std::make_shared<OpenStore>(options, std::move(connection)));
  } catch (const Trouble& trouble) {
    Error error = to_error(trouble);
    error.detail = fmt::format("The database cannot be opened: {}", trouble.what());
    return error;
  }
}

}  // namespace purser::store
