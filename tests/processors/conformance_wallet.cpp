// Store credit, as the kit needs to know it: the real wallet on a real store, behind a service that fails when it is told to. There is no
// wire; what breaks is the way to the service, and the store beneath it.
#include <boost/asio/detached.hpp>
#include <map>
#include <set>

#include "contexts/payments/processors/wallet.hpp"
#include "contexts/wallet/migrations.hpp"
#include "contexts/wallet/module.hpp"
#include "platform/rpc/idempotency.hpp"
#include "tests/processors/conformance.hpp"
#include "wallet/v1/wallet_service.purser.hpp"

namespace purser::conformance {
namespace {

namespace api = ::wallet::v1;

constexpr std::int64_t funds = 1'000'000;

// What goes wrong with the next calls, and what their answers speak of.
struct Trouble {
  Kind kind = Kind::unavailable;
  bool after = false;  // the effect
  bool changes_only = false;
  int count = 0;
  std::function<void(api::Operation&)> bend{};
};

class FailingWallet final : public api::WalletService {
 public:
  FailingWallet(api::WalletService& real, Trouble& trouble) : real_(real), trouble_(trouble) {}

#define PASSES_ON(Method, changes)                                                             \
  Reply<api::Method##Response> Method(rpc::Call call, api::Method##Request request) override { \
    return pass_on(&api::WalletService::Method, changes, std::move(call), std::move(request)); \
  }
  PASSES_ON(GetBalance, false)
  PASSES_ON(AddCredits, true)
  PASSES_ON(DeductCredits, true)
  PASSES_ON(HoldCredits, true)
  PASSES_ON(GetHold, false)
  PASSES_ON(CaptureHold, true)
  PASSES_ON(ReleaseHold, true)
  PASSES_ON(RefundCredits, true)
  PASSES_ON(GetOperation, false)
  PASSES_ON(ListEntries, false)
#undef PASSES_ON

 private:
  template <class Response, class Request>
  Reply<Response> pass_on(Reply<Response> (api::WalletService::*method)(rpc::Call, Request), bool changes, rpc::Call call, Request request) {
    const bool strikes = trouble_.count > 0 && (changes || !trouble_.changes_only);
    if (strikes) --trouble_.count;
    const Error failure{.kind = trouble_.kind, .code = "failed_on_request", .detail = "The kit wanted it so."};
    if (strikes && !trouble_.after) co_return failure;
    auto answer = co_await (real_.*method)(std::move(call), std::move(request));
    if (strikes) co_return failure;
    if constexpr (requires(Response& response) { response.mutable_operation(); })
      if (answer.ok() && trouble_.bend) trouble_.bend(*answer->mutable_operation());
    co_return answer;
  }
  api::WalletService& real_;
  Trouble& trouble_;
};

class WalletWorld final : public World {
 public:
  explicit WalletWorld(const Description& description) : World(description) {
    store_ = store::open_sqlite({.file = folder_.database(), .busy_ms = 1}, tables()).value();
    module_ = wallet::make_module({*store_, outbox_, clock, system_random(), real_});
    front_.put<api::WalletService>(std::make_shared<FailingWallet>(service(), trouble_));
    adopt(payments::make_wallet(front_), *store_);
  }
  ~WalletWorld() override {
    let_go_of_store();
    store_.reset();
  }

  Payment begin() override {
    Payment payment = World::begin();
    api::AddCreditsRequest gift;
    gift.set_user_id(payment.user_id);
    gift.set_currency("USD");
    gift.set_amount(funds);
    gift.set_reference("gift-" + payment.id);
    EXPECT_TRUE(run(service().AddCredits(rpc::system_call("mer_kit", "kit"), gift)).ok());
    return payment;
  }

  Books books(const Payment& payment) override {
    api::ListEntriesRequest request;
    request.set_user_id(payment.user_id);
    request.set_page_size(100);
    const auto journal = run(service().ListEntries(rpc::system_call("mer_kit", "kit"), request)).value();
    Books books;
    std::set<std::string> charges;
    for (const api::Entry& entry : journal.entries()) {
      count(books, entry);
      if (entry.kind() == api::OPERATION_KIND_HOLD || entry.kind() == api::OPERATION_KIND_DEBIT) charges.insert(entry.operation_id());
    }
    books.charges = static_cast<int>(charges.size());
    return books;
  }

  void lose_next_answer() override { trouble_ = {.kind = Kind::timeout, .after = true, .changes_only = true, .count = 1}; }
  std::vector<std::string> faults() const override {
    return {"unavailable_before", "unavailable_after", "timeout_before",      "timeout_after",
            "internal_before",    "internal_after",    "rate_limited_before", "store_busy"};
  }
  void strike(const std::string& fault, int count) override {
    static const std::map<std::string, Kind> kinds = {
        {"unavailable", Kind::unavailable}, {"timeout", Kind::timeout}, {"internal", Kind::internal}, {"rate_limited", Kind::rate_limited}};
    trouble_ = {};
    let_go_of_store();
    if (fault == "store_busy") return occupy_store();
    if (fault.empty()) return;
    const std::size_t end = fault.rfind('_');
    trouble_ = {.kind = kinds.at(fault.substr(0, end)), .after = fault.substr(end) == "_after", .count = count};
  }
  void speak_of(OtherMoney other, std::int64_t) override {
    trouble_.bend = [other](api::Operation& operation) {
      if (other == OtherMoney::currency) operation.set_currency("EUR");
      if (other != OtherMoney::currency) operation.set_amount(operation.amount() + (other == OtherMoney::less ? -1 : 1));
    };
  }
  void mend() override { trouble_ = {}; }
  Outcome process(Instruction instruction) override {
    Outcome outcome = World::process(std::move(instruction));
    let_go_of_store();  // whoever writes there is done by the time that somebody asks again
    return outcome;
  }

 private:
  api::WalletService& service() { return real_.get<api::WalletService>(); }

  static std::vector<store::Migration> tables() {
    std::vector<store::Migration> all;
    for (const auto& some : {rpc::idempotency_migrations(), events::Outbox::migrations(), wallet::migrations()})
      all.insert(all.end(), some.begin(), some.end());
    return all;
  }

  // On the user's two accounts.
  static void count(Books& books, const api::Entry& entry) {
    const std::int64_t held = entry.account() == api::WALLET_ACCOUNT_HELD ? entry.amount() : 0;
    const std::int64_t available = entry.account() == api::WALLET_ACCOUNT_AVAILABLE ? entry.amount() : 0;
    if (entry.kind() == api::OPERATION_KIND_HOLD) books.authorized += held;
    if (entry.kind() == api::OPERATION_KIND_DEBIT) books.authorized -= available, books.captured -= available;
    if (entry.kind() == api::OPERATION_KIND_CAPTURE) books.captured -= held + available, books.let_go += available;
    if (entry.kind() == api::OPERATION_KIND_RELEASE) books.let_go += available;
    if (entry.kind() == api::OPERATION_KIND_REFUND) books.refunded += available;
  }

  using Signal = std::shared_ptr<std::promise<void>>;
  static Task<void> write_until(std::shared_ptr<store::SqliteStore> store, Signal begun, Signal done) {
    static_cast<void>(co_await store->transact([&](store::Tx& tx) -> Result<Done> {
      tx.exec("create table if not exists kit (x integer)");
      begun->set_value();
      done->get_future().wait();
      return Error{.kind = Kind::conflict, .code = "rolled_back"};
    }));
  }
  // Another process writes for as long as it likes; for us the store is busy.
  void occupy_store() {
    other_ = store::open_sqlite({.file = folder_.database(), .readers = 1}, tables()).value();
    auto begun = std::make_shared<std::promise<void>>();
    release_ = std::make_shared<std::promise<void>>();
    boost::asio::co_spawn(other_io_, write_until(other_, begun, release_), boost::asio::detached);
    other_io_.restart();
    other_io_.poll();
    begun->get_future().wait();
  }
  void let_go_of_store() {
    if (!release_) return;
    release_->set_value();
    release_.reset();
    other_io_.restart();
    other_io_.run();
    other_.reset();
  }

  std::shared_ptr<store::SqliteStore> store_;
  events::Outbox outbox_{clock, system_random()};
  rpc::Directory real_, front_;
  Module module_;
  Trouble trouble_;
  boost::asio::io_context other_io_;
  std::shared_ptr<store::SqliteStore> other_;
  Signal release_;
};

}  // namespace

Description wallet() {
  return {.name = "wallet",
          .approved = "wallet",
          .declines = {{"wallet", "declined", "insufficient_funds", true, funds + 1}},
          .make = [](const Description& description) { return std::make_unique<WalletWorld>(description); }};
}

}  // namespace purser::conformance
