#include "platform/rpc/idempotency.hpp"

#include <gtest/gtest.h>

#include "orders/v1/order_service.pb.h"
#include "platform/store/tests/scratch_store.hpp"

namespace purser::rpc {
namespace {

using orders::v1::CreateOrderRequest;
using orders::v1::CreateOrderResponse;
using store::run_until_done;
using store::Tx;

constexpr Instant now{1'000'000};

CreateOrderRequest order(const std::string& user) {
  CreateOrderRequest request;
  request.set_user_id(user);
  for (int i = 0; i < 20; ++i) (*request.mutable_metadata())["k" + std::to_string(i)] = "v";
  return request;
}

CreateOrderResponse answer(const std::string& id) {
  CreateOrderResponse response;
  response.mutable_order()->set_id(id);
  return response;
}

Call call_with(const std::string& key, const std::string& merchant = "mer_1") {
  Call call;
  call.idempotency_key = key;
  call.caller.merchant_id = merchant;
  return call;
}

class IdempotencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_sqlite({.file = folder_.database()}, idempotency_migrations());
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store_ = *opened;
  }
  template <class Body>
  store::BodyResult<Body> transact(Body body) {
    return run_until_done(io_, store_->transact(std::move(body)));
  }
  // A command of one transaction that would answer `id`.
  Result<CreateOrderResponse> create(const Call& call, const CreateOrderRequest& request, const std::string& id) {
    return transact([&](Tx& tx) -> Result<CreateOrderResponse> {
      return once<CreateOrderResponse>(tx, call, request, now, [&]() -> Result<CreateOrderResponse> {
        ++executed_;
        if (id.empty()) return Error{.kind = Kind::conflict, .code = "no"};
        return answer(id);
      });
    });
  }
  Result<std::optional<CreateOrderResponse>> begin_work(const Call& call, const CreateOrderRequest& request, const std::string& work) {
    return transact([&](Tx& tx) { return begin<CreateOrderResponse>(tx, call, request, work, now); });
  }

  store::ScratchFolder folder_;
  boost::asio::io_context io_;
  std::shared_ptr<store::SqliteStore> store_;
  int executed_ = 0;
};

TEST_F(IdempotencyTest, AnswersARepeatWithTheStoredAnswer) {
  EXPECT_EQ(create(call_with("k"), order("u"), "ord_1")->order().id(), "ord_1");
  const Call again = call_with("k");
  EXPECT_EQ(create(again, order("u"), "ord_2")->order().id(), "ord_1");
  EXPECT_TRUE(again.notes->replayed);
  EXPECT_EQ(executed_, 1);
}

TEST_F(IdempotencyTest, AnotherRequestUnderTheKeyIsRefused) {
  EXPECT_TRUE(create(call_with("k"), order("u"), "ord_1").ok());
  const auto other = create(call_with("k"), order("v"), "ord_2");
  EXPECT_EQ(other.error().kind, Kind::invalid);
  EXPECT_EQ(other.error().code, "idempotency_key_reused");

  // The same fields at another endpoint are another request.
  orders::v1::CancelOrderRequest first;
  orders::v1::GetOrderRequest second;
  first.set_order_id("ord_1");
  second.set_order_id("ord_1");
  ASSERT_EQ(first.SerializeAsString(), second.SerializeAsString());
  const auto claim_as = [&](const Message& request) { return transact([&](Tx& tx) { return claim(tx, call_with("l"), request, "", now); }); };
  EXPECT_TRUE(claim_as(first).ok());
  EXPECT_EQ(claim_as(second).error().code, "idempotency_key_reused");
  EXPECT_EQ(executed_, 1);
}

TEST_F(IdempotencyTest, KeysBelongToTheirMerchant) {
  EXPECT_TRUE(create(call_with("k", "mer_1"), order("u"), "ord_1").ok());
  EXPECT_EQ(create(call_with("k", "mer_2"), order("v"), "ord_2")->order().id(), "ord_2");
}

TEST_F(IdempotencyTest, ARefusalIsNotStored) {
  EXPECT_FALSE(create(call_with("k"), order("u"), "").ok());
  EXPECT_EQ(create(call_with("k"), order("v"), "ord_2")->order().id(), "ord_2");
}

TEST_F(IdempotencyTest, TheOrderOfAMapDoesNotMatter) {
  CreateOrderRequest forwards, backwards;
  for (int i = 0; i < 200; ++i) (*forwards.mutable_metadata())[std::to_string(i)] = "v";
  for (int i = 200; i-- > 0;) (*backwards.mutable_metadata())[std::to_string(i)] = "v";
  EXPECT_TRUE(create(call_with("k"), forwards, "ord_1").ok());
  EXPECT_TRUE(create(call_with("k"), backwards, "ord_2").ok());
}

TEST_F(IdempotencyTest, WorkUnderWayIsInUseUntilItIsFinished) {
  const auto fresh = begin_work(call_with("k"), order("u"), "pay_1");
  ASSERT_TRUE(fresh.ok());
  EXPECT_FALSE(fresh->has_value());
  const auto busy = begin_work(call_with("k"), order("u"), "pay_2");
  EXPECT_EQ(busy.error().kind, Kind::conflict);
  EXPECT_EQ(busy.error().code, "idempotency_key_in_use");
  EXPECT_EQ(begin_work(call_with("k"), order("v"), "pay_2").error().code, "idempotency_key_reused");

  // Another request waits for the same work under its own key; both learn its end.
  EXPECT_TRUE(begin_work(call_with("l"), order("w"), "pay_1").ok());
  const auto settle = [&](const std::string& id) {
    return transact([&](Tx& tx) -> Result<Done> {
      finish_work(tx, "pay_1", answer(id), now);
      return Done{};
    });
  };
  EXPECT_TRUE(settle("ord_1").ok());
  EXPECT_TRUE(settle("ord_2").ok());
  EXPECT_EQ((*begin_work(call_with("k"), order("u"), "pay_3"))->order().id(), "ord_1");
  EXPECT_EQ((*begin_work(call_with("l"), order("w"), "pay_3"))->order().id(), "ord_1");
}

TEST_F(IdempotencyTest, FinishingTwiceKeepsTheFirstAnswer) {
  const Call call = call_with("k");
  EXPECT_TRUE(begin_work(call, order("u"), "pay_1").ok());
  EXPECT_TRUE(transact([&](Tx& tx) -> Result<Done> {
                finish_work(tx, "pay_1", answer("first"), now);
                finish(tx, call, answer("second"), now);
                return Done{};
              }).ok());
  EXPECT_EQ((*begin_work(call, order("u"), "pay_1"))->order().id(), "first");
}

TEST_F(IdempotencyTest, NoKeyNoRecord) {
  EXPECT_EQ(create(call_with(""), order("u"), "ord_1")->order().id(), "ord_1");
  EXPECT_EQ(create(call_with(""), order("u"), "ord_2")->order().id(), "ord_2");
  EXPECT_TRUE(create(call_with("k"), order("u"), "ord_3").ok());
  EXPECT_TRUE(transact([&](Tx& tx) -> Result<Done> {
                finish_work(tx, "", answer("ord_4"), now);  // must not touch keys of single transactions
                return Done{};
              }).ok());
  EXPECT_EQ(create(call_with("k"), order("u"), "ord_5")->order().id(), "ord_3");
}

TEST_F(IdempotencyTest, AnEmptyAnswerIsAnAnswer) {
  EXPECT_TRUE(transact([&](Tx& tx) -> Result<Done> {
                TRY_DONE(claim(tx, call_with("k"), order("u"), "", now));
                finish(tx, call_with("k"), CreateOrderResponse(), now);
                return Done{};
              }).ok());
  EXPECT_EQ(create(call_with("k"), order("u"), "ord_1")->order().id(), "");
}

TEST_F(IdempotencyTest, ForgetsOnlyWhatWasFinishedLongAgo) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(create(call_with("k" + std::to_string(i)), order("u"), "ord_1").ok());
  EXPECT_TRUE(begin_work(call_with("open"), order("u"), "pay_1").ok());
  const auto forget = [&](Instant at, int rows_max) {
    return *transact([&](Tx& tx) -> Result<std::int64_t> { return forget_finished(tx, at, hours(24), rows_max); });
  };
  EXPECT_EQ(forget(now + hours(24), 10), 0);
  EXPECT_EQ(forget(now + hours(24) + milliseconds(1), 3), 3);
  EXPECT_EQ(forget(now + hours(24) + milliseconds(1), 10), 2);
  EXPECT_EQ(begin_work(call_with("open"), order("u"), "pay_1").error().code, "idempotency_key_in_use");
  EXPECT_EQ(create(call_with("k0"), order("v"), "ord_9")->order().id(), "ord_9");
}

}  // namespace
}  // namespace purser::rpc
