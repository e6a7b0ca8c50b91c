// What the tests of the checkers stand on: the real contexts over a real database, the sandbox as their processor, and time that the
// test moves. The checkers see none of it but the file that is left.
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <functional>

#include "checkout/v1/checkout_service.purser.hpp"
#include "contexts/checkout/service.hpp"
#include "contexts/orders/migrations.hpp"
#include "contexts/orders/module.hpp"
#include "contexts/payments/migrations.hpp"
#include "contexts/payments/module.hpp"
#include "contexts/payments/processors/stripe.hpp"
#include "contexts/payments/processors/wallet.hpp"
#include "contexts/wallet/migrations.hpp"
#include "contexts/wallet/module.hpp"
#include "orders/v1/order_service.purser.hpp"
#include "payments/v1/payment_service.purser.hpp"
#include "platform/http/loopback_client.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/rpc/keys.hpp"
#include "platform/store/sqlite_connection.hpp"
#include "platform/store/sqlite_store.hpp"
#include "sandbox/sandbox.hpp"
#include "sandbox/signature.hpp"
#include "verify/verify.hpp"

namespace purser::verify {

// A sleeper moves the time itself.
class JumpingClock final : public Clock {
 public:
  Instant now() const override { return {now_ms_}; }
  Task<void> sleep(Duration length) override {
    advance(length);
    co_await boost::asio::post(boost::asio::use_awaitable);
  }
  void advance(Duration length) { now_ms_ += length.ms; }

 private:
  std::atomic<std::int64_t> now_ms_ = 1'790'000'000'000;
};

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "purser-verify-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

namespace orders_api = ::orders::v1;
namespace payments_api = ::payments::v1;
namespace wallet_api = ::wallet::v1;

class Shop {
 public:
  Shop(const std::filesystem::path& file, const std::filesystem::path& sandbox_file) {
    std::vector<store::Migration> all;
    for (const auto& some : {rpc::KeyRing::migrations(), rpc::idempotency_migrations(), events::Outbox::migrations(), ::purser::orders::migrations(),
                             ::purser::payments::migrations(), ::purser::wallet::migrations()})
      all.insert(all.end(), some.begin(), some.end());
    store_ = store::open_sqlite({.file = file}, all).value();
    sandbox_store_ = store::open_sqlite({.file = sandbox_file, .readers = 1}, sandbox::migrations()).value();
    sandbox_ = sandbox::make(*sandbox_store_, clock, system_random(), nullptr);
    client_ = http::make_loopback_client(sandbox_->handler());
    const auto stripe = payments::make_stripe(client_, {.base_url = "http://sandbox.test", .secret_key = "sk_test_1", .webhook_secret = "whsec_1"});
    const auto guarded = [&](std::shared_ptr<payments::Processor> processor) {
      return std::make_shared<payments::Guard>(std::move(processor), clock, system_random(), nullptr,
                                               payments::GuardOptions{.failures_max = 1'000'000, .requests_per_second = 0});
    };
    modules_.push_back(::purser::orders::make_module({*store_, outbox_, clock, system_random(), directory_, {.expires_after = hours(24)}}));
    const auto processors =
        std::make_shared<const ::purser::payments::Processors>(std::vector{guarded(stripe), guarded(payments::make_wallet(directory_))});
    modules_.push_back(::purser::payments::make_module({*store_, outbox_, clock, system_random(), directory_, processors, {}}));
    modules_.push_back(::purser::wallet::make_module({*store_, outbox_, clock, system_random(), directory_}));
    checkout_ = std::make_unique<::purser::checkout::Service>(*store_, clock, directory_);
    for (Module& module : modules_)
      for (events::Subscription& subscription : module.subscriptions) outbox_.add(std::move(subscription));
  }

  // Runs one coroutine to its end and gives what it came to.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    const auto ended = std::make_shared<bool>(false);
    boost::asio::co_spawn(io_, keep(std::move(task), result), [ended](const std::exception_ptr& thrown) {
      *ended = true;
      EXPECT_FALSE(thrown);
    });
    while (!*ended) io_.run_one();
    return std::move(*result);
  }

  rpc::Call call() {
    rpc::Call call;
    call.caller = {.merchant_id = merchant, .actor = "key_test", .scope = rpc::Scope::merchant};
    call.idempotency_key = "key-" + std::to_string(++keys_);
    call.request_id = "request-" + std::to_string(keys_);
    return call;
  }

  std::string order(std::int64_t total = 1000, const std::string& currency = "USD") {
    orders_api::CreateOrderRequest request;
    request.set_user_id("user-1");
    request.set_currency(currency);
    auto& line = *request.add_items();
    line.set_sku("MUG");
    line.set_quantity(1);
    line.set_unit_price(total);
    return run(orders().CreateOrder(call(), request)).value().order().id();
  }
  Result<payments_api::CreatePaymentResponse> pay(const std::string& order_id, const std::string& method = "pm_card_visa", bool manual = false) {
    payments_api::CreatePaymentRequest request;
    request.set_order_id(order_id);
    request.set_payment_method(method);
    if (manual) request.set_capture_method(payments_api::CAPTURE_METHOD_MANUAL);
    return run(payments().CreatePayment(call(), request));
  }
  Result<payments_api::CreatePaymentResponse> pay_by_credit(std::int64_t amount, bool manual = false) {
    payments_api::CreatePaymentRequest request;
    request.set_amount(amount);
    request.set_currency("USD");
    request.set_user_id("user-1");
    request.set_method("wallet");
    request.set_payment_method("wallet");
    if (manual) request.set_capture_method(payments_api::CAPTURE_METHOD_MANUAL);
    return run(payments().CreatePayment(call(), request));
  }
  // Each part a method, a token and an amount, 0 for what is left.
  struct Part {
    std::string method, token;
    std::int64_t amount = 0;
  };
  Result<payments_api::CreatePaymentResponse> pay_in_parts(const std::string& order_id, const std::vector<Part>& parts, bool manual = false) {
    payments_api::CreatePaymentRequest request;
    request.set_order_id(order_id);
    if (manual) request.set_capture_method(payments_api::CAPTURE_METHOD_MANUAL);
    for (const Part& part : parts) {
      payments_api::PaymentPart& said = *request.add_parts();
      said.set_method(part.method);
      said.set_payment_method(part.token);
      if (part.amount > 0) said.set_amount(part.amount);
    }
    return run(payments().CreatePayment(call(), request));
  }
  Result<payments_api::RetryPaymentResponse> retry(const std::string& id, const std::string& method = "pm_card_visa") {
    payments_api::RetryPaymentRequest request;
    request.set_payment_id(id);
    request.set_payment_method(method);
    return run(payments().RetryPayment(call(), request));
  }
  Result<payments_api::CapturePaymentResponse> capture(const std::string& id, std::optional<std::int64_t> amount = {}, bool final = false) {
    payments_api::CapturePaymentRequest request;
    request.set_payment_id(id);
    if (amount) request.set_amount(*amount);
    request.set_final(final);
    return run(payments().CapturePayment(call(), request));
  }
  Result<payments_api::RefundPaymentResponse> refund(const std::string& id, std::optional<std::int64_t> amount = {}) {
    payments_api::RefundPaymentRequest request;
    request.set_payment_id(id);
    if (amount) request.set_amount(*amount);
    return run(payments().RefundPayment(call(), request));
  }
  Result<payments_api::VoidPaymentResponse> release(const std::string& id) {
    payments_api::VoidPaymentRequest request;
    request.set_payment_id(id);
    return run(payments().VoidPayment(call(), request));
  }
  Result<orders_api::CancelOrderResponse> cancel(const std::string& id) {
    orders_api::CancelOrderRequest request;
    request.set_order_id(id);
    return run(orders().CancelOrder(call(), request));
  }
  Result<orders_api::UpdateOrderResponse> update(const std::string& id, std::int64_t total) {
    orders_api::UpdateOrderRequest request;
    request.set_order_id(id);
    auto& line = *request.add_items();
    line.set_sku("CUP");
    line.set_quantity(1);
    line.set_unit_price(total);
    return run(orders().UpdateOrder(call(), request));
  }
  Result<::checkout::v1::CreateCheckoutResponse> check_out(std::int64_t total = 1000) {
    ::checkout::v1::CreateCheckoutRequest request;
    request.set_user_id("user-1");
    request.set_currency("USD");
    request.set_payment_method("pm_card_visa");
    auto& line = *request.add_items();
    line.set_sku("MUG");
    line.set_quantity(1);
    line.set_unit_price(total);
    return run(checkout_->CreateCheckout(call(), request));
  }
  template <class Request>
  Request credit_request(const std::string& reference, std::int64_t amount) {
    Request request;
    request.set_user_id("user-1");
    request.set_currency("USD");
    request.set_amount(amount);
    request.set_reference(reference);
    return request;
  }
  void give_credit(const std::string& reference, std::int64_t amount) {
    run(wallets().AddCredits(call(), credit_request<wallet_api::AddCreditsRequest>(reference, amount))).value();
  }
  std::string deduct_credit(const std::string& reference, std::int64_t amount) {
    return run(wallets().DeductCredits(call(), credit_request<wallet_api::DeductCreditsRequest>(reference, amount))).value().operation().id();
  }
  std::string hold_credit(const std::string& reference, std::int64_t amount) {
    return run(wallets().HoldCredits(call(), credit_request<wallet_api::HoldCreditsRequest>(reference, amount))).value().operation().id();
  }
  void capture_credit(const std::string& reference, const std::string& hold_id, std::int64_t amount, bool keep_rest) {
    wallet_api::CaptureHoldRequest request;
    request.set_user_id("user-1");
    request.set_hold_id(hold_id);
    request.set_amount(amount);
    request.set_keep_rest(keep_rest);
    request.set_reference(reference);
    run(wallets().CaptureHold(call(), request)).value();
  }
  void refund_credit(const std::string& reference, const std::string& operation_id) {
    wallet_api::RefundCreditsRequest request;
    request.set_user_id("user-1");
    request.set_operation_id(operation_id);
    request.set_reference(reference);
    run(wallets().RefundCredits(call(), request)).value();
  }
  std::string order_status(const std::string& id) {
    orders_api::GetOrderRequest request;
    request.set_order_id(id);
    return orders_api::OrderStatus_Name(run(orders().GetOrder(call(), request)).value().order().status());
  }

  // Each job once, as often as asked, a while apart.
  void look_after(int times = 1, Duration apart = seconds(2)) {
    for (int time = 0; time < times; ++time) {
      clock.advance(apart);
      for (Module& module : modules_)
        for (Job& job : module.jobs) run(job.run());
    }
  }

  // Straight to the sandbox, as if by other hands: a form to POST, or nothing to GET.
  http::Response at_processor(const std::string& method, const std::string& target, const std::string& body = {}) {
    http::Request request{.method = method, .target = target, .body = body};
    request.headers.set("Authorization", "Bearer sk_test_1");
    request.headers.set("Host", "sandbox.test");
    return run(sandbox_->handler()(std::move(request)));
  }
  // What the processor tells by a signed webhook.
  http::Response tell(const std::string& type, const std::string& object) {
    http::Request request{.method = "POST", .target = "/webhooks/stripe"};
    request.body = "{\"id\":\"evt_" + std::to_string(++keys_) + "\",\"type\":\"" + type + "\",\"data\":{\"object\":" + object + "}}";
    request.headers.set("Stripe-Signature", sandbox::signature_header("whsec_1", clock.now(), request.body));
    return run(modules_[1].routes.front().handle(std::move(request), {{"processor", "stripe"}}));
  }

  orders_api::OrderService& orders() { return directory_.get<orders_api::OrderService>(); }
  payments_api::PaymentService& payments() { return directory_.get<payments_api::PaymentService>(); }
  wallet_api::WalletService& wallets() { return directory_.get<wallet_api::WalletService>(); }
  http::Client& processor_wire() { return *client_; }
  store::Store& store() { return *store_; }

  const std::string merchant = "mer_01h2xcejqtf2nbrexx3vqjhp41";
  JumpingClock clock;

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::shared_ptr<store::SqliteStore> store_, sandbox_store_;
  std::shared_ptr<sandbox::Sandbox> sandbox_;
  std::shared_ptr<http::Client> client_;
  events::Outbox outbox_{clock, system_random()};
  rpc::Directory directory_;
  std::vector<Module> modules_;
  std::unique_ptr<::purser::checkout::Service> checkout_;
  int keys_ = 0;
};

// The books of a database, through a connection that may only read.
template <class Look>
auto look_at(const std::filesystem::path& file, Look look) {
  store::Connection connection(file, store::Connection::Mode::read_only, 1000);
  connection.begin_snapshot();
  auto result = look(static_cast<store::Tx&>(connection));
  connection.rollback();
  return result;
}

inline std::string listed(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) text += violation.check + " [" + violation.subject + "] " + violation.detail + "\n";
  return text;
}

}  // namespace purser::verify
