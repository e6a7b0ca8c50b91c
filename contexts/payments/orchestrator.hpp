// Carries out one attempt: asks the processor, and stores what came of it. Between the two nothing is held: whatever happens
// there, the attempt stands in the database as SENT and the janitor takes it over.
#pragma once
#include <map>
#include <memory>

#include "contexts/payments/config_book.hpp"
#include "contexts/payments/payment_book.hpp"
#include "contexts/payments/router.hpp"

namespace purser::payments {

struct Settings {
  Duration processor_timeout = seconds(30);
  Duration action_timeout = hours(1);    // a buyer who was sent away and did not come back
  Duration repeat_for = minutes(15);     // how long a charge that never arrived is still asked for; later it is given up
  Duration look_every = seconds(1);      // the janitor
  Duration last_look_after = hours(24);  // the second and last time that it looks for what was given up; the first is look_again_after
};

// A payment after an attempt was settled, and what is stored by now as the answer to the request that asked for it.
struct Settled {
  Payment payment;
  std::optional<std::string> answer{};
};

class Orchestrator {
 public:
  Orchestrator(store::Store& store, PaymentBook& book, ConfigBook& configs, const Processors& processors, Settings settings)
      : store_(store), book_(book), configs_(configs), processors_(processors), router_(processors), settings_(settings) {}

  const Processors& processors() const { return processors_; }
  const Router& router() const { return router_; }
  ConfigBook& configs() { return configs_; }
  store::Store& store() { return store_; }
  PaymentBook& book() { return book_; }
  const Settings& settings() const { return settings_; }

  // An id for an attempt that begins now, and when the janitor may think that its request was lost. Without a route it goes to the
  // processor that holds the payment's money.
  NewAttempt new_attempt(const rpc::Call& call, Route route = {});
  // Whether the processor that holds the payment's money would be called now.
  Result<Done> ready(const Payment& payment) const;

  // Asks, then settles; where it ended without money and the fence allows it, asks the next one. An Error only where the store failed, and
  // then the janitor finishes it.
  Reply<Settled> carry_out(rpc::Call call, Payment payment, AttemptId attempt);
  // A planted bug (kernel/mutant.hpp): the processor is asked before anything is stored.
  Task<void> call_unsaved(rpc::Call call, Payment payment) {
    const Attempt& attempt = payment.attempts.front();
    static_cast<void>(co_await process(attempt.processor, instruction_for(call, payment, attempt)));
  }
  // One look of the janitor at an open attempt.
  Task<void> resolve(AttemptKey key);
  // What it asks the processor in that look, by what the adapter declares; stores nothing.
  Task<Outcome> find_out(std::string processor, Instruction instruction);

 private:
  Instruction instruction_for(const rpc::Call& call, const Payment& payment, const Attempt& attempt) const;
  // Settles, or begins the next attempt: then it is open in the payment that comes back.
  Reply<Settled> settle(rpc::Call call, AttemptKey key, Outcome outcome, std::optional<AttemptId> next = std::nullopt);
  Reply<Settled> settle_surely(rpc::Call call, AttemptKey key, Outcome outcome, AttemptId next);
  Task<Outcome> process(std::string processor, Instruction instruction);
  Task<Outcome> look_up(std::string processor, Instruction instruction);
  Task<void> look_again(rpc::Call call, AttemptKey key, std::string processor, Instruction instruction, int checks);
  Task<void> look_later(AttemptKey key, Duration after, int checks, Error why);
  Task<void> abandon(rpc::Call call, AttemptKey key);

  store::Store& store_;
  PaymentBook& book_;
  ConfigBook& configs_;
  const Processors& processors_;
  Router router_;
  Settings settings_;
};

}  // namespace purser::payments
