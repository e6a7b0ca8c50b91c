// Planted bugs. Each stands in the code under a name and exists in the simulator's build alone, where one at a time is switched on to see
// whether it is caught (sim/mutants.hpp lists them). In every other build mutated() is false, and what it guards is not there.
#pragma once
#include <string_view>

namespace purser {

#ifdef PURSER_SIMULATION
bool mutated(std::string_view name);
#else
constexpr bool mutated(std::string_view) { return false; }
#endif

}  // namespace purser
