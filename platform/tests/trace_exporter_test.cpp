#include "platform/trace_exporter.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>
#include <thread>

#include "platform/metrics.hpp"

namespace purser::trace {
namespace {

namespace asio = boost::asio;

// Stands for a collector: keeps what it is sent and answers as told.
class FakeClient final : public http::Client {
 public:
  explicit FakeClient(http::Outcome answer = http::Response{.status = 200}) : answer_(std::move(answer)) {}

  Task<http::Outcome> send(http::Outbound request) override {
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await pause.async_wait(asio::use_awaitable);
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    if (throws) throw std::runtime_error("no memory");
    if (requests_.size() >= heard_at) heard();
    co_return answer_;
  }

  std::vector<http::Outbound> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t spans() const {
    std::size_t count = 0;
    simdjson::dom::parser parser;
    for (const auto& request : requests())
      count += parser.parse(request.body).value().at_pointer("/resourceSpans/0/scopeSpans/0/spans").get_array().size();
    return count;
  }

  bool throws = false;
  std::size_t heard_at = SIZE_MAX;
  std::function<void()> heard;

 private:
  http::Outcome answer_;
  mutable std::mutex mutex_;
  std::vector<http::Outbound> requests_;
};

Span some_span(bool sampled = true) {
  Span span{.context = child_of(std::nullopt, system_random()), .name = "work"};
  span.context.sampled = sampled;
  return span;
}

ExporterOptions options() { return {.endpoint = "http://127.0.0.1:4318/", .service_version = "1", .every = hours(1)}; }

void stop(asio::io_context& io, OtlpExporter& exporter) {
  auto stopped = asio::co_spawn(io, exporter.stop(), asio::use_future);
  io.restart();
  io.run();
  stopped.get();
}

double counted(const std::string& line) {
  const std::string text = metrics::exposition();
  const std::size_t at = text.find(line + " ");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + line.size() + 1));
}
constexpr const char* not_taken = R"(purser_trace_spans_dropped_total{reason="not_taken"})";
constexpr const char* queue_full = R"(purser_trace_spans_dropped_total{reason="queue_full"})";

TEST(TraceExporter, StopSendsWhatIsQueued) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  const auto exporter = start_otlp_exporter(io.get_executor(), client, options());
  for (int i = 0; i < 3; ++i) exporter->record(some_span());
  stop(io, *exporter);

  ASSERT_EQ(client->requests().size(), 1U);
  const http::Outbound request = client->requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(request.headers.find("content-type"), "application/json");
  EXPECT_EQ(request.total_timeout, seconds(5));
  EXPECT_EQ(client->spans(), 3U);
}

TEST(TraceExporter, SendsWithoutBeingStopped) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  client->heard_at = 1;
  client->heard = [&] { io.stop(); };
  ExporterOptions quick = options();
  quick.every = milliseconds(1);
  const auto exporter = start_otlp_exporter(io.get_executor(), client, quick);
  exporter->record(some_span());
  io.run();  // ends with the first request
  EXPECT_EQ(client->spans(), 1U);
  stop(io, *exporter);
}

TEST(TraceExporter, KeepsBatchesWithinTheirSize) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  ExporterOptions small = options();
  small.batch_spans_max = 4;
  const auto exporter = start_otlp_exporter(io.get_executor(), client, small);
  for (int i = 0; i < 10; ++i) exporter->record(some_span());
  stop(io, *exporter);
  EXPECT_EQ(client->requests().size(), 3U);
  EXPECT_EQ(client->spans(), 10U);
}

TEST(TraceExporter, DropsBeyondItsQueueAndCountsIt) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  ExporterOptions small = options();
  small.queue_spans_max = 5;
  const double before = counted(queue_full);
  const auto exporter = start_otlp_exporter(io.get_executor(), client, small);
  for (int i = 0; i < 8; ++i) exporter->record(some_span());
  stop(io, *exporter);
  EXPECT_EQ(client->spans(), 5U);
  EXPECT_EQ(counted(queue_full) - before, 3);
}

TEST(TraceExporter, LeavesOutWhatIsNotSampled) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  const auto exporter = start_otlp_exporter(io.get_executor(), client, options());
  exporter->record(some_span(false));
  stop(io, *exporter);
  EXPECT_TRUE(client->requests().empty());
}

TEST(TraceExporter, LosesSpansRatherThanWaitForACollectorThatIsDown) {
  const http::Outcome answers[] = {http::Response{.status = 503}, http::NotSent{"refused"}, http::InDoubt{"time-out"}};
  for (const http::Outcome& answer : answers) {
    asio::io_context io;
    const auto client = std::make_shared<FakeClient>(answer);
    ExporterOptions small = options();
    small.batch_spans_max = 2;
    const double before = counted(not_taken);
    const auto exporter = start_otlp_exporter(io.get_executor(), client, small);
    for (int i = 0; i < 6; ++i) exporter->record(some_span());
    stop(io, *exporter);
    EXPECT_EQ(client->requests().size(), 1U);
    EXPECT_EQ(counted(not_taken) - before, 6);
  }
}

TEST(TraceExporter, AClientThatThrowsIsAFailureLikeAnyOther) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  client->throws = true;
  const auto exporter = start_otlp_exporter(io.get_executor(), client, options());
  exporter->record(some_span());
  stop(io, *exporter);
  EXPECT_EQ(client->requests().size(), 1U);
}

TEST(TraceExporter, StoppedTwiceItStaysStopped) {
  asio::io_context io;
  const auto client = std::make_shared<FakeClient>();
  const auto exporter = start_otlp_exporter(io.get_executor(), client, options());
  stop(io, *exporter);
  exporter->record(some_span());
  stop(io, *exporter);
  EXPECT_TRUE(client->requests().empty());
}

TEST(TraceExporter, RunsOnAPoolOfThreads) {
  asio::thread_pool pool(3);
  const auto client = std::make_shared<FakeClient>();
  ExporterOptions quick = options();
  quick.every = milliseconds(1);
  const auto exporter = start_otlp_exporter(pool.get_executor(), client, quick);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) exporter->record(some_span());
    });
  for (std::thread& thread : threads) thread.join();
  asio::co_spawn(pool, exporter->stop(), asio::use_future).get();
  pool.join();
  EXPECT_EQ(client->spans(), 2000U);
}

}  // namespace
}  // namespace purser::trace
