// Runs a task to its end, whoever waits for it: within() comes back once the task has ended, or after `length`, and then the task goes on.
// What the task refers to must outlive it. It must not throw.
#pragma once
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "platform/async.hpp"
#include "platform/clock.hpp"

namespace purser {

namespace within_detail {
// Both who runs and who waits are on one strand, so that neither needs a lock.
struct Running {
  explicit Running(const boost::asio::any_io_executor& strand) : done(strand, boost::asio::steady_timer::time_point::max()) {}
  boost::asio::steady_timer done;  // never runs out; brought forward at the end
  bool ended = false;
};
inline Task<void> run(std::shared_ptr<Running> running, Task<void> task) {
  co_await std::move(task);
  running->ended = true;
  running->done.expires_at(boost::asio::steady_timer::time_point::min());
}
inline Task<void> wait(std::shared_ptr<Running> running, Clock* clock, Duration length) {
  using namespace boost::asio::experimental::awaitable_operators;
  if (!running->ended) co_await (running->done.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable)) || clock->sleep(length));
}
}  // namespace within_detail

inline Task<void> within(Clock& clock, Duration length, Task<void> task) {
  namespace asio = boost::asio;
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  auto running = std::make_shared<within_detail::Running>(strand);
  asio::co_spawn(strand, within_detail::run(running, std::move(task)), asio::detached);
  co_await asio::co_spawn(strand, within_detail::wait(running, &clock, length), asio::use_awaitable);
}

}  // namespace purser
