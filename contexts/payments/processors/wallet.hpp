// Store credit as a Processor: a payment, or a part of one, that a user's wallet pays. Asks WalletService, wherever it runs.
//   authorize  HoldCredits      capture  CaptureHold, keeping the rest unless it is final      release  ReleaseHold
//   sale       DeductCredits    refund   RefundCredits                                         reverse  ReleaseHold, then RefundCredits
// Each under the instruction's reference, by which it is found again at once: the journal shows what was committed, and nothing else was
// done. Our processor_ref is the operation that holds or took the credit; for a release, refund or reversal of what never answered,
// processor_ref may be the reference that it was asked for under. Too little credit is a decline; no webhooks.
#pragma once
#include <memory>

#include "contexts/payments/processors/processor.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::payments {

// `directory` outlives the processor, and holds a WalletService when it is first asked.
std::shared_ptr<Processor> make_wallet(const rpc::Directory& directory);

}  // namespace purser::payments
