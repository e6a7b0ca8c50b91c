#include "bench/latencies.hpp"

#include <gtest/gtest.h>

namespace purser::bench {
namespace {

TEST(Latencies, PercentilesAreNearestRanksOfWhatWasSeen) {
  Latencies hundred;
  for (int ms = 100; ms >= 1; --ms) hundred.add(ms * 1000);
  hundred.sort();
  EXPECT_DOUBLE_EQ(hundred.percentile_ms(50), 50);
  EXPECT_DOUBLE_EQ(hundred.percentile_ms(95), 95);
  EXPECT_DOUBLE_EQ(hundred.percentile_ms(99), 99);
  EXPECT_DOUBLE_EQ(hundred.percentile_ms(100), 100);
}

TEST(Latencies, OneIsEveryPercentileAndNoneIsZero) {
  Latencies one;
  one.add(1500);
  EXPECT_DOUBLE_EQ(one.percentile_ms(1), 1.5);
  EXPECT_DOUBLE_EQ(one.percentile_ms(99), 1.5);
  EXPECT_DOUBLE_EQ(Latencies().percentile_ms(95), 0);
}

}  // namespace
}  // namespace purser::bench
