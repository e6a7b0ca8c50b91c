// Makes changes to payments: the new state, its events and the answers that wait for it, together in the caller's transaction.
// A leg's change is its whole's as well. The service, the webhooks and the janitor all change payments through here and nowhere else.
#pragma once
#include "contexts/payments/repository.hpp"
#include "contexts/payments/rules/payment.hpp"
#include "platform/events/outbox.hpp"

namespace purser::payments {

class PaymentBook {
 public:
  PaymentBook(events::Outbox& outbox, Clock& clock, Random& random) : outbox_(outbox), clock_(clock), random_(random) {}

  // A new payment with its first attempt, or a whole without one; a leg after its whole. Whoever hears of it (orders) may refuse it.
  Result<Payment> open(store::Tx& tx, const rpc::Call& call, const Payment& payment, const PaymentPlan& plan, const Decision<Change>& first);
  Result<Payment> change(store::Tx& tx, const rpc::Call& call, const Payment& payment, const Decision<Change>& decision);
  // Stores what became known about an attempt, and the answer of every request that waited for it. The payment as it then is. The
  // actor is whoever asked for the attempt; `call` is the cause by which its outcome became known.
  // `why_no_other`: for the attempt, where it ended without money and nobody else is asked.
  Result<Payment> settle(store::Tx& tx, const rpc::Call& call, const Payment& payment, AttemptId attempt, const Outcome& outcome,
                         const std::string& why_no_other = "");
  // The end of an attempt and the beginning of the next one elsewhere, which takes over whoever waits. Nothing where the fence forbids it.
  Result<std::optional<Payment>> fall_back(store::Tx& tx, const rpc::Call& call, const Payment& payment, AttemptId attempt, const Outcome& outcome,
                                           const NewAttempt& next);

  // What was answered about an attempt, whether it decides anything or not: for the payment's timeline.
  void note(store::Tx& tx, const rpc::Call& call, const PaymentId& payment, AttemptId attempt, const Outcome& outcome);

  Clock& clock() { return clock_; }
  Random& random() { return random_; }

 private:
  Result<Done> announce(store::Tx& tx, const rpc::Call& call, const Payment& payment, const Change& change);
  void answer(store::Tx& tx, const Payment& payment, const Attempt& attempt);
  Result<Done> follow(store::Tx& tx, const rpc::Call& call, const Payment& leg, const Change& of_leg);
  void answer_whole(store::Tx& tx, const Payment& whole, const std::string& refund_id);

  events::Outbox& outbox_;
  Clock& clock_;
  Random& random_;
};

// When the janitor looks next at an attempt that is open after `checks` looks: soon at first, ever more rarely.
Duration recheck_after(AttemptStatus status, int checks);

Error payment_not_found(const std::string& id);

}  // namespace purser::payments
