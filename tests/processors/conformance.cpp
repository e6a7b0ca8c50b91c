#include "tests/processors/conformance.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace purser::conformance {
namespace {

// When the janitor looks, more or less: soon at first, and past every time that a processor declares.
constexpr std::array looks{seconds(1), seconds(5), seconds(30), minutes(2), minutes(20), hours(2), hours(12), hours(20), hours(7 * 24), hours(2)};

bool is_open(const Outcome& outcome) { return outcome.end == End::in_doubt || outcome.end == End::not_sent; }

bool is_about(const Notice& notice, AttemptKind kind) {
  switch (notice.about) {
    case Notice::About::money:
      return gets_money(kind);
    case Notice::About::capture:
      return kind == AttemptKind::capture;
    case Notice::About::refund:
      return kind == AttemptKind::refund || kind == AttemptKind::reverse;
    case Notice::About::release:
      return kind == AttemptKind::release || kind == AttemptKind::reverse;
    case Notice::About::nothing:
      break;
  }
  return false;
}

Task<Outcome> without_throwing(Task<Outcome> task) {
  try {
    co_return co_await std::move(task);
  } catch (const std::exception& thrown) {
    ADD_FAILURE() << "the adapter threw: " << thrown.what();
  }
  co_return Outcome{.end = End::in_doubt};
}

Task<std::pair<Outcome, Outcome>> both(Task<Outcome> one, Task<Outcome> other) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto [first, second] = co_await (std::move(one) && std::move(other));
  co_return std::pair(std::move(first), std::move(second));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Books& books) {
  return out << books.charges << " charges, authorized " << books.authorized << ", captured " << books.captured << ", let go " << books.let_go
             << ", refunded " << books.refunded;
}

std::string told(const Outcome& outcome) {
  constexpr std::array ends{"succeeded", "declined", "requires_action", "not_sent", "in_doubt", "absent", "released"};
  std::string text = ends[static_cast<std::size_t>(outcome.end)];
  if (outcome.failure && outcome.end == End::declined)
    text += " " + outcome.failure->code + "/" + outcome.failure->decline_code + (outcome.failure->retryable ? " retryable" : "");
  return text + (outcome.answered ? " answered" : "");
}

const std::vector<Description>& descriptions() {
  static const std::vector<Description> all = {stripe(), adyen(), paypal(), wallet()};
  return all;
}

void World::adopt(std::shared_ptr<payments::Processor> processor, store::Store& store) {
  processor_ = std::move(processor);
  const payments::GuardOptions patient{.failures_max = 1'000'000, .requests_per_second = 0};
  processors_ = std::make_unique<payments::Processors>(
      std::vector<std::shared_ptr<payments::Guard>>{std::make_shared<payments::Guard>(processor_, clock, system_random(), nullptr, patient)});
  orchestrator_ = std::make_unique<payments::Orchestrator>(store, book_, configs_, *processors_, payments::Settings{});
}

Payment World::begin() {
  const std::string number = std::to_string(++payments_);
  return {.id = "pay_kit" + number, .order_id = "ord_kit" + number, .user_id = "user-" + number};
}

Instruction World::ask(Payment& payment, AttemptKind kind, std::int64_t amount) const {
  return {.kind = kind,
          .reference = payment.id + "-1-" + std::to_string(++payment.asked),
          .amount = amount,
          .currency = *Currency::parse("USD"),
          .payment_method = is.approved,
          .processor_ref = gets_money(kind) ? "" : payment.processor_ref,
          .captured_before = payment.captured,
          .payment_id = payment.id,
          .order_id = payment.order_id,
          .return_url = "http://shop.test/back",
          .begun_at = clock.now(),
          .merchant_id = "mer_kit",
          .user_id = payment.user_id};
}

Outcome World::outcome_of(Task<Outcome> task) { return run(without_throwing(std::move(task))); }

std::pair<Outcome, Outcome> World::process_twice_at_once(Instruction instruction) {
  return run(both(without_throwing(processor_->process(instruction)), without_throwing(processor_->process(instruction))));
}

// As webhooks.cpp finds the attempt that a notice is about.
std::optional<Outcome> World::told_by_webhook(const Instruction& instruction) {
  for (const http::Request& webhook : webhooks()) {
    auto notice = parse(webhook);
    EXPECT_TRUE(notice.ok()) << notice.error().detail;
    if (notice.ok()) told_.push_back(*std::move(notice));
  }
  for (const Notice& notice : told_) {
    // A charge that was let go is news of whatever was to let it go.
    const bool lets_go = instruction.kind == AttemptKind::release || instruction.kind == AttemptKind::reverse;
    if (lets_go && notice.about == Notice::About::money && notice.outcome.end == End::released && notice.processor_ref == instruction.processor_ref)
      return Outcome{.end = End::succeeded, .processor_ref = instruction.processor_ref};
    const bool by_id = notice.reference.empty() && gets_money(instruction.kind) && !instruction.processor_ref.empty() &&
                       notice.processor_ref == instruction.processor_ref;
    const bool ours = notice.reference == instruction.reference || by_id;
    if (ours && is_about(notice, instruction.kind) && notice.outcome.end != End::in_doubt) return notice.outcome;
  }
  return std::nullopt;
}

Outcome World::settle(Instruction instruction, Outcome outcome) {
  instruction.repetition = 0;
  for (const Duration pause : looks) {
    if (outcome.end != End::in_doubt && instruction.repetition == 0) return outcome;
    if (!is_open(outcome)) return outcome;
    if (gets_money(instruction.kind) && !outcome.processor_ref.empty()) instruction.processor_ref = outcome.processor_ref;
    clock.pass(pause);
    if (const auto told = told_by_webhook(instruction)) return *told;
    ++instruction.repetition;
    outcome = outcome_of(orchestrator_->find_out(is.name, instruction));
  }
  return outcome;
}

Outcome World::settled(Instruction instruction) {
  Outcome outcome = process(instruction);
  return settle(std::move(instruction), std::move(outcome));
}

Outcome World::must(Payment& payment, AttemptKind kind, std::int64_t amount, bool final) {
  Instruction instruction = ask(payment, kind, amount);
  instruction.final = final;
  Outcome outcome = settled(std::move(instruction));
  EXPECT_EQ(told(outcome), "succeeded") << payments::text(kind) << " of " << amount << ": " << (outcome.failure ? outcome.failure->message : "");
  if (gets_money(kind)) payment.processor_ref = outcome.processor_ref;
  if (kind == AttemptKind::capture) payment.captured += amount;
  if (kind == AttemptKind::sale) payment.captured = amount;
  return outcome;
}

Instruction World::prepare(Payment& payment, AttemptKind kind, std::int64_t amount) {
  if (kind == AttemptKind::capture || kind == AttemptKind::release) must(payment, AttemptKind::authorize, amount);
  if (kind == AttemptKind::refund || kind == AttemptKind::reverse) must(payment, AttemptKind::sale, amount);
  return ask(payment, kind, amount);
}

}  // namespace purser::conformance
