// The checkout context as one piece. Only app/ makes one.
#pragma once
#include "platform/module.hpp"
#include "platform/rpc/directory.hpp"

namespace purser::checkout {

Module make_module(store::Store& store, const Clock& clock, const rpc::Directory& directory);

}  // namespace purser::checkout
