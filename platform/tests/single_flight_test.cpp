#include "platform/single_flight.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <vector>

namespace purser {
namespace {

class SingleFlightTest : public testing::Test {
 protected:
  Task<int> fetch() {
    const int number = ++fetched_;
    co_await boost::asio::post(boost::asio::use_awaitable);
    co_await boost::asio::post(boost::asio::use_awaitable);
    co_return number;
  }
  Task<void> ask() {
    got_.push_back(co_await flight_.get([this] { return fetch(); }));
  }
  void ask_together(int askers) {
    for (int i = 0; i < askers; ++i) boost::asio::co_spawn(io_, ask(), boost::asio::detached);
    io_.restart();
    io_.run();
  }

  boost::asio::io_context io_;
  SingleFlight<int> flight_;
  int fetched_ = 0;
  std::vector<int> got_;
};

TEST_F(SingleFlightTest, WhoAsksMeanwhileSharesTheAnswer) {
  ask_together(3);
  EXPECT_EQ(got_, (std::vector{1, 1, 1}));
}

TEST_F(SingleFlightTest, WhoAsksLaterFetchesAnew) {
  ask_together(2);
  ask_together(1);
  EXPECT_EQ(got_, (std::vector{1, 1, 2}));
}

TEST(SingleFlightAbandoned, EndsWithItsLoop) {
  auto flight = std::make_unique<SingleFlight<int>>();
  auto io = std::make_unique<boost::asio::io_context>();
  boost::asio::experimental::channel<void(boost::system::error_code)> never(*io);
  const auto fetch = [&never]() -> Task<int> {
    co_await never.async_receive(boost::asio::use_awaitable);
    co_return 1;
  };
  for (int i = 0; i < 2; ++i) boost::asio::co_spawn(*io, flight->get(fetch), boost::asio::detached);
  io->poll();
  flight.reset();
  never.cancel();
  io->poll();
  SUCCEED();
}

}  // namespace
}  // namespace purser
