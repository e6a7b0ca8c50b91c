// The catalogue's names: every type of event that a context of this program can publish, as its messages declare them.
#pragma once
#include <set>
#include <string>

#include "kernel/result.hpp"

namespace purser::app {

const std::set<std::string, std::less<>>& event_types();

// An empty name asks for all. 422 `invalid_enum` at /type for one that is in no catalogue: it would match nothing for ever.
Result<Done> check_event_type(const std::string& type);

}  // namespace purser::app
