#include "contexts/payments/rules/split.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

namespace purser::payments {
namespace {

const Currency usd = *Currency::parse("USD");
constexpr Instant now{1'000'000};

// ---- the shares

TEST(Shares, AreRefusedWithTheFieldThatIsWrong) {
  struct Row {
    const char* why;
    std::vector<Part> parts;
    const char* pointer;
    const char* code;
  };
  const Part card{.payment_method = "pm"}, credit{.method = "wallet"};
  const auto of = [](Part part, std::int64_t amount) { return part.amount = amount, part; };
  const Row rows[] = {
      // clang-format off
      {"no token",               {of(credit, 40), {.amount = 60}},                         "/parts/1/payment_method", "required"},
      {"two rests",              {card, credit},                                           "/parts/1/amount",         "second_rest"},
      {"nothing",                {of(card, 0), credit},                                    "/parts/0/amount",         "too_small"},
      {"less than nothing",      {of(card, -5), credit},                                   "/parts/0/amount",         "too_small"},
      {"beyond all numbers",     {of(card, INT64_MAX), of(card, 1)},                       "/parts/1/amount",         "out_of_range"},
      {"nothing left",           {of(card, 100), credit},                                  "/parts/1/amount",         "nothing_left"},
      {"less than nothing left", {credit, of(card, 101)},                                  "/parts/0/amount",         "nothing_left"},
      {"too little",             {of(card, 40), of(credit, 59)},                           "/parts",                  "parts_differ"},
      {"too much",               {of(card, 40), of(credit, 61)},                           "/parts",                  "parts_differ"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto shares = share_out(row.parts, {100, usd});
    ASSERT_FALSE(shares) << row.why;
    EXPECT_EQ(shares.error().pointer, row.pointer) << row.why;
    EXPECT_EQ(shares.error().code, row.code) << row.why;
  }
}

TEST(Shares, KeepTheOrderButForStoreCreditWhichIsLast) {
  const auto shares = share_out({{.method = "wallet", .amount = 30},
                                 {.method = "card", .payment_method = "pm_1"},
                                 {.method = "apple_pay", .amount = 20, .payment_method = "pm_2"}},
                                {100, usd});
  ASSERT_TRUE(shares);
  ASSERT_EQ(shares->size(), 3U);
  EXPECT_EQ((*shares)[0].payment_method, "pm_1");
  EXPECT_EQ((*shares)[0].amount, 50);
  EXPECT_EQ((*shares)[1].method, "apple_pay");
  EXPECT_EQ((*shares)[2].method, "wallet");
  EXPECT_EQ((*shares)[2].payment_method, "wallet");
}

RC_GTEST_PROP(Shares, SumToTheTotal, (const std::vector<std::uint16_t>& amounts, bool rest, std::uint16_t total)) {
  std::vector<Part> parts;
  for (const std::uint16_t amount : amounts)
    parts.push_back({.method = amount % 3 == 0 ? "wallet" : "card", .amount = amount, .payment_method = "pm"});
  if (rest) parts.push_back({.payment_method = "pm"});
  const auto shares = share_out(parts, {total, usd});
  if (!shares) return;
  RC_ASSERT(shares->size() == parts.size());
  std::int64_t sum = 0;
  for (const Share& share : *shares) RC_ASSERT(share.amount > 0), sum += share.amount;
  RC_ASSERT(sum == total);
  RC_ASSERT(std::ranges::is_sorted(*shares, {}, [](const Share& share) { return share.method == wallet_method; }));
}

// ---- a whole that is driven as the driver does, by the rules alone

struct Split {
  Payment whole;
  Instant at = now;
  int ids = 0;
  std::vector<What> told{};  // of the whole

  explicit Split(CaptureMethod method = CaptureMethod::manual, std::vector<std::string> methods = {"card", "card", "wallet"})
      : whole{.id = {{1}}, .amount = {0, usd}, .capture_method = method, .status = Status::processing, .goal = Goal::pay} {
    for (const std::string& kind : methods) {
      whole.shares.push_back({.amount = 100, .method = kind, .payment_method = "pm", .candidates = {"stripe"}});
      whole.amount.minor += 100;
    }
  }

  NewAttempt fresh() {
    return {.id = {{static_cast<std::uint8_t>(++ids), static_cast<std::uint8_t>(ids >> 8)}}, .processor = "stripe", .check_at = at};
  }
  std::uint8_t part_id() { return static_cast<std::uint8_t>(++ids); }
  Payment& leg(int number) { return whole.legs.at(static_cast<std::size_t>(number) - 1); }

  void change(Payment& part, const Change& of_leg) {
    part = apply(part, of_leg, at);
    heard(of_leg);
  }
  void heard(const Change& of_leg) {
    const Change followed = follow(whole, of_leg, at);
    told.push_back(followed.what);
    whole = apply(whole, followed, at);
  }
  // Makes this move; the leg's new attempt is open then.
  void make(const Move& move) {
    at = std::max(at, move.not_before);
    if (move.what == Do::begin) {
      const Share& share = whole.shares.at(static_cast<std::size_t>(move.leg) - 1);
      Payment part{.id = {{9, static_cast<std::uint8_t>(move.leg)}},
                   .amount = {share.amount, usd},
                   .capture_method = CaptureMethod::manual,
                   .method = share.method,
                   .payment_method = share.payment_method,
                   .leg = move.leg};
      const auto started = start(part, fresh(), "", at);
      whole.legs.push_back(apply(part, *started, at));
      heard(*started);
    }
    if (move.what == Do::capture) change(leg(move.leg), *start_capture(leg(move.leg), fresh(), {{part_id()}}, std::nullopt, true, at));
    if (move.what == Do::release) change(leg(move.leg), *start_release(leg(move.leg), fresh(), std::string(compensated_because), at));
    if (move.what == Do::refund)
      change(leg(move.leg), *start_refund(leg(move.leg), fresh(), {{part_id()}}, std::nullopt, std::string(compensated_because), at));
  }
  // What the open attempt of a leg came to.
  void answer(int number, End end) {
    Payment& part = leg(number);
    for (auto attempt = part.attempts.rbegin(); attempt != part.attempts.rend(); ++attempt) {
      if (!attempt->is_open()) continue;
      const Outcome outcome{.end = end, .processor_ref = "pi", .failure = Failure{.code = "declined", .message = "no", .retryable = true}};
      const auto settled = settle(part, attempt->id, outcome, fresh(), at);
      if (settled) change(part, *settled);
      return;
    }
  }
  // The next move, answered at once.
  Move step(End end) {
    const Move move = next_move(whole);
    make(move);
    if (move.is_something()) answer(move.leg, end);
    return move;
  }
  void pay_all() {
    while (next_move(whole).is_something()) step(End::succeeded);
  }
  bool has_open_question() const {
    return std::ranges::any_of(whole.legs, [](const Payment& part) { return std::ranges::any_of(part.attempts, &Attempt::is_open); });
  }
  std::int64_t kept() const {
    std::int64_t sum = 0;
    for (const Payment& part : whole.legs) sum += (part.closed ? 0 : part.authorized - part.captured) + part.captured - part.refunded;
    return sum;
  }
};

TEST(SplitPayment, HoldsOneLegAfterTheOtherAndIsAuthorizedOnceAllDo) {
  Split split;
  EXPECT_EQ(next_move(split.whole), (Move{Do::begin, 1, {}}));
  split.step(End::succeeded);
  EXPECT_EQ(split.whole.status, Status::processing);
  EXPECT_EQ(split.whole.authorized, 0);
  split.step(End::succeeded);
  EXPECT_EQ(next_move(split.whole), (Move{Do::begin, 3, {}}));
  split.step(End::succeeded);
  EXPECT_EQ(split.whole.status, Status::authorized);
  EXPECT_EQ(split.whole.authorized, 300);
  EXPECT_EQ(split.told.back(), What::authorized);
  EXPECT_EQ(next_move(split.whole).what, Do::done);
  EXPECT_FALSE(due_at(split.whole, now));
}

TEST(SplitPayment, TakesNothingBeforeAllLegsHold) {
  Split split(CaptureMethod::automatic);
  for (int number = 1; number <= 3; ++number) EXPECT_EQ(split.step(End::succeeded), (Move{Do::begin, number, {}}));
  EXPECT_EQ(split.whole.status, Status::processing);
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(split.whole.captured, 0);
    EXPECT_EQ(split.step(End::succeeded), (Move{Do::capture, number, {}}));
  }
  EXPECT_EQ(split.whole.status, Status::captured);
  EXPECT_EQ(split.whole.captured, 300);
  EXPECT_EQ(split.told.back(), What::sold);
}

// What a leg comes to, and what is to be done then.
TEST(SplitPayment, GoesOnAsTheLegSays) {
  struct Row {
    const char* why;
    End end;
    Status status;
    Do next;
    Goal goal;
  };
  const Row rows[] = {
      // clang-format off
      {"it holds",          End::succeeded,       Status::processing,      Do::begin,   Goal::pay},
      {"in doubt",          End::in_doubt,        Status::in_doubt,        Do::wait,    Goal::pay},
      {"the buyer must act", End::requires_action, Status::requires_action, Do::wait,   Goal::pay},
      {"declined",          End::declined,        Status::processing,      Do::release, Goal::undo},
      {"not sent",          End::not_sent,        Status::processing,      Do::release, Goal::undo},
      {"proved absent",     End::absent,          Status::processing,      Do::release, Goal::undo},
      {"released there",    End::released,        Status::processing,      Do::release, Goal::undo},
      // clang-format on
  };
  for (const Row& row : rows) {
    Split split;
    split.step(End::succeeded);
    split.step(row.end);
    EXPECT_EQ(split.whole.status, row.status) << row.why;
    EXPECT_EQ(next_move(split.whole).what, row.next) << row.why;
    EXPECT_EQ(split.whole.goal, row.goal) << row.why;
    EXPECT_EQ(due_at(split.whole, now).has_value(), row.next != Do::wait) << row.why;
  }
}

TEST(SplitPayment, HasFailedAtOnceWhereNothingIsHeld) {
  Split split;
  split.step(End::declined);
  EXPECT_EQ(split.whole.status, Status::failed);
  EXPECT_EQ(split.told.back(), What::failed);
  ASSERT_TRUE(failure_of(split.whole));
  EXPECT_EQ(failure_of(split.whole)->code, "declined");
  EXPECT_EQ(next_move(split.whole).what, Do::done);
}

TEST(SplitPayment, UndoesTheOthersBeforeStoreCreditAndFailsOnceAllIsUndone) {
  Split split(CaptureMethod::manual, {"card", "wallet", "card", "card"});
  for (int leg = 0; leg < 3; ++leg) split.step(End::succeeded);
  split.step(End::declined);
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 1, {}}));
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 3, {}}));
  EXPECT_EQ(split.whole.status, Status::processing);
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 2, {}}));
  EXPECT_EQ(split.whole.status, Status::failed);
  EXPECT_EQ(split.kept(), 0);
  const auto steps = steps_of(split.whole);
  for (const int undone : {0, 1, 2}) {
    EXPECT_TRUE(steps[undone].compensated);
    EXPECT_FALSE(steps[undone].success);
    EXPECT_FALSE(steps[undone].failure);
    EXPECT_EQ(steps[undone].amount, 0);
  }
  EXPECT_FALSE(steps[3].compensated);
  EXPECT_EQ(steps[3].failure->code, "declined");
}

// One of two could not be captured: the one that was taken goes back, after what is only held was let go.
TEST(SplitPayment, VoidsBeforeItRefunds) {
  Split split(CaptureMethod::automatic, {"card", "card", "card"});
  for (int leg = 0; leg < 3; ++leg) split.step(End::succeeded);
  EXPECT_EQ(split.step(End::succeeded).what, Do::capture);
  EXPECT_EQ(split.step(End::declined), (Move{Do::capture, 2, {}}));
  EXPECT_EQ(split.whole.goal, Goal::undo);
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 2, {}}));
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 3, {}}));
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::refund, 1, {}}));
  EXPECT_EQ(split.whole.status, Status::failed);
  EXPECT_EQ(split.whole.captured, 0);
  EXPECT_EQ(split.kept(), 0);
}

TEST(SplitPayment, AsksAgainForACaptureThatWasNotSentAndGivesUpInTheEnd) {
  Split split(CaptureMethod::automatic, {"card", "card"});
  split.step(End::succeeded), split.step(End::succeeded);
  Instant before = split.at;
  for (int missed = 1; missed < 6; ++missed) {
    EXPECT_EQ(split.step(End::not_sent).what, Do::capture);
    EXPECT_EQ(split.whole.goal, Goal::pay);
    EXPECT_GT(next_move(split.whole).not_before, before);
    EXPECT_FALSE(is_at_work(split.whole, split.at));
    before = split.at;
  }
  split.step(End::not_sent);
  EXPECT_EQ(split.whole.goal, Goal::undo);
}

TEST(SplitPayment, UndoesNothingWhileALegIsInDoubt) {
  Split split;
  split.step(End::succeeded), split.step(End::succeeded);
  split.step(End::declined);
  split.step(End::in_doubt);  // the first void
  EXPECT_EQ(next_move(split.whole).what, Do::wait);
  EXPECT_EQ(split.whole.status, Status::in_doubt);
  EXPECT_FALSE(is_at_work(split.whole, split.at));
  split.answer(1, End::succeeded);
  EXPECT_EQ(next_move(split.whole), (Move{Do::release, 2, {}}));
}

TEST(SplitPayment, NeverGivesUpUndoing) {
  Split split;
  split.step(End::succeeded);
  split.step(End::declined);
  for (int tries = 0; tries < 30; ++tries) {
    split.step(tries % 2 == 0 ? End::declined : End::not_sent);
    EXPECT_EQ(next_move(split.whole).what, Do::release);
    EXPECT_GT(next_move(split.whole).not_before, split.at);
  }
  split.step(End::succeeded);
  EXPECT_EQ(split.whole.status, Status::failed);
}

// A compensation that came back is given again, though the whole has failed long ago.
TEST(SplitPayment, GivesBackAgainWhatCameBack) {
  Split split(CaptureMethod::automatic, {"card", "card"});
  split.step(End::succeeded), split.step(End::succeeded);
  split.step(End::succeeded), split.step(End::declined);
  while (split.whole.status != Status::failed) split.step(End::succeeded);
  Payment& first = split.leg(1);
  const auto came_back = settle(first, first.attempts.back().id, {.end = End::declined, .failure = Failure{.code = "declined"}}, split.fresh(), now);
  split.change(first, *came_back);
  EXPECT_EQ(split.whole.status, Status::failed);
  EXPECT_EQ(next_move(split.whole).what, Do::refund);
  split.step(End::succeeded);
  EXPECT_EQ(split.kept(), 0);
}

TEST(SplitPayment, IsInDoubtWhereItGoesOnAfterADoubt) {
  Split split;
  split.step(End::in_doubt);
  split.answer(1, End::succeeded);
  EXPECT_EQ(split.whole.status, Status::in_doubt);
  split.make(next_move(split.whole));
  EXPECT_EQ(split.whole.status, Status::in_doubt);
  split.answer(2, End::requires_action);
  EXPECT_EQ(split.whole.status, Status::requires_action);
  split.answer(2, End::succeeded);
  EXPECT_EQ(split.whole.status, Status::in_doubt);
  split.step(End::succeeded);
  EXPECT_EQ(split.whole.status, Status::authorized);
}

TEST(SplitVoid, LetsAllGo) {
  Split split;
  split.pay_all();
  split.whole = apply(split.whole, *release_all(split.whole), now);
  for (const int leg : {1, 2}) EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, leg, {}}));
  EXPECT_EQ(split.whole.status, Status::authorized);
  EXPECT_EQ(share_capture(split.whole, 1, false).error().why, Refusal::release_in_progress);
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 3, {}}));
  EXPECT_EQ(split.whole.status, Status::voided);
  EXPECT_TRUE(split.whole.closed);
  EXPECT_EQ(release_all(split.whole).error().why, Refusal::illegal_transition);
}

TEST(SplitVoid, ThatIsRefusedAtFirstLeavesAllAsItWasAndLaterIsAskedForAgain) {
  Split split;
  split.pay_all();
  split.whole = apply(split.whole, *release_all(split.whole), now);
  split.step(End::declined);
  EXPECT_EQ(split.whole.goal, Goal::pay);
  EXPECT_EQ(split.told.back(), What::release_failed);
  EXPECT_EQ(split.whole.status, Status::authorized);
  split.whole = apply(split.whole, *release_all(split.whole), now);
  split.step(End::succeeded);
  split.step(End::declined);
  EXPECT_EQ(split.whole.goal, Goal::release);
  EXPECT_EQ(next_move(split.whole).what, Do::release);
}

// The authorisation of one ran out at its processor: nobody can take all of it any more.
TEST(SplitVoid, FollowsWhereOneLegWasLetGo) {
  Split split;
  split.pay_all();
  Payment& second = split.leg(2);
  split.change(second, *settle(second, second.attempts.front().id, {.end = End::released, .processor_ref = "pi"}, split.fresh(), now));
  EXPECT_EQ(split.whole.goal, Goal::release);
  EXPECT_EQ(split.whole.status, Status::authorized);
  split.step(End::succeeded), split.step(End::succeeded);
  EXPECT_EQ(split.whole.status, Status::voided);
}

// What a capture of some amount asks of which leg, three legs of 100 each.
TEST(SplitCapture, GoesInTheOrderOfThePlan) {
  struct Row {
    const char* why;
    std::optional<std::int64_t> amount;
    bool final;
    std::vector<Portion> want;
  };
  const Row rows[] = {
      // clang-format off
      {"all",             std::nullopt, false, {{1, 100, false}, {2, 100, false}, {3, 100, false}}},
      {"one unit",        1,            false, {{1, 1, false}}},
      {"one and a half",  150,          false, {{1, 100, false}, {2, 50, false}}},
      {"the last of it",  150,          true,  {{1, 100, true}, {2, 50, true}}},
      // clang-format on
  };
  Split split;
  split.pay_all();
  for (const Row& row : rows) EXPECT_EQ(share_capture(split.whole, row.amount, row.final).value(), row.want) << row.why;
  EXPECT_EQ(share_capture(split.whole, 301, false).error().why, Refusal::amount_exceeds_authorized);
}

// Captures as the driver asks for them; every leg answers `end`.
void capture(Split& split, std::optional<std::int64_t> amount, bool final, End end = End::succeeded) {
  const auto portions = share_capture(split.whole, amount, final).value();
  split.whole = apply(split.whole, capture_whole(split.whole, final), split.at);
  for (const Portion& portion : portions) {
    Payment& leg = split.leg(portion.leg);
    split.change(leg, *start_capture(leg, split.fresh(), {{split.part_id()}}, portion.amount, portion.final, split.at));
  }
  for (const Portion& portion : portions) split.answer(portion.leg, end);
}

TEST(SplitCapture, InPartsIsTheSumOfTheLegs) {
  Split split;
  split.pay_all();
  capture(split, 150, false);
  EXPECT_EQ(split.whole.status, Status::partially_captured);
  EXPECT_EQ(split.whole.captured, 150);
  EXPECT_EQ(split.whole.capturable(), 150);
  EXPECT_EQ(share_capture(split.whole, 60, false).value(), (std::vector<Portion>{{2, 50, false}, {3, 10, false}}));
  capture(split, std::nullopt, false);
  EXPECT_EQ(split.whole.status, Status::captured);
  EXPECT_TRUE(split.whole.closed);
}

TEST(SplitCapture, TheLastOneLetsTheRestGo) {
  Split split;
  split.pay_all();
  capture(split, 150, true);
  EXPECT_EQ(split.whole.status, Status::partially_captured);
  EXPECT_EQ(split.step(End::succeeded), (Move{Do::release, 3, {}}));
  EXPECT_EQ(split.whole.status, Status::captured);
  EXPECT_EQ(split.told.back(), What::closed);
  EXPECT_EQ(split.whole.captured, 150);
  EXPECT_EQ(split.kept(), 150);
  EXPECT_EQ(split.whole.goal, Goal::pay);
}

TEST(SplitCapture, ThatFailsLetsNothingGo) {
  Split split;
  split.pay_all();
  capture(split, 50, true, End::declined);
  EXPECT_EQ(split.whole.status, Status::authorized);
  EXPECT_EQ(split.whole.goal, Goal::pay);
  EXPECT_EQ(split.whole.capturable(), 300);
  EXPECT_EQ(split.told.back(), What::capture_failed);
}

TEST(SplitRefund, GivesTheOthersBackBeforeStoreCredit) {
  Split split(CaptureMethod::automatic, {"wallet", "card", "card"});
  split.pay_all();
  EXPECT_EQ(share_refund(split.whole, 150).value(), (std::vector<Portion>{{2, 100, false}, {3, 50, false}}));
  EXPECT_EQ(share_refund(split.whole, std::nullopt).value(), (std::vector<Portion>{{2, 100, false}, {3, 100, false}, {1, 100, false}}));
  EXPECT_EQ(share_refund(split.whole, 301).error().why, Refusal::amount_exceeds_captured);
}

TEST(SplitRefund, IsOneForTheClientAndFailsWhereAPartDoes) {
  Split split(CaptureMethod::automatic, {"card", "card"});
  split.pay_all();
  const RefundId id{{77}};
  const auto refund = [&](int leg) {
    auto started = start_refund(split.leg(leg), split.fresh(), {{split.part_id()}}, 100, "", now);
    started->refund->part_of = id.text();
    split.change(split.leg(leg), *started);
  };
  split.whole = apply(split.whole, refund_whole(split.whole, id, 200, "", now), now);
  refund(1), refund(2);
  EXPECT_EQ(split.whole.refund_pending(), 200);
  EXPECT_EQ(share_refund(split.whole, 1).error().why, Refusal::amount_exceeds_captured);
  split.answer(1, End::succeeded);
  EXPECT_EQ(split.whole.status, Status::partially_refunded);
  EXPECT_EQ(split.whole.refunds.front().status, PartStatus::pending);
  EXPECT_EQ(split.told.back(), What::refunded);
  split.answer(2, End::declined);
  EXPECT_EQ(split.whole.status, Status::partially_refunded);
  EXPECT_EQ(split.whole.refunds.front().status, PartStatus::failed);
  EXPECT_EQ(split.told.back(), What::refund_failed);
  EXPECT_EQ(split.whole.refunded, 100);
}

// ---- invariants, of random histories

void must_be_sound(const Split& split) {
  const Payment& whole = split.whole;
  RC_ASSERT(amounts_hold(whole));
  std::int64_t held = 0, captured = 0, refunded = 0;
  for (const Payment& leg : whole.legs) {
    RC_ASSERT(amounts_hold(leg));
    held += leg.authorized, captured += leg.captured, refunded += leg.refunded;
  }
  // Either nothing is said of the money, or what its legs say.
  RC_ASSERT((whole.authorized == 0 ? whole.captured == 0 && whole.refunded == 0 : whole.captured == captured && whole.refunded == refunded));
  RC_ASSERT((whole.authorized == 0 || whole.authorized == whole.amount.minor));
  if (whole.authorized > 0) RC_ASSERT(held == whole.amount.minor);
  if (whole.status == Status::failed || whole.status == Status::voided) RC_ASSERT(split.kept() == 0);
  // A leg begins only once all before it hold.
  for (std::size_t i = 0; i + 1 < whole.legs.size(); ++i) RC_ASSERT(whole.legs[i].authorized > 0);
}

RC_GTEST_PROP(SplitPayment, IsAllOrNothingWhateverItsLegsSay, ()) {
  Split split(*rc::gen::element(CaptureMethod::automatic, CaptureMethod::manual),
              *rc::gen::resize(5, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("card", "wallet")))));
  const int steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    const Move move = next_move(split.whole);
    const auto end = static_cast<End>(*rc::gen::inRange(0, 7));
    if (move.is_something()) {
      const bool in_doubt = std::ranges::any_of(split.whole.legs, [](const Payment& leg) { return leg.status == Status::in_doubt; });
      RC_ASSERT(!in_doubt);
      // Store credit is undone only once nothing else is left to undo.
      if (move.what == Do::release || move.what == Do::refund)
        for (const Payment& leg : split.whole.legs)
          RC_ASSERT((split.leg(move.leg).method != wallet_method || leg.method == wallet_method || leg.authorized == 0 || leg.closed));
      split.make(move);
    } else if (split.has_open_question()) {
      split.answer(*rc::gen::inRange(1, static_cast<int>(split.whole.legs.size()) + 1), end);
    } else if (move.what == Do::done && *rc::gen::arbitrary<bool>()) {
      if (const auto released = release_all(split.whole)) split.whole = apply(split.whole, *released, split.at);
    }
    must_be_sound(split);
  }
  // With everybody well again it ends.
  for (int i = 0; i < 200 && (next_move(split.whole).is_something() || split.has_open_question()); ++i) {
    for (int leg = 1; leg <= static_cast<int>(split.whole.legs.size()); ++leg) split.answer(leg, End::succeeded);
    split.make(next_move(split.whole));
    must_be_sound(split);
  }
  RC_ASSERT(!split.whole.is_undecided());
}

RC_GTEST_PROP(SplitCapture, NeverTakesMoreThanIsHeldNorGivesBackMoreThanWasTaken, ()) {
  Split split(CaptureMethod::manual, {"card", "wallet", "card"});
  split.pay_all();
  const int steps = *rc::gen::inRange(1, 25);
  for (int i = 0; i < steps; ++i) {
    const auto amount = *rc::gen::inRange<std::int64_t>(1, 320);
    const bool final = *rc::gen::element(false, false, true);
    if (const auto portions = share_capture(split.whole, amount, final)) {
      RC_ASSERT(std::accumulate(portions->begin(), portions->end(), std::int64_t{0}, [](auto sum, const Portion& p) { return sum + p.amount; }) ==
                amount);
      capture(split, amount, final, *rc::gen::element(End::succeeded, End::succeeded, End::declined, End::absent));
    }
    if (next_move(split.whole).is_something()) split.step(*rc::gen::element(End::succeeded, End::declined));
    must_be_sound(split);
    RC_ASSERT(split.whole.captured <= 300);
  }
}

}  // namespace
}  // namespace purser::payments
