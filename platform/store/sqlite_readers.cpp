#include "platform/store/sqlite_readers.hpp"

#include <algorithm>
#include <utility>

namespace purser::store {
namespace {

Outcome read_once(Connection& connection, const Body& body) {
  try {
    connection.begin_snapshot();
  } catch (const Trouble& trouble) {
    return failed_with(trouble);
  }
  Outcome outcome = run_once(body, connection);
  connection.rollback();
  return outcome;
}

}  // namespace

// All connections first: no thread runs yet where one of them cannot be opened.
Readers::Readers(const SqliteOptions& options) {
  for (int made = 0; made < std::max(1, options.readers); ++made) {
    connections_.push_back(std::make_unique<Connection>(options.file, Connection::Mode::read_only, options.busy_ms));
  }
  for (const auto& connection : connections_) threads_.emplace_back([this, opened = connection.get()] { loop(*opened); });
}

Readers::~Readers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Readers::submit(Pending pending) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(pending));
  }
  woken_.notify_one();
}

void Readers::loop(Connection& connection) {
  std::unique_lock lock(mutex_);
  while (true) {
    woken_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Pending pending = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    serve(connection, std::move(pending));
    lock.lock();
  }
}

void Readers::serve(Connection& connection, Pending pending) {
  Outcome outcome = read_once(connection, pending.body);
  for (int runs = 1; outcome.ending == Ending::again && runs < runs_max; ++runs) outcome = read_once(connection, pending.body);
  pending.complete(std::move(outcome.error));
}

}  // namespace purser::store
