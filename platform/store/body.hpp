// What waits in the store's queues: a body, and whoever wants to know what it came to.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "platform/store/store.hpp"

namespace purser::store {

using Body = std::function<bool(Tx&)>;
// Called once on one of the store's threads, with nothing or with the trouble; or destroyed uncalled when the store goes.
using Completion = std::move_only_function<void(std::optional<Error>)>;

struct Pending {
  Body body;
  Completion complete;
};

// What one run of a body came to: its work is to be kept; it refused; run it again; it failed.
enum class Ending : std::uint8_t { kept, refused, again, failed };

struct Outcome {
  Ending ending = Ending::failed;
  std::optional<Error> error{};           // of `again` and `failed`
  std::optional<Trouble::Cause> cause{};  // where the engine was the trouble
};

inline constexpr int runs_max = 4;  // of one body that finds the engine busy

// Throws nothing: what the body throws is logged and becomes the outcome's error.
Outcome run_once(const Body& body, Tx& tx);

// What the caller gets for engine trouble. The engine's own words go to the log, not into the detail.
Error to_error(const Trouble& trouble);
Outcome failed_with(const Trouble& trouble);

}  // namespace purser::store
