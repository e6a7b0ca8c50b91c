#include "contexts/wallet/repository.hpp"

#include "kernel/assert.hpp"

namespace purser::wallet {
namespace {

using store::Row;
using store::Tx;

std::optional<std::string> maybe(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

void must_change_one(std::int64_t rows, const char* what) {
  if (rows != 1) throw store::Trouble(store::Trouble::Cause::busy, what);
}

// The merchant's accounts are nobody's.
std::string owner(const Operation& operation, Account account) { return is_users(account) ? operation.command.user_id : std::string(); }

Currency currency_at(const Row& row, int column) {
  const auto currency = Currency::parse(row.text(column));
  PURSER_ASSERT(currency);
  return *currency;
}

Operation read_operation(const Row& row) {
  const auto id = WalletOperationId::parse(row.text(0));
  const auto kind = parse_kind(row.text(4));
  PURSER_ASSERT(id && kind);
  Operation operation{.id = *id,
                      .merchant_id = std::string(row.text(1)),
                      .command = {.kind = *kind,
                                  .reference = std::string(row.text(3)),
                                  .user_id = std::string(row.text(2)),
                                  .currency = Currency::parse(row.text(8)),
                                  .amount = row.maybe_integer(9),
                                  .charge_id = std::string(row.text(10)),
                                  .keep_rest = row.integer(11) != 0,
                                  .reason = std::string(row.text(12))},
                      .amount = {row.integer(6), currency_at(row, 5)},
                      .released = row.integer(7)};
  operation.available_after = row.integer(13);
  operation.held_after = row.integer(14);
  operation.created_at = row.instant(15);
  return operation;
}

Charge read_charge(const Row& row) {
  const auto id = WalletOperationId::parse(row.text(0));
  const auto kind = parse_kind(row.text(4));
  PURSER_ASSERT(id && kind);
  return {.id = *id,
          .merchant_id = std::string(row.text(1)),
          .user_id = std::string(row.text(2)),
          .reference = std::string(row.text(3)),
          .kind = *kind,
          .amount = {row.integer(6), currency_at(row, 5)},
          .captured = row.integer(7),
          .released = row.integer(8),
          .refunded = row.integer(9),
          .reason = std::string(row.text(10)),
          .created_at = row.instant(11),
          .updated_at = row.instant(12)};
}

JournalLine read_line(const Row& row) {
  const auto kind = parse_kind(row.text(2));
  const auto account = parse_account(row.text(6));
  PURSER_ASSERT(kind && account);
  return {.id = std::string(row.text(0)),
          .operation_id = std::string(row.text(1)),
          .kind = *kind,
          .reference = std::string(row.text(3)),
          .reason = std::string(row.text(4)),
          .currency = currency_at(row, 5),
          .entry = {*account, row.integer(7), row.integer(8)},
          .created_at = row.instant(9)};
}

}  // namespace

std::optional<Wallet> find_wallet(Tx& tx, const std::string& merchant_id, const std::string& user_id) {
  return tx.first(
      "select id, merchant_id, user_id, version from wallets where merchant_id = $1 and user_id = $2",
      [](const Row& row) {
        const auto id = WalletId::parse(row.text(0));
        PURSER_ASSERT(id);
        return Wallet{*id, std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
      },
      merchant_id, user_id);
}

std::optional<Operation> find_operation(Tx& tx, const std::string& merchant_id, const std::string& reference) {
  return tx.first(
      "select id, merchant_id, user_id, reference, kind, currency, amount, released, asked_currency, asked_amount, charge_id, keep_rest, reason, "
      "available_after, held_after, created_at from wallet_operations where merchant_id = $1 and reference = $2",
      read_operation, merchant_id, reference);
}

std::optional<Charge> find_charge(Tx& tx, const std::string& merchant_id, const std::string& user_id, const std::string& charge_id) {
  return tx.first(
      "select operation_id, merchant_id, user_id, reference, kind, currency, amount, captured, released, refunded, reason, created_at, updated_at "
      "from wallet_charges where operation_id = $1 and merchant_id = $2 and user_id = $3",
      read_charge, charge_id, merchant_id, user_id);
}

Balances find_balances(Tx& tx, const std::string& merchant_id, const std::string& user_id, Currency currency) {
  Balances balances;
  tx.query(
      "select account, balance from wallet_accounts where merchant_id = $1 and currency = $2 and user_id in ($3, '') order by account",
      [&](const Row& row) {
        const auto account = parse_account(row.text(0));
        PURSER_ASSERT(account);
        balances.of(*account) = row.integer(1);
      },
      merchant_id, currency.code(), user_id);
  return balances;
}

std::vector<UserBalance> list_balances(Tx& tx, const std::string& merchant_id, const std::string& user_id) {
  std::vector<UserBalance> balances;
  tx.query(
      "select currency, account, balance from wallet_accounts where merchant_id = $1 and user_id = $2 order by currency, account",
      [&](const Row& row) {
        const Currency currency = currency_at(row, 0);
        if (balances.empty() || balances.back().currency != currency) balances.push_back({currency});
        const auto account = parse_account(row.text(1));
        PURSER_ASSERT(account && is_users(*account));
        (*account == Account::held ? balances.back().held : balances.back().available) = row.integer(2);
      },
      merchant_id, user_id);
  return balances;
}

std::vector<JournalLine> list_entries(Tx& tx, const std::string& merchant_id, const std::string& user_id, const Filter& filter,
                                      const rpc::Page& page) {
  rpc::Query query(
      "select id, operation_id, kind, reference, reason, currency, account, amount, balance_after, created_at from "
      "(select e.id, e.operation_id, e.merchant_id, e.user_id, o.kind, o.reference, o.reason, e.currency, e.account, e.amount, e.balance_after, "
      "e.created_at from wallet_entries e join wallet_operations o on o.id = e.operation_id) lines");
  query.where("merchant_id =", merchant_id);
  query.where("user_id =", user_id);
  if (filter.currency) query.where("currency =", filter.currency->code());
  if (filter.account) query.where("account =", text(*filter.account));
  query.page(page);
  std::vector<JournalLine> lines;
  query.run(tx, [&](const Row& row) { lines.push_back(read_line(row)); });
  return lines;
}

void write_wallet(Tx& tx, const Wallet& wallet, Instant now) {
  if (wallet.version > 1)
    return must_change_one(tx.exec("update wallets set version = $1, updated_at = $2 where id = $3 and version = $4", wallet.version, now,
                                   wallet.id.text(), wallet.version - 1),
                           "wallet changed meanwhile");
  must_change_one(tx.exec("insert into wallets (id, merchant_id, user_id, version, created_at, updated_at) values ($1, $2, $3, $4, $5, $6) "
                          "on conflict (merchant_id, user_id) do nothing",
                          wallet.id.text(), wallet.merchant_id, wallet.user_id, wallet.version, now, now),
                  "wallet made meanwhile");
}

void insert(Tx& tx, const Wallet& wallet, const Operation& operation) {
  const Command& command = operation.command;
  const std::optional<std::string_view> asked_currency = command.currency ? std::optional(command.currency->code()) : std::nullopt;
  must_change_one(
      tx.exec("insert into wallet_operations (id, merchant_id, wallet_id, user_id, reference, kind, currency, amount, released, asked_currency, "
              "asked_amount, charge_id, keep_rest, reason, available_after, held_after, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
              "$10, $11, $12, $13, $14, $15, $16, $17) on conflict (merchant_id, reference) do nothing",
              operation.id.text(), operation.merchant_id, wallet.id.text(), command.user_id, command.reference, text(command.kind),
              operation.amount.currency.code(), operation.amount.minor, operation.released, asked_currency, command.amount, maybe(command.charge_id),
              command.keep_rest, command.reason, operation.available_after, operation.held_after, operation.created_at),
      "reference taken meanwhile");
}

void insert(Tx& tx, const Operation& operation, const Entry& entry, const std::string& entry_id) {
  tx.exec(
      "insert into wallet_entries (id, operation_id, merchant_id, user_id, currency, account, amount, balance_after, created_at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      entry_id, operation.id.text(), operation.merchant_id, owner(operation, entry.account), operation.amount.currency.code(), text(entry.account),
      entry.amount, entry.balance_after, operation.created_at);
}

void write_balance(Tx& tx, const Operation& operation, Account account, std::int64_t before, std::int64_t after) {
  must_change_one(tx.exec("insert into wallet_accounts (merchant_id, user_id, currency, account, balance) values ($1, $2, $3, $4, $5) "
                          "on conflict (merchant_id, user_id, currency, account) do update set balance = $5 where wallet_accounts.balance = $6",
                          operation.merchant_id, owner(operation, account), operation.amount.currency.code(), text(account), after, before),
                  "balance changed meanwhile");
}

void write_charge(Tx& tx, const Charge& charge) {
  tx.exec(
      "insert into wallet_charges (operation_id, merchant_id, user_id, reference, kind, currency, amount, captured, released, refunded, reason, "
      "created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (operation_id) do update set "
      "captured = $8, released = $9, refunded = $10, updated_at = $13",
      charge.id.text(), charge.merchant_id, charge.user_id, charge.reference, text(charge.kind), charge.amount.currency.code(), charge.amount.minor,
      charge.captured, charge.released, charge.refunded, charge.reason, charge.created_at, charge.updated_at);
}

}  // namespace purser::wallet
