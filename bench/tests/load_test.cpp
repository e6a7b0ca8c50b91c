#include "bench/load.hpp"

#include <gtest/gtest.h>

#include <set>

#include "bench/tests/stub_server.hpp"

namespace purser::bench {
namespace {

using namespace std::chrono_literals;

const std::string ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

RequestTemplate read_order() { return order_read_request("sk_test_x", {"ord_1", "ord_2"}); }

TEST(Load, CountsEveryAnswerOnceAndKeepsItsConnections) {
  StubServer server([](const std::string&) { return ok; });
  Load load(server.port(), 8);
  const Measured first = load.run(read_order(), 50ms), second = load.run(read_order(), 50ms);
  EXPECT_GT(first.requests, 8u);
  EXPECT_EQ(first.requests + second.requests, server.answered());
  EXPECT_EQ(first.latencies.count(), first.requests);
  EXPECT_TRUE(first.errors.empty() && second.errors.empty());
}

TEST(Load, NeverSendsTheSameKeyTwiceEvenInAnotherRun) {
  std::set<std::string> keys;
  std::size_t requests = 0;
  {
    StubServer server([&](const std::string& request) {
      ++requests;
      keys.insert(request.substr(request.find("Idempotency-Key"), 60));
      return ok;
    });
    Load load(server.port(), 4);
    const RequestTemplate request = checkout_request("sk_test_x");
    load.run(request, 30ms);
    load.run(request, 30ms);
  }
  EXPECT_GT(requests, 4u);
  EXPECT_EQ(keys.size(), requests);
}

TEST(Load, WhatIsNoSuccessIsAnErrorWithItsText) {
  StubServer server([](const std::string&) { return "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater"; });
  Load load(server.port(), 2);
  const Measured measured = load.run(read_order(), 20ms);
  EXPECT_EQ(measured.requests, 0u);
  EXPECT_GT(measured.errors.at("503"), 0u);
  EXPECT_NE(measured.first_error.find("later"), std::string::npos);
}

TEST(Load, ALostConnectionIsAnErrorAndEndsTheRun) {
  StubServer server([](const std::string&) { return ""; });
  Load load(server.port(), 3);
  EXPECT_EQ(load.run(read_order(), 10s).errors.at("connection lost"), 3u);
}

TEST(Load, PacedSendsAtItsRateAndNotAsFastAsItCan) {
  StubServer server([](const std::string&) { return ok; });
  Load load(server.port(), 4);
  const Measured measured = load.run(read_order(), 500ms, 400);
  EXPECT_GT(measured.requests, 100u);  // 200 are due; a Poisson process stays within these bounds
  EXPECT_LT(measured.requests, 300u);
}

// One client, and a server that needs longer than the gaps: what is due waits, and its waiting counts.
TEST(Load, PacedLatencyCountsFromWhenARequestWasDue) {
  StubServer server([](const std::string&) {
    ::poll(nullptr, 0, 20);  // the work of the server
    return ok;
  });
  Load load(server.port(), 1);
  const Measured measured = load.run(read_order(), 200ms, 200);  // 40 due, 10 can be served meanwhile
  EXPECT_GT(measured.requests, 20u);
  EXPECT_GT(measured.latencies.percentile_ms(95), 200);
}

}  // namespace
}  // namespace purser::bench
