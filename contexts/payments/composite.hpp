// Payments in parts (seed payment-orchestration-v2: CompositePaymentService). It makes the moves that rules/split.hpp decides: each is stored,
// with the attempt that it makes of a leg, before a processor hears of it, so that whoever comes next sees what is under way. Any number may
// drive the same payment, and any of them may be cut short between two moves: the janitor goes on where they ended.
#pragma once
#include "contexts/payments/orchestrator.hpp"
#include "contexts/payments/plan_builder.hpp"
#include "contexts/payments/rules/split.hpp"

namespace purser::payments {

// What was stored for a command, and is to be asked now.
struct Ask {
  Payment leg;
  AttemptId attempt;
};
struct Asked {
  PaymentKey key;
  std::string work_id;  // under which the request's key waits for its answer: the whole, or its capture or refund
  std::vector<Ask> asks{};
};

class CompositePayments {
 public:
  CompositePayments(Orchestrator& orchestrator, PlanBuilder& planner) : orchestrator_(orchestrator), planner_(planner), book_(orchestrator.book()) {}

  // Each in the caller's transaction.
  Result<Asked> open(store::Tx& tx, const rpc::Call& call, const Payment& whole);
  Result<Asked> capture(store::Tx& tx, const rpc::Call& call, const Payment& whole, CaptureId id, std::optional<std::int64_t> amount, bool final);
  Result<Asked> refund(store::Tx& tx, const rpc::Call& call, const Payment& whole, RefundId id, std::optional<std::int64_t> amount,
                       const std::string& reason);
  Result<Asked> release(store::Tx& tx, const rpc::Call& call, const Payment& whole, const std::string& reason);

  // Asks, and goes on as long as there is something to do. Comes back before the call's time is over; what is under way then goes on.
  Task<void> carry_out(rpc::Call call, Asked asked);
  // Makes the moves that can be made now. Once more does no harm.
  Task<void> advance(rpc::Call call, PaymentKey key);

 private:
  Task<void> drive(rpc::Call call, Asked asked);
  Task<void> put_off_move(PaymentKey key, Error why);
  Result<std::optional<Ask>> next_ask(store::Tx& tx, const rpc::Call& call, const PaymentKey& key);
  Result<Ask> make(store::Tx& tx, const rpc::Call& call, const Payment& whole, const Move& move, const std::string& reason);
  Result<Ask> begin_leg(store::Tx& tx, const rpc::Call& call, const Payment& whole, int number, NewAttempt attempt);
  Payment leg_of(const Payment& whole, int number);

  Orchestrator& orchestrator_;
  PlanBuilder& planner_;
  PaymentBook& book_;
};

}  // namespace purser::payments
