#include "bench/report.hpp"

#include <gtest/gtest.h>

namespace purser::bench {
namespace {

Phase phase(const std::string& name, double per_second, bool paced = false, double ms = 60) {
  Phase made{.name = name, .paced = paced, .measured = {}};
  made.measured.requests = static_cast<std::uint64_t>(per_second * 10);
  made.measured.seconds = 10;
  made.measured.latencies.add(static_cast<std::int64_t>(ms * 1000));
  return made;
}

Report both() {
  Report report;
  report.own = OwnReport{.mode = {.name = "own", .clients = 64, .phases = {phase("POST /checkout", 500)}},
                         .transaction = "orders 1",
                         .before = {.checkouts = 2000, .seconds = 2},
                         .after = {.checkouts = 900, .seconds = 1}};
  report.shop = ShopReport{
      .mode = {.name = "shop", .clients = 256, .phases = {phase("POST /checkout", 400), phase("POST /checkout", 200, true, 61.5)}}, .delay_ms = 50};
  return report;
}

TEST(Report, TheRatioIsToTheBetterCeiling) {
  EXPECT_DOUBLE_EQ(both().own->ratio(), 0.5);
  EXPECT_NE(to_json(both()).find(R"("ratio":0.5000)"), std::string::npos);
  EXPECT_NE(to_table(both()).find("Ratio: 500 / 1000 = 0.500"), std::string::npos);
}

TEST(Report, OurShareIsTheP95LessTheDelay) {
  EXPECT_DOUBLE_EQ(both().shop->own_share_p95_ms(true), 11.5);
  EXPECT_DOUBLE_EQ(both().shop->own_share_p95_ms(false), 10);
}

TEST(Report, OneRefusedRequestFailsTheRunAndIsShown) {
  Report report = both();
  EXPECT_FALSE(report.failed());
  report.shop->mode.phases[0].measured.errors["409"] = 1;
  EXPECT_TRUE(report.failed());
  EXPECT_NE(to_table(report).find("FAILED  POST /checkout: 1 × 409"), std::string::npos);
  EXPECT_NE(to_json(report).find(R"("errors":{"409":1})"), std::string::npos);
}

}  // namespace
}  // namespace purser::bench
