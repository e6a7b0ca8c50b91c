// The PayPal adapter against a scripted processor: what it asks, and what it makes of answers that a well-behaved one never gives.
// Against the sandbox's PayPal: tests/processors.
#include "contexts/payments/processors/paypal.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>

#include "contexts/payments/processors/paypal_event.hpp"
#include "contexts/payments/processors/paypal_wire.hpp"

namespace purser::payments {
namespace {

class ManualClock final : public Clock {
 public:
  Instant now() const override { return at; }
  Task<void> sleep(Duration length) override {
    at = at + length;
    co_return;
  }
  Instant at{1'790'000'000'000};
};

// Answers each call with what was laid ready for it, and tokens by itself; notes what it was asked.
class ScriptedPaypal final : public http::Client {
 public:
  Task<http::Outcome> send(http::Outbound request) override {
    co_await boost::asio::post(boost::asio::use_awaitable);
    const std::string call = request.method + " " + request.url.substr(std::string("http://paypal.test").size());
    asked.push_back(call);
    requests.push_back(request);
    auto& ready = script[call];
    if (ready.empty() && call == "POST /v1/oauth2/token")
      co_return http::Response{.body = R"({"access_token":"t)" + std::to_string(++tokens) + R"(","expires_in":3600})"};
    if (ready.empty()) co_return http::NotSent{"nothing is laid ready for " + call};
    http::Outcome next = std::move(ready.front());
    ready.pop_front();
    co_return next;
  }
  void answer(const std::string& call, http::Outcome with) { script[call].push_back(std::move(with)); }
  void answer(const std::string& call, int status, std::string body) { answer(call, http::Response{.status = status, .body = std::move(body)}); }

  std::map<std::string, std::deque<http::Outcome>> script;
  std::vector<std::string> asked;
  std::vector<http::Outbound> requests;
  int tokens = 0;
};

const Currency usd = Currency::parse("USD").value();
const std::string orders = "POST /v2/checkout/orders", order_1 = "GET /v2/checkout/orders/ORDER1", token = "POST /v1/oauth2/token";

// An order of ours over 12.50 dollars; `payments` is JSON of what was done for it.
std::string order(const std::string& status, const std::string& payments = "{}", const std::string& links = "[]") {
  return R"({"id":"ORDER1","status":")" + status +
         R"(","intent":"AUTHORIZE","purchase_units":[{"custom_id":"ref-1","invoice_id":"ref-1","amount":{"currency_code":"USD","value":"12.50"},)" +
         R"("payments":)" + payments + R"(}],"links":)" + links + "}";
}
std::string issue(const std::string& name) {
  return R"({"name":"UNPROCESSABLE_ENTITY","message":"m","details":[{"issue":")" + name + R"(","description":"d"}]})";
}
const std::string authorized_payments = R"({"authorizations":[{"id":"AUTH1","status":"CREATED","amount":{"currency_code":"USD","value":"12.50"}}]})";
const std::string two_captures = R"({"authorizations":[{"id":"AUTH1","status":"CAPTURED"}],"captures":[)"
                                 R"({"id":"CAP1","status":"COMPLETED","invoice_id":"ref-2","amount":{"currency_code":"USD","value":"5.00"}},)"
                                 R"({"id":"CAP2","status":"COMPLETED","invoice_id":"ref-3","amount":{"currency_code":"USD","value":"7.50"}}]})";

class PaypalTest : public testing::Test {
 protected:
  Instruction instruction(AttemptKind kind, std::string reference = "ref-1", std::int64_t amount = 1250, std::string processor_ref = "") {
    return {.kind = kind,
            .reference = std::move(reference),
            .amount = amount,
            .currency = usd,
            .payment_method = "card:vault-1",
            .processor_ref = std::move(processor_ref),
            .payment_id = "pay_1",
            .order_id = "ord_1",
            .return_url = "https://shop.test/back",
            .begun_at = clock_.now()};
  }
  using Ask = Task<Outcome> (Processor::*)(Instruction);
  std::vector<Outcome> ask_together(std::vector<Instruction> instructions, Ask ask = &Processor::process) {
    std::vector<Outcome> outcomes(instructions.size(), Outcome{End::in_doubt});
    for (std::size_t i = 0; i < instructions.size(); ++i)
      boost::asio::co_spawn(io_, (paypal_.get()->*ask)(instructions[i]), [&outcomes, i](const std::exception_ptr& problem, Outcome outcome) {
        EXPECT_FALSE(problem);
        outcomes[i] = std::move(outcome);
      });
    io_.restart();
    io_.run();
    return outcomes;
  }
  Outcome process(Instruction wanted) { return ask_together({std::move(wanted)}).front(); }
  Outcome look_up(Instruction wanted) { return ask_together({std::move(wanted)}, &Processor::look_up).front(); }

  boost::asio::io_context io_;
  ManualClock clock_;
  std::shared_ptr<ScriptedPaypal> wire_ = std::make_shared<ScriptedPaypal>();
  std::shared_ptr<Processor> paypal_ =
      make_paypal(wire_, clock_, {.base_url = "http://paypal.test", .client_id = "id", .client_secret = "secret", .webhook_id = "WH1"});
};

// ---- amounts

TEST(PaypalAmounts, AreWrittenAndReadExactly) {
  struct Row {
    const char* currency;
    std::int64_t minor;
    const char* text;  // null: PayPal cannot take it
  };
  const Row rows[] = {{"USD", 1250, "12.50"}, {"USD", 5, "0.05"},       {"USD", 9'223'372'036'854'775'807, "92233720368547758.07"},
                      {"JPY", 1250, "1250"},  {"HUF", 125'000, "1250"}, {"HUF", 125'050, nullptr},
                      {"TWD", 100, "1"},      {"TWD", 99, nullptr},     {"USD", -1, nullptr},
                      {"KWD", 1000, nullptr}, {"ISK", 1000, nullptr}};
  for (const Row& row : rows) {
    const Money money{row.minor, Currency::parse(row.currency).value()};
    const auto text = paypal::amount_text(money);
    EXPECT_EQ(text.value_or("(none)"), row.text == nullptr ? "(none)" : row.text) << row.currency << row.minor;
    if (!text) continue;
    simdjson::dom::parser parser;
    const simdjson::dom::element read = parser.parse(R"({"a":{"currency_code":")" + std::string(row.currency) + R"(","value":")" + *text + "\"}}");
    EXPECT_EQ(paypal::money_at(read, "/a"), money);
  }
}

TEST(PaypalAmounts, AreNotGuessed) {
  struct Row {
    const char* value;
    std::int64_t minor;  // -1: not read
  };
  const Row rows[] = {{"12.5", 1250}, {"12.500", 1250}, {"12", 1200}, {"12.505", -1}, {"12.", -1},   {".5", -1},    {"-1.00", -1},
                      {"+1.00", -1},  {"1e3", -1},      {"", -1},     {"1,00", -1},   {" 1.00", -1}, {"1.0.0", -1}, {"92233720368547758.08", -1}};
  for (const Row& row : rows) {
    simdjson::dom::parser parser;
    const simdjson::dom::element read = parser.parse(R"({"currency_code":"USD","value":")" + std::string(row.value) + "\"}");
    const auto money = paypal::money_at(read, "");
    EXPECT_EQ(money ? money->minor : -1, row.minor) << row.value;
  }
}

TEST_F(PaypalTest, WhatPaypalCannotTakeIsNotAskedFor) {
  Instruction wanted = instruction(AttemptKind::sale);
  wanted.currency = Currency::parse("KWD").value();
  const Outcome outcome = process(wanted);
  EXPECT_EQ(outcome.end, End::declined);
  EXPECT_FALSE(outcome.failure->retryable);
  wanted = instruction(AttemptKind::sale);
  wanted.payment_method = "pm_card_visa";
  EXPECT_EQ(process(wanted).failure->code, "invalid_card");
  EXPECT_TRUE(wire_->asked.empty());
}

// ---- what is asked

TEST_F(PaypalTest, AnOrderCarriesReferenceAmountAndSource) {
  struct Row {
    const char* method;
    const char* source;
  };
  const Row rows[] = {
      {"paypal", R"({"paypal":{"experience_context":{"return_url":"https://shop.test/back","cancel_url":"https://shop.test/back"}}})"},
      {"card:v1", R"({"card":{"vault_id":"v1","experience_context":{"return_url":"https://shop.test/back","cancel_url":"https://shop.test/back"}}})"},
      {"token:B-1", R"({"token":{"id":"B-1","type":"BILLING_AGREEMENT"}})"}};
  for (const Row& row : rows) {
    wire_->answer(orders, 201, order("COMPLETED", authorized_payments));
    Instruction wanted = instruction(AttemptKind::authorize);
    wanted.payment_method = row.method;
    EXPECT_EQ(process(wanted).end, End::succeeded);
    const http::Outbound& sent = wire_->requests.back();
    EXPECT_EQ(sent.headers.find("PayPal-Request-Id"), "ref-1");
    EXPECT_EQ(sent.headers.find("Authorization"), "Bearer t1");
    EXPECT_EQ(sent.body, std::string(R"({"intent":"AUTHORIZE","purchase_units":[{"reference_id":"ord_1","custom_id":"ref-1","invoice_id":"ref-1",)") +
                             R"("amount":{"currency_code":"USD","value":"12.50"}}],"payment_source":)" + row.source + "}");
  }
  EXPECT_EQ(wire_->requests.front().headers.find("Authorization"), "Basic aWQ6c2VjcmV0");
}

// ---- tokens

TEST_F(PaypalTest, ManyAskersShareOneToken) {
  for (int i = 0; i < 3; ++i) wire_->answer(orders, 201, order("COMPLETED", authorized_payments));
  for (const Outcome& outcome : ask_together(std::vector(3, instruction(AttemptKind::authorize)))) EXPECT_EQ(outcome.end, End::succeeded);
  EXPECT_EQ(wire_->tokens, 1);
  clock_.at = clock_.at + seconds(3540);
  wire_->answer(orders, 201, order("COMPLETED", authorized_payments));
  process(instruction(AttemptKind::authorize));
  EXPECT_EQ(wire_->tokens, 2);
}

TEST_F(PaypalTest, ATokenThatIsNoLongerTakenIsRenewedOnce) {
  wire_->answer(orders, 401, R"({"error":"invalid_token"})");
  wire_->answer(orders, 201, order("COMPLETED", authorized_payments));
  EXPECT_EQ(process(instruction(AttemptKind::authorize)).end, End::succeeded);
  EXPECT_EQ(wire_->asked, (std::vector{token, orders, token, orders}));
  wire_->answer(orders, 401, "");
  wire_->answer(orders, 401, "");
  const Outcome refused = process(instruction(AttemptKind::authorize));
  EXPECT_EQ(refused.end, End::declined);
  EXPECT_TRUE(refused.failure->retryable);
  EXPECT_EQ(wire_->asked.size(), 7U);
}

TEST_F(PaypalTest, WithoutATokenNothingWasSent) {
  struct Row {
    http::Outcome answer;
    End end;
  };
  const std::vector<Row> rows = {{http::NotSent{"refused"}, End::not_sent},
                                 {http::InDoubt{"time-out"}, End::not_sent},
                                 {http::Response{.status = 503, .body = "<html>"}, End::not_sent},
                                 {http::Response{.status = 429, .body = "{}"}, End::not_sent},
                                 {http::Response{.status = 200, .body = "{}"}, End::not_sent},
                                 {http::Response{.status = 401, .body = R"({"error":"invalid_client"})"}, End::declined}};
  for (const Row& row : rows) {
    wire_->asked.clear();
    wire_->answer(token, row.answer);
    EXPECT_EQ(process(instruction(AttemptKind::authorize)).end, row.end);
    EXPECT_EQ(wire_->asked, std::vector{token});
  }
}

// ---- answers nobody likes

TEST_F(PaypalTest, OnlyWhatProvesItEndsAnAsk) {
  const std::string foreign = R"({"id":"ORDER1","status":"COMPLETED","purchase_units":[{"custom_id":"ref-9"}]})";
  struct Row {
    const char* what;
    http::Outcome answer;
    End end;
    const char* code;
    bool retryable;
  };
  const auto said = [](int status, std::string body) { return http::Response{.status = status, .body = std::move(body)}; };
  const std::vector<Row> rows = {
      {"never left", http::NotSent{"refused"}, End::not_sent, "network_failure", true},
      {"lost", http::InDoubt{"time-out"}, End::in_doubt, "timeout", false},
      {"429", said(429, "<html>"), End::not_sent, "network_failure", true},
      {"500", said(500, R"({"name":"INTERNAL_SERVER_ERROR"})"), End::in_doubt, "unknown", false},
      {"503", said(503, ""), End::in_doubt, "unknown", false},
      {"redirect", said(302, "{}"), End::in_doubt, "unknown", false},
      {"not JSON", said(201, "<html>"), End::in_doubt, "unknown", false},
      {"cut JSON", said(201, R"({"id":"ORDER1")"), End::in_doubt, "unknown", false},
      {"a list", said(201, "[]"), End::in_doubt, "unknown", false},
      {"an empty object", said(201, "{}"), End::in_doubt, "unknown", false},
      {"huge", said(201, "{\"a\":\"" + std::string(3 << 20, 'x') + "\"}"), End::in_doubt, "unknown", false},
      {"deep", said(201, std::string(5000, '[')), End::in_doubt, "unknown", false},
      {"another reference", said(201, foreign), End::in_doubt, "unknown", false},
      {"unknown status", said(201, order("DANCING")), End::in_doubt, "unknown", false},
      {"pending", said(201, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"PENDING"}]})")), End::in_doubt, "unknown", false},
      {"duplicate invoice", said(422, issue("DUPLICATE_INVOICE_ID")), End::in_doubt, "unknown", false},
      {"key of another request", said(422, issue("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")), End::in_doubt, "unknown", false},
      {"under way", said(422, issue("PREVIOUS_REQUEST_IN_PROGRESS")), End::in_doubt, "unknown", false},
      {"conflict", said(409, issue("RESOURCE_CONFLICT")), End::in_doubt, "unknown", false},
      {"instrument", said(422, issue("INSTRUMENT_DECLINED")), End::declined, "declined", true},
      {"funds", said(422, issue("INSUFFICIENT_FUNDS")), End::declined, "declined", true},
      {"payer", said(422, issue("PAYER_CANNOT_PAY")), End::declined, "declined", false},
      {"expired", said(422, issue("CARD_EXPIRED")), End::declined, "invalid_card", false},
      {"no such token", said(422, issue("TOKEN_ID_NOT_FOUND")), End::declined, "invalid_card", false},
      {"forbidden", said(403, issue("PERMISSION_DENIED")), End::declined, "unknown", true},
      {"malformed", said(400, issue("INVALID_PARAMETER_SYNTAX")), End::declined, "unknown", false},
      {"bank: funds",
       said(201, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"DENIED","processor_response":{"response_code":"5120"}}]})")),
       End::declined, "declined", true},
      {"bank: stolen",
       said(201, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"DENIED","processor_response":{"response_code":"9520"}}]})")),
       End::declined, "declined", false},
      {"bank: expired",
       said(201, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"DENIED","processor_response":{"response_code":"5400"}}]})")),
       End::declined, "invalid_card", false},
      {"second try succeeded", said(201, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"DENIED"},{"id":"B","status":"CREATED"}]})")),
       End::succeeded, "", false},
  };
  for (const Row& row : rows) {
    wire_->answer(orders, row.answer);
    const Outcome outcome = process(instruction(AttemptKind::authorize));
    EXPECT_EQ(outcome.end, row.end) << row.what;
    EXPECT_EQ(outcome.failure ? outcome.failure->code : "", row.code) << row.what;
    EXPECT_EQ(outcome.failure && outcome.failure->retryable, row.retryable) << row.what;
  }
}

TEST_F(PaypalTest, AnotherAmountIsNoAnswer) {
  wire_->answer(orders, 201, order("COMPLETED", authorized_payments));
  EXPECT_EQ(process(instruction(AttemptKind::authorize, "ref-1", 1251)).end, End::in_doubt);
}

// ---- approval

TEST_F(PaypalTest, TheBuyerIsSentToPaypalAndTheApprovedOrderIsCompletedOnce) {
  wire_->answer(orders, 200, order("PAYER_ACTION_REQUIRED", "{}", R"([{"rel":"self","href":"s"},{"rel":"payer-action","href":"https://pp/a"}])"));
  const Outcome waits = process(instruction(AttemptKind::authorize));
  EXPECT_EQ(waits.end, End::requires_action);
  EXPECT_EQ(waits.processor_ref, "ORDER1");
  EXPECT_EQ(waits.action_url, "https://pp/a");

  const Instruction again = instruction(AttemptKind::authorize, "ref-1", 1250, "ORDER1");
  wire_->answer(order_1, 200, order("APPROVED"));
  wire_->answer("POST /v2/checkout/orders/ORDER1/authorize", 201, order("COMPLETED", authorized_payments));
  EXPECT_EQ(look_up(again).end, End::succeeded);
  EXPECT_EQ(wire_->requests.back().headers.find("PayPal-Request-Id"), "ref-1-complete");

  wire_->answer(order_1, 200, order("APPROVED"));
  wire_->answer("POST /v2/checkout/orders/ORDER1/authorize", 422, issue("ORDER_ALREADY_AUTHORIZED"));
  wire_->answer(order_1, 200, order("COMPLETED", authorized_payments));
  EXPECT_EQ(look_up(again).end, End::succeeded);
}

TEST_F(PaypalTest, AnErrorCanSendTheBuyerToo) {
  wire_->answer(orders, 422,
                R"({"details":[{"issue":"PAYER_ACTION_REQUIRED"}],"links":[{"rel":"payer-action","href":"https://pp/checkoutnow?token=ORDER7"}]})");
  const Outcome waits = process(instruction(AttemptKind::sale));
  EXPECT_EQ(waits.end, End::requires_action);
  EXPECT_EQ(waits.processor_ref, "ORDER7");
}

TEST_F(PaypalTest, AnOrderThatRanOutIsReleased) {
  wire_->answer(order_1, 404, issue("INVALID_RESOURCE_ID"));
  EXPECT_EQ(look_up(instruction(AttemptKind::sale, "ref-1", 1250, "ORDER1")).end, End::released);
  EXPECT_EQ(look_up(instruction(AttemptKind::sale)).end, End::in_doubt);
}

// A proxy's 404 says nothing of the order, which may hold money.
TEST_F(PaypalTest, OnlyPaypalItselfSaysThatAnOrderRanOut) {
  for (const char* body : {"", "{}", "<html>Not Found</html>", R"({"message":"no route"})"}) {
    wire_->answer(order_1, 404, body);
    EXPECT_EQ(look_up(instruction(AttemptKind::sale, "ref-1", 1250, "ORDER1")).end, End::in_doubt) << body;
  }
}

TEST_F(PaypalTest, WhatWasReleasedIsNotCompletedAnyMore) {
  const Instruction held = instruction(AttemptKind::authorize, "ref-1", 1250, "ORDER1");
  wire_->answer(order_1, 200, order("APPROVED"));
  EXPECT_EQ(process(instruction(AttemptKind::release, "ref-2", 1250, "ORDER1")).end, End::succeeded);
  wire_->answer(order_1, 200, order("APPROVED"));
  EXPECT_EQ(look_up(held).end, End::released);
  EXPECT_EQ(wire_->asked, (std::vector{token, order_1, order_1}));
}

// ---- captures, refunds, reversals

TEST_F(PaypalTest, ACaptureThatTheOrderShowsIsNotAskedForAgain) {
  wire_->answer(order_1, 200, order("COMPLETED", two_captures));
  EXPECT_EQ(process(instruction(AttemptKind::capture, "ref-2", 500, "ORDER1")).end, End::succeeded);
  EXPECT_EQ(wire_->asked, (std::vector{token, order_1}));
  wire_->answer(order_1, 200, order("COMPLETED", two_captures));
  const Outcome other = process(instruction(AttemptKind::capture, "ref-9", 500, "ORDER1"));
  EXPECT_EQ(other.end, End::declined);
  EXPECT_EQ(other.failure->decline_code, "authorization_not_held");
}

TEST_F(PaypalTest, AnOrderThatCannotBeReadMeansThatNothingWasAsked) {
  for (const AttemptKind kind : {AttemptKind::capture, AttemptKind::refund, AttemptKind::release, AttemptKind::reverse}) {
    wire_->answer(order_1, http::InDoubt{"time-out"});
    EXPECT_EQ(process(instruction(kind, "ref-2", 500, "ORDER1")).end, End::not_sent);
  }
}

// An order in which nothing can be found is not one in which nothing was done: it may hold money still.
TEST_F(PaypalTest, AnOrderThatIsNotWholeDecidesNothing) {
  const std::string odd_payments[] = {"7",
                                      "[]",
                                      "{}",
                                      R"({"authorizations":[7]})",
                                      R"({"authorizations":[{"id":"A","status":"TELEPORTED"}]})",
                                      R"({"captures":[{"id":"C","status":"COMPLETED","amount":{"currency_code":"USD","value":12.5}}]})"};
  std::vector<std::string> bodies = {"{}", R"({"id":"ORDER2","status":"APPROVED","purchase_units":[{}]})", R"({"id":"ORDER1","status":"APPROVED"})"};
  for (const std::string& payments : odd_payments) bodies.push_back(order("COMPLETED", payments));
  for (const std::string& body : bodies) {
    for (const AttemptKind kind : {AttemptKind::capture, AttemptKind::refund, AttemptKind::release, AttemptKind::reverse}) {
      wire_->answer(order_1, 200, body);
      EXPECT_EQ(process(instruction(kind, "ref-2", 500, "ORDER1")).end, End::not_sent) << body;
      wire_->answer(order_1, 200, body);
      EXPECT_EQ(look_up(instruction(kind, "ref-2", 500, "ORDER1")).end, End::in_doubt) << body;
    }
  }
}

TEST_F(PaypalTest, AVoidMustBeSaidToBeOne) {
  const std::string let_go = "POST /v2/payments/authorizations/AUTH1/void";
  struct Row {
    int status;
    const char* body;
    End end;
  };
  const Row rows[] = {{204, "", End::succeeded},
                      {200, R"({"id":"AUTH1","status":"VOIDED"})", End::succeeded},
                      {200, "{}", End::in_doubt},
                      {200, R"({"id":"AUTH1","status":"CREATED"})", End::in_doubt}};
  for (const Row& row : rows) {
    wire_->answer(order_1, 200, order("COMPLETED", authorized_payments));
    wire_->answer(let_go, row.status, row.body);
    EXPECT_EQ(process(instruction(AttemptKind::release, "ref-2", 1250, "ORDER1")).end, row.end) << row.status << row.body;
  }
}

TEST_F(PaypalTest, OtherMoneyIsNoRefund) {
  const std::string refund_1 = "POST /v2/payments/captures/CAP1/refund";
  for (const char* amount : {R"({"currency_code":"USD","value":"4.99"})", R"({"currency_code":"EUR","value":"5.00"})", "7"}) {
    wire_->answer(order_1, 200, order("COMPLETED", two_captures));
    wire_->answer(refund_1, 201, R"({"id":"R1","status":"COMPLETED","amount":)" + std::string(amount) + "}");
    EXPECT_EQ(process(instruction(AttemptKind::reverse, "ref-5", 1250, "ORDER1")).end, End::in_doubt) << amount;
  }
  std::string in_euro = two_captures;
  in_euro.insert(in_euro.size() - 1, R"(,"refunds":[{"id":"R1","status":"COMPLETED","custom_id":"ref-4","amount":{"currency_code":"EUR",)"
                                     R"("value":"5.00"}}])");
  wire_->answer(order_1, 200, order("COMPLETED", in_euro));
  EXPECT_EQ(look_up(instruction(AttemptKind::refund, "ref-4", 500, "ORDER1")).end, End::in_doubt);
}

// Without a token there is no answer at all to look into.
TEST_F(PaypalTest, ATokenThatIsNoneIsDoubtOfNothing) {
  for (const char* body : {"", "{}", R"({"access_token":7})"}) {
    for (const AttemptKind kind : {AttemptKind::authorize, AttemptKind::sale, AttemptKind::capture, AttemptKind::refund, AttemptKind::release}) {
      wire_->answer(token, 200, body);
      EXPECT_EQ(process(instruction(kind, "ref-2", 500, kind == AttemptKind::authorize || kind == AttemptKind::sale ? "" : "ORDER1")).end,
                End::not_sent)
          << body;
    }
  }
  wire_->answer(token, 400, "<html>Bad Request</html>");
  EXPECT_EQ(process(instruction(AttemptKind::sale)).end, End::not_sent);
  wire_->answer(token, 400, R"({"error":"invalid_client"})");
  EXPECT_EQ(process(instruction(AttemptKind::sale)).end, End::declined);
}

TEST_F(PaypalTest, ARefundThatNoCaptureCoversIsSplit) {
  const std::string refund_1 = "POST /v2/payments/captures/CAP1/refund", refund_2 = "POST /v2/payments/captures/CAP2/refund";
  wire_->answer(order_1, 200, order("COMPLETED", two_captures));
  wire_->answer(refund_1, 201, R"({"id":"R1","status":"COMPLETED","amount":{"currency_code":"USD","value":"5.00"}})");
  wire_->answer(refund_2, 201, R"({"id":"R2","status":"COMPLETED","amount":{"currency_code":"USD","value":"3.00"}})");
  const Outcome whole = process(instruction(AttemptKind::refund, "ref-4", 800, "ORDER1"));
  EXPECT_EQ(whole.end, End::succeeded);
  EXPECT_EQ(whole.processor_ref, "R2");
  EXPECT_EQ(wire_->requests.back().headers.find("PayPal-Request-Id"), "ref-4-CAP2");

  // The second part is declined: what is given is given, and the doubt is told.
  wire_->answer(order_1, 200, order("COMPLETED", two_captures));
  wire_->answer(refund_1, 201, R"({"id":"R1","status":"COMPLETED","amount":{"currency_code":"USD","value":"5.00"}})");
  wire_->answer(refund_2, 422, issue("REFUND_FAILED_INSUFFICIENT_FUNDS"));
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-4", 800, "ORDER1")).end, End::in_doubt);

  // The next time the order shows the first part, and the second alone is asked for.
  std::string partly = two_captures;
  partly.insert(partly.size() - 1, R"(,"refunds":[{"id":"R1","status":"COMPLETED","custom_id":"ref-4/CAP1","amount":{"currency_code":"USD",)"
                                   R"("value":"5.00"},"links":[{"rel":"up","href":"https://pp/v2/payments/captures/CAP1"}]}])");
  wire_->answer(order_1, 200, order("COMPLETED", partly));
  EXPECT_EQ(look_up(instruction(AttemptKind::refund, "ref-4", 800, "ORDER1")).end, End::in_doubt);
  wire_->answer(order_1, 200, order("COMPLETED", partly));
  wire_->answer(refund_2, 201, R"({"id":"R2","status":"COMPLETED","amount":{"currency_code":"USD","value":"3.00"}})");
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-4", 800, "ORDER1")).end, End::succeeded);

  wire_->answer(order_1, 200, order("COMPLETED", partly));
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-5", 800, "ORDER1")).failure->decline_code, "refund_amount_exceeded");
}

TEST_F(PaypalTest, AReversalWaitsForWhatIsPending) {
  wire_->answer(order_1, 200, order("COMPLETED", R"({"captures":[{"id":"C","status":"PENDING","amount":{"currency_code":"USD","value":"12.50"}}]})"));
  EXPECT_EQ(process(instruction(AttemptKind::reverse, "ref-5", 1250, "ORDER1")).end, End::in_doubt);
  wire_->answer(order_1, 200, order("COMPLETED", R"({"authorizations":[{"id":"A","status":"VOIDED"}]})"));
  EXPECT_EQ(process(instruction(AttemptKind::reverse, "ref-5", 1250, "ORDER1")).end, End::succeeded);
}

// ---- events

TEST(PaypalEvents, SayWhatTheyAreAbout) {
  const std::string related = R"("supplementary_data":{"related_ids":{"order_id":"O1"}},"amount":{"currency_code":"USD","value":"1.00"})";
  struct Row {
    const char* type;
    std::string resource;
    Notice::About about;
    End end;
    const char* reference;
    const char* processor_ref;
  };
  using About = Notice::About;
  const std::vector<Row> rows = {
      {"PAYMENT.AUTHORIZATION.CREATED", R"({"id":"A1","status":"CREATED","custom_id":"r1",)" + related + "}", About::money, End::succeeded, "r1",
       "O1"},
      {"PAYMENT.AUTHORIZATION.VOIDED", R"({"id":"A1","status":"VOIDED","custom_id":"r1",)" + related + "}", About::money, End::released, "r1", "O1"},
      {"PAYMENT.CAPTURE.COMPLETED", R"({"id":"C1","status":"COMPLETED","custom_id":"r1","invoice_id":"r1",)" + related + "}", About::money,
       End::succeeded, "r1", "O1"},
      {"PAYMENT.CAPTURE.DENIED", R"({"id":"C1","status":"DECLINED","custom_id":"r1","invoice_id":"r1",)" + related + "}", About::money, End::declined,
       "r1", "O1"},
      {"PAYMENT.CAPTURE.PENDING", R"({"id":"C1","status":"PENDING","custom_id":"r1","invoice_id":"r1",)" + related + "}", About::money, End::in_doubt,
       "r1", "O1"},
      {"PAYMENT.CAPTURE.COMPLETED", R"({"id":"C1","status":"COMPLETED","custom_id":"r1","invoice_id":"r2",)" + related + "}", About::capture,
       End::succeeded, "r2", "O1"},
      {"PAYMENT.CAPTURE.REFUNDED", R"({"id":"R1","status":"COMPLETED","custom_id":"r3",)" + related + "}", About::refund, End::succeeded, "r3", "R1"},
      {"PAYMENT.REFUND.FAILED", R"({"id":"R1","status":"FAILED","custom_id":"r3",)" + related + "}", About::refund, End::declined, "r3", "R1"},
      {"PAYMENT.CAPTURE.REVERSED", R"({"id":"R1","status":"COMPLETED","custom_id":"r3",)" + related + "}", About::nothing, End::in_doubt, "", ""},
      {"CHECKOUT.ORDER.APPROVED", R"({"id":"O1","status":"APPROVED","intent":"CAPTURE","purchase_units":[{"custom_id":"r1"}]})", About::money,
       End::requires_action, "r1", "O1"},
      {"CHECKOUT.PAYMENT-APPROVAL.REVERSED", R"({"order_id":"O1"})", About::money, End::released, "", "O1"},
      {"CUSTOMER.DISPUTE.CREATED", R"({"dispute_id":"D1"})", About::nothing, End::in_doubt, "", ""}};
  for (const Row& row : rows) {
    const auto notice = paypal::read_event(R"({"id":"WH-1","event_type":")" + std::string(row.type) + R"(","resource":)" + row.resource + "}");
    ASSERT_TRUE(notice.ok()) << row.type;
    EXPECT_EQ(notice->about, row.about) << row.type << row.resource;
    EXPECT_EQ(notice->outcome.end, row.end) << row.type << row.resource;
    EXPECT_EQ(notice->reference, row.reference) << row.type;
    EXPECT_EQ(notice->processor_ref, row.processor_ref) << row.type;
  }
  for (const char* unreadable : {"", "{", "[]", R"({"id":"WH-1"})", R"({"event_type":"X"})"}) EXPECT_FALSE(paypal::read_event(unreadable).ok());
}

}  // namespace
}  // namespace purser::payments
