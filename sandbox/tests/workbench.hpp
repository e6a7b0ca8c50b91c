// What the tests of the wire stand on: a sandbox over a real store in a temporary folder, a clock the test moves, and a
// client that records what the sandbox would have sent.
#pragma once
#include <gtest/gtest.h>
#include <simdjson.h>
#include <stdlib.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>

#include "platform/store/sqlite_store.hpp"
#include "sandbox/sandbox.hpp"

namespace purser::sandbox {

// Sleepers wake when the test has moved the time far enough; with `jumps`, each sleep moves it itself.
class TestClock final : public Clock {
 public:
  Instant now() const override { return {now_ms_}; }
  Task<void> sleep(Duration length) override {
    if (jumps) now_ms_ += length.ms;
    const std::int64_t until = now_ms_ + (jumps ? 0 : length.ms);
    ++sleepers;
    while (now_ms_ < until) co_await boost::asio::post(boost::asio::use_awaitable);
    --sleepers;
  }
  void advance(Duration length) { now_ms_ += length.ms; }
  bool jumps = false;
  std::atomic<int> sleepers = 0;

 private:
  std::atomic<std::int64_t> now_ms_ = 1'790'000'000'000;
};

class RecordingClient final : public http::Client {
 public:
  Task<http::Outcome> send(http::Outbound request) override {
    sent.push_back(std::move(request));
    if (statuses.empty()) co_return http::Response{.status = 200};
    const int status = statuses.front();
    statuses.erase(statuses.begin());
    co_return http::Response{.status = status};
  }
  std::vector<http::Outbound> sent;
  std::vector<int> statuses;  // of the next answers; then 200
};

class Workbench : public testing::Test {
 protected:
  Workbench() : work_(io_.get_executor()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "purser-sandbox-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store_ = store::open_sqlite({.file = folder_ / "sandbox.db"}, migrations()).value();
    start({});
  }
  ~Workbench() override {
    sandbox_->stop();
    sandbox_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start(Options options) {
    if (sandbox_) sandbox_->stop();
    if (options.webhook_secret.empty()) options.webhook_secret = "whsec_test";
    sandbox_ = make(*store_, clock_, system_random(), client_, std::move(options));
  }

  // Runs the loop until `done` says so.
  template <class Done>
  void run_until(Done done) {
    while (!done()) io_.run_one();
  }
  std::shared_ptr<std::optional<http::Response>> begin(std::string method, std::string target, std::string body = {}, std::string key = {},
                                                       http::Headers headers = {}) {
    http::Request request{.method = std::move(method), .target = std::move(target), .headers = std::move(headers), .body = std::move(body)};
    if (!request.headers.find("authorization")) request.headers.set("authorization", "Bearer sk_test_123");
    request.headers.set("host", "sandbox.test");
    if (!key.empty()) request.headers.set("idempotency-key", key);
    auto answer = std::make_shared<std::optional<http::Response>>();
    boost::asio::co_spawn(io_, sandbox_->handler()(std::move(request)), [answer](std::exception_ptr problem, http::Response response) {
      *answer = problem ? http::Response{.status = 599} : std::move(response);
    });
    return answer;
  }
  http::Response ask(std::string method, std::string target, std::string body = {}, std::string key = {}, http::Headers headers = {}) {
    auto answer = begin(std::move(method), std::move(target), std::move(body), std::move(key), std::move(headers));
    run_until([&] { return answer->has_value(); });
    return **answer;
  }
  http::Response post(std::string target, std::string body, std::string key = {}) {
    return ask("POST", std::move(target), std::move(body), std::move(key));
  }
  http::Response get(std::string target) { return ask("GET", std::move(target)); }

  void run_webhooks() { boost::asio::co_spawn(io_, sandbox_->run(), boost::asio::detached); }

  // "charged 1000, refunded 300": the ledger's lines of a query.
  std::string ledger(const std::string& query = {});

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::filesystem::path folder_;
  std::shared_ptr<store::SqliteStore> store_;
  TestClock clock_;
  std::shared_ptr<RecordingClient> client_ = std::make_shared<RecordingClient>();
  std::shared_ptr<Sandbox> sandbox_;
};

// What a JSON pointer leads to, as text: strings bare, the rest as JSON; "(none)" where it leads nowhere.
inline std::string at(const std::string& json, std::string_view pointer) {
  simdjson::dom::parser parser;
  simdjson::dom::element root, found;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) return "(not JSON: " + json + ")";
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "(none)";
  if (found.is_string()) return std::string(std::string_view(found));
  return simdjson::minify(found);
}
inline std::string at(const http::Response& response, std::string_view pointer) { return at(response.body, pointer); }

inline std::string Workbench::ledger(const std::string& query) {
  const http::Response response = get("/_sandbox/ledger" + query);
  simdjson::dom::parser parser;
  std::string lines;
  for (const simdjson::dom::element row : simdjson::dom::array(parser.parse(response.body)["data"]))
    lines += (lines.empty() ? "" : ", ") + std::string(std::string_view(row["kind"])) + " " + std::to_string(std::int64_t(row["amount"]));
  return lines;
}

}  // namespace purser::sandbox
