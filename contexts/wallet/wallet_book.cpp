#include "contexts/wallet/wallet_book.hpp"

#include "contexts/wallet/wire.hpp"

namespace purser::wallet {
namespace {

using store::Tx;

// What a command is decided on. A command in no currency is in that of its charge; where there is none, it is refused whatever the
// balances are.
Books books_for(Tx& tx, const rpc::Call& call, const Command& command) {
  const std::string& merchant_id = call.caller.merchant_id;
  // Payments ask as the system, which no key from outside is.
  Books books{.currency = command.currency.value_or(*Currency::parse("USD")), .asked_by_payments = call.caller.actor == "system"};
  books.earlier = find_operation(tx, merchant_id, command.reference);
  if (books.earlier) return books;
  if (!command.charge_id.empty()) books.charge = find_charge(tx, merchant_id, command.user_id, command.charge_id);
  if (books.charge) books.currency = books.charge->amount.currency;
  books.balances = find_balances(tx, merchant_id, command.user_id, books.currency);
  return books;
}

}  // namespace

Result<Operation> WalletBook::record(Tx& tx, const rpc::Call& call, const Command& command) {
  const std::string& merchant_id = call.caller.merchant_id;
  const Books books = books_for(tx, call, command);
  const auto decided = decide(command, books);
  if (!decided) return explain(decided.error(), command, books);
  if (!*decided) return *books.earlier;

  const Instant now = clock_.now();
  Wallet wallet = find_wallet(tx, merchant_id, command.user_id).value_or(Wallet{make_id<WalletId>(now, random_), merchant_id, command.user_id});
  ++wallet.version;
  Operation operation = operation_of(make_id<WalletOperationId>(now, random_), merchant_id, command, books, **decided, now);
  write(tx, wallet, operation, books, **decided);
  TRY_DONE(announce(tx, call, wallet, operation));
  return operation;
}

void WalletBook::write(Tx& tx, const Wallet& wallet, const Operation& operation, const Books& books, const Posting& posting) {
  const Instant now = operation.created_at;
  write_wallet(tx, wallet, now);
  insert(tx, wallet, operation);
  for (const Entry& entry : posting.entries) {
    insert(tx, operation, entry, make_id<WalletEntryId>(now, random_).text());
    write_balance(tx, operation, entry.account, books.balances.of(entry.account), entry.balance_after);
  }
  if (const auto charge = charge_after(operation, books, posting, now)) write_charge(tx, *charge);
}

// One event for each way that credit went; the rest of a capture goes back, which is another.
Result<Done> WalletBook::announce(Tx& tx, const rpc::Call& call, const Wallet& wallet, const Operation& operation) {
  const auto publish = [&](auto event, std::int64_t amount) {
    *event.mutable_wallet() = facts_of(wallet, operation);
    *event.mutable_operation() = to_api(operation);
    event.set_amount(amount);
    return outbox_.publish(tx, call, wallet.id.text(), event);
  };
  const std::int64_t amount = operation.amount.minor;
  switch (operation.command.kind) {
    case OperationKind::credit:
    case OperationKind::refund:
      return publish(api::WalletCredited(), amount);
    case OperationKind::debit:
      return publish(api::WalletDebited(), amount);
    case OperationKind::hold:
      return publish(api::WalletHeld(), amount);
    case OperationKind::capture:
      TRY_DONE(publish(api::WalletDebited(), amount));
      return operation.released > 0 ? publish(api::WalletReleased(), operation.released) : Result<Done>(Done{});
    case OperationKind::release:
      return publish(api::WalletReleased(), amount);
  }
  return Done{};
}

}  // namespace purser::wallet
