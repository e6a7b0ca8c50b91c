#include "contexts/payments/timeline.hpp"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <tuple>

#include "contexts/payments/payment_book.hpp"
#include "contexts/payments/wire.hpp"
#include "platform/events/feed.hpp"

namespace purser::payments {
namespace {

namespace api = ::payments::v1;

constexpr int events_max = 1000;  // of a payment, and of its order

// Entries of one moment are told attempt by attempt, each asked before it is answered; the plan stands before them, events after.
struct Told {
  Instant at;
  int attempt;
  int rank;
  std::size_t number;  // as they were found
  api::TimelineEntry entry;
};

constexpr int before_all = 0, after_all = 1'000'000;
constexpr int leg_stride = 10'000;  // more than the attempts of a payment

int rank_of(api::TimelineKind kind) {
  return kind == api::TIMELINE_KIND_LOOKED || kind == api::TIMELINE_KIND_WEBHOOK ? static_cast<int>(api::TIMELINE_KIND_REPLY)
                                                                                 : static_cast<int>(kind);
}

class Story {
 public:
  // What is told from here on is of this part of the payment.
  void go_to_part(int leg) { leg_ = leg; }

  api::TimelineEntry& tell(Instant at, api::TimelineKind kind, int attempt, std::string text) {
    told_.push_back({at, attempt + leg_ * leg_stride, rank_of(kind), told_.size(), {}});
    if (leg_ > 0) text = "Part " + std::to_string(leg_) + ": " + text;
    api::TimelineEntry& entry = told_.back().entry;
    *entry.mutable_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(at.unix_ms);
    entry.set_kind(kind);
    entry.set_text(std::move(text));
    return entry;
  }

  void write(api::Timeline& timeline) {
    std::ranges::sort(told_, {}, [](const Told& told) { return std::tuple(told.at, told.attempt, told.rank, told.number); });
    for (Told& told : told_) *timeline.add_entries() = std::move(told.entry);
  }

 private:
  int leg_ = 0;
  std::vector<Told> told_;
};

std::string money(const Payment& payment, std::int64_t minor) { return to_text(Money{minor, payment.amount.currency}); }

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", then ") + word;
  return text;
}

std::string_view wish(AttemptKind kind) {
  switch (kind) {
    case AttemptKind::authorize:
      return "to hold";
    case AttemptKind::sale:
      return "to take";
    case AttemptKind::capture:
      return "to capture";
    case AttemptKind::refund:
      return "to give back";
    case AttemptKind::release:
      return "to release";
    case AttemptKind::reverse:
      return "to undo";
  }
  return "";
}

std::string_view meaning(std::string_view outcome) {
  if (outcome == "succeeded") return "done";
  if (outcome == "declined") return "declined";
  if (outcome == "requires_action") return "the buyer must do something first";
  if (outcome == "not_sent") return "it was not reached: no byte of the request left";
  if (outcome == "in_doubt") return "nobody knows whether it was done";
  if (outcome == "absent") return "it does not know of it";
  return "it let the money go";
}

std::string why(const std::optional<Failure>& failure) {
  if (!failure) return "";
  std::string text = " (" + failure->code;
  if (!failure->decline_code.empty() && failure->decline_code != failure->code) text += ", " + failure->decline_code;
  if (!failure->message.empty()) text += ": " + failure->message;
  return text + ")";
}

void set_attempt(const Attempt& attempt, api::TimelineEntry& entry) {
  entry.set_attempt_id(attempt.id.text());
  entry.set_processor(attempt.processor);
  entry.set_reference(attempt.reference);
}

void tell_plan(const Payment& payment, Story& story) {
  const PaymentPlan plan = plan_of(payment);
  int number = 0;
  for (const PaymentStep& step : plan.steps) {
    std::string text = plan.steps.size() > 1 ? "Part " + std::to_string(++number) + " planned: " : "Planned: ";
    text += money(payment, step.amount) + " by " + step.method + ", to be asked for at " + list_of(step.candidates);
    if (!step.why.empty()) text += "; " + step.why;
    text += plan.config_version > 0 ? " (configuration version " + std::to_string(plan.config_version) + ")" : " (no configuration)";
    story.tell(payment.created_at, api::TIMELINE_KIND_PLAN, before_all, std::move(text));
  }
}

void tell_attempt(const Payment& payment, const Attempt& attempt, Story& story) {
  if (!attempt.why.empty())
    set_attempt(attempt, story.tell(attempt.created_at, api::TIMELINE_KIND_ROUTE, attempt.number, "Chose " + attempt.processor + ": " + attempt.why));
  api::TimelineEntry& asked =
      story.tell(attempt.created_at, api::TIMELINE_KIND_ASKED, attempt.number,
                 "Attempt " + std::to_string(attempt.number) + ": asked " + attempt.processor + " " + std::string(wish(attempt.kind)) + " " +
                     money(payment, attempt.amount) + (attempt.asked_by.empty() ? "" : ", for " + attempt.asked_by));
  set_attempt(attempt, asked);
  if (!attempt.next.empty())
    set_attempt(attempt, story.tell(attempt.updated_at, api::TIMELINE_KIND_NEXT, attempt.number,
                                    "After attempt " + std::to_string(attempt.number) + ": " + attempt.next));
}

void tell_answer(const Payment& payment, const AttemptAnswer& answer, Story& story) {
  const auto attempt = std::ranges::find(payment.attempts, answer.attempt_id, [](const Attempt& other) { return other.id.text(); });
  if (attempt == payment.attempts.end()) return;
  const bool webhook = answer.cause.starts_with("webhook/"), looked = answer.cause == "janitor";
  const std::string number = std::to_string(attempt->number);
  std::string text = webhook  ? attempt->processor + " told of attempt " + number + " by itself: "
                     : looked ? attempt->processor + " was asked what became of attempt " + number + ": "
                              : attempt->processor + " on attempt " + number + ": ";
  text += std::string(meaning(answer.outcome)) + why(answer.failure);
  api::TimelineEntry& entry = story.tell(answer.at,
                                         webhook  ? api::TIMELINE_KIND_WEBHOOK
                                         : looked ? api::TIMELINE_KIND_LOOKED
                                                  : api::TIMELINE_KIND_REPLY,
                                         attempt->number, std::move(text));
  set_attempt(*attempt, entry);
  entry.set_processor_ref(answer.processor_ref);
  entry.set_cause(answer.cause);
  entry.set_outcome(answer.outcome);
  entry.set_latency_ms(answer.took.ms);
}

void tell_events(store::Tx& tx, const std::string& merchant_id, const std::string& aggregate_id, Story& story) {
  for (const events::StoredEvent& event : events::last_events(tx, {.merchant_id = merchant_id, .aggregate_id = aggregate_id}, events_max)) {
    api::TimelineEntry& entry = story.tell(event.occurred_at, api::TIMELINE_KIND_EVENT, after_all, "Event " + event.type);
    entry.set_event_id(event.id);
    entry.set_event_type(event.type);
    entry.set_cause(event.correlation_id);
  }
}

void tell_attempts(store::Tx& tx, const Payment& payment, Story& story) {
  for (const Attempt& attempt : payment.attempts) tell_attempt(payment, attempt, story);
  for (const AttemptAnswer& answer : answers_of(tx, payment.id)) tell_answer(payment, answer, story);
}

std::string summary_of(const Payment& payment) {
  const std::string total = to_text(payment.amount);
  const Attempt* charge = payment.money_attempt();
  const std::string where = charge ? " at " + charge->processor : "";
  switch (payment.status) {
    case Status::created:
      return "Nobody was asked for the " + total + " yet.";
    case Status::processing:
      return total + " are being asked for" + where + ".";
    case Status::requires_action:
      return "The buyer must do something first; no money moved yet" + where + ".";
    case Status::in_doubt:
      return "It is being found out whether " + total + " moved" + where + "; nobody else is asked meanwhile.";
    case Status::failed:
      return "No money moved" + (charge ? why(charge->failure) : std::string()) + ".";
    case Status::voided:
      return "What was held of " + total + where + " was released.";
    case Status::authorized:
    case Status::partially_captured:
    case Status::captured:
    case Status::partially_refunded:
    case Status::refunded:
      break;
  }
  std::string text = money(payment, payment.authorized) + " were authorised" + where + ", " + money(payment, payment.captured) + " taken";
  if (payment.refunded > 0) text += ", " + money(payment, payment.refunded) + " given back";
  return text + ".";
}

}  // namespace

Result<api::Timeline> timeline_of(store::Tx& tx, const std::string& merchant_id, const std::string& id) {
  const auto payment = find_by_either(tx, merchant_id, id);
  if (!payment) return payment_not_found(id);
  Story story;
  tell_plan(*payment, story);
  tell_attempts(tx, *payment, story);
  for (const Payment& leg : payment->legs) {
    story.go_to_part(leg.leg);
    tell_attempts(tx, leg, story);
  }
  story.go_to_part(0);
  tell_events(tx, merchant_id, payment->id.text(), story);
  if (!payment->order_id.empty()) tell_events(tx, merchant_id, payment->order_id, story);
  api::Timeline timeline;
  timeline.set_payment_id(payment->id.text());
  timeline.set_order_id(payment->order_id);
  timeline.set_status(to_api(*payment).status());
  timeline.set_summary(summary_of(*payment));
  story.write(timeline);
  return timeline;
}

Reply<api::GetTimelineResponse> TimelineService::GetTimeline(rpc::Call call, api::GetTimelineRequest request) {
  co_return co_await store_.read([&](store::Tx& tx) -> Result<api::GetTimelineResponse> {
    api::GetTimelineResponse response;
    TRY(*response.mutable_timeline(), timeline_of(tx, call.caller.merchant_id, request.payment_id()));
    return response;
  });
}

}  // namespace purser::payments
