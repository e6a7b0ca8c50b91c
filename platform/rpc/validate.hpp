// The rules a contract states for its fields (api/purser/options/v1/options.proto), checked before every handler, whatever the
// transport. All broken rules of a request are told at once. Card numbers in any text are refused first (422
// `card_number_refused`), and never repeated in the answer.
#pragma once
#include "platform/rpc/service.hpp"

namespace purser::rpc {

Result<Done> validate(const Message& request);

}  // namespace purser::rpc
