#include "platform/http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <stdexcept>
#include <system_error>

#include "platform/http/tests/wire.hpp"

namespace purser::http {
namespace {

namespace asio = boost::asio;
using testing::eventually;
using testing::Gate;
using testing::Loop;
using testing::Wire;

Response write_refusal(Error error) {
  int status = 500;
  if (error.kind == Kind::malformed) status = 400;
  if (error.kind == Kind::too_slow) status = 408;
  if (error.kind == Kind::too_large) status = 413;
  if (error.kind == Kind::header_too_large) status = 431;
  if (error.kind == Kind::unavailable) status = 503;
  return {.status = status, .headers = {}, .body = "refused: " + error.code};
}

Task<Response> echo(Request request) {
  Response response{.body = request.method + " " + request.target + " " + request.body};
  response.headers.set("X-Peer", request.peer);
  co_return response;
}

std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string post(std::string_view body) {
  return "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
int status_of(std::string_view message) { return message.size() < 12 ? 0 : std::stoi(std::string(message.substr(9, 3))); }
std::string body_of(std::string_view message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? "" : std::string(message.substr(end + 4));
}
bool has(std::string_view message, std::string_view part) { return message.find(part) != std::string_view::npos; }

class HttpServer : public ::testing::Test {
 protected:
  void listen_with(Limits limits, Handler handler = echo) {
    server_ = listen(loop_.context.get_executor(), "127.0.0.1", 0, std::move(handler), write_refusal, limits);
  }
  Wire connect() { return Wire(server_->port()); }
  std::string ask(std::string_view request) {
    Wire wire = connect();
    wire.send(request);
    return wire.read_message();
  }
  void TearDown() override {
    if (server_) loop_.start(server_->drain(seconds(5))).get();
  }

  Loop loop_;
  std::shared_ptr<Server> server_;
};

TEST_F(HttpServer, AnswersOnOneConnectionAgainAndAgain) {
  listen_with({});
  Wire wire = connect();
  for (int i = 0; i < 3; ++i) {
    wire.send(post("hello " + std::to_string(i)));
    const std::string got = wire.read_message();
    EXPECT_EQ(status_of(got), 200);
    EXPECT_EQ(body_of(got), "POST /p hello " + std::to_string(i));
    EXPECT_TRUE(has(got, "X-Peer: 127.0.0.1\r\n"));
    EXPECT_FALSE(has(got, "Connection:")) << got;
    EXPECT_FALSE(has(got, "Server:")) << got;
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  Gate gate(loop_);
  listen_with({}, [&gate](Request request) -> Task<Response> {
    if (request.target == "/first") co_await gate.pass();
    co_return Response{.body = request.target};
  });
  Wire wire = connect();
  wire.send(get("/first") + get("/second") + "\r\n" + get("/third"));
  EXPECT_FALSE(wire.readable_within(30));
  gate.open();
  EXPECT_EQ(body_of(wire.read_message()), "/first");
  EXPECT_EQ(body_of(wire.read_message()), "/second");
  EXPECT_EQ(body_of(wire.read_message()), "/third");
}

TEST_F(HttpServer, TakesAMessageInPiecesOfAnySize) {
  listen_with({});
  const std::string request = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (const std::size_t size : {1u, 2u, 3u, 7u, 50u}) {
    Wire wire = connect();
    for (std::size_t at = 0; at < request.size(); at += size) wire.send(std::string_view(request).substr(at, size));
    EXPECT_EQ(body_of(wire.read_message()), "POST /p abcde") << size;
  }
}

TEST_F(HttpServer, CarriesLargeBodiesBothWays) {
  listen_with({.body_bytes_max = 8 << 20});
  const std::string body(8 << 20, 'x');
  Wire wire = connect();
  wire.send(post(body));
  EXPECT_EQ(body_of(wire.read_message()).size(), body.size() + 8);
  wire.send(get("/after"));
  EXPECT_EQ(body_of(wire.read_message()), "GET /after ");
}

TEST_F(HttpServer, RefusesOnlyWhatIsBeyondItsLimits) {
  listen_with({.header_bytes_max = 9'000, .body_bytes_max = 1'000});
  const auto chunked = [](int chunks) {
    std::string request = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < chunks; ++i) request += "64\r\n" + std::string(100, 'x') + "\r\n";
    return request + "0\r\n\r\n";
  };
  const auto with_header = [](std::size_t size) { return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'x') + "\r\n\r\n"; };
  struct Row {
    const char* why;
    std::string request;
    int status;
  };
  const Row rows[] = {
      // clang-format off
      {"body at the limit",         post(std::string(1'000, 'x')),                                                         200},
      {"body one byte beyond",      post(std::string(1'001, 'x')),                                                         413},
      {"announced, never sent",     "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n",                          413},
      {"announced beyond 64 bits",  "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",          400},
      {"chunks at the limit",       chunked(10),                                                                           200},
      {"chunks beyond",             chunked(11),                                                                           413},
      {"one chunk announced beyond", "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",        413},
      {"header within",             with_header(8'900),                                                                    200},
      {"header beyond",             with_header(9'000),                                                                    431},
      {"target and header together", "GET /" + std::string(3'000, 't') + " HTTP/1.1\r\nHost: a\r\nX: " + std::string(7'000, 'x') + "\r\n\r\n", 431},
      {"header without an end",     with_header(100'000),                                                                  431},
      {"target within",             get("/" + std::string(8'000, 't')),                                                    200},
      {"target beyond",             get("/" + std::string(8'192, 't')),                                                    431},
      {"method without an end",     std::string(20'000, 'M'),                                                              431},
      // clang-format on
  };
  for (const Row& row : rows) {
    Wire wire = connect();
    wire.send(row.request);
    const std::string got = wire.read_message();
    EXPECT_EQ(status_of(got), row.status) << row.why;
    if (row.status == 200) continue;
    EXPECT_TRUE(has(got, "Connection: close\r\n")) << row.why;
    EXPECT_TRUE(has(got, "refused: ")) << row.why;
    EXPECT_EQ(wire.read_to_end(), "") << row.why;
  }
}

TEST_F(HttpServer, ManySmallHeadersAreBoundedTogether) {
  listen_with({.header_bytes_max = 1'000});
  Wire wire = connect();
  wire.send("GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 200; ++i) wire.send("X: 0123456789\r\n");
  EXPECT_EQ(status_of(wire.read_message()), 431);
}

TEST_F(HttpServer, ChunkExtensionsAndTrailersAreBounded) {
  listen_with({.body_bytes_max = 1'000});
  const std::string head = "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(ask(head + "1;" + std::string(300'000, 'e'))), 431);
  EXPECT_EQ(status_of(ask(head + "0\r\nT: " + std::string(300'000, 't'))), 431);
  Wire wire = connect();
  wire.send(head);
  for (int i = 0; i < 200; ++i) wire.send("1;" + std::string(2'000, 'e') + "\r\nx\r\n");
  EXPECT_EQ(status_of(wire.read_message()), 413);
}

TEST_F(HttpServer, ALargeUploadThatIsRefusedStillReadsItsAnswer) {
  listen_with({.body_bytes_max = 1'000});
  Wire wire = connect();
  EXPECT_TRUE(wire.send(post(std::string(4 << 20, 'x'))));
  EXPECT_EQ(status_of(wire.read_message()), 413);
  EXPECT_TRUE(wire.ends_cleanly());
}

TEST_F(HttpServer, RefusesWhatIsMalformedOrAmbiguous) {
  listen_with({});
  const std::string start = "POST /p HTTP/1.1\r\nHost: a\r\n";
  const std::string requests[] = {
      "nonsense\r\n\r\n",
      "GET\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
      "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
      start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
      start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      start + "Content-Length: 5, 6\r\n\r\nhello",
      start + "Content-Length: -1\r\n\r\n",
      start + "Content-Length: +5\r\n\r\nhello",
      start + "Content-Length: 0x5\r\n\r\nhello",
      start + "Content-Length:\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
      start + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
  };
  for (const std::string& request : requests) {
    Wire wire = connect();
    wire.send(request);
    const std::string got = wire.read_message();
    EXPECT_EQ(status_of(got), 400) << request << "\n-> " << got;
    EXPECT_EQ(wire.read_to_end(), "") << request;
  }
}

TEST_F(HttpServer, TrailersNeverBecomeHeaders) {
  listen_with({},
              [](Request request) -> Task<Response> { co_return Response{.body = request.headers.find("Authorization") ? "forged" : request.body}; });
  EXPECT_EQ(body_of(ask("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nAuthorization: x\r\n\r\n")), "ok");
}

TEST_F(HttpServer, HeadHasTheLengthAndNoBody) {
  listen_with({});
  Wire wire = connect();
  wire.send("HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  const std::string head = wire.read_message(false);
  EXPECT_TRUE(has(head, "Content-Length: 8\r\n")) << head;
  EXPECT_EQ(body_of(wire.read_message()), "GET /next ");
}

TEST_F(HttpServer, AStatusWithoutBodyHasNone) {
  listen_with({}, [](Request) -> Task<Response> { co_return Response{.status = 204, .headers = {}, .body = "ignored"}; });
  Wire wire = connect();
  wire.send("DELETE /d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string got = wire.read_to_end();
  EXPECT_EQ(status_of(got), 204);
  EXPECT_EQ(body_of(got), "");
  EXPECT_FALSE(has(got, "Content-Length"));
}

TEST_F(HttpServer, UnknownMethodsAndUpgradesReachTheHandler) {
  listen_with({});
  EXPECT_EQ(body_of(ask("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n")), "BREW /pot ");
  EXPECT_EQ(body_of(ask("GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n")),
            "GET /u ");
}

TEST_F(HttpServer, SpeaksHttp10) {
  listen_with({});
  Wire once = connect();
  once.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(has(once.read_to_end(), "Connection: close\r\n"));
  Wire kept = connect();
  kept.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(has(kept.read_message(), "Connection: keep-alive\r\n"));
  kept.send("GET /again HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(kept.read_to_end()), "GET /again ");
}

TEST_F(HttpServer, ClosesWhereTheClientAsksTo) {
  listen_with({});
  Wire wire = connect();
  wire.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/never"));
  const std::string got = wire.read_to_end();
  EXPECT_EQ(body_of(got), "GET / ");
  EXPECT_TRUE(has(got, "Connection: close\r\n"));
}

TEST_F(HttpServer, AnswersAClientThatHasFinishedSending) {
  listen_with({});
  Wire wire = connect();
  wire.send(get("/half"));
  wire.finish_sending();
  EXPECT_EQ(body_of(wire.read_to_end()), "GET /half ");
}

TEST_F(HttpServer, TellsAWaitingClientToContinue) {
  listen_with({.body_bytes_max = 1'000});
  Wire wire = connect();
  wire.send("POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(wire.read_message(), "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("hello");
  EXPECT_EQ(body_of(wire.read_message()), "POST /p hello");
  // The body came with the header: nobody waits. And nobody is invited to send what will be refused.
  wire.send("POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nworld");
  EXPECT_EQ(status_of(wire.read_message()), 200);
  wire.send("POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  EXPECT_EQ(status_of(wire.read_message()), 413);
}

TEST_F(HttpServer, ADribblingClientIsCutOffWhileOthersAreServed) {
  listen_with({.request_timeout = milliseconds(300)});
  Wire slow = connect(), quick = connect();
  const auto begin = std::chrono::steady_clock::now();
  const std::string request = "GET /" + std::string(2'000, 's');
  int served = 0;
  for (std::size_t i = 0; i < request.size() && !slow.readable_within(10); ++i) {
    slow.send(request.substr(i, 1));
    quick.send(get("/quick"));
    served += status_of(quick.read_message()) == 200;
  }
  const std::string got = slow.read_to_end();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(status_of(got), 408) << got;
  EXPECT_TRUE(has(got, "Connection: close\r\n"));
  EXPECT_GE(took, std::chrono::milliseconds(300));
  EXPECT_LT(took, std::chrono::seconds(5));
  EXPECT_GT(served, 5);
}

TEST_F(HttpServer, ASlowBodyIsCutOffToo) {
  listen_with({.request_timeout = milliseconds(100)});
  Wire slow = connect();
  slow.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(status_of(slow.read_to_end()), 408);
}

TEST_F(HttpServer, AnIdleConnectionIsClosedSilently) {
  listen_with({.idle_timeout = milliseconds(400)});
  Wire fresh = connect(), used = connect();
  used.send(get("/"));
  EXPECT_EQ(status_of(used.read_message()), 200);
  EXPECT_EQ(fresh.read_to_end(), "");
  EXPECT_EQ(used.read_to_end(), "");
}

TEST_F(HttpServer, AHandlerMayTakeLongerThanARequestMay) {
  Gate gate(loop_);
  listen_with({.request_timeout = milliseconds(200), .idle_timeout = milliseconds(300)}, [&gate](Request) -> Task<Response> {
    co_await gate.pass();
    co_return Response{.body = "late"};
  });
  Wire wire = connect();
  wire.send(get("/"));
  EXPECT_FALSE(wire.readable_within(700));
  gate.open();
  EXPECT_EQ(body_of(wire.read_message()), "late");
}

TEST_F(HttpServer, AClientThatDoesNotReadIsDropped) {
  listen_with({.write_timeout = milliseconds(100)}, [](Request) -> Task<Response> { co_return Response{.body = std::string(64 << 20, 'x')}; });
  Wire wire = connect();
  wire.send(get("/"));
  EXPECT_TRUE(eventually([&] { return server_->requests_in_flight() == 1; }));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
  EXPECT_LT(wire.read_to_end().size(), std::size_t{64} << 20);
}

TEST_F(HttpServer, ConnectionsBeyondTheCapAreTurnedAway) {
  listen_with({.connections_max = 2});
  Wire first = connect();
  first.send(get("/1"));
  EXPECT_EQ(status_of(first.read_message()), 200);
  {
    Wire second = connect();
    second.send(get("/2"));
    EXPECT_EQ(status_of(second.read_message()), 200);
    Wire third = connect();
    third.send(get("/3"));
    const std::string got = third.read_to_end();
    EXPECT_EQ(status_of(got), 503);
    EXPECT_TRUE(has(got, "refused: too_many_connections"));
    EXPECT_EQ(server_->connections(), 2u);
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() == 1; }));
  EXPECT_EQ(status_of(ask(get("/4"))), 200);
}

TEST_F(HttpServer, AHandlerThatThrowsIsAnsweredForAndLosesNobodysConnection) {
  listen_with({}, [](Request request) -> Task<Response> {
    if (request.target == "/now") throw std::runtime_error("a bug");
    if (request.target == "/odd") throw 42;
    co_return Response{.body = "fine"};
  });
  Wire wire = connect();
  for (const char* target : {"/now", "/odd"}) {
    wire.send(get(target));
    const std::string got = wire.read_message();
    EXPECT_EQ(status_of(got), 500);
    EXPECT_EQ(body_of(got), "refused: internal_error");
  }
  wire.send(get("/fine"));
  EXPECT_EQ(body_of(wire.read_message()), "fine");
}

TEST_F(HttpServer, TheHandlerEndsItsWorkForAClientThatLeft) {
  Gate gate(loop_);
  std::promise<void> entered, ended;
  listen_with({}, [&](Request) -> Task<Response> {
    entered.set_value();
    co_await gate.pass();
    ended.set_value();
    co_return Response{};
  });
  Wire wire = connect();
  wire.send(get("/"));
  entered.get_future().get();
  wire.reset();
  gate.open();
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0 && server_->requests_in_flight() == 0; }));
}

TEST_F(HttpServer, DrainingAnswersWhatIsInFlightAndClosesTheRest) {
  Gate gate(loop_);
  std::promise<void> entered;
  listen_with({}, [&](Request request) -> Task<Response> {
    if (request.target == "/idle") co_return Response{};
    entered.set_value();
    co_await gate.pass();
    co_return Response{.body = "done"};
  });
  Wire idle = connect(), silent = connect(), busy = connect();
  idle.send(get("/idle"));
  EXPECT_EQ(status_of(idle.read_message()), 200);
  busy.send(get("/busy"));
  entered.get_future().get();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 3; }));

  auto drained = loop_.start(server_->drain(minutes(5)));
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_THROW(connect(), boost::system::system_error);
  EXPECT_EQ(server_->requests_in_flight(), 1u);
  EXPECT_EQ(drained.wait_for(std::chrono::seconds(0)), std::future_status::timeout);

  gate.open();
  const std::string got = busy.read_to_end();
  EXPECT_EQ(body_of(got), "done");
  EXPECT_TRUE(has(got, "Connection: close\r\n"));
  busy.close();
  EXPECT_EQ(drained.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServer, DrainingEndsAfterItsGrace) {
  Gate gate(loop_);
  std::promise<void> entered, ended;
  listen_with({}, [&](Request) -> Task<Response> {
    entered.set_value();
    co_await gate.pass();
    ended.set_value();
    co_return Response{};
  });
  Wire wire = connect();
  wire.send(get("/"));
  entered.get_future().get();
  loop_.start(server_->drain(milliseconds(50))).get();
  EXPECT_EQ(wire.read_to_end(), "");
  gate.open();
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST_F(HttpServer, MayBeDestroyedWithConnectionsOpen) {
  listen_with({});
  Wire wire = connect();
  wire.send(get("/"));
  EXPECT_EQ(status_of(wire.read_message()), 200);
  server_.reset();
  EXPECT_EQ(wire.read_to_end(), "");
}

TEST_F(HttpServer, ServesManyConnectionsAtOnce) {
  listen_with({});
  std::vector<Wire> wires;
  for (int i = 0; i < 200; ++i) wires.push_back(connect());
  for (std::size_t i = 0; i < wires.size(); ++i) wires[i].send(get("/" + std::to_string(i)));
  for (std::size_t i = 0; i < wires.size(); ++i) EXPECT_EQ(body_of(wires[i].read_message()), "GET /" + std::to_string(i) + " ");
}

TEST_F(HttpServer, RunsOnManyThreads) {
  asio::thread_pool threads(3);
  auto server = listen(threads.get_executor(), "127.0.0.1", 0, echo, write_refusal);
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        Wire wire(server->port());
        for (int j = 0; j < 5; ++j) {
          wire.send(get("/many"));
          EXPECT_EQ(body_of(wire.read_message()), "GET /many ");
        }
      }
    });
  }
  for (auto& client : clients) client.join();
  asio::co_spawn(threads, server->drain(seconds(5)), asio::use_future).get();
  EXPECT_EQ(server->connections(), 0u);
  server.reset();
  threads.join();
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  listen_with({});
  const auto again = [&](const char* address) { return listen(loop_.context.get_executor(), address, server_->port(), echo, write_refusal); };
  EXPECT_THROW(again("127.0.0.1"), std::system_error);
  EXPECT_THROW(again("not an address"), std::system_error);
}

}  // namespace
}  // namespace purser::http
