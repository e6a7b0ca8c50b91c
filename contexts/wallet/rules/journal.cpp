#include "contexts/wallet/rules/journal.hpp"

#include <algorithm>
#include <initializer_list>

#include "kernel/assert.hpp"

namespace purser::wallet {
namespace {

std::unexpected<Refused> refuse(Refusal why) { return std::unexpected(Refused{why}); }

struct Move {
  Account from;
  Account to;
  std::int64_t amount;
};

// One entry an account that the moves touch, in the order of accounts; nothing where a sum leaves the range of 64 bits.
std::optional<Posting> post(const Balances& before, std::initializer_list<Move> moves) {
  Balances changes;
  for (const Move& move : moves) {
    if (move.amount == 0) continue;
    const auto less = checked_add(changes.of(move.from), -move.amount), more = checked_add(changes.of(move.to), move.amount);
    if (!less || !more) return std::nullopt;
    changes.of(move.from) = *less;
    changes.of(move.to) = *more;
  }
  Posting posting{.after = before};
  for (const Account account : all_accounts) {
    if (changes.of(account) == 0) continue;
    const auto balance = checked_add(before.of(account), changes.of(account));
    if (!balance) return std::nullopt;
    posting.after.of(account) = *balance;
    posting.entries.push_back({account, changes.of(account), *balance});
  }
  PURSER_ASSERT(posting.entries.size() >= 2 && sums_to_zero(posting.entries) && balances_hold(posting.after));
  return posting;
}

Decision<std::optional<Posting>> posted(std::optional<Posting> posting, std::int64_t amount) {
  if (!posting) return refuse(Refusal::balance_overflows);
  posting->amount = amount;
  return posting;
}

Decision<std::optional<Posting>> credit(std::int64_t amount, const Balances& balances) {
  return posted(post(balances, {{Account::issued, Account::available, amount}}), amount);
}

Decision<std::optional<Posting>> debit(std::int64_t amount, const Balances& balances) {
  if (amount > balances.available) return refuse(Refusal::insufficient_credit);
  auto posting = posted(post(balances, {{Account::available, Account::spent, amount}}), amount);
  if (posting) (*posting)->charge_captured = amount;
  return posting;
}

Decision<std::optional<Posting>> hold(std::int64_t amount, const Balances& balances) {
  if (amount > balances.available) return refuse(Refusal::insufficient_credit);
  return posted(post(balances, {{Account::available, Account::held, amount}}), amount);
}

Decision<std::optional<Posting>> capture(const Command& command, const std::optional<Charge>& charge, const Balances& balances) {
  if (!charge || charge->kind != OperationKind::hold) return refuse(Refusal::hold_not_found);
  if (!charge->is_open()) return refuse(Refusal::hold_closed);
  const std::int64_t amount = command.amount.value_or(charge->left());
  if (amount > charge->left()) return refuse(Refusal::amount_exceeds_hold);
  const std::int64_t rest = command.keep_rest ? 0 : charge->left() - amount;
  auto posting = posted(post(balances, {{Account::held, Account::spent, amount}, {Account::held, Account::available, rest}}), amount);
  if (!posting) return posting;
  (*posting)->released = rest;
  (*posting)->charge_captured = amount;
  (*posting)->charge_released = rest;
  return posting;
}

Decision<std::optional<Posting>> release(const std::optional<Charge>& charge, const Balances& balances) {
  if (!charge || charge->kind != OperationKind::hold) return refuse(Refusal::hold_not_found);
  if (!charge->is_open()) return refuse(Refusal::hold_closed);
  auto posting = posted(post(balances, {{Account::held, Account::available, charge->left()}}), charge->left());
  if (posting) (*posting)->charge_released = charge->left();
  return posting;
}

Decision<std::optional<Posting>> refund(const Command& command, const std::optional<Charge>& charge, const Balances& balances) {
  if (!charge) return refuse(Refusal::operation_not_found);
  if (charge->refundable() == 0) return refuse(Refusal::nothing_to_refund);
  const std::int64_t amount = command.amount.value_or(charge->refundable());
  if (amount > charge->refundable()) return refuse(Refusal::amount_exceeds_refundable);
  auto posting = posted(post(balances, {{Account::spent, Account::available, amount}}), amount);
  if (posting) (*posting)->charge_refunded = amount;
  return posting;
}

bool needs_amount(OperationKind kind) { return kind == OperationKind::credit || kind == OperationKind::debit || kind == OperationKind::hold; }

}  // namespace

std::int64_t& Balances::of(Account account) {
  switch (account) {
    case Account::available:
      return available;
    case Account::held:
      return held;
    case Account::issued:
      return issued;
    case Account::spent:
      return spent;
  }
  PURSER_ASSERT(false);
}
std::int64_t Balances::of(Account account) const {
  Balances copy = *this;
  return copy.of(account);
}

bool balances_hold(const Balances& balances) { return balances.available >= 0 && balances.held >= 0 && balances.issued <= 0 && balances.spent >= 0; }

bool charge_holds(const Charge& charge) {
  return charge.captured >= 0 && charge.released >= 0 && charge.left() >= 0 && charge.refunded >= 0 && charge.refundable() >= 0;
}

bool sums_to_zero(const std::vector<Entry>& entries) {
  std::int64_t sum = 0;
  for (const Entry& entry : entries) {
    const auto next = checked_add(sum, entry.amount);
    if (!next) return false;
    sum = *next;
  }
  return sum == 0;
}

bool is_of_a_payment(std::string_view reference) { return reference.starts_with("pay_"); }

Decision<std::optional<Posting>> decide(const Command& command, const Books& books) {
  if (!books.asked_by_payments && is_of_a_payment(command.reference)) return refuse(Refusal::reference_reserved);
  if (!books.asked_by_payments && books.charge && is_of_a_payment(books.charge->reference)) return refuse(Refusal::charge_of_a_payment);
  if (books.earlier && books.earlier->command == command) return std::optional<Posting>();
  if (books.earlier) return refuse(Refusal::reference_reused);
  if (command.amount ? *command.amount <= 0 : needs_amount(command.kind)) return refuse(Refusal::amount_not_positive);
  switch (command.kind) {
    case OperationKind::credit:
      return credit(*command.amount, books.balances);
    case OperationKind::debit:
      return debit(*command.amount, books.balances);
    case OperationKind::hold:
      return hold(*command.amount, books.balances);
    case OperationKind::capture:
      return capture(command, books.charge, books.balances);
    case OperationKind::release:
      return release(books.charge, books.balances);
    case OperationKind::refund:
      return refund(command, books.charge, books.balances);
  }
  PURSER_ASSERT(false);
}

Operation operation_of(WalletOperationId id, const std::string& merchant_id, const Command& command, const Books& books, const Posting& posting,
                       Instant now) {
  return {.id = id,
          .merchant_id = merchant_id,
          .command = command,
          .amount = {posting.amount, books.currency},
          .released = posting.released,
          .available_after = posting.after.available,
          .held_after = posting.after.held,
          .created_at = now};
}

std::optional<Charge> charge_after(const Operation& operation, const Books& books, const Posting& posting, Instant now) {
  const OperationKind kind = operation.command.kind;
  if (kind == OperationKind::credit) return std::nullopt;
  Charge charge = books.charge ? *books.charge
                               : Charge{.id = operation.id,
                                        .merchant_id = operation.merchant_id,
                                        .user_id = operation.command.user_id,
                                        .reference = operation.command.reference,
                                        .kind = kind,
                                        .amount = operation.amount,
                                        .reason = operation.command.reason,
                                        .created_at = now};
  charge.captured += posting.charge_captured;
  charge.released += posting.charge_released;
  charge.refunded += posting.charge_refunded;
  charge.updated_at = std::max(now, charge.updated_at);
  PURSER_ASSERT(charge_holds(charge));
  return charge;
}

}  // namespace purser::wallet
