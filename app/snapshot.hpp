// A look at a server's database from beside it, while it runs or not.
#pragma once
#include <functional>
#include <string>

#include "kernel/result.hpp"
#include "platform/store/store.hpp"

namespace purser::app {

// One snapshot of the database in `data_dir`, opened for reading alone. An Error where there is none, where it cannot be read, and where
// its tables are not those of this binary: what another version wrote is not judged.
Result<Done> in_snapshot(const std::string& data_dir, const std::function<void(store::Tx&)>& look);

}  // namespace purser::app
