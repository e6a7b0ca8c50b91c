#include "contexts/payments/processors/processors.hpp"

#include <algorithm>

#include "kernel/assert.hpp"

namespace purser::payments {

Processors::Processors(std::vector<std::shared_ptr<Guard>> all) : all_(std::move(all)) {
  PURSER_ASSERT(!all_.empty());
  for (const auto& processor : all_) {
    PURSER_ASSERT(find(processor->name()) == processor.get());  // no name twice
    names_.emplace_back(processor->name());
  }
}

Guard* Processors::find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, [](const auto& processor) { return processor->name(); });
  return found == all_.end() ? nullptr : found->get();
}

}  // namespace purser::payments
