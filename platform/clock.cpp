#include "platform/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace purser {
namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::floor<std::chrono::milliseconds>(since_epoch).count()};
  }

  // Measured by the steady clock: setting the machine's time neither shortens nor stretches a sleep.
  Task<void> sleep(Duration length) override {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(std::chrono::milliseconds(length.ms));
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace purser
