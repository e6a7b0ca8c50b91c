#include <algorithm>
#include <utility>

#include "contexts/wallet/rules/journal.hpp"
#include "kernel/assert.hpp"

namespace purser::wallet {
namespace {

constexpr std::array<std::pair<OperationKind, std::string_view>, 6> kind_words{{
    {OperationKind::credit, "CREDIT"},
    {OperationKind::debit, "DEBIT"},
    {OperationKind::hold, "HOLD"},
    {OperationKind::capture, "CAPTURE"},
    {OperationKind::release, "RELEASE"},
    {OperationKind::refund, "REFUND"},
}};
constexpr std::array<std::pair<Account, std::string_view>, 4> account_words{{
    {Account::available, "AVAILABLE"},
    {Account::held, "HELD"},
    {Account::issued, "ISSUED"},
    {Account::spent, "SPENT"},
}};

template <class Table, class Value>
std::string_view word_for(const Table& table, Value value) {
  const auto found = std::ranges::find(table, value, [](const auto& row) { return row.first; });
  PURSER_ASSERT(found != table.end());
  return found->second;
}

template <class Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& table, std::string_view word) {
  const auto found = std::ranges::find(table, word, [](const auto& row) { return row.second; });
  return found == table.end() ? std::nullopt : std::optional(found->first);
}

Error conflict(std::string code, std::string detail) { return {.kind = Kind::conflict, .code = std::move(code), .detail = std::move(detail)}; }

std::string money(const Books& books, std::int64_t minor) { return to_text({minor, books.currency}); }

Error reused(const Operation& earlier) {
  Error error = conflict("reference_reused", "This reference was used for another operation. Read it, or use a new reference for a new one.");
  error.fields = {{"/reference", error.detail, error.code}};
  error.metadata = {{"reference", earlier.command.reference}, {"operation_id", earlier.id.text()}, {"kind", std::string(text(earlier.command.kind))}};
  return error;
}

Error insufficient(const Command& command, const Books& books) {
  const std::int64_t available = books.balances.available;
  Error error = conflict("insufficient_credit", "The user has " + money(books, available) + " available, and " + money(books, *command.amount) +
                                                    " are needed. Add credit, or take less.");
  error.metadata = {{"available", std::to_string(available)}, {"currency", std::string(books.currency.code())}};
  return error;
}

Error closed(const Charge& charge) {
  Error error = conflict("hold_closed", "Nothing is left of this hold: it was captured or released. What was captured can be refunded.");
  error.metadata = {
      {"hold_id", charge.id.text()}, {"amount_captured", std::to_string(charge.captured)}, {"amount_released", std::to_string(charge.released)}};
  return error;
}

Error of_a_payment(const Charge& charge) {
  const std::string payment = charge.reference.substr(0, charge.reference.find('-'));
  Error error = conflict("charge_of_a_payment",
                         "This credit belongs to the payment " + payment + ", whose books would be wrong. Capture, refund or void that one instead.");
  error.metadata = {{"operation_id", charge.id.text()}, {"payment_id", payment}};
  return error;
}

Error nothing_to_refund(const Charge& charge) {
  Error error =
      conflict("nothing_to_refund", charge.captured == 0 ? "Nothing of this hold was captured, so nothing can be refunded. Release it instead."
                                                         : "All of it was given back already.");
  error.metadata = {
      {"operation_id", charge.id.text()}, {"amount_captured", std::to_string(charge.captured)}, {"amount_refunded", std::to_string(charge.refunded)}};
  return error;
}

}  // namespace

std::string_view text(OperationKind kind) { return word_for(kind_words, kind); }
std::string_view text(Account account) { return word_for(account_words, account); }
std::optional<OperationKind> parse_kind(std::string_view word) { return value_of(kind_words, word); }
std::optional<Account> parse_account(std::string_view word) { return value_of(account_words, word); }

Error hold_not_found(const std::string& hold_id) {
  return {.kind = Kind::not_found, .code = "hold_not_found", .detail = "This user has no hold with this id.", .metadata = {{"hold_id", hold_id}}};
}

Error operation_not_found(const std::string& name) {
  return {.kind = Kind::not_found,
          .code = "operation_not_found",
          .detail = "This user has no such operation: nothing was done under this name.",
          .metadata = {{"operation", name}}};
}

Error explain(const Refused& refused, const Command& command, const Books& books) {
  switch (refused.why) {
    case Refusal::reference_reserved:
      return invalid("/reference", "reference_reserved", "References that begin with pay_ are those of payments. Use another one.");
    case Refusal::charge_of_a_payment:
      return of_a_payment(books.charge.value());
    case Refusal::reference_reused:
      return reused(books.earlier.value());
    case Refusal::amount_not_positive:
      return invalid("/amount", "too_small", "The amount must be at least 1.");
    case Refusal::hold_not_found:
      return hold_not_found(command.charge_id);
    case Refusal::operation_not_found:
      return operation_not_found(command.charge_id);
    case Refusal::hold_closed:
      return closed(books.charge.value());
    case Refusal::nothing_to_refund:
      return nothing_to_refund(books.charge.value());
    case Refusal::amount_exceeds_hold: {
      Error error = invalid("/amount", "amount_exceeds_hold", "At most " + money(books, books.charge->left()) + " of this hold can be captured.");
      error.metadata = {{"hold_id", command.charge_id}, {"capturable", std::to_string(books.charge->left())}};
      return error;
    }
    case Refusal::amount_exceeds_refundable: {
      Error error = invalid("/amount", "amount_exceeds_refundable", "At most " + money(books, books.charge->refundable()) + " can be refunded.");
      error.metadata = {{"operation_id", command.charge_id}, {"refundable", std::to_string(books.charge->refundable())}};
      return error;
    }
    case Refusal::insufficient_credit:
      return insufficient(command, books);
    case Refusal::balance_overflows:
      return conflict("balance_overflows", "The balance would be more than an account can hold. Spend credit first, or add less.");
  }
  PURSER_ASSERT(false);
}

}  // namespace purser::wallet
