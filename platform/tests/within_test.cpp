#include "platform/within.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>

namespace purser {
namespace {

// Sleeps end when the test says so.
class HandClock final : public Clock {
 public:
  explicit HandClock(boost::asio::io_context& io) : timer_(io, boost::asio::steady_timer::time_point::max()) {}
  Instant now() const override { return {0}; }
  Task<void> sleep(Duration) override {
    boost::system::error_code ended;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
  }
  void strike() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

class WithinTest : public testing::Test {
 protected:
  Task<void> work() {
    boost::system::error_code ended;
    co_await release_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    done_ = true;
  }
  Task<void> wait() {
    co_await within(clock_, seconds(1), work());
    back_ = true;
  }
  void begin() {
    boost::asio::co_spawn(io_, wait(), boost::asio::detached);
    poll();
  }
  void poll() { io_.restart(), io_.poll(); }

  boost::asio::io_context io_;
  HandClock clock_{io_};
  boost::asio::steady_timer release_{io_, boost::asio::steady_timer::time_point::max()};
  bool done_ = false, back_ = false;
};

TEST_F(WithinTest, ComesBackWithTheEndOfTheTask) {
  begin();
  EXPECT_FALSE(back_);
  release_.cancel();
  poll();
  EXPECT_TRUE(done_ && back_);
}

TEST_F(WithinTest, ComesBackInTimeAndLetsTheTaskGoOn) {
  begin();
  clock_.strike();
  poll();
  EXPECT_TRUE(back_);
  EXPECT_FALSE(done_);
  release_.cancel();
  poll();
  EXPECT_TRUE(done_);
}

TEST_F(WithinTest, DoesNotWaitForWhatHasEnded) {
  release_.expires_at(boost::asio::steady_timer::time_point::min());
  begin();
  EXPECT_TRUE(done_ && back_);
}

}  // namespace
}  // namespace purser
