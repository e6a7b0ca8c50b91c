// Records operations: the journal's entries, the balances, the charge and the events, together in the caller's transaction. Credit
// moves through here and nowhere else.
#pragma once
#include "contexts/wallet/repository.hpp"
#include "platform/events/outbox.hpp"

namespace purser::wallet {

class WalletBook {
 public:
  WalletBook(events::Outbox& outbox, const Clock& clock, Random& random) : outbox_(outbox), clock_(clock), random_(random) {}

  // The operation; the one that was made before, where the command repeats it; or the decision's refusal, explained, with nothing done.
  Result<Operation> record(store::Tx& tx, const rpc::Call& call, const Command& command);

  const Clock& clock() const { return clock_; }

 private:
  void write(store::Tx& tx, const Wallet& wallet, const Operation& operation, const Books& books, const Posting& posting);
  Result<Done> announce(store::Tx& tx, const rpc::Call& call, const Wallet& wallet, const Operation& operation);

  events::Outbox& outbox_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace purser::wallet
