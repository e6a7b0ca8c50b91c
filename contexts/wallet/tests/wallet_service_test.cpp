// The service over a real database: what the rules promise holds for requests that meet.
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>
#include <set>

#include "contexts/wallet/migrations.hpp"
#include "contexts/wallet/service.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/store/tests/scratch_store.hpp"

namespace purser::wallet {
namespace {

namespace api = ::wallet::v1;

class Wallets : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<store::Migration> all;
    for (const auto& some : {rpc::idempotency_migrations(), events::Outbox::migrations(), wallet::migrations()})
      all.insert(all.end(), some.begin(), some.end());
    auto opened = store::open_sqlite({.file = folder_.database()}, all);
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = *opened;
    service_.emplace(*store_, book_);
  }
  void TearDown() override { store_.reset(); }

  template <class T>
  T run(Task<T> task) {
    return store::run_until_done(io_, std::move(task));
  }
  static rpc::Call call(std::string key = {}, std::string merchant = "mer_1") {
    rpc::Call call;
    call.caller = {.merchant_id = std::move(merchant), .actor = "test", .scope = rpc::Scope::merchant};
    call.idempotency_key = std::move(key);
    return call;
  }
  template <class Request>
  static Request asked(const std::string& reference, std::int64_t amount, const std::string& user = "u") {
    Request request;
    request.set_user_id(user);
    request.set_reference(reference);
    request.set_amount(amount);
    request.set_currency("USD");
    return request;
  }
  Result<api::AddCreditsResponse> credit(const std::string& reference, std::int64_t amount, rpc::Call by = call()) {
    return run(service_->AddCredits(std::move(by), asked<api::AddCreditsRequest>(reference, amount)));
  }
  Result<api::DeductCreditsResponse> debit(const std::string& reference, std::int64_t amount, rpc::Call by = call()) {
    return run(service_->DeductCredits(std::move(by), asked<api::DeductCreditsRequest>(reference, amount)));
  }
  std::string hold(const std::string& reference, std::int64_t amount) {
    return run(service_->HoldCredits(call(), asked<api::HoldCreditsRequest>(reference, amount))).value().operation().id();
  }
  Result<api::CaptureHoldResponse> capture(const std::string& reference, const std::string& hold_id, std::int64_t amount, bool keep_rest = false) {
    return run(service_->CaptureHold(call(), capture_request(reference, hold_id, amount, keep_rest)));
  }
  static api::CaptureHoldRequest capture_request(const std::string& reference, const std::string& hold_id, std::int64_t amount, bool keep_rest) {
    api::CaptureHoldRequest request;
    request.set_user_id("u");
    request.set_hold_id(hold_id);
    request.set_reference(reference);
    request.set_amount(amount);
    request.set_keep_rest(keep_rest);
    return request;
  }
  std::pair<std::int64_t, std::int64_t> balance(rpc::Call by = call()) {
    api::GetBalanceRequest request;
    request.set_user_id("u");
    const auto wallet = run(service_->GetBalance(std::move(by), request)).value().wallet();
    return wallet.balances().empty() ? std::pair<std::int64_t, std::int64_t>{0, 0}
                                     : std::pair{wallet.balances(0).available(), wallet.balances(0).held()};
  }
  std::int64_t number(std::string sql) {
    return *run(store_->read(
        [&](store::Tx& tx) -> Result<std::int64_t> { return tx.first(sql, [](const store::Row& row) { return row.integer(0); }).value_or(0); }));
  }
  // Every operation sums to zero, every balance is the sum of its entries, and no event is missing or numbered twice.
  void expect_books_in_order() {
    EXPECT_EQ(
        number("select count(*) from (select sum(amount) s, count(*) n from wallet_entries group by operation_id, currency) where s <> 0 or n < 2"),
        0);
    EXPECT_EQ(number("select count(*) from wallet_accounts a where balance <> (select coalesce(sum(amount), 0) from wallet_entries e where "
                     "e.merchant_id = a.merchant_id and e.user_id = a.user_id and e.currency = a.currency and e.account = a.account)"),
              0);
    EXPECT_EQ(number("select count(*) from (select count(*) n, max(sequence) m from outbox group by aggregate_id) where n <> m"), 0);
    EXPECT_EQ(number("select (select sum(version) from wallets) - (select count(*) from wallet_operations)"), 0);
  }

  store::ScratchFolder folder_;
  boost::asio::io_context io_;
  std::shared_ptr<store::SqliteStore> store_;
  events::Outbox outbox_{system_clock(), system_random()};
  WalletBook book_{outbox_, system_clock(), system_random()};
  std::optional<Service> service_;
};

TEST_F(Wallets, MoveCreditAndKeepTheJournal) {
  ASSERT_TRUE(credit("c", 1000).ok());
  ASSERT_TRUE(debit("d", 300).ok());
  const std::string held = hold("h", 500);
  EXPECT_EQ(balance(), std::pair(std::int64_t{200}, std::int64_t{500}));
  ASSERT_TRUE(capture("h-1", held, 200, true).ok());
  ASSERT_TRUE(capture("h-2", held, 100).ok());
  EXPECT_EQ(balance(), std::pair(std::int64_t{400}, std::int64_t{0}));
  EXPECT_EQ(capture("h-3", held, 1).error().code, "hold_closed");
  expect_books_in_order();
  // credited, debited, held, debited, debited and released
  EXPECT_EQ(number("select count(*) from outbox"), 6);
}

TEST_F(Wallets, AnswerAReferenceAsTheyAnsweredItBefore) {
  const auto first = credit("c", 1000, call("key 1")).value();
  const auto again = credit("c", 1000, call("key 2")).value();
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(credit("c", 1001, call("key 3")).error().code, "reference_reused");
  EXPECT_EQ(debit("c", 1000, call("key 4")).error().code, "reference_reused");
  EXPECT_EQ(balance().first, 1000);
  expect_books_in_order();
}

TEST_F(Wallets, KeepMerchantsApart) {
  ASSERT_TRUE(credit("c", 1000).ok());
  const std::string held = hold("h", 500);
  EXPECT_EQ(balance(call("", "mer_2")).first, 0);
  ASSERT_TRUE(credit("c", 5, call("", "mer_2")).ok());
  EXPECT_EQ(debit("d", 6, call("", "mer_2")).error().code, "insufficient_credit");
  EXPECT_EQ(run(service_->CaptureHold(call("", "mer_2"), capture_request("x", held, 1, false))).error().code, "hold_not_found");
  EXPECT_EQ(balance(), std::pair(std::int64_t{500}, std::int64_t{500}));
  expect_books_in_order();
}

// In this process a caller comes past no edge.
TEST_F(Wallets, RefuseWhatTheEdgeWouldHaveRefused) {
  auto request = asked<api::AddCreditsRequest>("c", 1);
  request.set_currency("ZZZ");
  EXPECT_EQ(run(service_->AddCredits(call(), request)).error().fields.front().pointer, "/currency");
  EXPECT_EQ(run(service_->AddCredits(call(), asked<api::AddCreditsRequest>("", 1))).error().fields.front().pointer, "/reference");
  EXPECT_EQ(run(service_->AddCredits(call(), asked<api::AddCreditsRequest>("c", 1, ""))).error().fields.front().pointer, "/user_id");
  EXPECT_EQ(run(service_->AddCredits(call(), asked<api::AddCreditsRequest>("c", -1))).error().fields.front().pointer, "/amount");
}

TEST_F(Wallets, NeverOverdrawWhenDebitsMeet) {
  ASSERT_TRUE(credit("c", 1000).ok());
  int done = 0, refused = 0;
  for (int i = 0; i < 40; ++i)
    boost::asio::co_spawn(
        io_,
        [this, i, &done, &refused]() -> Task<void> {
          const auto taken = co_await service_->DeductCredits(call(), asked<api::DeductCreditsRequest>("d" + std::to_string(i), 70));
          taken.ok() ? ++done : ++refused;
          if (!taken.ok()) EXPECT_EQ(taken.error().code, "insufficient_credit");
        },
        boost::asio::detached);
  io_.restart();
  io_.run();
  EXPECT_EQ(done, 14);
  EXPECT_EQ(refused, 26);
  EXPECT_EQ(balance().first, 20);
  expect_books_in_order();
}

TEST_F(Wallets, DoOnceWhatIsAskedManyTimesAtOnce) {
  ASSERT_TRUE(credit("c", 1000).ok());
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i)
    boost::asio::co_spawn(
        io_,
        [this, &ids]() -> Task<void> {
          const auto taken = co_await service_->DeductCredits(call(), asked<api::DeductCreditsRequest>("d", 70));
          EXPECT_TRUE(taken.ok());
          if (taken.ok()) ids.insert(taken->operation().id());
        },
        boost::asio::detached);
  io_.restart();
  io_.run();
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(balance().first, 930);
  expect_books_in_order();
}

// The last line of defence: were the rules wrong, the database would refuse.
TEST_F(Wallets, AreGuardedByTheDatabase) {
  ASSERT_TRUE(credit("c", 1000).ok());
  hold("h", 500);
  for (const std::string wrong :
       {"update wallet_accounts set balance = -1 where account = 'AVAILABLE'", "update wallet_accounts set balance = -1 where account = 'HELD'",
        "update wallet_accounts set balance = 1 where account = 'ISSUED'", "update wallet_charges set captured = 501",
        "update wallet_charges set refunded = 1", "update wallet_entries set amount = 0",
        "insert into wallet_operations select 'x', merchant_id, wallet_id, user_id, reference, kind, currency, amount, released, "
        "null, null, null, 0, '', 0, 0, 0 from wallet_operations where reference = 'c'"}) {
    const auto done = run(store_->transact([&](store::Tx& tx) -> Result<Done> {
      tx.exec(wrong);
      return Done{};
    }));
    EXPECT_FALSE(done.ok()) << wrong;
  }
  expect_books_in_order();
}

}  // namespace
}  // namespace purser::wallet
