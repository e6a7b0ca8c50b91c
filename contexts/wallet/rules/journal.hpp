// Store credit as a double-entry journal: every operation is a transaction of entries on a few accounts that sum to zero, so that
// credit is neither made nor lost, only moved. docs/wallet.md tells it to clients.
//
//   credit    issued -> available        capture   held -> spent, and the rest held -> available
//   debit     available -> spent         release   held -> available
//   hold      available -> held          refund    spent -> available
//
// Pure: no clock, no store. decide() gives the posting to make or the refusal that names the rule; whoever calls stores the operation,
// its entries and the balances they lead to in one transaction. Amounts are minor units of one currency; no sum is made unchecked.
#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/id.hpp"
#include "kernel/money.hpp"
#include "kernel/result.hpp"
#include "kernel/time.hpp"

namespace purser::wallet {

enum class OperationKind : std::uint8_t { credit, debit, hold, capture, release, refund };

// In one currency: a user's available and held, the merchant's issued and spent. What the merchant issued is what it owes, and stands
// below zero by as much as the other three hold together.
enum class Account : std::uint8_t { available, held, issued, spent };
inline constexpr std::array all_accounts{Account::available, Account::held, Account::issued, Account::spent};

std::string_view text(OperationKind kind);  // "CREDIT"
std::string_view text(Account account);
std::optional<OperationKind> parse_kind(std::string_view text);
std::optional<Account> parse_account(std::string_view text);
constexpr bool is_users(Account account) { return account == Account::available || account == Account::held; }

// The four balances that an operation may move.
struct Balances {
  std::int64_t available = 0;
  std::int64_t held = 0;
  std::int64_t issued = 0;
  std::int64_t spent = 0;
  bool operator==(const Balances&) const = default;

  std::int64_t of(Account account) const;
  std::int64_t& of(Account account);
};
// No account is on the wrong side of zero: true for all balances there can be.
bool balances_hold(const Balances& balances);

// What a caller asks for. It names its operation by `reference`; the same reference with the same command is the same operation.
struct Command {
  OperationKind kind = OperationKind::credit;
  std::string reference{};
  std::string user_id{};
  std::optional<Currency> currency{};    // of a credit, debit or hold; the others are in that of their charge
  std::optional<std::int64_t> amount{};  // left out of a capture or refund: all that is left
  std::string charge_id{};               // what to capture, release or refund
  bool keep_rest = false;                // of a capture: the rest stays held
  std::string reason{};
  bool operator==(const Command&) const = default;
};

// An operation that was made. It never changes.
struct Operation {
  WalletOperationId id;
  std::string merchant_id{};
  Command command;
  Money amount;
  std::int64_t released = 0;  // by a capture, beside its amount
  std::int64_t available_after = 0;
  std::int64_t held_after = 0;
  Instant created_at{};
  bool operator==(const Operation&) const = default;
};

// What a user is charged: a hold with what became of it, or a debit, which is captured from the beginning. Its id is that of the
// operation that made it.
struct Charge {
  WalletOperationId id;
  std::string merchant_id{};
  std::string user_id{};
  std::string reference{};
  OperationKind kind = OperationKind::hold;  // or debit
  Money amount;
  std::int64_t captured = 0;
  std::int64_t released = 0;
  std::int64_t refunded = 0;
  std::string reason{};
  Instant created_at{};
  Instant updated_at{};
  bool operator==(const Charge&) const = default;

  std::int64_t left() const { return amount.minor - captured - released; }
  std::int64_t refundable() const { return captured - refunded; }
  bool is_open() const { return left() > 0; }
};
// captured + released <= amount and refunded <= captured: true for every charge there can be.
bool charge_holds(const Charge& charge);

// What is known when a command is decided, all of one merchant.
struct Books {
  std::optional<Operation> earlier{};  // made under the command's reference
  std::optional<Charge> charge{};      // the one that the command names, if it is this user's
  Currency currency;
  Balances balances{};  // the user's and the merchant's, in that currency
  bool asked_by_payments = false;
};

// Credit that a payment holds or took moves by that payment alone: whoever moved it past it would leave its books wrong. Payments name
// their operations by their own references, which no other caller may use.
bool is_of_a_payment(std::string_view reference);

struct Entry {
  Account account;
  std::int64_t amount = 0;
  std::int64_t balance_after = 0;
  bool operator==(const Entry&) const = default;
};
bool sums_to_zero(const std::vector<Entry>& entries);

// What an operation does: its entries, the balances after them, and what its charge has become (or that it is to be made).
struct Posting {
  std::int64_t amount = 0;
  std::int64_t released = 0;
  std::vector<Entry> entries{};
  Balances after{};
  std::int64_t charge_captured = 0;
  std::int64_t charge_released = 0;
  std::int64_t charge_refunded = 0;
  bool operator==(const Posting&) const = default;
};

enum class Refusal : std::uint8_t {
  reference_reserved,
  charge_of_a_payment,
  reference_reused,
  amount_not_positive,
  hold_not_found,
  operation_not_found,
  hold_closed,
  nothing_to_refund,
  amount_exceeds_hold,
  amount_exceeds_refundable,
  insufficient_credit,
  balance_overflows,
};
struct Refused {
  Refusal why;
  bool operator==(const Refused&) const = default;
};
template <class T>
using Decision = std::expected<T, Refused>;

// The refusal as the caller is told it: code, facts, remedy.
Error explain(const Refused& refused, const Command& command, const Books& books);
// The same for a look-up that found none.
Error hold_not_found(const std::string& hold_id);
Error operation_not_found(const std::string& reference);

// What to post; nothing where the same was done before, and `earlier` is the answer.
Decision<std::optional<Posting>> decide(const Command& command, const Books& books);

// The operation and the charge that a posting leads to.
Operation operation_of(WalletOperationId id, const std::string& merchant_id, const Command& command, const Books& books, const Posting& posting,
                       Instant now);
std::optional<Charge> charge_after(const Operation& operation, const Books& books, const Posting& posting, Instant now);

}  // namespace purser::wallet
