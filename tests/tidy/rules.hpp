// The rules of the house that neither the compiler nor the linker checks. Each says what to do instead, and each has a canary: a
// broken sample under tests/tidy/canaries that it must catch.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "tests/tidy/source.hpp"

namespace purser::tidy {

struct Finding {
  int line;
  std::string what;  // names the replacement
};

// Which part of the tree creates which table: "orders" -> "contexts/orders".
using TableOwners = std::map<std::string, std::string>;

struct Rule {
  const char* name;
  std::vector<Finding> (*check)(const Source&, const TableOwners&);
};

const std::vector<Rule>& rules();
TableOwners tables_created(const std::vector<Source>& tree);

}  // namespace purser::tidy
