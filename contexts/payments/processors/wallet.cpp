#include "contexts/payments/processors/wallet.hpp"

#include "contexts/payments/processors/adapter.hpp"
#include "platform/rpc/call.hpp"
#include "wallet/v1/wallet_service.purser.hpp"

namespace purser::payments {
namespace {

namespace api = ::wallet::v1;

// The wallet keeps a reference as long as its journal: for ever.
constexpr Duration for_ever = hours(24 * 365 * 100);

bool is_nothing_there(const Error& error) { return error.code == "hold_not_found" || error.code == "operation_not_found"; }

// What a refusal of the wallet means for the ask. A fault leaves open whether it was done, but for what was turned away before.
Outcome refused(const Error& error) {
  if (error.code == "insufficient_credit") return declined("declined", error.detail, "insufficient_funds", true);
  if (error.kind == Kind::rate_limited) {
    Outcome outcome = not_sent(error.detail);
    outcome.answered = true;
    return outcome;
  }
  if (error.is_fault()) return in_doubt(error.kind == Kind::timeout ? "timeout" : "unknown", "The wallet failed: " + error.detail);
  if (error.code == "reference_reused" || error.code == "idempotency_key_reused" || error.code == "idempotency_key_in_use")
    return undecided("The wallet says: " + error.detail);
  return declined("unknown", error.detail, error.code, false);
}

// The wallet must speak of the credit it was asked for; anything else is not an answer to our question.
Outcome checked(const api::Operation& operation, api::OperationKind kind, const Instruction& instruction, const std::string& processor_ref) {
  if (operation.kind() != kind || operation.amount() != instruction.amount || operation.currency() != instruction.currency.code() ||
      operation.user_id() != instruction.user_id)
    return in_doubt("unknown", "The wallet's operation " + operation.id() + " is not what was asked for under its reference.");
  return {.end = End::succeeded, .processor_ref = processor_ref};
}

class WalletProcessor final : public Processor {
 public:
  explicit WalletProcessor(const rpc::Directory& directory) : directory_(directory) {}

  std::string_view name() const override { return "wallet"; }
  const Capabilities& capabilities() const override {
    static const Capabilities all{.key_lifetime = for_ever,
                                  .look_up_by_reference = true,
                                  .void_by_reference = true,
                                  .visibility_lag = {},
                                  .multi_capture = true,
                                  .partial_refund = true,
                                  .webhooks = false};
    return all;
  }

  Task<Outcome> process(Instruction instruction) override {
    if (instruction.user_id.empty())
      co_return declined("unknown", "Store credit is a user's: the payment must name its user_id.", "user_required", false);
    switch (instruction.kind) {
      case AttemptKind::authorize:
        co_return co_await authorize(std::move(instruction));
      case AttemptKind::sale:
        co_return co_await sell(std::move(instruction));
      case AttemptKind::capture:
        co_return co_await capture(std::move(instruction));
      case AttemptKind::refund:
        co_return co_await refund(std::move(instruction));
      case AttemptKind::release:
        co_return co_await release(std::move(instruction));
      case AttemptKind::reverse:
        co_return co_await reverse(std::move(instruction));
    }
    co_return in_doubt("unknown", "no such operation");
  }

  Task<Outcome> look_up(Instruction instruction) override {
    switch (instruction.kind) {
      case AttemptKind::authorize:
        co_return co_await look_up_charge(std::move(instruction), api::OPERATION_KIND_HOLD);
      case AttemptKind::sale:
        co_return co_await look_up_charge(std::move(instruction), api::OPERATION_KIND_DEBIT);
      case AttemptKind::capture:
        co_return co_await look_up_part(std::move(instruction), api::OPERATION_KIND_CAPTURE);
      case AttemptKind::refund:
        co_return co_await look_up_part(std::move(instruction), api::OPERATION_KIND_REFUND);
      case AttemptKind::release:
        co_return co_await look_up_release(std::move(instruction));
      case AttemptKind::reverse:
        co_return co_await look_up_reverse(std::move(instruction));
    }
    co_return Outcome{.end = End::absent};
  }

  Result<Notice> parse_webhook(const http::Request&, Instant) const override {
    return Error{.kind = Kind::malformed, .code = "webhook_unreadable", .detail = "The wallet sends no webhooks; what it does is in /events."};
  }

 private:
  api::WalletService& wallet() const { return directory_.get<api::WalletService>(); }

  static rpc::Call call_for(const Instruction& instruction) {
    rpc::Call call = rpc::system_call(instruction.merchant_id, instruction.payment_id);
    if (!instruction.correlation_id.empty()) call.correlation_id = instruction.correlation_id;
    if (const auto trace = trace::parse_traceparent(instruction.traceparent)) call.trace = *trace;
    return call;
  }
  // The key holds a space, which no client's key may: the two never meet.
  static rpc::Call call_under(const Instruction& instruction, const std::string& reference) {
    rpc::Call call = call_for(instruction);
    call.idempotency_key = "wallet " + reference;
    return call;
  }
  template <class Request>
  static Request request_for(const Instruction& instruction, const std::string& reference) {
    Request request;
    request.set_user_id(instruction.user_id);
    request.set_reference(reference);
    request.set_reason(instruction.payment_id);
    return request;
  }

  Task<Outcome> authorize(Instruction instruction) {
    auto request = request_for<api::HoldCreditsRequest>(instruction, instruction.reference);
    request.set_amount(instruction.amount);
    request.set_currency(std::string(instruction.currency.code()));
    const auto held = co_await wallet().HoldCredits(call_under(instruction, instruction.reference), std::move(request));
    if (!held.ok()) co_return refused(held.error());
    co_return checked(held->operation(), api::OPERATION_KIND_HOLD, instruction, held->operation().id());
  }

  Task<Outcome> sell(Instruction instruction) {
    auto request = request_for<api::DeductCreditsRequest>(instruction, instruction.reference);
    request.set_amount(instruction.amount);
    request.set_currency(std::string(instruction.currency.code()));
    const auto taken = co_await wallet().DeductCredits(call_under(instruction, instruction.reference), std::move(request));
    if (!taken.ok()) co_return refused(taken.error());
    co_return checked(taken->operation(), api::OPERATION_KIND_DEBIT, instruction, taken->operation().id());
  }

  Task<Outcome> capture(Instruction instruction) {
    auto request = request_for<api::CaptureHoldRequest>(instruction, instruction.reference);
    request.set_hold_id(instruction.processor_ref);
    request.set_amount(instruction.amount);
    request.set_keep_rest(!instruction.final);
    const auto captured = co_await wallet().CaptureHold(call_under(instruction, instruction.reference), std::move(request));
    if (!captured.ok()) co_return refused(captured.error());
    co_return checked(captured->operation(), api::OPERATION_KIND_CAPTURE, instruction, instruction.processor_ref);
  }

  Task<Outcome> refund(Instruction instruction) {
    auto request = request_for<api::RefundCreditsRequest>(instruction, instruction.reference);
    const auto charge = co_await charge_id_of(instruction);
    if (!charge.ok()) co_return refused(charge.error());
    request.set_operation_id(*charge);
    request.set_amount(instruction.amount);
    const auto refunded = co_await wallet().RefundCredits(call_under(instruction, instruction.reference), std::move(request));
    if (!refunded.ok()) co_return refused(refunded.error());
    co_return checked(refunded->operation(), api::OPERATION_KIND_REFUND, instruction, refunded->operation().id());
  }

  // Nothing is left to release where all of it was released before: what was asked for holds.
  Task<Outcome> release(Instruction instruction) {
    const auto charge = co_await charge_id_of(instruction);
    if (!charge.ok()) co_return refused(charge.error());
    const auto released = co_await release_hold(instruction, instruction.reference, *charge);
    if (released.ok()) co_return Outcome{.end = End::succeeded, .processor_ref = *charge};
    const auto captured = released.error().metadata.find("amount_captured");
    if (released.error().code == "hold_closed" && captured != released.error().metadata.end() && captured->second == "0")
      co_return Outcome{.end = End::succeeded, .processor_ref = *charge};
    co_return refused(released.error());
  }

  // Gives back a charge that nobody wants: what is still held of it, and what was taken. Each of the two is done once, however often
  // it is asked for, and one that has nothing to do is done.
  Task<Outcome> reverse(Instruction instruction) {
    const auto charge = co_await charge_id_of(instruction);
    if (!charge.ok()) co_return is_nothing_there(charge.error()) ? Outcome{.end = End::absent} : refused(charge.error());
    const auto released = co_await release_hold(instruction, release_reference(instruction), *charge);
    if (!released.ok() && !is_nothing_there(released.error()) && released.error().code != "hold_closed") co_return refused(released.error());
    const std::string reference = refund_reference(instruction);
    auto request = request_for<api::RefundCreditsRequest>(instruction, reference);
    request.set_operation_id(*charge);
    const auto refunded = co_await wallet().RefundCredits(call_under(instruction, reference), std::move(request));
    if (!refunded.ok() && is_nothing_there(refunded.error())) co_return Outcome{.end = End::absent};
    if (!refunded.ok() && refunded.error().code != "nothing_to_refund") co_return refused(refunded.error());
    co_return Outcome{.end = End::succeeded, .processor_ref = *charge};
  }

  Reply<api::ReleaseHoldResponse> release_hold(Instruction instruction, std::string reference, std::string hold_id) {
    auto request = request_for<api::ReleaseHoldRequest>(instruction, reference);
    request.set_hold_id(hold_id);
    co_return co_await wallet().ReleaseHold(call_under(instruction, reference), std::move(request));
  }

  Reply<api::Operation> find(Instruction instruction, std::string reference) {
    api::GetOperationRequest request;
    request.set_user_id(instruction.user_id);
    request.set_reference(reference);
    CO_TRY(auto found, co_await wallet().GetOperation(call_for(instruction), std::move(request)));
    co_return std::move(*found.mutable_operation());
  }

  // The wallet's own id of what is to be given back: what it told us, or what it did under a reference of ours.
  Reply<std::string> charge_id_of(Instruction instruction) {
    if (WalletOperationId::parse(instruction.processor_ref)) co_return instruction.processor_ref;
    CO_TRY(const api::Operation charge, co_await find(instruction, instruction.processor_ref));
    co_return charge.id();
  }

  static std::string release_reference(const Instruction& instruction) { return instruction.reference + "-release"; }
  static std::string refund_reference(const Instruction& instruction) { return instruction.reference + "-refund"; }

  // A look-up that failed found nothing out.
  static Outcome not_found_out(const Error& error) {
    if (is_nothing_there(error)) return {.end = End::absent};
    return in_doubt(error.kind == Kind::timeout ? "timeout" : "unknown", "The wallet could not be asked: " + error.detail);
  }

  Task<Outcome> look_up_charge(Instruction instruction, api::OperationKind kind) {
    const auto found = co_await find(instruction, instruction.reference);
    if (!found.ok()) co_return not_found_out(found.error());
    co_return checked(*found, kind, instruction, found->id());
  }

  Task<Outcome> look_up_part(Instruction instruction, api::OperationKind kind) {
    const auto found = co_await find(instruction, instruction.reference);
    if (!found.ok()) co_return not_found_out(found.error());
    co_return checked(*found, kind, instruction, kind == api::OPERATION_KIND_CAPTURE ? instruction.processor_ref : found->id());
  }

  Task<Outcome> look_up_release(Instruction instruction) {
    const auto found = co_await find(instruction, instruction.reference);
    if (!found.ok()) co_return not_found_out(found.error());
    co_return Outcome{.end = End::succeeded, .processor_ref = found->hold_id()};
  }

  // Undone where the refund was made; or the release, of a hold that nothing was taken of.
  Task<Outcome> look_up_reverse(Instruction instruction) {
    const auto refunded = co_await find(instruction, refund_reference(instruction));
    if (refunded.ok()) co_return Outcome{.end = End::succeeded, .processor_ref = refunded->refund_of()};
    if (!is_nothing_there(refunded.error())) co_return not_found_out(refunded.error());
    const auto released = co_await find(instruction, release_reference(instruction));
    if (!released.ok()) co_return not_found_out(released.error());
    api::GetHoldRequest request;
    request.set_user_id(instruction.user_id);
    request.set_hold_id(released->hold_id());
    const auto hold = co_await wallet().GetHold(call_for(instruction), std::move(request));
    if (!hold.ok()) co_return not_found_out(hold.error());
    if (hold->hold().amount_captured() > hold->hold().amount_refunded()) co_return Outcome{.end = End::absent};
    co_return Outcome{.end = End::succeeded, .processor_ref = released->hold_id()};
  }

  const rpc::Directory& directory_;
};

}  // namespace

std::shared_ptr<Processor> make_wallet(const rpc::Directory& directory) { return std::make_shared<WalletProcessor>(directory); }

}  // namespace purser::payments
