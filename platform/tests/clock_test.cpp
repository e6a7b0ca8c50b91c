#include "platform/clock.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

namespace purser {
namespace {

namespace asio = boost::asio;

TEST(SystemClock, TellsTheMachinesTime) {
  const auto machine_ms = [] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); };
  const std::int64_t before = machine_ms();
  const Instant now = purser::system_clock().now();
  EXPECT_LE(before, now.unix_ms);
  EXPECT_LE(now.unix_ms, machine_ms());
}

TEST(SystemClock, SleepsAtLeastThatLong) {
  asio::io_context io;
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point end{};
  asio::co_spawn(io, purser::system_clock().sleep(milliseconds(20)), [&](std::exception_ptr trouble) {
    EXPECT_FALSE(trouble);
    end = std::chrono::steady_clock::now();
  });
  io.run();
  EXPECT_GE(end - begin, std::chrono::milliseconds(20));
}

TEST(SystemClock, ACancelledSleepEndsAtOnce) {
  asio::io_context io;
  asio::cancellation_signal cancel;
  bool aborted = false;
  asio::co_spawn(io, purser::system_clock().sleep(hours(24)), asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr trouble) {
                   try {
                     if (trouble) std::rethrow_exception(trouble);
                   } catch (const boost::system::system_error& error) {
                     aborted = error.code() == asio::error::operation_aborted;
                   }
                 }));
  asio::post(io, [&] { cancel.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_TRUE(aborted);
}

}  // namespace
}  // namespace purser
