#include "platform/metrics.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace purser::metrics {
namespace {

bool says(const std::string& line) { return ("\n" + exposition()).find("\n" + line + "\n") != std::string::npos; }

TEST(Metrics, CountsWithLabels) {
  counter("purser_test_calls_total", "Calls.", {{"method", "GET"}}).add();
  counter("purser_test_calls_total", "Calls.", {{"method", "GET"}}).add(2);
  counter("purser_test_calls_total", "Calls.", {{"method", "PUT"}}).add();
  EXPECT_TRUE(says("# HELP purser_test_calls_total Calls."));
  EXPECT_TRUE(says("# TYPE purser_test_calls_total counter"));
  EXPECT_TRUE(says(R"(purser_test_calls_total{method="GET"} 3)"));
  EXPECT_TRUE(says(R"(purser_test_calls_total{method="PUT"} 1)"));
}

TEST(Metrics, TheSameNameAndLabelsGiveTheSameInstrument) {
  EXPECT_EQ(&gauge("purser_test_depth", "Depth.", {{"queue", "a"}}), &gauge("purser_test_depth", "Depth.", {{"queue", "a"}}));
  EXPECT_NE(&gauge("purser_test_depth", "Depth.", {{"queue", "a"}}), &gauge("purser_test_depth", "Depth.", {{"queue", "b"}}));
}

TEST(Metrics, AGaugeGoesBothWays) {
  Gauge& level = gauge("purser_test_level_bytes", "Level.");
  level.set(10);
  level.add(-4);
  EXPECT_TRUE(says("purser_test_level_bytes 6"));
}

TEST(Metrics, HistogramBucketsHoldTheTargets) {
  Histogram& latency = histogram("purser_test_latency_seconds", "Latency.", {{"route", "/orders"}});
  latency.observe(0.05);
  latency.observe(31);
  EXPECT_TRUE(says(R"(purser_test_latency_seconds_bucket{route="/orders",le="0.02"} 0)"));
  for (const char* bound : {"0.05", "0.1", "0.9", "2", "30"})
    EXPECT_TRUE(says(R"(purser_test_latency_seconds_bucket{route="/orders",le=")" + std::string(bound) + R"("} 1)")) << bound;
  EXPECT_TRUE(says(R"(purser_test_latency_seconds_bucket{route="/orders",le="+Inf"} 2)"));
  EXPECT_TRUE(says(R"(purser_test_latency_seconds_count{route="/orders"} 2)"));
}

TEST(Metrics, IsSafeFromManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([] {
      for (int n = 0; n < 1000; ++n) counter("purser_test_shared_total", "Shared.").add();
      (void)exposition();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(says("purser_test_shared_total 4000"));
}

TEST(MetricsDeathTest, ANameOutsideTheConventionsIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(counter("calls_total", "No prefix."), "assertion failed");
  EXPECT_DEATH(counter("purser_calls", "No _total."), "assertion failed");
  EXPECT_DEATH(histogram("purser_latency_ms", "No base unit."), "assertion failed");
  EXPECT_DEATH(gauge("purser_depth", ""), "assertion failed");
}

TEST(Metrics, PassesPromtool) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not installed (apt-get install prometheus)";
  counter("purser_promtool_calls_total", "Calls.", {{"method", "GET"}}).add();
  gauge("purser_promtool_level_bytes", "Level.").set(1);
  histogram("purser_promtool_latency_seconds", "Latency.", {{"route", "/orders"}}).observe(1);
  FILE* promtool = popen("promtool check metrics 2>&1", "w");
  ASSERT_NE(promtool, nullptr);
  const std::string text = exposition();
  EXPECT_EQ(std::fwrite(text.data(), 1, text.size(), promtool), text.size());
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace purser::metrics
