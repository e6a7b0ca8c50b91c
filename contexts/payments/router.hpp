// For one step of a plan: which processor is asked, and whether another one may be after it. Every decision says why in words, which are
// stored with the attempt.
//
// The fence (docs/routing.md): another processor is asked only where it is proved that no money moved. Proof is the processor's own no, or
// that no byte left. A time-out is no proof: what is in doubt is found out first, and nothing is asked elsewhere meanwhile.
#pragma once
#include <optional>
#include <string>

#include "contexts/payments/processors/processors.hpp"
#include "contexts/payments/rules/plan.hpp"

namespace purser::payments {

struct Route {
  std::string processor;
  std::string why;
};

// What comes after an attempt that ended without money.
struct NextStep {
  std::optional<Route> route{};
  std::string why{};  // for the attempt that ended
};

class Router {
 public:
  explicit Router(const Processors& processors) : processors_(processors) {}

  // The first candidate that would be called now; 503 `processor_unavailable` where none would, 422 where nobody takes the method.
  Result<Route> first(const PaymentStep& step) const;
  NextStep after(const Payment& payment, const Attempt& attempt, const Outcome& outcome, const FallbackPolicy& policy) const;

 private:
  const Processors& processors_;
};

}  // namespace purser::payments
