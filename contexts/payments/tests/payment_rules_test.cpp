#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "contexts/payments/rules/payment.hpp"

namespace purser::payments {
namespace {

const Currency usd = *Currency::parse("USD");
constexpr Instant now{1'000};

template <class SomeId>
SomeId id(int n) {
  return {{static_cast<std::uint8_t>(n), static_cast<std::uint8_t>(n >> 8)}};
}
AttemptId attempt_id(int n) { return id<AttemptId>(n); }
NewAttempt fresh(int n) { return {.id = attempt_id(n), .processor = "stripe", .check_at = now}; }

Payment payment_of(std::int64_t amount, CaptureMethod method) {
  return {.id = {{1}},
          .merchant_id = "mer_1",
          .order_id = "",
          .user_id = "u",
          .amount = {amount, usd},
          .capture_method = method,
          .payment_method = "pm_card_visa",
          .description = "",
          .return_url = "",
          .created_at = now,
          .updated_at = now};
}

Failure declined(bool retryable) { return {.code = "declined", .message = "no", .decline_code = "x", .retryable = retryable, .outcome = "declined"}; }

// A payment in each state, by the way it gets there.
Payment after(Payment payment, const Decision<Change>& change) {
  EXPECT_TRUE(change.has_value());
  return apply(std::move(payment), *change, now);
}
Payment settled(Payment payment, int attempt, Outcome outcome) {
  const auto change = settle(payment, attempt_id(attempt), outcome, fresh(90), now);
  EXPECT_TRUE(change.has_value());
  return apply(std::move(payment), *change, now);
}
Payment processing(CaptureMethod method = CaptureMethod::manual) {
  const Payment payment = payment_of(100, method);
  return after(payment, start(payment, fresh(1), "", now));
}
Payment authorized() { return settled(processing(), 1, {.end = End::succeeded, .processor_ref = "pi_1"}); }
Payment captured() { return settled(processing(CaptureMethod::automatic), 1, {.end = End::succeeded, .processor_ref = "pi_1"}); }
Payment failed(bool retryable = true) { return settled(processing(), 1, {.end = End::declined, .failure = declined(retryable)}); }
Payment in_doubt() { return settled(processing(), 1, {.end = End::in_doubt}); }
Payment requires_action() { return settled(processing(), 1, {.end = End::requires_action, .processor_ref = "pi_1", .action_url = "https://x"}); }
Payment capturing(std::int64_t amount) {
  const Payment payment = authorized();
  return after(payment, start_capture(payment, fresh(2), {{7}}, amount, false, now));
}
Payment partially_captured() { return settled(capturing(60), 2, {.end = End::succeeded}); }
Payment voiding() {
  const Payment payment = authorized();
  return after(payment, start_release(payment, fresh(2), "why", now));
}

TEST(PaymentLifecycle, ReachesItsStates) {
  EXPECT_EQ(processing().status, Status::processing);
  EXPECT_EQ(authorized().status, Status::authorized);
  EXPECT_EQ(captured().status, Status::captured);
  EXPECT_EQ(failed().status, Status::failed);
  EXPECT_EQ(in_doubt().status, Status::in_doubt);
  EXPECT_EQ(requires_action().status, Status::requires_action);
  EXPECT_EQ(partially_captured().status, Status::partially_captured);
  EXPECT_EQ(settled(voiding(), 2, {.end = End::succeeded}).status, Status::voided);
}

TEST(Start, RefusesInOrder) {
  struct Row {
    const char* why;
    Payment payment;
    const char* method;
    Refusal want;
  };
  const Row rows[] = {
      // clang-format off
      {"processing",          processing(),      "",       Refusal::attempt_in_progress},
      {"in doubt",            in_doubt(),        "pm_new", Refusal::attempt_in_progress},
      {"needs the buyer",     requires_action(), "pm_new", Refusal::attempt_in_progress},
      {"authorised",          authorized(),      "pm_new", Refusal::illegal_transition},
      {"captured",            captured(),        "pm_new", Refusal::illegal_transition},
      {"final decline",       failed(false),     "",       Refusal::retry_not_allowed},
      {"the same card again", failed(false),     "pm_card_visa", Refusal::retry_not_allowed},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = start(row.payment, fresh(9), row.method, now);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
  EXPECT_TRUE(start(failed(true), fresh(9), "", now));
  EXPECT_TRUE(start(failed(false), fresh(9), "pm_other", now));
}

TEST(Start, GivesEachAttemptAReferenceOfItsOwn) {
  const Payment payment = failed();
  const auto again = start(payment, fresh(2), "", now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempts.front().reference, payment.id.text() + "-1-2");
  EXPECT_EQ(payment.attempts.front().reference, payment.id.text() + "-1-1");
}

TEST(Start, EndsAfterManyAttempts) {
  Payment payment = failed();
  for (int i = 2; i <= int(money_attempts_max); ++i) {
    payment = after(payment, start(payment, fresh(i), "", now));
    payment = settled(payment, i, {.end = End::declined, .failure = declined(true)});
  }
  EXPECT_EQ(start(payment, fresh(99), "", now).error().why, Refusal::too_many_attempts);
}

TEST(Capture, RefusesInOrder) {
  struct Row {
    const char* why;
    Payment payment;
    std::optional<std::int64_t> amount;
    Refusal want;
  };
  const Row rows[] = {
      // clang-format off
      {"processing",               processing(),         101,          Refusal::attempt_in_progress},
      {"in doubt",                 in_doubt(),           101,          Refusal::attempt_in_progress},
      {"needs the buyer",          requires_action(),    101,          Refusal::attempt_in_progress},
      {"failed",                   failed(),             101,          Refusal::illegal_transition},
      {"captured",                 captured(),           1,            Refusal::illegal_transition},
      {"being voided",             voiding(),            101,          Refusal::release_in_progress},
      {"another one under way",    capturing(60),        101,          Refusal::capture_in_progress},
      {"one too many",             authorized(),         101,          Refusal::amount_exceeds_authorized},
      {"one more than is left",    partially_captured(), 41,           Refusal::amount_exceeds_authorized},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = start_capture(row.payment, fresh(9), {{9}}, row.amount, false, now);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
}

TEST(Capture, TakesPartsUntilTheLast) {
  Payment payment = partially_captured();
  payment = after(payment, start_capture(payment, fresh(3), {{8}}, std::nullopt, false, now));
  payment = settled(payment, 3, {.end = End::succeeded});
  EXPECT_EQ(payment.status, Status::captured);
  EXPECT_EQ(payment.captured, 100);
  EXPECT_TRUE(payment.captures.back().final);
}

TEST(Capture, FinalReleasesTheRest) {
  Payment payment = authorized();
  payment = after(payment, start_capture(payment, fresh(2), {{7}}, 30, true, now));
  payment = settled(payment, 2, {.end = End::succeeded});
  EXPECT_EQ(payment.status, Status::captured);
  EXPECT_EQ(payment.capturable(), 0);
}

TEST(Capture, ThatFailsLeavesTheMoneyHeld) {
  const Payment payment = settled(capturing(60), 2, {.end = End::declined, .failure = declined(true)});
  EXPECT_EQ(payment.status, Status::authorized);
  EXPECT_EQ(payment.capturable(), 100);
}

TEST(Refund, RefusesInOrder) {
  const Payment all_back = [] {
    Payment payment = captured();
    payment = after(payment, start_refund(payment, fresh(2), {{5}}, std::nullopt, "", now));
    return settled(payment, 2, {.end = End::succeeded});
  }();
  const Payment half_under_way = [] {
    const Payment payment = captured();
    return after(payment, start_refund(payment, fresh(2), {{5}}, 60, "", now));
  }();
  struct Row {
    const char* why;
    Payment payment;
    std::optional<std::int64_t> amount;
    Refusal want;
  };
  const Row rows[] = {
      // clang-format off
      {"processing",                        processing(),      1,         Refusal::attempt_in_progress},
      {"in doubt",                          in_doubt(),        1,         Refusal::attempt_in_progress},
      {"needs the buyer",                   requires_action(), 1,         Refusal::attempt_in_progress},
      {"all of it is back",                 all_back,       1,            Refusal::already_refunded},
      {"being captured",                    capturing(60),  1,            Refusal::capture_in_progress},
      {"nothing captured",                  authorized(),   1,            Refusal::nothing_captured},
      {"one too many",                      captured(),     101,          Refusal::amount_exceeds_captured},
      {"what is under way counts",          half_under_way, 41,           Refusal::amount_exceeds_captured},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = start_refund(row.payment, fresh(9), {{9}}, row.amount, "", now);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
}

// 100 parts are the most, but whatever is left can always be taken or given back.
TEST(Limits, StrandNoMoney) {
  Payment held = payment_of(10'000, CaptureMethod::manual);
  held = after(held, start(held, fresh(1), "", now));
  held = settled(held, 1, {.end = End::succeeded, .processor_ref = "pi_1"});
  for (int i = 0; i < int(captures_max); ++i) {
    held = after(held, start_capture(held, fresh(2 + i), id<CaptureId>(2 + i), 1, false, now));
    held = settled(held, 2 + i, {.end = End::succeeded});
  }
  EXPECT_EQ(start_capture(held, fresh(500), id<CaptureId>(500), 1, false, now).error().why, Refusal::too_many_captures);
  EXPECT_TRUE(start_capture(held, fresh(500), id<CaptureId>(500), 1, true, now));
  held = after(held, start_capture(held, fresh(500), id<CaptureId>(500), std::nullopt, false, now));
  held = settled(held, 500, {.end = End::succeeded});
  EXPECT_EQ(held.captured, 10'000);
  for (int i = 0; i < int(refunds_max); ++i) {
    held = after(held, start_refund(held, fresh(600 + i), id<RefundId>(600 + i), 1, "", now));
    held = settled(held, 600 + i, {.end = End::succeeded});
  }
  EXPECT_EQ(start_refund(held, fresh(900), id<RefundId>(900), 1, "", now).error().why, Refusal::too_many_refunds);
  EXPECT_TRUE(start_refund(held, fresh(900), id<RefundId>(900), std::nullopt, "", now));
}

TEST(Limits, DoNotCountWhatFailed) {
  Payment payment = captured();
  for (int i = 0; i < int(refunds_max) + 1; ++i) {
    payment = after(payment, start_refund(payment, fresh(2 + i), id<RefundId>(2 + i), 1, "", now));
    payment = settled(payment, 2 + i, {.end = End::declined, .failure = declined(true)});
  }
  EXPECT_TRUE(start_refund(payment, fresh(900), id<RefundId>(900), 1, "", now));
}

TEST(Refund, ThatComesBackIsTakenBack) {
  Payment payment = captured();
  payment = after(payment, start_refund(payment, fresh(2), {{5}}, 60, "", now));
  payment = settled(payment, 2, {.end = End::succeeded});
  EXPECT_EQ(payment.status, Status::partially_refunded);
  payment = settled(payment, 2, {.end = End::declined, .failure = declined(true)});
  EXPECT_EQ(payment.status, Status::captured);
  EXPECT_EQ(payment.refunded, 0);
  EXPECT_EQ(payment.refunds.front().status, PartStatus::failed);
  EXPECT_FALSE(settle(payment, attempt_id(2), {.end = End::declined}, fresh(90), now));
}

TEST(Release, RefusesInOrder) {
  struct Row {
    const char* why;
    Payment payment;
    Refusal want;
  };
  const Row rows[] = {
      {"processing", processing(), Refusal::attempt_in_progress},
      {"in doubt", in_doubt(), Refusal::attempt_in_progress},
      {"captured in part", partially_captured(), Refusal::captured_already},
      {"failed", failed(), Refusal::illegal_transition},
      {"being voided", voiding(), Refusal::release_in_progress},
      {"being captured", capturing(60), Refusal::capture_in_progress},
  };
  for (const Row& row : rows) {
    const auto got = start_release(row.payment, fresh(9), "", now);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
}

// A buyer who is waited for can be let go at any time.
TEST(Release, EndsAPaymentThatWaitsForTheBuyer) { EXPECT_TRUE(start_release(requires_action(), fresh(9), "", now)); }

// What nobody knows is not denied: each of these says that it is open, and when to ask again.
TEST(Explain, DoesNotDenyWhatIsNotKnown) {
  struct Row {
    Payment payment;
    const char* says;
  };
  const Row rows[] = {
      {processing(), "The payment is PROCESSING: its outcome is not known yet, and money may have moved. Read it again until it is decided."},
      {in_doubt(), "The payment is IN_DOUBT: its outcome is not known yet, and money may have moved. Read it again until it is decided."},
      {requires_action(),
       "The payment is REQUIRES_ACTION: the buyer has still to act, and its outcome is not known yet. Wait for it, or void the payment."},
  };
  for (const Row& row : rows) {
    const Error error = explain(start_refund(row.payment, fresh(9), {{9}}, std::nullopt, "", now).error(), row.payment);
    EXPECT_EQ(error.kind, Kind::conflict);
    EXPECT_EQ(error.code, "attempt_in_progress");
    EXPECT_EQ(error.detail, row.says);
    EXPECT_EQ(error.metadata.at("state"), text(row.payment.status));
    EXPECT_TRUE(error.retry_after_seconds);
  }
}

// Every end for every state an attempt to get the money can be in: what becomes of the payment, or nothing.
TEST(Settle, DecidesOnceWhateverComesWhen) {
  const Payment sent = processing(), doubted = in_doubt(), waiting = requires_action(), done = authorized(), refused = failed();
  const Payment absent = settled(in_doubt(), 1, {.end = End::absent});
  struct Row {
    const char* why;
    const Payment& payment;
    End end;
    std::optional<What> want;
  };
  const Row rows[] = {
      // clang-format off
      {"sent",                     sent,    End::succeeded,       What::authorized},
      {"sent",                     sent,    End::declined,        What::failed},
      {"sent",                     sent,    End::requires_action, What::action_required},
      {"sent",                     sent,    End::not_sent,        What::failed},
      {"sent",                     sent,    End::in_doubt,        What::doubted},
      {"sent",                     sent,    End::absent,          What::failed},
      {"sent",                     sent,    End::released,        What::failed},
      {"in doubt",                 doubted, End::succeeded,       What::authorized},
      {"in doubt",                 doubted, End::declined,        What::failed},
      {"in doubt",                 doubted, End::requires_action, What::action_required},
      {"in doubt, repeat unsent",  doubted, End::not_sent,        std::nullopt},
      {"in doubt still",           doubted, End::in_doubt,        std::nullopt},
      {"in doubt",                 doubted, End::absent,          What::failed},
      {"waits for the buyer",      waiting, End::succeeded,       What::authorized},
      {"waits for the buyer",      waiting, End::declined,        What::failed},
      {"waits for the buyer",      waiting, End::requires_action, std::nullopt},
      {"waits for the buyer",      waiting, End::in_doubt,        std::nullopt},
      {"waits for the buyer",      waiting, End::released,        What::failed},
      {"succeeded, told again",    done,    End::succeeded,       std::nullopt},
      {"succeeded, late decline",  done,    End::declined,        std::nullopt},
      {"succeeded, late doubt",    done,    End::in_doubt,        std::nullopt},
      {"succeeded, let go there",  done,    End::released,        What::voided},
      {"declined, told again",     refused, End::declined,        std::nullopt},
      {"declined, then succeeds",  refused, End::succeeded,       What::late_success},
      {"given up, then succeeds",  absent,  End::succeeded,       What::late_success},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = settle(row.payment, attempt_id(1), {.end = row.end, .processor_ref = "pi_1"}, fresh(90), now);
    ASSERT_EQ(got.has_value(), row.want.has_value()) << row.why << " / " << int(row.end);
    if (got) EXPECT_EQ(got->what, *row.want) << row.why << " / " << int(row.end);
  }
}

TEST(Settle, ReversesALateSuccessOnce) {
  Payment payment = settled(failed(), 1, {.end = End::succeeded, .processor_ref = "pi_late"});
  EXPECT_EQ(payment.status, Status::failed);
  EXPECT_EQ(payment.attempts.back().kind, AttemptKind::reverse);
  EXPECT_EQ(payment.attempts.back().processor_ref, "pi_late");
  EXPECT_FALSE(settle(payment, attempt_id(1), {.end = End::succeeded}, fresh(91), now));
  payment = settled(payment, 90, {.end = End::succeeded});
  EXPECT_EQ(payment.attempts.front().status, AttemptStatus::reversed);
  EXPECT_EQ(payment.authorized, 0);
}

// Our void was done, and the processor's webhook says so before its answer does.
TEST(Settle, AReleaseOfOursIsAVoidWhoeverTellsIt) {
  Payment payment = requires_action();
  payment = after(payment, start_release(payment, fresh(2), "order cancelled", now));
  payment = settled(payment, 1, {.end = End::released});
  EXPECT_EQ(payment.status, Status::voided);
  EXPECT_EQ(payment.attempts.back().status, AttemptStatus::succeeded);
  EXPECT_FALSE(settle(payment, attempt_id(2), {.end = End::succeeded}, fresh(90), now));
}

TEST(Settle, TakesACaptureThatWasGivenUpAndIsKnownAfterAll) {
  Payment payment = settled(settled(capturing(60), 2, {.end = End::in_doubt}), 2, {.end = End::absent});
  EXPECT_EQ(payment.status, Status::authorized);
  payment = settled(payment, 2, {.end = End::succeeded});
  EXPECT_EQ(payment.captured, 60);
}

// A reversal that was a refund can come back like any refund: then the stray charge stands, and is told.
// Found by the simulator: the cancel was long on its way, its webhook was lost, and our books went on holding money that was let go.
TEST(Settle, TakesAVoidThatWasGivenUpAndIsKnownAfterAll) {
  const Payment given_up = settled(settled(voiding(), 2, {.end = End::in_doubt}), 2, {.end = End::absent});
  EXPECT_EQ(given_up.status, Status::authorized);
  const Payment voided = settled(given_up, 2, {.end = End::succeeded});
  EXPECT_EQ(voided.status, Status::voided);
  EXPECT_EQ(voided.attempt(attempt_id(1))->status, AttemptStatus::reversed);
  EXPECT_EQ(voided.attempt(attempt_id(2))->status, AttemptStatus::succeeded);
}

// Found by the simulator: a repeated request can arrive after the last look-up, and nothing may ever tell of it.
// Found by the simulator: the first charge was given up, the second holds the money, the first comes after all and is reversed; its
// cancellation is not the payment's.
TEST(Settle, TheCancellationOfAStrayChargeLeavesThePaymentItsMoney) {
  const Payment given_up = settled(in_doubt(), 1, {.end = End::absent});
  const Payment retried = settled(after(given_up, start(given_up, fresh(2), "", now)), 2, {.end = End::succeeded, .processor_ref = "pi_2"});
  const Payment reversing = settled(retried, 1, {.end = End::succeeded, .processor_ref = "pi_1"});
  EXPECT_FALSE(settle(reversing, attempt_id(1), {.end = End::released, .processor_ref = "pi_1"}, fresh(91), now));
  EXPECT_FALSE(settle(reversing, attempt_id(2), {.end = End::released, .processor_ref = "pi_1"}, fresh(91), now));
  const auto let_go = settle(reversing, attempt_id(2), {.end = End::released, .processor_ref = "pi_2"}, fresh(91), now);
  ASSERT_TRUE(let_go);
  EXPECT_EQ(let_go->what, What::voided);
}

TEST(Settle, WhatWasGivenUpIsLookedForAgain) {
  const Payment payments[] = {
      settled(in_doubt(), 1, {.end = End::absent}),
      settled(settled(capturing(60), 2, {.end = End::in_doubt}), 2, {.end = End::absent}),
      settled(settled(voiding(), 2, {.end = End::in_doubt}), 2, {.end = End::absent}),
  };
  for (const Payment& payment : payments) {
    const Attempt& given_up = payment.attempts.back();
    EXPECT_EQ(given_up.status, AttemptStatus::absent) << text(given_up.kind);
    EXPECT_EQ(given_up.next_check_at, now + look_again_after) << text(given_up.kind);
    EXPECT_EQ(given_up.checks, 0) << text(given_up.kind);
  }
  EXPECT_FALSE(failed().attempts.back().next_check_at);
}

TEST(Settle, AReversalThatComesBackIsToldAsFailed) {
  Payment payment = settled(failed(), 1, {.end = End::succeeded, .processor_ref = "pi_late"});
  payment = settled(payment, 90, {.end = End::succeeded});
  const auto change = settle(payment, attempt_id(90), {.end = End::declined, .failure = declined(true)}, fresh(92), now);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->what, What::reverse_failed);
}

TEST(Settle, ClosesAPartlyCapturedPaymentWhoseRestWasReleased) {
  Payment payment = partially_captured();
  payment = settled(payment, 1, {.end = End::released});
  EXPECT_EQ(payment.status, Status::captured);
  EXPECT_EQ(payment.captured, 60);
  EXPECT_FALSE(settle(payment, attempt_id(1), {.end = End::released}, fresh(91), now));
}

TEST(Settle, ReversesASecondChargeAndKeepsTheFirst) {
  Payment payment = settled(authorized(), 1, {.end = End::succeeded, .processor_ref = "pi_stray"});
  EXPECT_EQ(payment.status, Status::authorized);
  EXPECT_EQ(payment.attempts.back().processor_ref, "pi_stray");
  EXPECT_FALSE(settle(payment, attempt_id(1), {.end = End::succeeded, .processor_ref = "pi_stray"}, fresh(91), now));
  payment = settled(payment, 90, {.end = End::succeeded});
  EXPECT_EQ(payment.attempts.front().status, AttemptStatus::succeeded);
  EXPECT_EQ(payment.authorized, 100);
}

TEST(Settle, AVoidThatLosesAgainstTheBuyerLeavesTheMoneyHeld) {
  Payment payment = requires_action();
  payment = after(payment, start_release(payment, fresh(2), "abandoned", now));
  payment = settled(payment, 1, {.end = End::succeeded, .processor_ref = "pi_1"});
  EXPECT_EQ(payment.status, Status::authorized);
  payment = settled(payment, 2, {.end = End::declined, .failure = declined(false)});
  EXPECT_EQ(payment.status, Status::authorized);
}

TEST(Words, AreReadAsTheyAreWritten) {
  for (int i = 0; i <= int(Status::in_doubt); ++i) EXPECT_EQ(parse_status(text(Status(i))), Status(i));
  for (int i = 0; i <= int(AttemptKind::reverse); ++i) EXPECT_EQ(parse_attempt_kind(text(AttemptKind(i))), AttemptKind(i));
  for (int i = 0; i <= int(AttemptStatus::reversed); ++i) EXPECT_EQ(parse_attempt_status(text(AttemptStatus(i))), AttemptStatus(i));
  for (int i = 0; i <= int(PartStatus::failed); ++i) EXPECT_EQ(parse_part_status(text(PartStatus(i))), PartStatus(i));
  EXPECT_FALSE(parse_status("PAID"));
}

TEST(Words, TellEveryRefusal) {
  for (int i = 0; i <= int(Refusal::too_many_refunds); ++i) {
    const Error error = explain({Refusal(i), Status::captured}, authorized());
    EXPECT_FALSE(error.code.empty()) << i;
    EXPECT_FALSE(error.detail.empty()) << i;
    EXPECT_LT(int(error.kind), int(Kind::internal)) << i;
  }
}

// A random life: whatever is asked and whatever becomes of it, in any order, the amounts hold, at most one attempt gets the
// money, and a refusal changes nothing.
struct Life {
  Payment payment;
  int next_id = 1;

  void keep(const Decision<Change>& decision) {
    const Payment before = payment;
    if (decision)
      payment = apply(payment, *decision, now);
    else
      RC_ASSERT(payment == before);
  }
  void act() {
    const int id = next_id++;
    const auto amount = *rc::gen::maybe(rc::gen::inRange<std::int64_t>(1, 130));
    const auto wanted = amount ? std::optional(*amount) : std::nullopt;
    const std::uint8_t part = static_cast<std::uint8_t>(id);
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
        return keep(start(payment, fresh(id), *rc::gen::element<std::string>("", "pm_other"), now));
      case 1:
        return keep(start_capture(payment, fresh(id), {{part}}, wanted, *rc::gen::arbitrary<bool>(), now));
      case 2:
        return keep(start_refund(payment, fresh(id), {{part}}, wanted, "", now));
      case 3:
        return keep(start_release(payment, fresh(id), "", now));
      default:
        return settle_one(id);
    }
  }
  void settle_one(int id) {
    if (payment.attempts.empty()) return;
    const Attempt attempt = *rc::gen::elementOf(payment.attempts);
    const Outcome outcome{.end = static_cast<End>(*rc::gen::inRange(0, 7)), .processor_ref = "pi", .failure = declined(*rc::gen::arbitrary<bool>())};
    const auto change = settle(payment, attempt.id, outcome, fresh(id), now);
    if (change) payment = apply(payment, *change, now);
    // What was told once is not news when it is told again.
    RC_ASSERT(!settle(payment, attempt.id, outcome, fresh(id + 100), now) || outcome.end == End::released);
  }
};

RC_GTEST_PROP(PaymentLife, KeepsItsMoneyRules, ()) {
  Life life{payment_of(100, *rc::gen::element(CaptureMethod::automatic, CaptureMethod::manual))};
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    const std::int64_t version = life.payment.version;
    life.act();
    RC_ASSERT(life.payment.version - version <= 1);
    RC_ASSERT(amounts_hold(life.payment));
    const auto holds_money = std::ranges::count_if(life.payment.attempts, [](const Attempt& attempt) {
      return attempt.gets_money() && (attempt.is_open() || attempt.status == AttemptStatus::succeeded);
    });
    RC_ASSERT(holds_money <= 1);
    std::set<std::string> references;
    for (const Attempt& attempt : life.payment.attempts) RC_ASSERT(references.insert(attempt.reference).second);
  }
}

// The changes alone, applied to the payment as it began, give the payment as it is: what is stored can be told from them.
RC_GTEST_PROP(PaymentLife, IsTheFoldOfItsChanges, ()) {
  const Payment begun = payment_of(100, CaptureMethod::manual);
  Payment stored = begun;
  std::vector<Change> changes;
  const auto keep = [&](const auto& change) {
    if (!change) return;
    changes.push_back(*change);
    stored = apply(stored, *change, now);
  };
  keep(start(stored, fresh(1), "", now));
  keep(settle(stored, attempt_id(1), {.end = *rc::gen::element(End::succeeded, End::in_doubt, End::requires_action)}, fresh(90), now));
  keep(settle(stored, attempt_id(1), {.end = End::succeeded}, fresh(91), now));
  keep(start_capture(stored, fresh(2), {{2}}, *rc::gen::inRange<std::int64_t>(1, 101), *rc::gen::arbitrary<bool>(), now));
  keep(settle(stored, attempt_id(2), {.end = *rc::gen::element(End::succeeded, End::declined)}, fresh(92), now));
  keep(start_refund(stored, fresh(3), {{3}}, std::nullopt, "", now));
  Payment folded = begun;
  for (const Change& change : changes) folded = apply(folded, change, now);
  RC_ASSERT(folded == stored);
}

// ---- falling back to another processor

NewAttempt elsewhere(int n) { return {.id = attempt_id(n), .processor = "adyen", .check_at = now, .asked_by = "key_1", .why = "after a decline"}; }

TEST(FallBack, HasAFence) {
  struct Row {
    const char* why;
    Payment payment;
    End end;
    bool allowed;
  };
  const Row rows[] = {
      // clang-format off
      {"declined",                     processing(),      End::declined,        true},
      {"not sent",                     processing(),      End::not_sent,        true},
      {"proved absent",                processing(),      End::absent,          true},
      {"in doubt",                     processing(),      End::in_doubt,        false},
      {"the buyer must act",           processing(),      End::requires_action, false},
      {"released there",               processing(),      End::released,        false},
      {"succeeded",                    processing(),      End::succeeded,       false},
      {"declined after it was doubted", in_doubt(),       End::declined,        false},
      {"absent after it was doubted",  in_doubt(),        End::absent,          false},
      {"declined after the buyer acted", requires_action(), End::declined,      false},
      {"over already",                 failed(),          End::declined,        false},
      // clang-format on
  };
  for (const Row& row : rows)
    EXPECT_EQ(fall_back(row.payment, attempt_id(1), {.end = row.end, .failure = declined(true)}, elsewhere(2), now).has_value(), row.allowed)
        << row.why;
}

TEST(FallBack, EndsOneAttemptAndBeginsAnother) {
  Payment before = processing();
  before.tokens = {{"adyen", "8415"}};
  const Payment payment = apply(before, *fall_back(before, attempt_id(1), {.end = End::declined, .failure = declined(true)}, elsewhere(2), now), now);
  EXPECT_EQ(payment.status, Status::processing);
  ASSERT_EQ(payment.attempts.size(), 2U);
  EXPECT_EQ(payment.attempts[0].status, AttemptStatus::declined);
  EXPECT_EQ(payment.attempts[0].failure, declined(true));
  const Attempt& next = payment.attempts[1];
  EXPECT_EQ(next.status, AttemptStatus::sent);
  EXPECT_EQ(next.processor, "adyen");
  EXPECT_EQ(next.payment_method, "8415");  // as it is called there
  EXPECT_EQ(next.amount, 100);
  EXPECT_NE(next.reference, payment.attempts[0].reference);
  const Payment paid = settled(payment, 2, {.end = End::succeeded, .processor_ref = "psp_1"});
  EXPECT_EQ(paid.status, Status::authorized);
  // What follows goes to where the money is.
  const auto captured = start_capture(paid, {.id = attempt_id(3), .check_at = now}, {{7}}, std::nullopt, false, now);
  EXPECT_EQ(captured->attempts.front().processor, "adyen");
  EXPECT_EQ(captured->attempts.front().processor_ref, "psp_1");
}

// The first one charged after all, though it was proved that it had not: it is given back there, not where the money is.
TEST(FallBack, LateSuccessOfTheFirstIsReversedThere) {
  const Payment before = processing();
  const Payment second = apply(before, *fall_back(before, attempt_id(1), {.end = End::absent}, elsewhere(2), now), now);
  const Payment paid = settled(second, 2, {.end = End::succeeded, .processor_ref = "psp_1"});
  const auto change = settle(paid, attempt_id(1), {.end = End::succeeded, .processor_ref = "pi_late"}, fresh(90), now);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->what, What::late_success);
  EXPECT_EQ(change->attempts.front().kind, AttemptKind::reverse);
  EXPECT_EQ(change->attempts.front().processor, "stripe");
  EXPECT_EQ(change->attempts.front().processor_ref, "pi_late");
}

}  // namespace
}  // namespace purser::payments
