#include "contexts/payments/processors/guard.hpp"

#include "platform/log.hpp"
#include "platform/metrics.hpp"

namespace purser::payments {
namespace {

Outcome not_called(const std::string& why) {
  return {.end = End::not_sent, .failure = Failure{.code = "network_failure", .message = why, .retryable = true, .outcome = "not_sent"}};
}

}  // namespace

Guard::Guard(std::shared_ptr<Processor> inner, Clock& clock, Random& random, trace::Exporter* exporter, GuardOptions options)
    : inner_(std::move(inner)),
      clock_(clock),
      random_(random),
      exporter_(exporter),
      options_(options),
      breaker_(options.failures_max, options.open_for),
      bucket_(options.requests_per_second, options.requests_per_second) {}

Result<Done> Guard::ready() const {
  const Instant now = clock_.now();
  if (breaker_.state(now) != CircuitBreaker::State::open) return Done{};
  return Error{
      .kind = Kind::unavailable,
      .code = "processor_unavailable",
      .detail =
          "The payment processor does not answer at the moment. Nothing was charged; repeat the request shortly, under the same Idempotency-Key.",
      .metadata = {{"processor", std::string(name())}},
      .retry_after_seconds = static_cast<int>(breaker_.retry_after(now).ms / 1000) + 1};
}

Task<Outcome> Guard::process(Instruction instruction) {
  bool turned_away = false;  // once, and a copy of that request may be on its way still, whatever became of the tries after it
  for (int tries = 1;; ++tries) {
    Outcome outcome = co_await once(&Processor::process, "process", instruction);
    turned_away = turned_away || outcome.answered;
    if (outcome.end == End::not_sent) outcome.answered = turned_away;
    if (outcome.end != End::not_sent || tries >= options_.tries_max) co_return outcome;
    co_await clock_.sleep(options_.try_again_after);
  }
}

Task<Outcome> Guard::look_up(Instruction instruction) {
  Outcome outcome = co_await once(&Processor::look_up, "look_up", std::move(instruction));
  if (outcome.end == End::not_sent) outcome.end = End::in_doubt;  // a look-up that was not made found nothing out
  co_return outcome;
}

Task<Outcome> Guard::once(Ask ask, std::string operation, Instruction instruction) {
  while (options_.requests_per_second > 0 && !bucket_.take(clock_.now()))
    co_await clock_.sleep(std::max(milliseconds(1), bucket_.retry_after(clock_.now())));
  const Instant begun = clock_.now();
  if (!breaker_.allow(begun)) co_return not_called("the circuit to the processor is open");
  const auto parent = trace::parse_traceparent(instruction.traceparent);
  const trace::Context span = trace::child_of(parent, random_);
  instruction.traceparent = span.traceparent();
  Outcome outcome = co_await ((*inner_).*ask)(instruction);
  // A decline, a refund that waits, a rate limit are the processor at work; only silence and its own errors count against it.
  if ((outcome.end == End::not_sent || outcome.end == End::in_doubt) && !outcome.answered)
    breaker_.failed(clock_.now());
  else
    breaker_.succeeded();
  outcome.took = clock_.now() - begun;
  observe(operation, instruction, outcome, begun, span, parent);
  co_return outcome;
}

void Guard::observe(const std::string& operation, const Instruction& instruction, const Outcome& outcome, Instant begun, const trace::Context& span,
                    const std::optional<trace::Context>& parent) {
  const Instant now = clock_.now();
  const std::string kind(payments::text(instruction.kind)), end(text(outcome.end)), processor(name());
  metrics::counter("purser_processor_requests_total", "Calls to a processor by what they came to.",
                   {{"processor", processor}, {"operation", operation}, {"kind", kind}, {"outcome", end}})
      .add();
  metrics::histogram("purser_processor_request_duration_seconds", "How long a processor took to answer.", {{"processor", processor}})
      .observe(static_cast<double>((now - begun).ms) / 1000.0);
  log::info("processor called", {{"processor", processor},
                                 {"operation", operation},
                                 {"kind", kind},
                                 {"outcome", end},
                                 {"reference", instruction.reference},
                                 {"processor_ref", outcome.processor_ref},
                                 {"payment_id", instruction.payment_id},
                                 {"order_id", instruction.order_id},
                                 {"error", outcome.failure ? outcome.failure->code + ": " + outcome.failure->message : std::string()},
                                 {"duration_ms", (now - begun).ms},
                                 {"correlation_id", instruction.correlation_id},
                                 {"trace_id", span.trace_id_text()}});
  if (!exporter_) return;
  exporter_->record({.context = span,
                     .parent_span_id = parent ? parent->span_id : std::array<std::uint8_t, 8>{},
                     .name = processor + " " + operation + " " + kind,
                     .kind = trace::SpanKind::client,
                     .begin = begun,
                     .end = now,
                     .attributes = {{"purser.payment_id", instruction.payment_id},
                                    {"purser.order_id", instruction.order_id},
                                    {"purser.reference", instruction.reference},
                                    {"purser.outcome", end}},
                     .failed = outcome.end != End::succeeded && outcome.end != End::requires_action});
}

}  // namespace purser::payments
