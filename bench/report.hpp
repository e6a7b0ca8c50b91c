// What was measured, for people and for programs. The same figures in both; in JSON the unit is the end of each name.
#pragma once
#include <optional>
#include <string>

#include "bench/modes.hpp"

namespace purser::bench {

struct Report {
  std::optional<OwnReport> own;
  std::optional<ShopReport> shop;

  bool failed() const;  // some request was not answered with a 2xx
};

std::string to_table(const Report& report);
std::string to_json(const Report& report);

}  // namespace purser::bench
