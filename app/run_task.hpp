// Runs one task to its end on an executor of its own, for commands that do one thing and exit.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "platform/async.hpp"

namespace purser::app {

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& kept) {
  kept.emplace(co_await std::move(task));
}

template <class T>
T run_task(Task<T> task) {
  boost::asio::io_context io;
  std::optional<T> kept;
  std::exception_ptr thrown;
  boost::asio::co_spawn(io, keep(std::move(task), kept), [&](std::exception_ptr error) { thrown = std::move(error); });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  return std::move(*kept);
}

}  // namespace purser::app
