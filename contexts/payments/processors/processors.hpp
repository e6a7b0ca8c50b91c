// The processors that this server is set up with, each behind its guard, by name.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contexts/payments/processors/guard.hpp"

namespace purser::payments {

class Processors {
 public:
  // In the order in which they are asked where no configuration says otherwise.
  explicit Processors(std::vector<std::shared_ptr<Guard>> all);

  // Null where there is none of this name: one may have been taken away since an attempt was stored.
  Guard* find(std::string_view name) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::shared_ptr<Guard>> all_;
  std::vector<std::string> names_;
};

}  // namespace purser::payments
