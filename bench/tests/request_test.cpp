#include "bench/request.hpp"

#include <gtest/gtest.h>

#include <set>

namespace purser::bench {
namespace {

std::string filled(const RequestTemplate& request, std::uint64_t repetition) {
  std::string bytes = request.text();
  request.fill(bytes, repetition);
  return bytes;
}

TEST(RequestTemplate, EachRepetitionHasItsOwnKeyAndOneLength) {
  const RequestTemplate request = checkout_request("sk_test_x");
  std::set<std::string> all;
  for (std::uint64_t repetition = 0; repetition < 1000; ++repetition) {
    const std::string bytes = filled(request, repetition);
    EXPECT_EQ(bytes.size(), request.text().size());
    EXPECT_EQ(bytes.find('#'), std::string::npos);
    all.insert(bytes.substr(bytes.find("Idempotency-Key"), 60));
  }
  EXPECT_EQ(all.size(), 1000u);
}

TEST(RequestTemplate, ContentLengthIsThatOfTheBody) {
  for (const RequestTemplate& request : {checkout_request("sk_test_x"), payment_request("sk_test_x")}) {
    const std::string bytes = filled(request, 7);
    const auto length = std::stoul(bytes.substr(bytes.find("Content-Length: ") + 16));
    EXPECT_EQ(bytes.size() - bytes.find("\r\n\r\n") - 4, length) << request.name();
  }
}

TEST(RequestTemplate, ReadsEveryOrderItWasGiven) {
  const std::vector<std::string> ids = {"ord_1", "ord_2", "ord_3"};
  const RequestTemplate request = order_read_request("sk_test_x", ids);
  std::set<std::string> read;
  for (std::uint64_t repetition = 0; repetition < 3; ++repetition) read.insert(filled(request, repetition).substr(12, 5));
  EXPECT_EQ(read, std::set<std::string>(ids.begin(), ids.end()));
}

TEST(RequestTemplate, RefusesAFillOfAnotherLength) {
  const RequestTemplate request = order_read_request("sk_test_x", {"ord_1", "ord_22"});
  EXPECT_THROW(filled(request, 1), std::runtime_error);
}

TEST(OrderIdIn, TakesTheFirstOfAnAnswer) {
  EXPECT_EQ(order_id_in(R"({"order":{"id":"ord_01m7yy589ce8v82b7zndnh7h83","x":1}})"), "ord_01m7yy589ce8v82b7zndnh7h83");
  EXPECT_EQ(order_id_in(R"({"id":"pay_01m7yy589ce8v82b7zndnh7h83"})"), "");
  EXPECT_EQ(order_id_in(R"({"id":"ord_short)"), "");
}

}  // namespace
}  // namespace purser::bench
