// Stripe's search language, as far as the sandbox speaks it: clauses joined by AND,
//   metadata['key']:'value'   status:'succeeded'   currency:'usd'   amount:1200
// with single or double quotes. Anything else is refused, never ignored.
#pragma once
#include <optional>
#include <string_view>

#include "sandbox/repository.hpp"

namespace purser::sandbox {

std::optional<Search> parse_search_query(std::string_view query);

}  // namespace purser::sandbox
