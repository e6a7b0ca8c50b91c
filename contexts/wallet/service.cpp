#include "contexts/wallet/service.hpp"

#include "contexts/wallet/wire.hpp"
#include "platform/rpc/idempotency.hpp"

namespace purser::wallet {
namespace {

using store::Tx;

// A caller in this process comes past no edge: what the books could not hold is refused here too.
Result<Done> must_be_complete(const Command& command) {
  const bool names_charge = command.kind == OperationKind::capture || command.kind == OperationKind::release || command.kind == OperationKind::refund;
  if (command.user_id.empty()) return invalid("/user_id", "required", "This is required and must not be empty.");
  if (command.reference.empty()) return invalid("/reference", "required", "This is required and must not be empty.");
  if (!names_charge && !command.currency)
    return invalid("/currency", "unknown_currency", "This is not the code of a currency in use (ISO 4217), for example USD.");
  return Done{};
}

template <class Request>
Command command_of(OperationKind kind, const Request& request) {
  return {.kind = kind, .reference = request.reference(), .user_id = request.user_id(), .reason = request.reason()};
}

// A credit, debit or hold.
template <class Request>
Command whole_command_of(OperationKind kind, const Request& request) {
  Command command = command_of(kind, request);
  command.currency = Currency::parse(request.currency());
  command.amount = request.amount();
  return command;
}

// A capture, release or refund of a charge.
template <class Request>
Command part_command_of(OperationKind kind, const Request& request, const std::string& charge_id) {
  Command command = command_of(kind, request);
  command.charge_id = charge_id;
  if constexpr (requires { request.has_amount(); })
    if (request.has_amount()) command.amount = request.amount();
  return command;
}

}  // namespace

template <class Response, class Request>
Reply<Response> Service::carry_out(rpc::Call call, Request request, Command command) {
  CO_TRY_DONE(must_be_complete(command));
  co_return co_await store_.transact([&](Tx& tx) -> Result<Response> {
    return rpc::once<Response>(tx, call, request, book_.clock().now(), [&]() -> Result<Response> {
      TRY(const Operation operation, book_.record(tx, call, command));
      Response response;
      *response.mutable_operation() = to_api(operation);
      return response;
    });
  });
}

Reply<api::AddCreditsResponse> Service::AddCredits(rpc::Call call, api::AddCreditsRequest request) {
  Command command = whole_command_of(OperationKind::credit, request);
  co_return co_await carry_out<api::AddCreditsResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::DeductCreditsResponse> Service::DeductCredits(rpc::Call call, api::DeductCreditsRequest request) {
  Command command = whole_command_of(OperationKind::debit, request);
  co_return co_await carry_out<api::DeductCreditsResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::HoldCreditsResponse> Service::HoldCredits(rpc::Call call, api::HoldCreditsRequest request) {
  Command command = whole_command_of(OperationKind::hold, request);
  co_return co_await carry_out<api::HoldCreditsResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::CaptureHoldResponse> Service::CaptureHold(rpc::Call call, api::CaptureHoldRequest request) {
  Command command = part_command_of(OperationKind::capture, request, request.hold_id());
  command.keep_rest = request.keep_rest();
  co_return co_await carry_out<api::CaptureHoldResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::ReleaseHoldResponse> Service::ReleaseHold(rpc::Call call, api::ReleaseHoldRequest request) {
  Command command = part_command_of(OperationKind::release, request, request.hold_id());
  co_return co_await carry_out<api::ReleaseHoldResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::RefundCreditsResponse> Service::RefundCredits(rpc::Call call, api::RefundCreditsRequest request) {
  Command command = part_command_of(OperationKind::refund, request, request.operation_id());
  co_return co_await carry_out<api::RefundCreditsResponse>(std::move(call), std::move(request), std::move(command));
}

Reply<api::GetBalanceResponse> Service::GetBalance(rpc::Call call, api::GetBalanceRequest request) {
  co_return co_await store_.read([&](Tx& tx) -> Result<api::GetBalanceResponse> {
    api::GetBalanceResponse response;
    response.mutable_wallet()->set_user_id(request.user_id());
    for (const UserBalance& balance : list_balances(tx, call.caller.merchant_id, request.user_id()))
      *response.mutable_wallet()->add_balances() = to_api(balance);
    return response;
  });
}

Reply<api::GetHoldResponse> Service::GetHold(rpc::Call call, api::GetHoldRequest request) {
  co_return co_await store_.read([&](Tx& tx) -> Result<api::GetHoldResponse> {
    const auto hold = find_charge(tx, call.caller.merchant_id, request.user_id(), request.hold_id());
    if (!hold || hold->kind != OperationKind::hold) return hold_not_found(request.hold_id());
    api::GetHoldResponse response;
    *response.mutable_hold() = to_api(*hold);
    return response;
  });
}

Reply<api::GetOperationResponse> Service::GetOperation(rpc::Call call, api::GetOperationRequest request) {
  co_return co_await store_.read([&](Tx& tx) -> Result<api::GetOperationResponse> {
    const auto operation = find_operation(tx, call.caller.merchant_id, request.reference());
    if (!operation || operation->command.user_id != request.user_id()) return operation_not_found(request.reference());
    api::GetOperationResponse response;
    *response.mutable_operation() = to_api(*operation);
    return response;
  });
}

Reply<api::ListEntriesResponse> Service::ListEntries(rpc::Call call, api::ListEntriesRequest request) {
  const rpc::Page page = rpc::Page::of(request);
  co_return co_await store_.read([&](Tx& tx) -> Result<api::ListEntriesResponse> {
    auto lines =
        list_entries(tx, call.caller.merchant_id, request.user_id(), {Currency::parse(request.currency()), from_api(request.account())}, page);
    api::ListEntriesResponse response;
    response.set_has_more(rpc::settle_page(page, lines));
    for (const JournalLine& line : lines) *response.add_entries() = to_api(line);
    if (response.has_more() && !lines.empty()) response.set_next_page_token(lines.back().id);
    return response;
  });
}

}  // namespace purser::wallet
