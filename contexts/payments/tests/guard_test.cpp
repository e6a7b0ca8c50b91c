#include "contexts/payments/processors/guard.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>

namespace purser::payments {
namespace {

// Answers what it was told to, one outcome after another.
class Scripted final : public Processor {
 public:
  explicit Scripted(std::deque<Outcome> outcomes) : outcomes_(std::move(outcomes)) {}
  std::string_view name() const override { return "scripted"; }
  const Capabilities& capabilities() const override { return capabilities_; }
  Task<Outcome> process(Instruction) override {
    Outcome next = outcomes_.front();
    outcomes_.pop_front();
    co_return next;
  }
  Task<Outcome> look_up(Instruction instruction) override { return process(std::move(instruction)); }
  Result<Notice> parse_webhook(const http::Request&, Instant) const override { return Notice{}; }
  std::size_t left() const { return outcomes_.size(); }

 private:
  std::deque<Outcome> outcomes_;
  Capabilities capabilities_{};
};

// Time passes as soon as somebody waits for it.
class HastyClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  Task<void> sleep(Duration length) override {
    now_ = now_ + length;
    co_return;
  }

 private:
  Instant now_{1'000};
};

const Instruction instruction{.kind = AttemptKind::capture, .reference = "pay_1-1-1", .amount = 100, .currency = *Currency::parse("USD")};

struct Bench {
  explicit Bench(std::deque<Outcome> outcomes, GuardOptions options = {.requests_per_second = 0})
      : inner(std::make_shared<Scripted>(std::move(outcomes))), guard(inner, clock, system_random(), nullptr, options) {}
  Outcome ask(bool look_up = false) {
    boost::asio::io_context io;
    Outcome outcome{End::in_doubt};
    boost::asio::co_spawn(
        io,
        [](Guard& asked, bool looks_up, Outcome& out) -> Task<void> {
          out = looks_up ? co_await asked.look_up(instruction) : co_await asked.process(instruction);
        }(guard, look_up, outcome),
        boost::asio::detached);
    io.run();
    return outcome;
  }
  HastyClock clock;
  std::shared_ptr<Scripted> inner;
  Guard guard;
};

const Outcome unreachable{.end = End::not_sent};
const Outcome turned_away{.end = End::not_sent, .answered = true};

TEST(Guard, TriesAgainOnlyWhatWasNotSent) {
  struct Row {
    const char* why;
    std::deque<Outcome> outcomes;
    End end;
    std::size_t left;
  };
  const Row rows[] = {
      // clang-format off
      {"done at once",               {{.end = End::succeeded}, unreachable},                                   End::succeeded, 1},
      {"not sent, then done",        {unreachable, {.end = End::succeeded}, unreachable},                      End::succeeded, 1},
      {"not sent three times",       {unreachable, unreachable, unreachable, {.end = End::succeeded}},         End::not_sent,  1},
      {"in doubt is not repeated",   {{.end = End::in_doubt}, {.end = End::succeeded}},                        End::in_doubt,  1},
      {"not sent, then in doubt",    {unreachable, {.end = End::in_doubt}, {.end = End::succeeded}},           End::in_doubt,  1},
      {"a decline is not repeated",  {{.end = End::declined}, {.end = End::succeeded}},                        End::declined,  1},
      // clang-format on
  };
  for (const Row& row : rows) {
    Bench bench(row.outcomes);
    EXPECT_EQ(bench.ask().end, row.end) << row.why;
    EXPECT_EQ(bench.inner->left(), row.left) << row.why;
  }
}

// What is proved not sent needs no second look; what was turned away does, for the wire may have made another copy of it.
TEST(Guard, RemembersThatItWasTurnedAway) {
  EXPECT_FALSE(Bench({unreachable, unreachable, unreachable}).ask().answered);
  EXPECT_TRUE(Bench({turned_away, turned_away, unreachable}).ask().answered);
  EXPECT_TRUE(Bench({turned_away, unreachable, unreachable}).ask().answered);
}

TEST(Guard, LookUpThatWasNotMadeFoundNothingOut) { EXPECT_EQ(Bench({unreachable}).ask(true).end, End::in_doubt); }

TEST(Guard, OpensAfterSoManyFailures) {
  Bench bench({{.end = End::in_doubt}, {.end = End::in_doubt}, {.end = End::succeeded}}, {.failures_max = 2, .requests_per_second = 0});
  EXPECT_TRUE(bench.guard.ready().ok());
  bench.ask();
  bench.ask();
  const auto ready = bench.guard.ready();
  ASSERT_FALSE(ready.ok());
  EXPECT_EQ(ready.error().code, "processor_unavailable");
  EXPECT_GT(ready.error().retry_after_seconds, 0);
}

}  // namespace
}  // namespace purser::payments
