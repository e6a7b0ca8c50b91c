// Store credit as payments' processor: its adapter over the real wallet and a real database.
#include <gtest/gtest.h>

#include "contexts/payments/processors/wallet.hpp"
#include "contexts/wallet/migrations.hpp"
#include "contexts/wallet/module.hpp"
#include "platform/rpc/idempotency.hpp"
#include "platform/store/tests/scratch_store.hpp"

namespace purser {
namespace {

namespace api = ::wallet::v1;
using payments::AttemptKind;
using payments::End;
using payments::Instruction;
using payments::Outcome;

class WalletProcessor : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<store::Migration> all;
    for (const auto& some : {rpc::idempotency_migrations(), events::Outbox::migrations(), wallet::migrations()})
      all.insert(all.end(), some.begin(), some.end());
    store_ = store::open_sqlite({.file = folder_.database()}, all).value();
    module_ = wallet::make_module({*store_, outbox_, system_clock(), system_random(), directory_});
    processor_ = payments::make_wallet(directory_);
    give(1000);
  }
  void TearDown() override { store_.reset(); }

  template <class T>
  T run(Task<T> task) {
    return store::run_until_done(io_, std::move(task));
  }
  api::WalletService& service() { return directory_.get<api::WalletService>(); }
  void give(std::int64_t amount) {
    api::AddCreditsRequest request;
    request.set_user_id("u");
    request.set_currency("USD");
    request.set_amount(amount);
    request.set_reference("gift-" + std::to_string(++gifts_));
    ASSERT_TRUE(run(service().AddCredits(rpc::system_call("mer_1", "test"), request)).ok());
  }
  std::pair<std::int64_t, std::int64_t> balance() {
    api::GetBalanceRequest request;
    request.set_user_id("u");
    const auto found = run(service().GetBalance(rpc::system_call("mer_1", "test"), request)).value();
    return {found.wallet().balances(0).available(), found.wallet().balances(0).held()};
  }
  static Instruction instruction(AttemptKind kind, const std::string& reference, std::int64_t amount, const std::string& processor_ref = {}) {
    return {.kind = kind,
            .reference = reference,
            .amount = amount,
            .currency = *Currency::parse("USD"),
            .payment_method = "wallet",
            .processor_ref = processor_ref,
            .payment_id = "pay_1",
            .order_id = "",
            .return_url = "",
            .begun_at = {},
            .merchant_id = "mer_1",
            .user_id = "u"};
  }
  Outcome process(const Instruction& asked) { return run(processor_->process(asked)); }
  Outcome look_up(const Instruction& asked) { return run(processor_->look_up(asked)); }

  // Before it is asked nothing is known of it; afterwards the look-up says what the answer said, and asking again does nothing more.
  Outcome process_as_promised(const Instruction& asked) {
    EXPECT_EQ(look_up(asked).end, End::absent);
    const Outcome outcome = process(asked);
    const auto after = balance();
    EXPECT_EQ(look_up(asked).end, outcome.end);
    EXPECT_EQ(look_up(asked).processor_ref, outcome.processor_ref);
    const Outcome again = process(asked);
    EXPECT_EQ(again.end, outcome.end);
    EXPECT_EQ(again.processor_ref, outcome.processor_ref);
    EXPECT_EQ(balance(), after);
    return outcome;
  }
  void expect_balance(std::int64_t available, std::int64_t held) { EXPECT_EQ(balance(), std::pair(available, held)); }

  store::ScratchFolder folder_;
  boost::asio::io_context io_;
  std::shared_ptr<store::SqliteStore> store_;
  events::Outbox outbox_{system_clock(), system_random()};
  rpc::Directory directory_;
  Module module_;
  std::shared_ptr<payments::Processor> processor_;
  int gifts_ = 0;
};

TEST_F(WalletProcessor, HoldsCapturesAndRefunds) {
  const Outcome held = process_as_promised(instruction(AttemptKind::authorize, "p-1-1", 600));
  ASSERT_EQ(held.end, End::succeeded);
  ASSERT_TRUE(WalletOperationId::parse(held.processor_ref));
  expect_balance(400, 600);

  Instruction part = instruction(AttemptKind::capture, "p-1-2", 200, held.processor_ref);
  part.final = false;
  EXPECT_EQ(process_as_promised(part).end, End::succeeded);
  expect_balance(400, 400);
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::capture, "p-1-3", 100, held.processor_ref)).end, End::succeeded);
  expect_balance(700, 0);

  EXPECT_EQ(process_as_promised(instruction(AttemptKind::refund, "p-1-4", 250, held.processor_ref)).end, End::succeeded);
  expect_balance(950, 0);
  const Outcome too_much = process(instruction(AttemptKind::refund, "p-1-5", 51, held.processor_ref));
  EXPECT_EQ(too_much.end, End::declined);
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::refund, "p-1-6", 50, held.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);
}

TEST_F(WalletProcessor, SellsAtOnce) {
  const Outcome sold = process_as_promised(instruction(AttemptKind::sale, "p-1-1", 1000));
  ASSERT_EQ(sold.end, End::succeeded);
  expect_balance(0, 0);
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::refund, "p-1-2", 1000, sold.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);
}

TEST_F(WalletProcessor, ReleasesWhatItHolds) {
  const Outcome held = process(instruction(AttemptKind::authorize, "p-1-1", 600));
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::release, "p-1-2", 600, held.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);
  // Released already, under another reference: what is asked for holds.
  EXPECT_EQ(process(instruction(AttemptKind::release, "p-1-3", 600, held.processor_ref)).end, End::succeeded);
  EXPECT_EQ(process(instruction(AttemptKind::capture, "p-1-4", 600, held.processor_ref)).end, End::declined);

  const Outcome taken = process(instruction(AttemptKind::authorize, "p-2-1", 100));
  EXPECT_EQ(process(instruction(AttemptKind::capture, "p-2-2", 100, taken.processor_ref)).end, End::succeeded);
  const Outcome late = process(instruction(AttemptKind::release, "p-2-3", 100, taken.processor_ref));
  EXPECT_EQ(late.end, End::declined);
  EXPECT_EQ(late.failure->decline_code, "hold_closed");
}

TEST_F(WalletProcessor, DeclinesWhatIsNotThere) {
  for (const AttemptKind kind : {AttemptKind::authorize, AttemptKind::sale}) {
    const Outcome outcome = process(instruction(kind, "p-1-1", 1001));
    ASSERT_EQ(outcome.end, End::declined);
    EXPECT_EQ(outcome.failure->code, "declined");
    EXPECT_EQ(outcome.failure->decline_code, "insufficient_funds");
    EXPECT_TRUE(outcome.failure->retryable);
    EXPECT_EQ(look_up(instruction(kind, "p-1-1", 1001)).end, End::absent);
  }
  Instruction nobody = instruction(AttemptKind::sale, "p-1-2", 1);
  nobody.user_id.clear();
  EXPECT_EQ(process(nobody).failure->decline_code, "user_required");
  Instruction foreign = instruction(AttemptKind::sale, "p-1-3", 1);
  foreign.merchant_id = "mer_2";
  EXPECT_EQ(process(foreign).failure->decline_code, "insufficient_funds");
  expect_balance(1000, 0);
}

// What the journal has under a reference is of another amount: somebody else's, and no answer to this ask.
TEST_F(WalletProcessor, TrustsOnlyWhatItAskedFor) {
  EXPECT_EQ(process(instruction(AttemptKind::authorize, "p-1-1", 600)).end, End::succeeded);
  EXPECT_EQ(process(instruction(AttemptKind::authorize, "p-1-1", 601)).end, End::in_doubt);
  EXPECT_EQ(look_up(instruction(AttemptKind::authorize, "p-1-1", 601)).end, End::in_doubt);
  EXPECT_EQ(look_up(instruction(AttemptKind::sale, "p-1-1", 600)).end, End::in_doubt);
  expect_balance(400, 600);
}

TEST_F(WalletProcessor, ReversesWhateverWasDone) {
  const Outcome sold = process(instruction(AttemptKind::sale, "p-1-1", 300));
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::reverse, "p-1-2", 300, sold.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);

  const Outcome held = process(instruction(AttemptKind::authorize, "p-2-1", 300));
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::reverse, "p-2-2", 300, held.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);

  const Outcome partly = process(instruction(AttemptKind::authorize, "p-3-1", 300));
  Instruction part = instruction(AttemptKind::capture, "p-3-2", 100, partly.processor_ref);
  part.final = false;
  EXPECT_EQ(process(part).end, End::succeeded);
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::reverse, "p-3-3", 300, partly.processor_ref)).end, End::succeeded);
  expect_balance(1000, 0);
}

// Cut short between its two steps, a reversal is looked up as not done, and asked again does the rest.
TEST_F(WalletProcessor, FinishesAReversalThatWasCutShort) {
  const Outcome held = process(instruction(AttemptKind::authorize, "p-1-1", 300));
  Instruction part = instruction(AttemptKind::capture, "p-1-2", 100, held.processor_ref);
  part.final = false;
  EXPECT_EQ(process(part).end, End::succeeded);
  api::ReleaseHoldRequest first;
  first.set_user_id("u");
  first.set_hold_id(held.processor_ref);
  first.set_reference("p-1-3-release");
  first.set_reason("pay_1");
  ASSERT_TRUE(run(service().ReleaseHold(rpc::system_call("mer_1", "test"), first)).ok());
  expect_balance(900, 0);
  const Instruction reverse = instruction(AttemptKind::reverse, "p-1-3", 300, held.processor_ref);
  EXPECT_EQ(look_up(reverse).end, End::absent);
  EXPECT_EQ(process(reverse).end, End::succeeded);
  EXPECT_EQ(look_up(reverse).end, End::succeeded);
  expect_balance(1000, 0);
}

// void_by_reference: the answer was lost, and with it the wallet's own id.
TEST_F(WalletProcessor, UndoesByReference) {
  EXPECT_EQ(process(instruction(AttemptKind::authorize, "p-1-1", 300)).end, End::succeeded);
  EXPECT_EQ(process_as_promised(instruction(AttemptKind::reverse, "p-1-2", 300, "p-1-1")).end, End::succeeded);
  expect_balance(1000, 0);
  EXPECT_EQ(process(instruction(AttemptKind::reverse, "p-1-3", 300, "p-never")).end, End::absent);
  EXPECT_EQ(process(instruction(AttemptKind::reverse, "p-1-4", 300)).end, End::absent);
}

TEST_F(WalletProcessor, DeclaresWhatItCanDo) {
  const auto& can = processor_->capabilities();
  EXPECT_TRUE(can.look_up_by_reference && can.void_by_reference && can.multi_capture && can.partial_refund);
  EXPECT_FALSE(can.webhooks);
  EXPECT_EQ(can.visibility_lag, Duration{});
  EXPECT_EQ(processor_->name(), "wallet");
  const auto refused = processor_->parse_webhook({}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "webhook_unreadable");
}

}  // namespace
}  // namespace purser
