#include "platform/resilience.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using State = CircuitBreaker::State;

enum class Do { ask, succeed, fail };

TEST(CircuitBreaker, FollowsItsTable) {
  CircuitBreaker breaker(3, seconds(10));
  struct Row {
    const char* why;
    std::int64_t now_ms;
    Do what;
    bool allowed;  // of `ask`
    State after;
    std::int64_t retry_after_ms;
  };
  const Row rows[] = {
      // clang-format off
      {"closed passes",                         0,      Do::ask,     true,  State::closed,    0},
      {"first failure",                         0,      Do::fail,    {},    State::closed,    0},
      {"second failure",                        0,      Do::fail,    {},    State::closed,    0},
      {"a success starts the count again",      0,      Do::succeed, {},    State::closed,    0},
      {"first failure again",                   0,      Do::fail,    {},    State::closed,    0},
      {"second failure again",                  0,      Do::fail,    {},    State::closed,    0},
      {"third failure in a row opens",          1'000,  Do::fail,    {},    State::open,      10'000},
      {"open refuses",                          5'000,  Do::ask,     false, State::open,      6'000},
      {"a late success of before is ignored",   5'000,  Do::succeed, {},    State::open,      6'000},
      {"a late failure of before is ignored",   5'000,  Do::fail,    {},    State::open,      6'000},
      {"to the last millisecond",               10'999, Do::ask,     false, State::open,      1},
      {"the first asker gets the probe",        11'000, Do::ask,     true,  State::half_open, 0},
      {"the second does not",                   11'000, Do::ask,     false, State::half_open, 0},
      {"the probe fails: open again",           12'000, Do::fail,    {},    State::open,      10'000},
      {"refuses again",                         21'999, Do::ask,     false, State::open,      1},
      {"probes again",                          22'000, Do::ask,     true,  State::half_open, 0},
      {"no outcome yet",                        31'999, Do::ask,     false, State::half_open, 0},
      {"a lost probe is replaced",              32'000, Do::ask,     true,  State::half_open, 0},
      {"the probe succeeds: closed",            32'001, Do::succeed, {},    State::closed,    0},
      {"closed passes again",                   32'001, Do::ask,     true,  State::closed,    0},
      {"one failure does not open",             32'002, Do::fail,    {},    State::closed,    0},
      // clang-format on
  };
  for (const Row& row : rows) {
    const Instant now{row.now_ms};
    if (row.what == Do::ask) EXPECT_EQ(breaker.allow(now), row.allowed) << row.why;
    if (row.what == Do::succeed) breaker.succeeded();
    if (row.what == Do::fail) breaker.failed(now);
    EXPECT_EQ(breaker.state(now), row.after) << row.why;
    EXPECT_EQ(breaker.retry_after(now).ms, row.retry_after_ms) << row.why;
  }
}

TEST(CircuitBreaker, AClockSetBackKeepsItOpenNoLongerThanItShould) {
  CircuitBreaker breaker(1, seconds(10));
  breaker.failed({1'000'000});
  EXPECT_FALSE(breaker.allow({5'000}));
  EXPECT_EQ(breaker.retry_after({5'000}), seconds(10));
  EXPECT_TRUE(breaker.allow({15'000}));
}

TEST(TokenBucket, FollowsItsTable) {
  TokenBucket bucket(10, 3);  // one token each 100 ms
  struct Row {
    const char* why;
    std::int64_t now_ms;
    bool taken;
    std::int64_t retry_after_ms;  // once it was asked
  };
  const Row rows[] = {
      // clang-format off
      {"full: first",                    1'000,  true,  0},
      {"full: second",                   1'000,  true,  0},
      {"full: third",                    1'000,  true,  100},
      {"empty",                          1'000,  false, 100},
      {"not a whole one yet",            1'099,  false, 1},
      {"a refused ask costs nothing",    1'100,  true,  100},
      {"half saved",                     1'150,  false, 50},
      {"saves no more than the burst",   99'000, true,  0},
      {"burst: second",                  99'000, true,  0},
      {"burst: third",                   99'000, true,  100},
      {"burst: gone",                    99'000, false, 100},
      {"a clock set back gives nothing", 50'000, false, 100},
      {"and goes on from there",         50'100, true,  100},
      // clang-format on
  };
  for (const Row& row : rows) {
    EXPECT_EQ(bucket.take({row.now_ms}), row.taken) << row.why;
    EXPECT_EQ(bucket.retry_after({row.now_ms}).ms, row.retry_after_ms) << row.why;
  }
}

TEST(TokenBucket, GivesItsRateOverTime) {
  TokenBucket bucket(3, 1);
  int taken = 0;
  for (std::int64_t ms = 0; ms < 60'000; ++ms) taken += bucket.take({1 + ms});
  EXPECT_GE(taken, 178);
  EXPECT_LE(taken, 181);
}

TEST(TokenBucket, WaitingAsLongAsToldIsEnough) {
  TokenBucket bucket(0.7, 1);
  std::int64_t now_ms = 1'000;
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(bucket.take({now_ms})) << i;
    now_ms += bucket.retry_after({now_ms}).ms;
  }
}

TEST(TokenBucket, WithoutARateItNeverFills) {
  TokenBucket bucket(0, 1);
  EXPECT_TRUE(bucket.take({1}));
  EXPECT_FALSE(bucket.take({1'000'000}));
  EXPECT_EQ(bucket.retry_after({1'000'000}), hours(24));
}

}  // namespace
}  // namespace purser
