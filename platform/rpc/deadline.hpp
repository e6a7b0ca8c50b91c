// Runs a handler to its end, whatever becomes of whoever waits for it: a payment is never left half-way because a client gave up.
#pragma once
#include <memory>
#include <optional>

#include "platform/clock.hpp"
#include "platform/rpc/service.hpp"

namespace purser::rpc {

// The handler's reply, or nothing where it did not come within `length`; the handler then runs on. `method` and `clock` must live
// as long as it does. An exception is logged and becomes Kind::internal.
Task<std::optional<Result<MessagePtr>>> reply_within(std::shared_ptr<const Method> method, Call call, MessagePtr request, Clock* clock,
                                                     Duration length);

}  // namespace purser::rpc
