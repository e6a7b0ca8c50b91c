#include "contexts/wallet/wire.hpp"

#include <google/protobuf/util/time_util.h>

namespace purser::wallet {
namespace {

// The contract's numbers follow the rules' order, one behind UNSPECIFIED.
static_assert(int(api::OPERATION_KIND_CREDIT) == int(OperationKind::credit) + 1 && int(api::OPERATION_KIND_REFUND) == int(OperationKind::refund) + 1);
static_assert(int(api::WALLET_ACCOUNT_AVAILABLE) == int(Account::available) + 1 && int(api::WALLET_ACCOUNT_HELD) == int(Account::held) + 1);

api::OperationKind to_api(OperationKind kind) { return static_cast<api::OperationKind>(int(kind) + 1); }

google::protobuf::Timestamp timestamp(Instant at) { return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(at.unix_ms); }

// A hold names itself, so that whoever made it and whoever goes on with it read the same field.
std::string hold_id_of(const Operation& operation) {
  const OperationKind kind = operation.command.kind;
  if (kind == OperationKind::hold) return operation.id.text();
  return kind == OperationKind::capture || kind == OperationKind::release ? operation.command.charge_id : "";
}

}  // namespace

api::Operation to_api(const Operation& operation) {
  const Command& command = operation.command;
  api::Operation message;
  message.set_id(operation.id.text());
  message.set_kind(to_api(command.kind));
  message.set_reference(command.reference);
  message.set_user_id(command.user_id);
  message.set_currency(std::string(operation.amount.currency.code()));
  message.set_amount(operation.amount.minor);
  message.set_amount_released(operation.released);
  message.set_hold_id(hold_id_of(operation));
  if (command.kind == OperationKind::refund) message.set_refund_of(command.charge_id);
  message.set_reason(command.reason);
  message.set_available_after(operation.available_after);
  message.set_held_after(operation.held_after);
  *message.mutable_created_at() = timestamp(operation.created_at);
  return message;
}

api::Hold to_api(const Charge& hold) {
  api::Hold message;
  message.set_id(hold.id.text());
  message.set_reference(hold.reference);
  message.set_user_id(hold.user_id);
  message.set_status(hold.is_open() ? api::HOLD_STATUS_OPEN : api::HOLD_STATUS_CLOSED);
  message.set_currency(std::string(hold.amount.currency.code()));
  message.set_amount(hold.amount.minor);
  message.set_amount_captured(hold.captured);
  message.set_amount_released(hold.released);
  message.set_amount_left(hold.left());
  message.set_amount_refunded(hold.refunded);
  message.set_reason(hold.reason);
  *message.mutable_created_at() = timestamp(hold.created_at);
  *message.mutable_updated_at() = timestamp(hold.updated_at);
  return message;
}

api::Entry to_api(const JournalLine& line) {
  api::Entry message;
  message.set_id(line.id);
  message.set_operation_id(line.operation_id);
  message.set_kind(to_api(line.kind));
  message.set_reference(line.reference);
  message.set_currency(std::string(line.currency.code()));
  message.set_account(static_cast<api::WalletAccount>(int(line.entry.account) + 1));
  message.set_amount(line.entry.amount);
  message.set_balance_after(line.entry.balance_after);
  message.set_reason(line.reason);
  *message.mutable_created_at() = timestamp(line.created_at);
  return message;
}

api::Balance to_api(const UserBalance& balance) {
  api::Balance message;
  message.set_currency(std::string(balance.currency.code()));
  message.set_available(balance.available);
  message.set_held(balance.held);
  return message;
}

api::WalletFacts facts_of(const Wallet& wallet, const Operation& operation) {
  api::WalletFacts facts;
  facts.set_wallet_id(wallet.id.text());
  facts.set_user_id(wallet.user_id);
  facts.set_currency(std::string(operation.amount.currency.code()));
  facts.set_available(operation.available_after);
  facts.set_held(operation.held_after);
  facts.set_version(wallet.version);
  return facts;
}

std::optional<Account> from_api(api::WalletAccount account) {
  if (account == api::WALLET_ACCOUNT_UNSPECIFIED || !api::WalletAccount_IsValid(account)) return std::nullopt;
  return static_cast<Account>(int(account) - 1);
}

}  // namespace purser::wallet
