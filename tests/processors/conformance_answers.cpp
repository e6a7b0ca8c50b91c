// Answers that are none: malformed, of another type, empty, huge, of another status; and answers about other money than was asked for.
// Whatever comes, the adapter says what it knows, which is nothing.
#include "tests/processors/conformance.hpp"

namespace purser::conformance {
namespace {

using enum AttemptKind;

constexpr std::size_t deep = 100'000, megabyte = 1 << 20;

const std::vector<std::string>& junk() {
  static const std::vector<std::string> bodies = {
      "",
      "null",
      "7",
      R"("text")",
      "[]",
      "{}",
      R"({"data":null})",
      R"({"data":[7]})",
      R"({"data":[{}],"has_more":"no"})",
      R"({"id":7,"status":true,"object":[]})",
      R"({"error":7})",
      R"({"error":{}})",
      R"({"error":{"type":7,"message":null}})",
      R"({"purchase_units":[],"status":"COMPLETED"})",
      R"({"purchase_units":7,"links":"none"})",
      R"({"resultCode":7,"pspReference":{},"amount":[]})",
      "<html><body>Bad Gateway</body></html>",
      "\xff\xfe{\"status\":\"succeeded\"}",
  };
  return bodies;
}
const std::vector<std::string>& monsters() {
  static const std::vector<std::string> bodies = {R"({"a":)" + std::string(deep, '[') + std::string(deep, ']') + "}",
                                                  R"({"a":")" + std::string(3 * megabyte, 'x') + R"("})",
                                                  R"({"a":")" + std::string(10 * megabyte, 'x') + R"("})", std::string(10 * megabyte, ' ')};
  return bodies;
}

std::string shortened(const std::string& body) { return body.size() < 80 ? body : std::to_string(body.size()) + " bytes"; }

// Each operation, and each look-up of one that was done; where the processor is asked at all.
std::vector<HttpWorld::Recording> record_all(HttpWorld& world) {
  std::vector<HttpWorld::Recording> recordings;
  for (const AttemptKind kind : all_kinds) {
    Payment payment = world.begin();
    const Instruction instruction = world.prepare(payment, kind);
    recordings.push_back(world.record(instruction));
    for (const std::string& known_as : {std::string(), recordings.back().outcome.processor_ref}) {
      Instruction done = instruction;
      if (gets_money(kind)) done.processor_ref = known_as;
      HttpWorld::Recording found = world.record(done, true);
      if (!found.exchanges.empty()) recordings.push_back(std::move(found));
      if (!gets_money(kind)) break;
    }
  }
  return recordings;
}

// Nothing is known; or nothing was sent, where the answer was to a question ahead of the ask.
bool is_honest(HttpWorld& world, const HttpWorld::Recording& recording, std::size_t bent, const Outcome& outcome) {
  if (outcome.end == End::in_doubt) return true;
  if (outcome.end != End::not_sent || recording.looks) return false;
  for (std::size_t i = 0; i <= bent; ++i)
    if (world.wire().moves_money(recording.exchanges[i].request) && (i == bent || recording.exchanges[i].response.status < 400)) return false;
  return true;
}

void expect_honest(HttpWorld& world, const HttpWorld::Recording& recording, std::size_t bent, int status, const std::string& body) {
  const Outcome outcome = world.replay(recording, bent, [&](const Exchange& exchange) {
    return received(exchange.request, {.status = status, .headers = exchange.response.headers, .body = body});
  });
  EXPECT_TRUE(is_honest(world, recording, bent, outcome))
      << told(outcome) << " of " << payments::text(recording.instruction.kind) << (recording.looks ? ", looked up" : "") << ", exchange " << bent
      << ", " << status << " " << shortened(body);
}

void doubts_what_is_no_answer(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  for (const HttpWorld::Recording& recording : record_all(world)) {
    for (std::size_t i = 0; i < recording.exchanges.size(); ++i) {
      for (const int status : {200, 201, 302, 400, 404, 409, 418, 422, 500, 503})
        for (const std::string& body : junk()) expect_honest(world, recording, i, status, body);
      for (const std::string& body : monsters()) expect_honest(world, recording, i, 200, body);
    }
  }
}

// Being turned away is known, whatever stands in the body: that nothing was done, by a 429 that came back at once.
void knows_when_it_is_turned_away(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  for (const HttpWorld::Recording& recording : record_all(world)) {
    for (std::size_t i = 0; i < recording.exchanges.size(); ++i) {
      for (const int status : {401, 402, 403, 429}) {
        for (const std::string& body : junk()) {
          const Outcome outcome = world.replay(recording, i, [&](const Exchange&) { return http::Response{.status = status, .body = body}; });
          const bool refused = outcome.end == End::declined && outcome.failure->code == "unknown" && outcome.failure->retryable && !recording.looks;
          const bool unread = outcome.end == End::not_sent && !recording.looks;
          const bool knows = status == 429 ? unread && outcome.answered : status != 402 && (refused || unread);
          EXPECT_TRUE(knows || is_honest(world, recording, i, outcome))
              << told(outcome) << " of " << payments::text(recording.instruction.kind) << (recording.looks ? ", looked up" : "") << ", exchange " << i
              << ", " << status << " " << shortened(body);
        }
      }
    }
  }
}

// One value of a reply in place of another, each in turn: then it says the same as before, or nothing.
void doubts_what_does_not_fit(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  for (const HttpWorld::Recording& recording : record_all(world)) {
    if (recording.looks) continue;  // a list in which another payment stands in the place of ours is a list without ours
    for (std::size_t i = 0; i < recording.exchanges.size(); ++i) {
      for (const std::string_view other : {"null", "7", R"("odd")", "[]", "{}"}) {
        for (std::size_t at = 0;; ++at) {
          const auto body = with_value(recording.exchanges[i].response.body, at, other);
          if (!body) break;
          const Outcome outcome = world.replay(recording, i, [&](const Exchange& exchange) {
            return http::Response{.status = exchange.response.status, .headers = exchange.response.headers, .body = *body};
          });
          const bool same = told(outcome) == told(recording.outcome) && !(gets_money(recording.instruction.kind) && outcome.processor_ref.empty());
          EXPECT_TRUE(same || is_honest(world, recording, i, outcome))
              << told(outcome) << " of " << payments::text(recording.instruction.kind) << ", exchange " << i << ": " << *body;
        }
      }
    }
  }
}

// An odd sum, which stands nowhere in a reply by chance.
constexpr std::int64_t odd_sum = 48'271;

void succeeds_with_no_other_money(World& world, bool) {
  for (const OtherMoney other : {OtherMoney::less, OtherMoney::more, OtherMoney::currency}) {
    for (const AttemptKind kind : {authorize, sale, capture, refund}) {
      SCOPED_TRACE(std::string(payments::text(kind)) + ", " + std::to_string(static_cast<int>(other)));
      Payment payment = world.begin();
      Instruction instruction = world.prepare(payment, kind, odd_sum);
      world.speak_of(other, odd_sum);
      const Outcome outcome = world.process(instruction);
      EXPECT_NE(told(outcome), "succeeded");
      // What stands in an account beside a capture may be somebody else's.
      const bool sum_tells = kind == capture && other == OtherMoney::more;
      if (!sum_tells) EXPECT_NE(told(world.look_up(instruction)), "succeeded") << "looked up";
      world.mend();
      if (outcome.end != End::in_doubt) continue;
      EXPECT_EQ(told(world.settle(instruction, outcome)), "succeeded");
      EXPECT_LE(world.books(payment).charges, 1);
      EXPECT_LE(world.books(payment).captured, odd_sum);
      EXPECT_LE(world.books(payment).refunded, odd_sum);
    }
  }
}

}  // namespace

std::vector<Row> answer_rows() {
  return {
      {.name = "DoubtsWhatIsNoAnswer", .words = "malformed, empty, huge replies are doubt", .check = doubts_what_is_no_answer, .on_the_wire = true},
      {.name = "DoubtsWhatDoesNotFit",
       .words = "a reply with a field of another type is doubt",
       .check = doubts_what_does_not_fit,
       .on_the_wire = true},
      {.name = "KnowsWhenItIsTurnedAway", .words = "401, 403 and 429 are no charge", .check = knows_when_it_is_turned_away, .on_the_wire = true},
      {.name = "SucceedsWithNoOtherMoney", .words = "never succeeds with another amount or currency", .check = succeeds_with_no_other_money},
  };
}

}  // namespace purser::conformance
