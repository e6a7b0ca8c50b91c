#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <set>

#include "sim/checks.hpp"
#include "sim/seed.hpp"

namespace purser::sim {
namespace {

class NoBody final : public Body {};
std::unique_ptr<Body> no_body(Process&) { return std::make_unique<NoBody>(); }

Disks& disks() {
  static Disks all;
  return all;
}

TEST(Chance, DrawsTheSameForTheSameSeedAndNameAndNoOther) {
  Chance one(7), same(7), other(8);
  const std::uint64_t drawn = one.next();
  EXPECT_EQ(drawn, same.next());
  EXPECT_NE(drawn, other.next());
  EXPECT_EQ(Chance(7).fork("a").next(), Chance(7).fork("a").next());
  EXPECT_NE(Chance(7).fork("a").next(), Chance(7).fork("b").next());
}

TEST(Chance, KeepsToItsBoundsAndOdds) {
  Chance chance(1);
  int struck = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto drawn = chance.between(-3, 5);
    ASSERT_TRUE(drawn >= -3 && drawn <= 5);
    struck += chance.odds(0.25) ? 1 : 0;
  }
  EXPECT_NEAR(struck, 2'500, 200);
  EXPECT_FALSE(chance.odds(0));
  EXPECT_TRUE(chance.odds(1));
}

TEST(World, JumpsToWhatIsDueAndRunsItInOrder) {
  World world(1);
  std::string order;
  world.after(3'000'000, [&] { order += "c"; });
  world.after(1'000'000, [&] { order += "a"; });
  world.after(1'000'000, [&] { order += "b"; });
  EXPECT_TRUE(world.run_until([&] { return order.size() == 3; }, hours(1)));
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(world.now_us(), 3'000'000);
  EXPECT_FALSE(world.run_until([] { return false; }, hours(1)));
  EXPECT_EQ(world.now_us(), 3'000'000 + 3'600'000'000);
}

Task<void> sleep_and_note(Process* process, int* woken) {
  co_await process->clock().sleep(seconds(5));
  ++*woken;
}

// Begins as an event of the process, as everything in it does.
void begin_sleep(World& world, Process& process, int& woken) {
  world.after(0, process, [&] { boost::asio::co_spawn(process.executor(), sleep_and_note(&process, &woken), boost::asio::detached); });
}

TEST(World, ACrashTakesEverySuspendedCoroutineAndNothingElse) {
  World world(1);
  Process& process = world.add("p", no_body);
  process.start();
  int woken = 0;
  begin_sleep(world, process, woken);
  world.run_until([] { return false; }, seconds(1));
  process.crash("in a test");
  EXPECT_FALSE(process.is_up());
  process.start();
  begin_sleep(world, process, woken);
  world.run_until([] { return false; }, seconds(60));
  EXPECT_EQ(woken, 1);
}

TEST(World, AClockThatJumpsNeitherShortensNorStretchesASleep) {
  World world(1);
  Process& process = world.add("p", no_body);
  process.start();
  int woken = 0;
  begin_sleep(world, process, woken);
  const Instant before = process.clock().now();
  process.clock().jump(hours(48));
  EXPECT_EQ(process.clock().now() - before, hours(48));
  world.run_until([] { return false; }, milliseconds(4'999));
  EXPECT_EQ(woken, 0);
  world.run_until([] { return false; }, milliseconds(2));
  EXPECT_EQ(woken, 1);
}

// Two processes on one network, one of which answers.
struct Pair {
  World world{5};
  Weather weather = calm();
  Network network{world, weather};
  Process& client = world.add("client", no_body);
  Process& server = world.add("server", no_body);
  int answered = 0;
  http::Handler handler = [this](http::Request request) -> Task<http::Response> {
    ++answered;
    co_await server.clock().sleep(seconds(1));
    co_return http::Response{.status = 200, .body = "to " + request.peer};
  };
  std::optional<http::Outcome> outcome;

  Pair() {
    network.serve("server", server, [this] { return &handler; });
    client.start();
    server.start();
    server.on_crash = [this] { network.drop_connections(server); };
  }
  static Task<void> send(Pair* pair) {
    pair->outcome = co_await pair->network.client_of(pair->client)->send({.method = "GET", .url = "http://server/x", .total_timeout = seconds(10)});
  }
  void ask(Duration at_most = minutes(1)) {
    outcome.reset();
    boost::asio::co_spawn(client.executor(), send(this), boost::asio::detached);
    world.after(0, client, [] {});
    world.run_until([this] { return outcome.has_value(); }, at_most);
  }
};

TEST(Network, CarriesAnAnswer) {
  Pair pair;
  pair.ask();
  ASSERT_TRUE(std::holds_alternative<http::Response>(*pair.outcome));
  EXPECT_EQ(std::get<http::Response>(*pair.outcome).body, "to client");
}

TEST(Network, SaysNotSentOnlyWhereNothingArrived) {
  Pair down;
  down.server.crash("in a test");
  down.ask();
  EXPECT_TRUE(std::holds_alternative<http::NotSent>(*down.outcome));

  Pair refused;
  refused.weather.refused = 1;
  refused.ask();
  EXPECT_TRUE(std::holds_alternative<http::NotSent>(*refused.outcome));
  EXPECT_EQ(refused.answered, 0);
}

TEST(Network, LeavesTheSenderInDoubtWhereSomethingMayHaveArrived) {
  struct Row {
    const char* why;
    double Weather::* fault;
    int answered;
  };
  for (const Row& row :
       {Row{"request lost", &Weather::request_lost, 0}, Row{"reply lost", &Weather::reply_lost, 1}, Row{"reply cut", &Weather::cut, 1}}) {
    Pair pair;
    pair.weather.*row.fault = 1;
    pair.ask();
    EXPECT_TRUE(std::holds_alternative<http::InDoubt>(*pair.outcome)) << row.why;
    EXPECT_EQ(pair.answered, row.answered) << row.why;
  }
  Pair crash;
  crash.world.after(500'000, [&] { crash.server.crash("while it answers"); });
  crash.ask();
  EXPECT_TRUE(std::holds_alternative<http::InDoubt>(*crash.outcome));
}

TEST(Network, AParkedRequestArrivesLongAfterItsSenderGaveUp) {
  Pair pair;
  pair.weather.parked = 1;
  pair.ask();
  EXPECT_TRUE(std::holds_alternative<http::InDoubt>(*pair.outcome));
  EXPECT_EQ(pair.answered, 0);
  pair.world.run_until([] { return false; }, hours(1));
  EXPECT_EQ(pair.answered, 1);
}

TEST(Seed, GivesTheSameDigestTwice) {
  const SeedReport once = run_seed(42, disks()), twice = run_seed(42, disks()), other = run_seed(43, disks());
  EXPECT_EQ(once.digest, twice.digest);
  EXPECT_EQ(once.requests, twice.requests);
  EXPECT_NE(once.digest, other.digest);
}

// Under the sanitizers a crash that leaves a coroutine's memory in use is seen here.
TEST(Seed, AFewBadDaysEndWell) {
  std::int64_t crashes = 0;
  std::set<std::string> faults;
  for (std::uint64_t seed = 100; seed < 115; ++seed) {
    const SeedReport report = run_seed(seed, disks());
    for (const Violation& violation : report.violations) ADD_FAILURE() << "seed " << seed << ": " << violation.check << ": " << violation.detail;
    crashes += report.crashes;
    for (const auto& [fault, count] : report.faults) faults.insert(fault);
    EXPECT_GE(report.buyers, 20);
  }
  EXPECT_GT(crashes, 0);
  EXPECT_GT(faults.size(), 10U);
}

}  // namespace
}  // namespace purser::sim
