#include "contexts/payments/wire.hpp"

#include <google/protobuf/util/time_util.h>

#include "contexts/payments/rules/split.hpp"

namespace purser::payments {
namespace {

// The contract's numbers follow the rules' order, one behind UNSPECIFIED.
template <class Api, class Own>
Api number(Own value) {
  return static_cast<Api>(int(value) + 1);
}
static_assert(int(api::PAYMENT_STATUS_CREATED) == int(Status::created) + 1 && int(api::PAYMENT_STATUS_IN_DOUBT) == int(Status::in_doubt) + 1);
static_assert(int(api::CAPTURE_METHOD_MANUAL) == int(CaptureMethod::manual) + 1);
static_assert(int(api::ATTEMPT_KIND_AUTHORIZE) == int(AttemptKind::authorize) + 1 && int(api::ATTEMPT_KIND_REVERSE) == int(AttemptKind::reverse) + 1);
static_assert(int(api::ATTEMPT_STATUS_CREATED) == int(AttemptStatus::created) + 1 &&
              int(api::ATTEMPT_STATUS_REVERSED) == int(AttemptStatus::reversed) + 1);
static_assert(int(api::REFUND_STATUS_FAILED) == int(PartStatus::failed) + 1 && int(api::CAPTURE_STATUS_FAILED) == int(PartStatus::failed) + 1);

google::protobuf::Timestamp timestamp(Instant at) { return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(at.unix_ms); }

constexpr int ask_again_seconds = 2;

void set_next_action(const Payment& payment, const std::string& action_url, api::Payment& message) {
  if (payment.status == Status::requires_action) {
    message.mutable_next_action()->set_type("redirect");
    message.mutable_next_action()->set_url(action_url);
  } else if (payment.status == Status::in_doubt || payment.status == Status::processing) {
    message.mutable_next_action()->set_type("wait");
    message.mutable_next_action()->set_url("/payments/" + payment.id.text());
    message.mutable_next_action()->set_retry_after_seconds(ask_again_seconds);
  }
}

void add_attempt(const Attempt& attempt, api::Attempt& message) {
  message.set_id(attempt.id.text());
  message.set_number(attempt.number);
  message.set_kind(number<api::AttemptKind>(attempt.kind));
  message.set_status(number<api::AttemptStatus>(attempt.status));
  message.set_processor(attempt.processor);
  message.set_reference(attempt.reference);
  message.set_processor_ref(attempt.processor_ref);
  message.set_amount(attempt.amount);
  if (attempt.failure) *message.mutable_error() = to_api(*attempt.failure);
  *message.mutable_created_at() = timestamp(attempt.created_at);
  *message.mutable_updated_at() = timestamp(attempt.updated_at);
  message.set_route_reason(attempt.why);
  message.set_next_reason(attempt.next);
}

void add_step(const Payment& whole, std::size_t index, const Step& step, results::CompositeResult& message) {
  results::StepResult& said = *message.add_step_results();
  said.set_index(static_cast<int>(index) + 1);
  said.set_method(whole.shares[index].method);
  if (index < whole.legs.size()) said.set_payment_id(whole.legs[index].id.text());
  said.set_success(step.success);
  said.set_processor_id(step.processor);
  if (step.failure) said.set_error_code(step.failure->code), said.set_retryable(step.failure->retryable);
  said.set_amount_processed(step.amount);
  said.set_latency_ms(step.latency.ms);
  said.set_compensated(step.compensated);
}

results::CompositeResult result_of(const Payment& whole) {
  results::CompositeResult message;
  const std::vector<Step> steps = steps_of(whole);
  std::int64_t processed = 0;
  bool success = true;
  for (std::size_t index = 0; index < steps.size(); ++index) {
    add_step(whole, index, steps[index], message);
    processed += steps[index].amount;
    success = success && steps[index].success;
  }
  message.set_success(success);
  message.set_total_processed(processed);
  message.set_remaining_amount(whole.amount.minor - processed);
  const auto failure = whole.goal == Goal::undo ? failure_of(whole) : std::nullopt;
  if (failure) message.set_final_error(failure->code);
  return message;
}

void add_capture(const Capture& capture, api::Capture& message) {
  message.set_id(capture.id.text());
  message.set_amount(capture.amount);
  message.set_status(number<api::CaptureStatus>(capture.status));
  message.set_final(capture.final);
  if (capture.failure) *message.mutable_error() = to_api(*capture.failure);
  *message.mutable_created_at() = timestamp(capture.created_at);
}

// A whole is asked for, captured and refused in its legs.
void say_of_legs(const Payment& whole, api::Payment& message) {
  *message.mutable_result() = result_of(whole);
  std::string action_url;
  for (const Payment& leg : whole.legs) {
    if (leg.status == Status::requires_action) action_url = leg.money_attempt()->action_url;
    for (const Capture& capture : leg.captures) add_capture(capture, *message.add_captures());
  }
  set_next_action(whole, action_url, message);
  const auto failure = failure_of(whole);
  if (failure && (whole.status == Status::failed || whole.status == Status::in_doubt)) *message.mutable_error() = to_api(*failure);
}

}  // namespace

std::optional<Status> from_api(api::PaymentStatus status) {
  if (status == api::PAYMENT_STATUS_UNSPECIFIED || !api::PaymentStatus_IsValid(status)) return std::nullopt;
  return static_cast<Status>(int(status) - 1);
}

api::PaymentError to_api(const Failure& failure) {
  api::PaymentError error;
  error.set_code(failure.code);
  error.set_message(failure.message);
  error.set_decline_code(failure.decline_code);
  error.set_retryable(failure.retryable);
  error.set_outcome(failure.outcome);
  return error;
}

api::Refund to_api(const Payment& payment, const Refund& refund) {
  api::Refund message;
  message.set_id(refund.id.text());
  message.set_payment_id(payment.id.text());
  message.set_order_id(payment.order_id);
  message.set_amount(refund.amount);
  message.set_currency(std::string(payment.amount.currency.code()));
  message.set_status(number<api::RefundStatus>(refund.status));
  message.set_reason(refund.reason);
  if (refund.failure) *message.mutable_error() = to_api(*refund.failure);
  *message.mutable_created_at() = timestamp(refund.created_at);
  *message.mutable_updated_at() = timestamp(refund.updated_at);
  return message;
}

api::Payment to_api(const Payment& payment) {
  api::Payment message;
  message.set_id(payment.id.text());
  message.set_order_id(payment.order_id);
  message.set_user_id(payment.user_id);
  message.set_status(number<api::PaymentStatus>(payment.status));
  message.set_capture_method(number<api::CaptureMethod>(payment.capture_method));
  message.set_amount(payment.amount.minor);
  message.set_currency(std::string(payment.amount.currency.code()));
  message.set_amount_authorized(payment.authorized);
  message.set_amount_captured(payment.captured);
  message.set_amount_refunded(payment.refunded);
  message.set_method(payment.method);
  message.set_payment_method(payment.payment_method);
  *message.mutable_plan() = to_api(plan_of(payment));
  for (const ValidationIssue& issue : payment.validation_issues) *message.add_validation_issues() = to_api(issue);
  message.set_description(payment.description);
  message.mutable_metadata()->insert(payment.metadata.begin(), payment.metadata.end());
  message.set_version(payment.version);
  *message.mutable_created_at() = timestamp(payment.created_at);
  *message.mutable_updated_at() = timestamp(payment.updated_at);
  if (payment.is_whole()) say_of_legs(payment, message);
  message.set_parent_id(payment.parent_id);
  if (const Attempt* attempt = payment.money_attempt()) {
    message.set_processor(attempt->processor);
    message.set_provider_ref(attempt->processor_ref);
    if (attempt->failure && (payment.status == Status::failed || payment.status == Status::in_doubt))
      *message.mutable_error() = to_api(*attempt->failure);
    set_next_action(payment, attempt->action_url, message);
  }
  for (const Attempt& attempt : payment.attempts) add_attempt(attempt, *message.add_attempts());
  for (const Capture& capture : payment.captures) add_capture(capture, *message.add_captures());
  for (const Refund& refund : payment.refunds) *message.add_refunds() = to_api(payment, refund);
  return message;
}

api::ValidationIssue to_api(const ValidationIssue& issue) {
  api::ValidationIssue message;
  message.set_field(issue.field);
  message.set_code(issue.code);
  message.set_received(issue.received);
  message.set_used(issue.used);
  return message;
}

plans::PaymentPlan to_api(const PaymentPlan& plan) {
  plans::PaymentPlan message;
  message.set_amount(plan.amount.minor);
  message.set_currency(std::string(plan.amount.currency.code()));
  message.set_config_version(plan.config_version);
  for (const PaymentStep& step : plan.steps) {
    plans::PaymentStep& said = *message.add_steps();
    said.set_index(message.steps_size());
    said.set_method(step.method);
    said.set_amount(step.amount);
    said.mutable_processors()->Add(step.candidates.begin(), step.candidates.end());
    said.set_reason(step.why);
  }
  return message;
}

facts::PaymentFacts facts_of(const Payment& payment) {
  facts::PaymentFacts message;
  message.set_payment_id(payment.id.text());
  message.set_order_id(payment.order_id);
  message.set_user_id(payment.user_id);
  message.set_amount(payment.amount.minor);
  message.set_currency(std::string(payment.amount.currency.code()));
  message.set_status(number<api::PaymentStatus>(payment.status));
  message.set_amount_authorized(payment.authorized);
  message.set_amount_captured(payment.captured);
  message.set_amount_refunded(payment.refunded);
  message.set_version(payment.version);
  if (const Attempt* attempt = payment.money_attempt()) message.set_payment_intent_id(attempt->processor_ref);
  message.set_parent_id(payment.parent_id);
  message.set_step_index(payment.leg);
  return message;
}

}  // namespace purser::payments
