// One client code, two places: the object in this process and the remote client over gRPC give equal results.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>

#include "app/node.hpp"
#include "orders/v1/order_service.purser.hpp"
#include "payments/v1/payment_service.purser.hpp"
#include "platform/http/curl_client.hpp"

namespace purser {
namespace {

// A whole node on free ports with a folder of its own.
class Transports : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "purser-transports-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    EffectiveConfig config;
    config.config.data_dir = folder;
    config.config.dev = true;
    config.config.http_port = config.config.grpc_port = config.config.sandbox_port = 0;
    auto node = app::Node::build(io_, config, {});
    ASSERT_TRUE(node.ok());
    node_ = std::move(*node);
    run([this]() -> Task<void> {
      auto started = co_await node_->start();
      EXPECT_TRUE(started.ok());
      auto key = co_await node_->keys().create(merchant_, "test", rpc::Scope::merchant);
      EXPECT_TRUE(key.ok());
      if (key.ok()) key_ = key->secret;
    });
    channel_ = rpc::dial_grpc("127.0.0.1:" + std::to_string(node_->grpc_port()), key_);
  }
  void TearDown() override {
    run([this]() -> Task<void> { co_await node_->stop(); });
    channel_.reset();
    node_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Runs one coroutine to its end on the node's own loop.
  void run(std::function<Task<void>()> body) {
    bool ended = false;
    boost::asio::co_spawn(io_, body(), [&](const std::exception_ptr& error) {
      ended = true;
      EXPECT_FALSE(error);
    });
    while (!ended) io_.run_one();
  }

  rpc::Call call(const std::string& key) {
    rpc::Call call;
    call.caller = {.merchant_id = merchant_, .actor = "test", .scope = rpc::Scope::merchant};
    call.idempotency_key = key;
    return call;
  }

  boost::asio::io_context io_{1};
  std::filesystem::path folder_;
  std::unique_ptr<app::Node> node_;
  std::string merchant_ = "mer_01h2xcejqtf2nbrexx3vqjhp41";
  std::string key_;
  std::shared_ptr<rpc::Channel> channel_;
};

::orders::v1::CreateOrderRequest an_order() {
  ::orders::v1::CreateOrderRequest request;
  request.set_user_id("user-1");
  request.set_currency("USD");
  auto& line = *request.add_items();
  line.set_sku("MUG");
  line.set_quantity(2);
  line.set_unit_price(1250);
  return request;
}

// What a client does, wherever the services are: the same code for both.
struct Seen {
  std::string order_status, payment_status, replayed_id, order_id, missing_code, overpaid_code, overpaid_pointer;
  std::int64_t total = 0;
};
Task<Seen> shop(::orders::v1::OrderService& orders, ::payments::v1::PaymentService& payments, std::function<rpc::Call(std::string)> call) {
  Seen seen;
  auto created = co_await orders.CreateOrder(call("create"), an_order());
  auto again = co_await orders.CreateOrder(call("create"), an_order());
  if (!created.ok() || !again.ok()) co_return seen;
  seen.order_id = created->order().id();
  seen.replayed_id = again->order().id();
  ::payments::v1::CreatePaymentRequest pay;
  pay.set_order_id(seen.order_id);
  pay.set_payment_method("pm_card_visa");
  ::payments::v1::CreatePaymentRequest overpay = pay;
  overpay.set_amount(1);
  auto overpaid = co_await payments.CreatePayment(call("overpay"), overpay);
  if (!overpaid.ok()) {
    seen.overpaid_code = overpaid.error().code;
    if (!overpaid.error().fields.empty()) seen.overpaid_pointer = overpaid.error().fields.front().pointer;
  }
  auto paid = co_await payments.CreatePayment(call("pay"), pay);
  if (paid.ok()) seen.payment_status = ::payments::v1::PaymentStatus_Name(paid->payment().status());
  ::orders::v1::GetOrderRequest get;
  get.set_order_id(seen.order_id);
  auto found = co_await orders.GetOrder(call(""), get);
  if (found.ok()) seen.order_status = ::orders::v1::OrderStatus_Name(found->order().status()), seen.total = found->order().total();
  get.set_order_id("ord_01h2xcejqtf2nbrexx3vqjhp41");
  auto missing = co_await orders.GetOrder(call(""), get);
  if (!missing.ok()) seen.missing_code = missing.error().code;
  co_return seen;
}

TEST_F(Transports, GiveEqualResults) {
  Seen local, remote;
  run([&]() -> Task<void> {
    auto& directory = node_->directory();
    local = co_await shop(directory.get<::orders::v1::OrderService>(), directory.get<::payments::v1::PaymentService>(),
                          [this](std::string key) { return call(key.empty() ? key : "local-" + key); });
    ::orders::v1::OrderServiceClient orders(channel_);
    ::payments::v1::PaymentServiceClient payments(channel_);
    remote = co_await shop(orders, payments, [this](std::string key) { return call(key.empty() ? key : "remote-" + key); });
  });
  for (const Seen* seen : {&local, &remote}) {
    EXPECT_EQ(seen->order_status, "ORDER_STATUS_PAYMENT_DONE");
    EXPECT_EQ(seen->payment_status, "PAYMENT_STATUS_CAPTURED");
    EXPECT_EQ(seen->total, 2500);
    EXPECT_FALSE(seen->order_id.empty());
    EXPECT_EQ(seen->replayed_id, seen->order_id);
    EXPECT_EQ(seen->missing_code, "order_not_found");
    EXPECT_EQ(seen->overpaid_code, "validation_failed");
    EXPECT_EQ(seen->overpaid_pointer, "/amount");
  }
  EXPECT_NE(local.order_id, remote.order_id);
}

// A key's budget is one, whichever way it asks.
TEST_F(Transports, ShareTheRateOfAKey) {
  node_->keys().limit(2);
  run([&]() -> Task<void> {
    ::orders::v1::OrderServiceClient orders(channel_);
    const auto client = http::make_curl_client();
    const auto over_rest = [&]() -> Task<int> {
      http::Outbound list{.method = "GET", .url = "http://127.0.0.1:" + std::to_string(node_->http_port()) + "/orders"};
      list.headers.add("Authorization", "Bearer " + key_);
      const auto outcome = co_await client->send(std::move(list));
      const auto* response = std::get_if<http::Response>(&outcome);
      co_return response ? response->status : 0;
    };
    EXPECT_EQ(co_await over_rest(), 200);
    EXPECT_TRUE((co_await orders.ListOrders(call(""), {})).ok());
    const auto refused = co_await orders.ListOrders(call(""), {});
    EXPECT_FALSE(refused.ok());
    if (!refused.ok()) EXPECT_EQ(refused.error().code, "rate_limited");
    EXPECT_EQ(co_await over_rest(), 429);
  });
}

}  // namespace
}  // namespace purser
