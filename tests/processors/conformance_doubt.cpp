// What keeps a customer from being charged twice: keys, and honesty about what nobody knows. After each fault the processor's own books show
// at most one effect, and what the orchestrator finds out by itself is what they show.
#include <set>

#include "tests/processors/conformance.hpp"

namespace purser::conformance {
namespace {

using enum AttemptKind;

// What World::prepare() has done, and that and the ask itself. All of 1000.
Books before(AttemptKind kind) {
  if (gets_money(kind)) return {};
  return {.charges = 1, .authorized = 1000, .captured = kind == refund || kind == reverse ? 1000 : 0};
}
Books after(AttemptKind kind) {
  Books books = before(kind);
  books.charges = 1, books.authorized = 1000;
  if (kind == sale || kind == capture) books.captured = 1000;
  if (kind == release) books.let_go = 1000;
  if (kind == refund || kind == reverse) books.refunded = 1000;
  return books;
}

// Nothing can be proved absent without a look-up; then doubt may stay, but only where nothing was done.
void expect_shown(World& world, const Payment& payment, AttemptKind kind, const Outcome& outcome) {
  const Books books = world.books(payment);
  switch (outcome.end) {
    case End::succeeded:
      EXPECT_EQ(books, after(kind)) << told(outcome);
      break;
    case End::released:
      EXPECT_TRUE(books.charges <= 1 && books.held() == 0 && books.kept() == 0) << books;
      break;
    case End::in_doubt:
      EXPECT_FALSE(world.can().look_up_by_reference) << "it can be found out";
      [[fallthrough]];
    case End::declined:
    case End::absent:
      EXPECT_EQ(books, before(kind)) << told(outcome);
      break;
    case End::not_sent:
    case End::requires_action:
      ADD_FAILURE() << "no end: " << told(outcome);
      break;
  }
}

void expect_one_truth(World& world, const Payment& payment, const Instruction& instruction, Outcome outcome) {
  if (outcome.end == End::not_sent) {
    EXPECT_TRUE(outcome.answered || !world.may_have_moved_money()) << "a byte may have left";
    EXPECT_EQ(world.books(payment), before(instruction.kind)) << told(outcome);
    outcome = world.process(instruction);
    for (int tries = 0; tries < 3 && outcome.end == End::not_sent; ++tries) outcome = world.process(instruction);
  }
  expect_shown(world, payment, instruction.kind, world.settle(instruction, std::move(outcome)));
}

void tells_the_truth_after_faults(World& world, bool) {
  for (const std::string& fault : world.faults()) {
    for (const int count : {1, 3}) {
      for (const AttemptKind kind : all_kinds) {
        SCOPED_TRACE(fault + " " + std::to_string(count) + " times, " + std::string(payments::text(kind)));
        Payment payment = world.begin();
        const Instruction instruction = world.prepare(payment, kind);
        world.mend();
        world.strike(fault, count);
        expect_one_truth(world, payment, instruction, world.process(instruction));
        world.strike("");
      }
    }
  }
}

// ---- the wire cut at each byte ----

// Whether the adapter may say that nothing was sent, though exchange `bent` was cut: where that is before anything that moves money, or
// every such ask before it was turned down.
bool nothing_was_done(HttpWorld& world, const std::vector<Exchange>& exchanges, std::size_t bent, bool nothing_left) {
  for (std::size_t i = 0; i < bent; ++i)
    if (world.wire().moves_money(exchanges[i].request) && exchanges[i].response.status < 400) return false;
  return nothing_left || !world.wire().moves_money(exchanges[bent].request);
}

// False where it says what it cannot know.
bool is_doubt(HttpWorld& world, const HttpWorld::Recording& recording, std::size_t bent, bool nothing_left, const Outcome& outcome) {
  if (outcome.end == End::in_doubt) return true;
  return outcome.end == End::not_sent && nothing_was_done(world, recording.exchanges, bent, nothing_left);
}

// `known`: the questions that were cut before, each by what it is asked of, for every ask begins with the same.
void cut_all(HttpWorld& world, const HttpWorld::Recording& recording, std::set<std::string>& known) {
  for (std::size_t i = 0; i < recording.exchanges.size(); ++i) {
    const Exchange& exchange = recording.exchanges[i];
    if (!world.wire().moves_money(exchange.request) && !known.insert(exchange.request.url.substr(0, exchange.request.url.rfind('/'))).second)
      continue;
    const std::size_t asked = written(exchange.request).size(), answered = written(exchange.response).size();
    for (std::size_t n = 0; n < asked; ++n) {
      const Outcome outcome = world.replay(recording, i, [n](const Exchange& bent) { return cut(bent.request, n); });
      if (!is_doubt(world, recording, i, n == 0, outcome)) FAIL() << told(outcome) << ": request " << i << " cut after " << n;
    }
    for (std::size_t n = 0; n < answered; ++n) {
      const Outcome outcome = world.replay(recording, i, [n](const Exchange& bent) { return cut(bent.response, n); });
      if (!is_doubt(world, recording, i, false, outcome)) FAIL() << told(outcome) << ": reply " << i << " cut after " << n;
    }
  }
}

// Everything that may have moved money was refused, all that is known of it.
bool was_turned_down(const Wire& wire) {
  std::size_t refused = 0;
  for (const Exchange& exchange : wire.exchanges()) refused += wire.moves_money(exchange.request) && exchange.response.status >= 400;
  return refused == wire.money_left();
}

// Cuts one exchange in the real world and finds out what became of it. False where there is no such exchange.
enum class Side : std::uint8_t { request, reply };
bool cut_one(HttpWorld& world, AttemptKind kind, std::size_t index, Side side, std::size_t bytes) {
  Payment payment = world.begin();
  const Instruction instruction = world.prepare(payment, kind);
  bool reached = false;
  world.wire().break_with(
      [&](std::size_t at, const http::Outbound& request) -> std::optional<http::Outcome> {
        const bool here = at == index && side == Side::request && bytes < written(request).size();
        reached = reached || here;
        return here ? std::optional(cut(request, bytes)) : std::nullopt;
      },
      [&](std::size_t at, const http::Outbound&, http::Response response) -> http::Outcome {
        const bool here = at == index && side == Side::reply && bytes < written(response).size();
        reached = reached || here;
        return here ? cut(response, bytes) : http::Outcome(response);
      });
  Outcome outcome = world.process(instruction);
  EXPECT_TRUE(outcome.end != End::not_sent || !world.may_have_moved_money() || was_turned_down(world.wire())) << "a byte may have left";
  world.mend();
  expect_one_truth(world, payment, instruction, std::move(outcome));
  return reached;
}

void survives_cuts(World& any, bool) {
  constexpr std::size_t step = 331, exchanges_max = 4;  // of the cuts whose end is found out in full
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  std::set<std::string> known;
  for (const AttemptKind kind : all_kinds) {
    SCOPED_TRACE(payments::text(kind));
    Payment payment = world.begin();
    cut_all(world, world.record(world.prepare(payment, kind)), known);
    for (const Side side : {Side::request, Side::reply})
      for (std::size_t index = 0; index < exchanges_max; ++index)
        for (std::size_t bytes = 0; cut_one(world, kind, index, side, bytes); bytes += step)
          if (testing::Test::HasFailure()) return;
  }
}

// ---- keys ----

// The same ask is one effect: at once, again, two at a time, and until the key's life is over.
void keeps_its_keys(World& world, bool) {
  ASSERT_GT(world.can().key_lifetime.ms, 0);
  for (const AttemptKind kind : all_kinds) {
    SCOPED_TRACE(payments::text(kind));
    Payment payment = world.begin();
    const Instruction instruction = world.prepare(payment, kind);
    const Outcome first = world.process(instruction);
    EXPECT_EQ(told(world.process(instruction)), told(first));
    world.clock.pass(minutes(20));
    expect_shown(world, payment, kind, world.settle(instruction, first));
    EXPECT_EQ(world.books(payment), after(kind));

    Payment old = world.begin();
    const Instruction repeated = world.prepare(old, kind);
    const Outcome once = world.process(repeated);
    world.clock.pass(Duration{world.can().key_lifetime.ms - minutes(1).ms});
    world.webhooks();
    EXPECT_EQ(told(world.process(repeated)), told(once));
    world.webhooks();
    EXPECT_EQ(world.books(old), after(kind)) << "within the key's life";

    Payment twice = world.begin();
    const Instruction doubled = world.prepare(twice, kind);
    const auto [one, other] = world.process_twice_at_once(doubled);
    const Outcome settled = world.settle(doubled, one.end == End::succeeded ? one : other);
    EXPECT_EQ(told(settled), "succeeded") << told(one) << " and " << told(other);
    EXPECT_EQ(world.books(twice), after(kind)) << "two at once";
  }
}

// One key, another request: no effect, and no news either of what was done under it.
void refuses_a_key_used_otherwise(World& world, bool) {
  for (const AttemptKind kind : {authorize, sale, capture, refund}) {
    SCOPED_TRACE(payments::text(kind));
    Payment payment = world.begin();
    Instruction instruction = world.prepare(payment, kind);
    instruction.amount = 600;
    instruction.final = !world.can().multi_capture;
    world.process(instruction);
    world.webhooks();
    world.clock.pass(seconds(5));
    world.webhooks();
    const Books books = world.books(payment);
    Instruction other = instruction;
    other.amount = 300;
    EXPECT_EQ(world.process(other).end, End::in_doubt);
    if (gets_money(kind)) {
      other.amount = 600;
      other.currency = *Currency::parse("EUR");
      EXPECT_EQ(world.process(other).end, End::in_doubt);
    }
    world.clock.pass(seconds(5));
    world.webhooks();
    EXPECT_EQ(world.books(payment), books);
  }
}

}  // namespace

std::vector<Row> doubt_rows() {
  return {
      {.name = "KeepsItsKeys", .words = "the same ask is one effect while its key lives", .check = keeps_its_keys},
      {.name = "RefusesAKeyUsedOtherwise", .words = "the same key for another ask: no effect", .check = refuses_a_key_used_otherwise},
      {.name = "TellsTheTruthAfterFaults",
       .words = "answers lost, late, 429, 5xx before and after: one truth",
       .check = tells_the_truth_after_faults},
      {.name = "SurvivesCuts", .words = "the connection cut at each byte: one truth", .check = survives_cuts, .on_the_wire = true},
  };
}

}  // namespace purser::conformance
