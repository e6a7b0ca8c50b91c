// Around every processor: a circuit breaker, a rate limit, and the only repetition there is without asking: of what is proved
// not to have been sent. Also where each call is counted, timed, logged and traced.
#pragma once
#include <memory>

#include "contexts/payments/processors/processor.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "platform/resilience.hpp"
#include "platform/trace.hpp"

namespace purser::payments {

struct GuardOptions {
  int failures_max = 20;  // in a row, until the circuit opens
  Duration open_for = seconds(5);
  double requests_per_second = 100;  // 0: no limit
  int tries_max = 3;                 // of what was not sent
  Duration try_again_after = milliseconds(100);
};

class Guard final : public Processor {
 public:
  Guard(std::shared_ptr<Processor> inner, Clock& clock, Random& random, trace::Exporter* exporter, GuardOptions options);
  std::string_view name() const override { return inner_->name(); }
  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Task<Outcome> process(Instruction instruction) override;
  Task<Outcome> look_up(Instruction instruction) override;
  Result<Notice> parse_webhook(const http::Request& request, Instant now) const override { return inner_->parse_webhook(request, now); }

  // Asked before anything is stored: an Error where the processor would not be called now (503 processor_unavailable).
  Result<Done> ready() const;

 private:
  using Ask = Task<Outcome> (Processor::*)(Instruction);
  Task<Outcome> once(Ask ask, std::string operation, Instruction instruction);
  void observe(const std::string& operation, const Instruction& instruction, const Outcome& outcome, Instant begun, const trace::Context& span,
               const std::optional<trace::Context>& parent);

  std::shared_ptr<Processor> inner_;
  Clock& clock_;
  Random& random_;
  trace::Exporter* exporter_;
  GuardOptions options_;
  CircuitBreaker breaker_;
  TokenBucket bucket_;
};

}  // namespace purser::payments
