// The second model beside the first: two tables written apart that must say the same.
#include "verify/second_model.hpp"

#include <gtest/gtest.h>

#include "contexts/orders/rules/order.hpp"
#include "contexts/payments/rules/payment.hpp"

namespace purser::verify {
namespace {

TEST(SecondModel, KnowsTheEdgesOfOrders) {
  using orders::Status;
  int edges = 0;
  for (int from = 0; from <= int(Status::refunded); ++from)
    for (int to = 0; to <= int(Status::refunded); ++to) {
      const auto a = static_cast<Status>(from), b = static_cast<Status>(to);
      if (a == b) continue;  // staying is no edge here
      EXPECT_EQ(order_may_become(text(a), text(b)), orders::lifecycle.allows(a, b)) << text(a) << "→" << text(b);
      edges += orders::lifecycle.allows(a, b) ? 1 : 0;
    }
  EXPECT_EQ(edges, 15);
}

TEST(SecondModel, KnowsTheEdgesOfPayments) {
  using payments::Status;
  int edges = 0;
  for (int from = 0; from <= int(Status::in_doubt); ++from)
    for (int to = 0; to <= int(Status::in_doubt); ++to) {
      const auto a = static_cast<Status>(from), b = static_cast<Status>(to);
      if (a == b) continue;
      EXPECT_EQ(payment_may_become(text(a), text(b)), payments::lifecycle.allows(a, b)) << text(a) << "→" << text(b);
      edges += payments::lifecycle.allows(a, b) ? 1 : 0;
    }
  EXPECT_EQ(edges, 28);
}

TEST(SecondModel, KnowsWhichStatusesAgree) {
  struct Row {
    Pair pair;
    bool agree;
  };
  const Row rows[] = {
      {{"CREATED", ""}, true},
      {{"CREATED", "PROCESSING"}, false},
      {{"PAYMENT_IN_PROGRESS", ""}, false},
      {{"PAYMENT_IN_PROGRESS", "IN_DOUBT"}, true},
      {{"PAYMENT_IN_PROGRESS", "CAPTURED"}, false},
      {{"PAYMENT_DONE", "CAPTURED"}, true},
      {{"PAYMENT_DONE", "AUTHORIZED"}, false},
      {{"PAYMENT_DONE", "PARTIALLY_REFUNDED"}, false},
      {{"PAYMENT_DONE", "PARTIALLY_REFUNDED", true}, true},
      {{"PAYMENT_FAILED", "VOIDED"}, true},
      {{"PAYMENT_FAILED", "CAPTURED"}, false},
      {{"ORDER_CANCELLED", "REFUNDED"}, true},
      {{"ORDER_CANCELLED", "CAPTURED"}, false},
      {{"ORDER_CANCELLED", "CAPTURED", false, true}, true},
      {{"EXPIRED", "AUTHORIZED"}, false},
  };
  for (const Row& row : rows) EXPECT_EQ(statuses_agree(row.pair), row.agree) << row.pair.order << " " << row.pair.payment;
}

}  // namespace
}  // namespace purser::verify
