// The REST face as its clients see it: requests in, answers out, with real keys in a real database and handlers of the tests' own.
#include "platform/rpc/rest.hpp"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "checkout/v1/checkout_service.pb.h"
#include "orders/v1/order_service.pb.h"
#include "platform/metrics.hpp"
#include "platform/rpc/built_in_pages.hpp"
#include "platform/rpc/idempotency_key.hpp"
#include "platform/rpc/routes.hpp"
#include "platform/store/tests/scratch_store.hpp"

namespace purser::rpc {
namespace {

namespace asio = boost::asio;
using orders::v1::CreateOrderRequest;
using orders::v1::CreateOrderResponse;
using store::run_until_done;

constexpr const char* order_id = "ord_01h455vb4pex5vsknk084sn02q";
constexpr const char* good_body = R"({"user_id":"u","currency":"USD","items":[{"sku":"a","quantity":1,"unit_price":5}]})";

// Stands still. A sleep lasts until it is cancelled, or not at all where time is up.
class TestClock final : public Clock {
 public:
  Instant at{1'763'720'675'123};
  bool time_is_up = false;
  Instant now() const override { return at; }
  Task<void> sleep(Duration) override {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    if (!time_is_up) co_await timer.async_wait(asio::use_awaitable);
  }
};

class SpanKeeper final : public trace::Exporter {
 public:
  std::vector<trace::Span> spans;
  void record(trace::Span span) override { spans.push_back(std::move(span)); }
};

// What the handlers were asked, and what they shall say.
struct Script {
  int calls = 0;
  Call call;
  std::string request;  // as protobuf's debug text
  std::optional<Error> error;
  bool replayed = false;
  bool throws = false;
  std::optional<asio::steady_timer> gate;  // a handler waits here while it is set
  int ended = 0;
};

template <class Response>
Reply<MessagePtr> play(std::shared_ptr<Script> script, Call call, MessagePtr request, Response response) {
  ++script->calls;
  script->call = call;
  script->request = request->ShortDebugString();
  if (script->gate) co_await script->gate->async_wait(asio::as_tuple(asio::use_awaitable));
  ++script->ended;
  if (script->throws) throw std::runtime_error("secret trouble");
  if (script->error) co_return *script->error;
  call.notes->replayed = script->replayed;
  co_return std::make_unique<Response>(std::move(response));
}

template <class Response>
Method scripted(const char* service, const char* name, std::shared_ptr<Script> script, Response response) {
  const auto* descriptor = Response::descriptor()->file()->pool()->FindServiceByName(service)->FindMethodByName(name);
  return {descriptor, [script, response](Call call, MessagePtr request) { return play(script, std::move(call), std::move(request), response); }};
}

Task<http::Response> echo_headers(http::Request request, PathValues values) {
  http::Response response{.status = 202, .body = values.at(0).second + " " + std::string(request.headers.find("Request-Id").value_or(""))};
  co_return response;
}

Task<http::Response> throw_up() {
  throw std::runtime_error("secret trouble");
  co_return http::Response{};
}

Reply<Done> readiness(bool ready) {
  if (!ready) co_return Error{.kind = Kind::unavailable, .code = "draining", .detail = "It is stopping."};
  co_return Done{};
}

class RestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_sqlite({.file = folder_.database()}, KeyRing::migrations());
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store_ = *opened;
    keys_ = std::make_unique<KeyRing>(*store_, clock_, system_random(), "test", std::string(32, 's'));
    merchant_key_ = make_key(Scope::merchant);
    start({});
  }

  std::string make_key(Scope scope) { return run_until_done(io_, keys_->create("mer_1", "a key", scope))->secret; }

  void start(RestParts parts) {
    CreateOrderResponse created;
    created.mutable_order()->set_id(order_id);
    created.mutable_order()->set_version(3);
    orders::v1::GetOrderResponse got;
    *got.mutable_order() = created.order();
    orders::v1::UpdateOrderResponse updated;
    *updated.mutable_order() = created.order();
    orders::v1::ListOrdersResponse list;
    *list.add_orders() = created.order();
    list.set_has_more(true);
    checkout::v1::CreateCheckoutResponse checkout;
    *checkout.mutable_order() = created.order();
    checkout.mutable_payment()->set_id("pay_01h455vb4pex5vsknk084sn02q");

    const char* orders = "orders.v1.OrderService";
    Service service{nullptr,
                    {scripted(orders, "CreateOrder", script_, created), scripted(orders, "GetOrder", script_, got),
                     scripted(orders, "UpdateOrder", script_, updated), scripted(orders, "ListOrders", script_, list),
                     scripted("checkout.v1.CheckoutService", "CreateCheckout", script_, checkout)}};
    parts.services.push_back(std::move(service));
    parts.routes.push_back({"POST", "/webhooks/{processor}", echo_headers});
    parts.routes.push_back({"GET", "/broken", [](http::Request, PathValues) { return throw_up(); }});
    parts.keys = keys_.get();
    parts.clock = &clock_;
    parts.random = &system_random();
    parts.exporter = &spans_;
    parts.openapi_json = R"({"openapi":"3.1.0"})";
    parts.docs_html = "<html><style>a{}</style><script>1</script></html>";
    face_ = make_rest_face(std::move(parts));
  }

  http::Response send(http::Request request) { return run_until_done(io_, face_(std::move(request))); }
  http::Request get(std::string target) {
    http::Request request{.method = "GET", .target = std::move(target)};
    request.headers.add("Authorization", "Bearer " + merchant_key_);
    return request;
  }
  http::Request post(std::string target, std::string body) {
    http::Request request = get(std::move(target));
    request.method = "POST";
    request.body = std::move(body);
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Idempotency-Key", "\"k-1\"");
    return request;
  }
  static bool has(const http::Response& response, std::string_view text) { return response.body.find(text) != std::string::npos; }
  static std::string header(const http::Response& response, std::string_view name) { return std::string(response.headers.find(name).value_or("")); }

  store::ScratchFolder folder_;
  asio::io_context io_;
  TestClock clock_;
  SpanKeeper spans_;
  std::shared_ptr<store::SqliteStore> store_;
  std::unique_ptr<KeyRing> keys_;
  std::string merchant_key_;
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  http::Handler face_;
};

TEST_F(RestTest, CreatesAndSaysWhereAndWhichVersion) {
  const auto response = send(post("/orders", good_body));
  EXPECT_EQ(response.status, 201) << response.body;
  EXPECT_EQ(header(response, "Content-Type"), "application/json");
  EXPECT_EQ(header(response, "Location"), std::string("/orders/") + order_id);
  EXPECT_EQ(header(response, "ETag"), "\"3\"");
  EXPECT_EQ(header(response, "Cache-Control"), "no-store");
  EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(response, "Idempotent-Replayed"), "");
  EXPECT_TRUE(header(response, "Request-Id").starts_with("req_"));
  EXPECT_TRUE(response.body.starts_with(std::string(R"({"id":")") + order_id)) << response.body;
  EXPECT_EQ(script_->call.idempotency_key, "k-1");
  EXPECT_EQ(script_->call.caller.merchant_id, "mer_1");
  EXPECT_EQ(script_->call.deadline, clock_.at + seconds(30));
  EXPECT_EQ(script_->request, R"(user_id: "u" currency: "USD" items { sku: "a" quantity: 1 unit_price: 5 })");
}

TEST_F(RestTest, SaysWhenAnAnswerIsAReplay) {
  script_->replayed = true;
  EXPECT_EQ(header(send(post("/orders", good_body)), "Idempotent-Replayed"), "true");
}

TEST_F(RestTest, AnswersWithTheWholeReplyWhereTheContractNamesNoPart) {
  const auto response = send(post("/checkout", R"({"user_id":"u","currency":"USD","payment_method":"pm","items":[{"sku":"a","quantity":1}]})"));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(response.body.starts_with(R"({"order":{)")) << response.body;
  EXPECT_TRUE(has(response, R"("payment":{"id":"pay_)"));
}

TEST_F(RestTest, WrapsAListInItsEnvelope) {
  const auto response = send(get("/orders?limit=2&user_id=a%20b&status=PAYMENT_DONE"));
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(response.body.starts_with(R"({"object":"list","data":[{"id":"ord_)")) << response.body;
  EXPECT_TRUE(response.body.ends_with(R"(],"has_more":true,"url":"/orders"})")) << response.body;
  EXPECT_EQ(script_->request, R"(page_size: 2 user_id: "a b" status: ORDER_STATUS_PAYMENT_DONE)");
  EXPECT_EQ(send(get("/orders")).status, 200);
  EXPECT_EQ(script_->request, "page_size: 10");
}

TEST_F(RestTest, RefusesWhatAQueryMayNotSay) {
  struct Row {
    const char* query;
    int status;
    const char* wanted;
  };
  const Row rows[] = {
      {"limit=0", 422, R"("pointer":"/limit","detail":"limit must be at least 1.","code":"too_small")"},
      {"limit=101", 422, R"("code":"too_large")"},
      {"limit=x", 422, R"("pointer":"/limit")"},
      {"limit=", 422, R"("code":"wrong_type")"},
      {"limit=1&limit=2", 422, R"("code":"duplicate_field")"},
      {"page_size=5", 422, R"("pointer":"","detail":"There is no query parameter \"page_size\" here)"},
      {"nobody=5", 422, R"("code":"unknown_parameter")"},
      {"status=paid", 422, R"("code":"invalid_enum")"},
      {"starting_after=x", 422, R"("code":"invalid_id")"},
      {"starting_after=ord_01h455vb4pex5vsknk084sn02q&ending_before=ord_01h455vb4pex5vsknk084sn02q", 422, R"("code":"ambiguous_cursor")"},
      {"user_id=%zz", 400, R"("code":"malformed_url")"},
      {"user_id=%ff", 422, R"("code":"wrong_type")"},
  };
  for (const Row& row : rows) {
    const auto response = send(get(std::string("/orders?") + row.query));
    EXPECT_EQ(response.status, row.status) << row.query << response.body;
    EXPECT_TRUE(has(response, row.wanted)) << row.query << response.body;
  }
  EXPECT_TRUE(has(send(post("/orders?limit=1", good_body)), R"("code":"unknown_parameter")"));
  EXPECT_EQ(script_->calls, 0);
}

TEST_F(RestTest, ErrorsAreProblemsWithEverythingAClientNeeds) {
  script_->error = Error{.kind = Kind::conflict,
                         .code = "illegal_transition",
                         .detail = "It is \"CREATED\".",
                         .metadata = {{"allowed", "CANCELLED"}, {"state", "CREATED"}},
                         .retry_after_seconds = 7};
  auto request = get(std::string("/orders/") + order_id + "?");
  request.headers.add("X-Correlation-Id", "my-own");
  const auto response = send(request);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(header(response, "Content-Type"), "application/problem+json");
  EXPECT_EQ(header(response, "Retry-After"), "7");
  EXPECT_EQ(header(response, "X-Correlation-Id"), "my-own");
  EXPECT_EQ(response.body,
            R"({"type":"/problems/illegal_transition","title":"Conflict","status":409,"detail":"It is \"CREATED\".","instance":"/orders/)" +
                std::string(order_id) + R"(","code":"illegal_transition","request_id":")" + header(response, "Request-Id") +
                R"(","details":{"allowed":"CANCELLED","state":"CREATED"}})");
}

TEST_F(RestTest, InternalsStayInside) {
  script_->throws = true;
  const auto thrown = send(get(std::string("/orders/") + order_id));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_FALSE(has(thrown, "secret"));
  script_->throws = false;
  script_->error = Error{.kind = Kind::internal, .code = "internal", .detail = "secret", .metadata = {{"a", "secret"}}};
  const auto told = send(get(std::string("/orders/") + order_id));
  EXPECT_EQ(told.status, 500);
  EXPECT_FALSE(has(told, "secret"));
  const auto raw = send(get("/broken"));
  EXPECT_EQ(raw.status, 500);
  EXPECT_FALSE(has(raw, "secret"));
  EXPECT_TRUE(has(raw, R"("code":"internal")"));
}

TEST_F(RestTest, UnknownPathsAndMethods) {
  EXPECT_TRUE(has(send(get("/nowhere")), R"("code":"route_not_found")"));
  EXPECT_EQ(send(get("/orders/")).status, 404);
  EXPECT_EQ(send(get("/orders/a/b/c")).status, 404);
  auto request = get("/orders");
  request.method = "DELETE";
  const auto refused = send(request);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "Allow"), "GET, HEAD, OPTIONS, POST");
  request.method = "OPTIONS";
  const auto options = send(request);
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(header(options, "Allow"), "GET, HEAD, OPTIONS, POST");
  request.method = "HEAD";
  const auto head = send(request);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(RestTest, AsksWhoItIs) {
  http::Request request{.method = "GET", .target = "/orders"};
  auto response = send(request);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
  for (const char* credentials : {"Basic abc", "Bearer", "Bearer ", "Bearer sk_test_nobody", "Bearer sk_live_x"}) {
    request.headers.set("Authorization", credentials);
    EXPECT_EQ(send(request).status, 401) << credentials;
  }
  request.headers.set("Authorization", "bearer " + merchant_key_);
  EXPECT_EQ(send(request).status, 200);
}

TEST_F(RestTest, ChecksTheScopeBeforeTheRest) {
  merchant_key_ = make_key(Scope::readonly);
  const auto response = send(post("/orders", "not json"));
  EXPECT_EQ(response.status, 403);
  EXPECT_TRUE(has(response, R"("code":"insufficient_scope")"));
  EXPECT_TRUE(has(response, R"("details":{"had":"readonly","needed":"merchant"})")) << response.body;
  EXPECT_EQ(send(get("/orders")).status, 200);
}

TEST_F(RestTest, MutationsNeedAKeyOfTheirOwn) {
  auto request = post("/orders", good_body);
  for (const auto& [sent, got] :
       std::map<std::string, std::string>{{"\"8e03\"", "8e03"}, {"8e03", "8e03"}, {"\"a\\\"b\\\\\"", "a\"b\\"}, {" x ", "x"}}) {
    request.headers.set("Idempotency-Key", sent);
    EXPECT_EQ(send(request).status, 201) << sent;
    EXPECT_EQ(script_->call.idempotency_key, got);
  }
  for (const std::string& sent : {std::string(), std::string("\"\""), std::string("\"a"), std::string("\"a\"b"), std::string("\"\\a\""),
                                  std::string("a b"), std::string("\xc3\xa9"), std::string(256, 'x')}) {
    request.headers.set("Idempotency-Key", sent);
    const auto response = send(request);
    EXPECT_EQ(response.status, 400) << sent;
    EXPECT_TRUE(has(response, "idempotency_key_invalid")) << sent;
  }
  request.headers.set("Idempotency-Key", std::string(255, 'x'));
  EXPECT_EQ(send(request).status, 201);
  request = get("/orders");
  request.method = "POST";
  EXPECT_TRUE(has(send(request), R"("code":"idempotency_key_missing")"));
}

TEST_F(RestTest, ReadsIfMatch) {
  auto request = post(std::string("/orders/") + order_id, R"({"items":[{"sku":"a","quantity":1}]})");
  request.method = "PUT";
  EXPECT_EQ(send(request).status, 200);
  EXPECT_EQ(script_->call.if_match, std::nullopt);
  for (const char* tag : {"\"3\"", "W/\"3\"", " \"3\""}) {
    request.headers.set("If-Match", tag);
    EXPECT_EQ(send(request).status, 200) << tag;
    EXPECT_EQ(script_->call.if_match, 3) << tag;
  }
  request.headers.set("If-Match", "*");
  EXPECT_EQ(send(request).status, 200);
  EXPECT_EQ(script_->call.if_match, std::nullopt);
  for (const char* tag : {"3", "\"x\"", "\"3\", \"4\"", "\"-1\"", "\"\"", "", "\"", "\"99999999999999999999\""}) {
    request.headers.set("If-Match", tag);
    const auto response = send(request);
    EXPECT_EQ(response.status, 400) << tag;
    EXPECT_TRUE(has(response, "if_match_invalid")) << tag;
  }
}

TEST_F(RestTest, BodiesAreJsonOrNothing) {
  auto request = post("/orders", good_body);
  for (const char* type : {"application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json; charset=\"utf-8\""}) {
    request.headers.set("Content-Type", type);
    EXPECT_EQ(send(request).status, 201) << type;
  }
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin1", "application/jsonx"}) {
    request.headers.set("Content-Type", type);
    EXPECT_EQ(send(request).status, 415) << type;
  }
  EXPECT_EQ(send(post("/orders", "{")).status, 400);
  EXPECT_EQ(send(post("/orders", "[]")).status, 422);
  const auto empty = send(post("/orders", ""));
  EXPECT_EQ(empty.status, 422);
  EXPECT_TRUE(has(empty, R"({"pointer":"/user_id","detail":"This is required and must not be empty.","code":"required"})")) << empty.body;
  EXPECT_TRUE(has(empty, R"({"pointer":"/items")"));
  auto with_body = get("/orders");
  with_body.body = "{}";
  EXPECT_TRUE(has(send(with_body), "body_not_allowed"));
}

TEST_F(RestTest, ThePathSaysWhichResourceIsMeant) {
  auto request = post(std::string("/orders/") + order_id, R"({"order_id":"ord_other","items":[{"sku":"a","quantity":1}]})");
  request.method = "PUT";
  EXPECT_TRUE(has(send(request), R"({"pointer":"/order_id")"));
  EXPECT_EQ(script_->calls, 0);
  EXPECT_EQ(send(get("/orders/a/b")).status, 404);
  EXPECT_EQ(send(get("/orders/a%2Fb")).status, 200);  // one id, however odd: only a slash as sent parts two segments
  EXPECT_EQ(send(get("/orders/%ff")).status, 422);
}

TEST_F(RestTest, RefusesCardNumbersWhereverTheyStand) {
  const std::string card = "4242 4242 4242 4242", plain = "4242424242424242";
  std::vector<http::Request> requests = {
      post("/orders", R"({"user_id":")" + plain + "\"}"),
      post("/orders", R"({"metadata":{")" + card + R"(":"x"}})"),
      post("/orders", R"({"items":[{"quantity":)" + plain + "}]}"),
      post("/orders", R"({"user_id":"\u0034242424242424242","currency":"USD","items":[{"sku":"a","quantity":1}]})"),
      get("/orders?user_id=4242+4242%204242-4242"),
      get("/orders?" + plain),
      get("/orders/" + plain),
      get("/nowhere/" + plain),
      get("/orders?%zz=" + plain)};
  for (const char* name : {"X-Anything", "X-Correlation-Id", "Idempotency-Key", "Authorization", "User-Agent"}) {
    requests.push_back(get("/orders"));
    requests.back().headers.set(name, plain);
  }
  for (const auto& request : requests) {
    const auto response = send(request);
    EXPECT_EQ(response.status, 422) << request.target;
    EXPECT_TRUE(has(response, R"("code":"card_number_refused")")) << request.target;
    for (const auto& [name, value] : response.headers.all()) EXPECT_EQ(value.find("4242"), std::string::npos) << name;
    EXPECT_FALSE(has(response, "4242"));
    EXPECT_EQ(spans_.spans.back().name.find("4242"), std::string::npos);
  }
  EXPECT_EQ(script_->calls, 0);
  auto request = get("/orders");
  request.headers.set("traceparent", "00-00000000000000004242424242424242-4242424242424242-01");
  request.headers.set("Stripe-Signature", "t=1,v1=4242424242424242");
  EXPECT_EQ(send(request).status, 200);
}

TEST_F(RestTest, SaysWhereACardNumberStands) {
  const std::string card = "4242424242424242";
  auto header = get("/orders");
  header.headers.set("X-Note", card);
  const std::vector<std::pair<http::Request, std::string>> cases = {
      {post("/orders", R"({"items":[{"sku":"a"},{"sku":"4242 4242 4242 4242"}]})"), R"("pointer":"/items/1/sku")"},
      {post("/orders", R"({"items":[{"quantity":)" + card + "}]}"), R"("pointer":"/items/0/quantity")"},
      {post("/orders", R"({"metadata":{"a/b":")" + card + R"("}})"), R"("pointer":"/metadata/a~1b")"},
      {post("/orders", R"({"metadata":{")" + card + R"(":"x"}})"), R"("pointer":"/metadata")"},
      {post("/orders", card), R"("pointer":"")"},
      {post("/orders", "{\"card\": " + card), R"("pointer":"")"},
      {get("/orders?user_id=" + card), "the query parameter user_id"},
      {get("/orders?" + card), "the name of a query parameter"},
      {get("/orders/" + card), "the path or the query"},
      {header, "the header X-Note"}};
  for (const auto& [request, where] : cases) EXPECT_TRUE(has(send(request), where)) << request.target << " " << request.body;
}

TEST_F(RestTest, CarriesTraceAndCorrelation) {
  auto request = get("/orders");
  request.headers.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  request.headers.set("X-Correlation-Id", "my-own");
  send(request);
  EXPECT_EQ(script_->call.trace.trace_id_text(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(script_->call.correlation_id, "my-own");
  ASSERT_EQ(spans_.spans.size(), 1u);
  EXPECT_EQ(spans_.spans[0].name, "GET /orders");
  EXPECT_EQ(spans_.spans[0].parent_span_id[0], 0xb7);
  EXPECT_EQ(spans_.spans[0].context.span_id, script_->call.trace.span_id);
  for (const std::string& odd : {std::string("a b"), std::string(129, 'x'), std::string("\xc3\xa9"), std::string()}) {
    request.headers.set("X-Correlation-Id", odd);
    const auto response = send(request);
    EXPECT_EQ(header(response, "X-Correlation-Id"), header(response, "Request-Id")) << odd;
  }
}

TEST_F(RestTest, CountsEveryRequestByItsTemplate) {
  send(get(std::string("/orders/") + order_id));
  send(get("/nowhere-in-particular"));
  const std::string text = metrics::exposition();
  EXPECT_NE(text.find(R"(purser_http_requests_total{method="GET",route="/orders/{order_id}",status="200"})"), std::string::npos);
  EXPECT_NE(text.find(R"(route="unmatched",status="404")"), std::string::npos);
  EXPECT_NE(text.find(R"(purser_http_request_duration_seconds_bucket{route="/orders/{order_id}",le="0.05"})"), std::string::npos);
  EXPECT_EQ(text.find("in-particular"), std::string::npos);
}

TEST_F(RestTest, LimitsTheRateOfEachKey) {
  RestParts parts;
  parts.requests_per_minute = 2;
  start(std::move(parts));
  EXPECT_EQ(header(send(get("/nowhere")), "RateLimit-Policy"), "\"default\";q=2;w=60");
  EXPECT_EQ(header(send(get("/orders")), "RateLimit"), "\"default\";r=1;t=30");
  EXPECT_EQ(send(get("/orders")).status, 200);
  const auto refused = send(get("/orders"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(header(refused, "RateLimit"), "\"default\";r=0;t=60");
  EXPECT_EQ(header(refused, "Retry-After"), "30");
  const std::string first = std::exchange(merchant_key_, make_key(Scope::readonly));
  EXPECT_EQ(send(get("/orders")).status, 200);
  merchant_key_ = first;
  clock_.at = clock_.at + seconds(31);
  EXPECT_EQ(send(get("/orders")).status, 200);
}

TEST_F(RestTest, AHandlerOutlivesTheRequestThatGaveUp) {
  script_->gate.emplace(io_, asio::steady_timer::time_point::max());
  clock_.time_is_up = true;
  std::optional<http::Response> response;
  asio::co_spawn(io_, store::keep_result(face_(post("/orders", good_body)), response), [](std::exception_ptr) {});
  io_.restart();
  while (!response && io_.run_one() > 0) {}
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 504);
  EXPECT_TRUE(has(*response, R"("code":"timeout")"));
  EXPECT_EQ(script_->calls, 1);
  EXPECT_EQ(script_->ended, 0);
  face_ = nullptr;  // nobody waits any more
  script_->gate->expires_at(asio::steady_timer::time_point::min());
  io_.run();
  EXPECT_EQ(script_->ended, 1);
}

TEST_F(RestTest, ServesProbesAndPages) {
  bool ready = false;
  RestParts parts;
  parts.ready = [&ready] { return readiness(ready); };
  start(std::move(parts));
  http::Request request{.method = "GET", .target = "/livez"};
  EXPECT_EQ(send(request).body, R"({"status":"ok"})");
  for (const char* path : {"/readyz", "/healthz", "/health"}) {
    request.target = path;
    ready = false;
    const auto not_ready = send(request);
    EXPECT_EQ(not_ready.status, 503);
    EXPECT_EQ(not_ready.body, R"({"status":"unavailable","code":"draining","detail":"It is stopping."})");
    ready = true;
    EXPECT_EQ(send(request).body, R"({"status":"ok"})");
  }
  request.target = "/openapi.json";
  EXPECT_EQ(send(request).body, R"({"openapi":"3.1.0"})");
  request.target = "/metrics";
  EXPECT_TRUE(header(send(request), "Content-Type").starts_with("text/plain"));
  request.target = "/";
  EXPECT_EQ(header(send(request), "Location"), "/docs");
  request.target = "/docs";
  const auto docs = send(request);
  EXPECT_EQ(header(docs, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(header(docs, "Content-Security-Policy").find("script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"), std::string::npos)
      << header(docs, "Content-Security-Policy");
}

TEST_F(RestTest, RawRoutesNeedNoKeyAndLearnTheRequestId) {
  http::Request request{.method = "POST", .target = "/webhooks/stripe", .body = "anything"};
  const auto response = send(request);
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "stripe " + header(response, "Request-Id"));
}

TEST(RouteTable, LiteralsWinAndMethodsDecide) {
  RouteTable table;
  table.add("GET", "/a/{x}", 1);
  table.add("GET", "/a/b", 2);
  table.add("POST", "/a/c", 3);
  table.add("GET", "/a/{x}/d", 4);
  table.add("GET", "/a/b/e", 5);
  table.add("GET", "/", 6);
  struct Row {
    const char* method;
    const char* path;
    std::optional<std::size_t> route;
    PathValues values;
  };
  const Row rows[] = {
      {"GET", "/a/z", 1, {{"x", "z"}}},
      {"GET", "/a/b", 2, {}},
      {"POST", "/a/c", 3, {}},
      {"GET", "/a/c", 1, {{"x", "c"}}},
      {"GET", "/a/b/d", 4, {{"x", "b"}}},
      {"GET", "/a/b/e", 5, {}},
      {"GET", "/", 6, {}},
      {"GET", "/a/", std::nullopt, {}},
      {"GET", "/a//d", std::nullopt, {}},
      {"GET", "/a", std::nullopt, {}},
      {"PUT", "/a/c", std::nullopt, {}},
      {"GET", "/a/b/d/", std::nullopt, {}},
  };
  for (const Row& row : rows) {
    const auto match = table.match(row.method, http::parse_target(row.path).segments);
    EXPECT_EQ(match.route, row.route) << row.path;
    EXPECT_EQ(match.values, row.values) << row.path;
  }
  EXPECT_EQ(allow_header(table.match("PUT", {"a", "c"}).methods), "GET, HEAD, OPTIONS, POST");
  EXPECT_TRUE(table.match("PUT", {"b"}).methods.empty());
}

TEST(ContentSecurityPolicy, NamesTheHashOfEveryInlinePiece) {
  EXPECT_NE(content_security_policy("<p>").find("script-src 'none'; style-src 'none'"), std::string::npos);
  const std::string policy = content_security_policy("<script>1</script><script defer>2</script><style></style>");
  EXPECT_NE(policy.find("script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=' 'sha256-1HNeOiZeFu7gP1lxi5tdAwGcB9i2xR+Q2jpmbuwTqzU=';"),
            std::string::npos)
      << policy;
  EXPECT_NE(policy.find("style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';"), std::string::npos) << policy;
}

}  // namespace
}  // namespace purser::rpc
