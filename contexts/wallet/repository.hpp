// All SQL of the wallet context. Nobody else names its tables. Every query is bound to one merchant.
//
// What is written over is what was read: a wallet that moved on meanwhile, a balance that is another by now, a reference that somebody
// else took are Trouble::busy, and the transaction's body runs again.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "contexts/wallet/rules/journal.hpp"
#include "platform/rpc/page.hpp"
#include "platform/store/store.hpp"

namespace purser::wallet {

// A user's wallet at a merchant: the aggregate that events tell of. Its version counts its operations.
struct Wallet {
  WalletId id;
  std::string merchant_id;
  std::string user_id;
  std::int64_t version = 0;
};

// A line of the journal on one of the user's accounts, with the operation that it is part of.
struct JournalLine {
  std::string id;
  std::string operation_id;
  OperationKind kind{};
  std::string reference;
  std::string reason;
  Currency currency;
  Entry entry;
  Instant created_at{};
};

struct UserBalance {
  Currency currency;
  std::int64_t available = 0;
  std::int64_t held = 0;
};

struct Filter {
  std::optional<Currency> currency;
  std::optional<Account> account;
};

std::optional<Wallet> find_wallet(store::Tx& tx, const std::string& merchant_id, const std::string& user_id);
std::optional<Operation> find_operation(store::Tx& tx, const std::string& merchant_id, const std::string& reference);
std::optional<Charge> find_charge(store::Tx& tx, const std::string& merchant_id, const std::string& user_id, const std::string& charge_id);
Balances find_balances(store::Tx& tx, const std::string& merchant_id, const std::string& user_id, Currency currency);
std::vector<UserBalance> list_balances(store::Tx& tx, const std::string& merchant_id, const std::string& user_id);
// One row more than the page holds, if there is one (rpc::settle_page).
std::vector<JournalLine> list_entries(store::Tx& tx, const std::string& merchant_id, const std::string& user_id, const Filter& filter,
                                      const rpc::Page& page);

// The wallet at `wallet.version`, the first or the next.
void write_wallet(store::Tx& tx, const Wallet& wallet, Instant now);
void insert(store::Tx& tx, const Wallet& wallet, const Operation& operation);
void insert(store::Tx& tx, const Operation& operation, const Entry& entry, const std::string& entry_id);
void write_balance(store::Tx& tx, const Operation& operation, Account account, std::int64_t before, std::int64_t after);
void write_charge(store::Tx& tx, const Charge& charge);

}  // namespace purser::wallet
