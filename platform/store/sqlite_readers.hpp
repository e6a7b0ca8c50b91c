// The threads that read, each with a connection of its own. A body sees one snapshot: what was committed when it began.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/store/body.hpp"
#include "platform/store/sqlite_connection.hpp"
#include "platform/store/sqlite_store.hpp"

namespace purser::store {

class Readers {
 public:
  // Throws Trouble where the file cannot be opened.
  Readers(const SqliteOptions& options);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers();  // ends the reads in hand, answers them, runs no other

  void submit(Pending pending);  // any thread

 private:
  void loop(Connection& connection);
  void serve(Connection& connection, Pending pending);

  std::mutex mutex_;  // guards the two below
  std::condition_variable woken_;
  std::deque<Pending> waiting_;
  bool stopping_ = false;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::thread> threads_;
};

}  // namespace purser::store
