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

Result<Done> Processors::ready(std::string_view name) const {
  if (const Guard* processor = find(name)) return processor->ready();
  return Error{.kind = Kind::unavailable,
               .code = "processor_unavailable",
               .detail = "The payment processor \"" + std::string(name) + "\" is not set up here any more. Nothing was asked of it; set it up again.",
               .metadata = {{"processor", std::string(name)}}};
}

std::vector<std::string> Processors::taking(std::string_view method) const {
  std::vector<std::string> names;
  for (const auto& processor : all_) {
    const std::vector<std::string>& methods = processor->capabilities().methods;
    if (methods.empty() || std::ranges::find(methods, method) != methods.end()) names.emplace_back(processor->name());
  }
  return names;
}

}  // namespace purser::payments
