// What a processor is for: each operation, each look-up, and what it must not do where it does not offer one.
#include "tests/processors/conformance.hpp"

namespace purser::conformance {
namespace {

using enum AttemptKind;

void authorizes_and_captures(World& world, bool) {
  Payment payment = world.begin();
  world.must(payment, authorize, 1000);
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000}));
  world.must(payment, capture, 1000);
  const Books all{.charges = 1, .authorized = 1000, .captured = 1000};
  EXPECT_EQ(world.books(payment), all);
  EXPECT_EQ(told(world.settled(world.ask(payment, capture, 1))).substr(0, 8), "declined") << "more than was held";
  EXPECT_EQ(world.books(payment), all);
}

void sells(World& world, bool) {
  Payment payment = world.begin();
  const Outcome sold = world.must(payment, sale, 1000);
  EXPECT_FALSE(sold.processor_ref.empty());
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000, .captured = 1000}));
}

void captures_a_part(World& world, bool) {
  Payment payment = world.begin();
  world.must(payment, authorize, 1000);
  world.must(payment, capture, 400);
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000, .captured = 400, .let_go = 600}));
}

void captures_several_times(World& world, bool offered) {
  Payment payment = world.begin();
  world.must(payment, authorize, 1000);
  if (!offered) {
    world.mend();
    Instruction part = world.ask(payment, capture, 400);
    part.final = false;
    EXPECT_EQ(world.process(part).end, End::declined);
    EXPECT_FALSE(world.may_have_moved_money());
    EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000}));
    return;
  }
  world.must(payment, capture, 300, false);
  world.must(payment, capture, 200, false);
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000, .captured = 500}));
  EXPECT_EQ(world.settled(world.ask(payment, capture, 501)).end, End::declined) << "more than is left";
  world.must(payment, capture, 100, true);
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000, .captured = 600, .let_go = 400}));
  world.must(payment, refund, 550);  // more than any capture
  EXPECT_EQ(world.books(payment).kept(), 50);
}

void refunds_all(World& world, bool) {
  Payment payment = world.begin();
  world.must(payment, sale, 1000);
  world.must(payment, refund, 1000);
  EXPECT_EQ(world.books(payment).refunded, 1000);
  EXPECT_EQ(world.settled(world.ask(payment, refund, 1)).end, End::declined) << "more than is left";
  EXPECT_EQ(world.books(payment).refunded, 1000);
}

void refunds_a_part(World& world, bool offered) {
  Payment payment = world.begin();
  world.must(payment, sale, 1000);
  if (!offered) {
    EXPECT_EQ(world.settled(world.ask(payment, refund, 300)).end, End::declined);
    EXPECT_EQ(world.books(payment).refunded, 0);
    return;
  }
  world.must(payment, refund, 300);
  EXPECT_EQ(world.books(payment).refunded, 300);
  EXPECT_EQ(world.settled(world.ask(payment, refund, 701)).end, End::declined) << "more than is left";
  world.must(payment, refund, 700);
  EXPECT_EQ(world.books(payment).refunded, 1000);
}

void releases(World& world, bool) {
  Payment payment = world.begin();
  world.must(payment, authorize, 1000);
  world.must(payment, release, 1000);
  const Books gone{.charges = 1, .authorized = 1000, .let_go = 1000};
  EXPECT_EQ(world.books(payment), gone);
  EXPECT_EQ(world.settled(world.ask(payment, capture, 1000)).end, End::declined);
  EXPECT_NE(world.settled(world.ask(payment, release, 1000)).end, End::absent);  // done already, or refused: never again
  EXPECT_EQ(world.books(payment), gone);

  Payment taken = world.begin();
  world.must(taken, sale, 1000);
  EXPECT_EQ(world.settled(world.ask(taken, release, 1000)).end, End::declined) << "what was taken is not released";
  EXPECT_EQ(world.books(taken).kept(), 1000);
}

void reverses(World& world, bool) {
  for (const AttemptKind kind : {authorize, sale}) {
    Payment payment = world.begin();
    world.must(payment, kind, 1000);
    world.must(payment, reverse, 1000);
    EXPECT_EQ(world.books(payment).held(), 0) << payments::text(kind);
    EXPECT_EQ(world.books(payment).kept(), 0) << payments::text(kind);
  }
  if (!world.can().multi_capture) return;
  Payment partly = world.begin();
  world.must(partly, authorize, 1000);
  world.must(partly, capture, 400, false);
  world.must(partly, reverse, 1000);
  EXPECT_EQ(world.books(partly).held(), 0);
  EXPECT_EQ(world.books(partly).kept(), 0);
}

// As the orchestrator asks it, of a charge that nobody answered.
void undoes_by_reference(World& world, bool offered) {
  Payment payment = world.begin();
  const Instruction charge = world.ask(payment, authorize, 1000);
  world.lose_next_answer();
  EXPECT_EQ(world.process(charge).end, End::in_doubt);
  EXPECT_EQ(world.books(payment).held(), 1000);
  world.clock.pass(minutes(20));
  world.webhooks();  // the webhook of the charge is lost too
  Instruction undo = charge;
  undo.kind = release;
  undo.processor_ref = charge.reference;
  undo.reference += "-undo";
  const Outcome undone = world.process(undo);
  if (!offered) {
    EXPECT_TRUE(undone.end == End::declined || undone.end == End::not_sent || undone.end == End::in_doubt) << told(undone);
    EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000}));
    return;
  }
  if (undone.end == End::in_doubt)
    EXPECT_EQ(world.settle(charge, {.end = End::in_doubt}).end, End::released);
  else
    EXPECT_EQ(told(undone), "succeeded");
  EXPECT_EQ(world.books(payment), (Books{.charges = 1, .authorized = 1000, .let_go = 1000}));
}

// By our reference alone, though no answer told its id: unknown before, and known once the visibility lag is over.
void looks_charges_up(World& world, bool offered) {
  for (const AttemptKind kind : {authorize, sale}) {
    Payment payment = world.begin();
    const Instruction charge = world.ask(payment, kind, 1000);
    EXPECT_EQ(world.look_up(charge).end, offered ? End::absent : End::in_doubt) << payments::text(kind);
    world.lose_next_answer();
    EXPECT_EQ(world.process(charge).end, End::in_doubt);
    world.clock.pass(world.can().visibility_lag + seconds(1));
    const Outcome found = world.look_up(charge);
    EXPECT_EQ(found.end, offered ? End::succeeded : End::in_doubt) << payments::text(kind);
    EXPECT_EQ(found.processor_ref.empty(), !offered);
    EXPECT_EQ(world.books(payment).charges, 1) << "a look-up is not an ask";
    Instruction other = charge;
    other.amount = 999;
    EXPECT_EQ(world.look_up(other).end, End::in_doubt) << "of another amount";
  }
}

void looks_parts_up(World& world, bool offered) {
  for (const AttemptKind kind : {capture, refund, release, reverse}) {
    Payment payment = world.begin();
    Instruction part = world.prepare(payment, kind, 1000);
    const End before = world.look_up(part).end;
    EXPECT_EQ(before, offered ? End::absent : End::in_doubt) << payments::text(kind);
    world.lose_next_answer();
    EXPECT_EQ(world.process(part).end, End::in_doubt) << payments::text(kind);
    world.clock.pass(world.can().visibility_lag + seconds(5));
    world.webhooks();  // what was only received is done
    // A reversal may need two asks, and lose the answer of the first.
    const Books books = world.books(payment);
    const bool done = kind == capture ? books.captured > 0 : kind == refund ? books.kept() == 0 : books.held() + books.kept() == 0;
    EXPECT_EQ(world.look_up(part).end, !offered ? End::in_doubt : done ? End::succeeded : End::absent) << payments::text(kind);
    if (!done) EXPECT_EQ(kind, reverse);
  }
}

bool is_a_common_word(const std::string& word) {
  return !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
}

void declines(World& world, bool) {
  ASSERT_FALSE(world.is.declines.empty());
  for (const Decline& decline : world.is.declines) {
    for (const AttemptKind kind : {authorize, sale}) {
      Payment payment = world.begin();
      Instruction charge = world.ask(payment, kind, decline.amount);
      charge.payment_method = decline.payment_method;
      const Outcome outcome = world.process(charge);
      EXPECT_EQ(told(outcome), "declined " + decline.code + "/" + decline.decline_code + (decline.retryable ? " retryable" : ""))
          << decline.payment_method;
      if (outcome.failure) EXPECT_TRUE(is_a_common_word(outcome.failure->decline_code)) << outcome.failure->decline_code;
      EXPECT_EQ(world.books(payment), Books()) << decline.payment_method;
      const End known = world.look_up(charge).end;
      EXPECT_TRUE(known == End::declined || known == End::absent || known == End::in_doubt) << decline.payment_method;
      const Outcome again = world.process(charge);
      EXPECT_TRUE(again.end == End::declined || again.end == End::in_doubt) << told(again);
      EXPECT_EQ(world.books(payment), Books()) << decline.payment_method;
    }
  }
}

// The buyer acts, and only then money moves; once, however often it is looked at, and though an answer is lost.
void sends_the_buyer(World& world, bool offered) {
  if (!offered) return;
  HttpWorld& http = dynamic_cast<HttpWorld&>(world);
  for (const AttemptKind kind : {authorize, sale}) {
    for (const bool approves : {true, false}) {
      world.mend();
      Payment payment = world.begin();
      Instruction charge = world.ask(payment, kind, 1000);
      charge.payment_method = world.is.wants_buyer;
      const Outcome waits = world.process(charge);
      ASSERT_EQ(told(waits), "requires_action");
      charge.processor_ref = waits.processor_ref;
      const End early = world.look_up(charge).end;
      EXPECT_TRUE(early == End::requires_action || early == End::in_doubt);
      EXPECT_EQ(world.books(payment), Books());
      charge.action_result = http.visit(waits.action_url, approves);
      world.lose_next_answer();
      const Outcome first = world.look_up(charge), second = world.look_up(charge), third = world.look_up(charge);
      EXPECT_TRUE(first.end == second.end || first.end == End::in_doubt) << told(first);
      EXPECT_EQ(second.end == End::succeeded, approves) << told(second);
      EXPECT_EQ(told(second), told(third));
      EXPECT_EQ(world.books(payment).charges, approves ? 1 : 0);
    }
  }
}

}  // namespace

std::vector<Row> operation_rows() {
  return {
      {.name = "AuthorizesAndCaptures", .words = "authorise, then capture all of it", .check = authorizes_and_captures},
      {.name = "Sells", .words = "sell at once", .check = sells},
      {.name = "CapturesAPart", .words = "capture a part and let the rest go", .check = captures_a_part},
      {.name = "CapturesSeveralTimes",
       .words = "several captures of one payment",
       .offered = [](World& world) { return world.can().multi_capture; },
       .check = captures_several_times},
      {.name = "RefundsAll", .words = "refund all", .check = refunds_all},
      {.name = "RefundsAPart",
       .words = "refund in parts",
       .offered = [](World& world) { return world.can().partial_refund; },
       .check = refunds_a_part},
      {.name = "Releases", .words = "release what is held", .check = releases},
      {.name = "Reverses", .words = "reverse, held or taken", .check = reverses},
      {.name = "UndoesByReference",
       .words = "undo what never answered, by our reference alone",
       .offered = [](World& world) { return world.can().void_by_reference; },
       .check = undoes_by_reference},
      {.name = "LooksChargesUp",
       .words = "look a charge up by our reference alone",
       .offered = [](World& world) { return world.can().look_up_by_reference; },
       .check = looks_charges_up},
      {.name = "LooksPartsUp",
       .words = "look up a capture, a refund, a release, a reversal",
       .offered = [](World& world) { return world.is.finds_parts; },
       .check = looks_parts_up},
      {.name = "Declines", .words = "declines in our words", .check = declines},
      {.name = "SendsTheBuyer",
       .words = "send the buyer to his bank and take him back",
       .offered = [](World& world) { return !world.is.wants_buyer.empty(); },
       .check = sends_the_buyer},
  };
}

}  // namespace purser::conformance
