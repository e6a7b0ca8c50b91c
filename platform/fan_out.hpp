// Runs `each(item)` for all items, at most `limit` at a time, and ends when the last one has. Failures are `each`'s own business:
// it must not throw.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "platform/async.hpp"

namespace purser {

namespace fan_out_detail {
template <class Item>
struct Work {
  std::vector<Item> items;
  std::function<Task<void>(Item)> each;
  std::size_t next = 0;
  std::size_t workers = 0;
  boost::asio::steady_timer all_done;
};

template <class Item>
Task<void> work_through(std::shared_ptr<Work<Item>> work) {
  while (work->next < work->items.size()) {
    Item item = std::move(work->items[work->next++]);
    co_await work->each(std::move(item));
  }
  if (--work->workers == 0) work->all_done.cancel();
}
}  // namespace fan_out_detail

template <class Item>
Task<void> for_each_concurrently(std::vector<Item> items, std::size_t limit, std::function<Task<void>(Item)> each) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto work = std::make_shared<fan_out_detail::Work<Item>>(fan_out_detail::Work<Item>{
      std::move(items), std::move(each), 0, 0, boost::asio::steady_timer(executor, boost::asio::steady_timer::time_point::max())});
  work->workers = std::min(limit, work->items.size());
  if (work->workers == 0) co_return;
  for (std::size_t i = 0, count = work->workers; i < count; ++i)
    boost::asio::co_spawn(executor, fan_out_detail::work_through<Item>(work), boost::asio::detached);
  boost::system::error_code cancelled;
  co_await work->all_done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
}

}  // namespace purser
