// What processors tell us: POST /webhooks/{processor}. Signed by the processor, not by an API key. A webhook may be late, twice,
// out of order or forged; it is acknowledged only after what it says is committed.
#pragma once
#include "contexts/payments/orchestrator.hpp"
#include "platform/rpc/rest.hpp"

namespace purser::payments {

rpc::RawRoute webhook_route(Orchestrator& orchestrator);

}  // namespace purser::payments
