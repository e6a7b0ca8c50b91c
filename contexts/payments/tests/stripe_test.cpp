// The Stripe adapter against answers that Stripe never gives: a proxy's pages, objects of another kind, other money. Against the sandbox's
// Stripe: tests/processors.
#include "contexts/payments/processors/stripe.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>

namespace purser::payments {
namespace {

// Answers each call as it was told to; what it was told nothing about, it never got.
class ScriptedStripe final : public http::Client {
 public:
  Task<http::Outcome> send(http::Outbound request) override {
    const std::string call = request.method + " " + request.url.substr(std::string("http://stripe.test/v1/").size());
    asked.push_back(call + (request.body.empty() ? "" : " " + request.body));
    const auto known = answers.find(call);
    if (known == answers.end()) co_return http::NotSent{"nothing is known of " + call};
    co_return known->second;
  }
  void answer(const std::string& call, int status, std::string body) { answers[call] = {.status = status, .body = std::move(body)}; }

  std::map<std::string, http::Response> answers;
  std::vector<std::string> asked;
};

const std::string take = "POST payment_intents/pi_1/capture", cancel = "POST payment_intents/pi_1/cancel", give_back = "POST refunds",
                  intent_1 = "GET payment_intents/pi_1", refunds_1 = "GET refunds?payment_intent=pi_1&limit=100";

std::string intent(const std::string& status, std::int64_t received, const std::string& currency = "usd") {
  return R"({"id":"pi_1","object":"payment_intent","amount":1000,"amount_received":)" + std::to_string(received) + R"(,"currency":")" + currency +
         R"(","status":")" + status + R"("})";
}
std::string refund_of(std::int64_t amount, const std::string& currency = "usd") {
  return R"({"id":"re_1","object":"refund","status":"succeeded","amount":)" + std::to_string(amount) + R"(,"currency":")" + currency +
         R"(","metadata":{"purser_reference":"ref-2"}})";
}
std::string list_of(const std::string& objects) { return R"({"object":"list","data":[)" + objects + R"(],"has_more":false})"; }
std::string error_about(const std::string& shown) {
  return R"({"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state","message":"m","payment_intent":)" + shown + "}}";
}

class StripeTest : public testing::Test {
 protected:
  static Instruction instruction(AttemptKind kind, std::int64_t amount = 1000) {
    return {.kind = kind, .reference = "ref-2", .amount = amount, .currency = *Currency::parse("USD"), .processor_ref = "pi_1"};
  }
  Outcome run(Task<Outcome> task) {
    Outcome outcome{.end = End::in_doubt};
    boost::asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& problem, Outcome got) {
      EXPECT_FALSE(problem);
      outcome = std::move(got);
    });
    io_.restart();
    io_.run();
    return outcome;
  }
  Outcome process(Instruction wanted) { return run(stripe_->process(std::move(wanted))); }
  Outcome look_up(Instruction wanted) { return run(stripe_->look_up(std::move(wanted))); }

  boost::asio::io_context io_;
  std::shared_ptr<ScriptedStripe> wire_ = std::make_shared<ScriptedStripe>();
  std::shared_ptr<Processor> stripe_ = make_stripe(wire_, {.base_url = "http://stripe.test", .secret_key = "sk_test_1", .webhook_secret = "whsec_1"});
};

// A 400 that no JSON stands in is looked into for what the intent shows; it shows nothing.
TEST_F(StripeTest, ARefusalThatCannotBeReadIsDoubt) {
  for (const char* body : {"", "<html>Bad Request</html>", "[]", "null"}) {
    for (const std::string& call : {take, cancel}) wire_->answer(call, 400, body);
    for (const AttemptKind kind : {AttemptKind::capture, AttemptKind::release, AttemptKind::reverse})
      EXPECT_EQ(process(instruction(kind)).end, End::in_doubt) << body;
  }
}

TEST_F(StripeTest, WhatIsNoAnswerOfStripesIsDoubt) {
  struct Row {
    int status;
    std::string body;
  };
  const Row rows[] = {{200, "{}"},
                      {200, R"({"id":"pi_1","status":"canceled"})"},
                      {200, R"({"id":"pi_2","object":"payment_intent","status":"canceled"})"},
                      {302, intent("canceled", 0)},
                      {202, intent("succeeded", 1000)},
                      {400, R"({"error":{}})"},
                      {402, R"({"error":{"message":"Payment Required"}})"},
                      {404, R"({"error":"not found"})"}};
  for (const Row& row : rows) {
    for (const std::string& call : {take, cancel, give_back, intent_1, refunds_1}) wire_->answer(call, row.status, row.body);
    for (const AttemptKind kind : {AttemptKind::capture, AttemptKind::refund, AttemptKind::release, AttemptKind::reverse}) {
      EXPECT_EQ(process(instruction(kind)).end, End::in_doubt) << row.status << row.body;
      EXPECT_EQ(look_up(instruction(kind)).end, End::in_doubt) << "looked up: " << row.status << row.body;
    }
  }
}

// What is not in a list is absent only where the list can be understood.
TEST_F(StripeTest, AListThatCannotBeUnderstoodProvesNothing) {
  Instruction charge = instruction(AttemptKind::sale);
  charge.processor_ref.clear();
  for (const char* list :
       {R"({"data":[7],"has_more":false})", R"({"data":[{}],"has_more":false})", R"({"data":[]})", R"({"data":[],"has_more":"no"})"}) {
    wire_->answer("GET payment_intents?limit=100", 200, list);
    wire_->answer(refunds_1, 200, list);
    EXPECT_EQ(look_up(charge).end, End::in_doubt) << list;
    EXPECT_EQ(look_up(instruction(AttemptKind::refund)).end, End::in_doubt) << list;
  }
  wire_->answer("GET payment_intents?limit=100", 200, list_of(""));
  wire_->answer(refunds_1, 200, list_of(""));
  EXPECT_EQ(look_up(charge).end, End::absent);
  EXPECT_EQ(look_up(instruction(AttemptKind::refund)).end, End::absent);
}

TEST_F(StripeTest, OtherMoneyIsNoSuccess) {
  for (const std::string& shown : {intent("succeeded", 999), intent("succeeded", 1001), intent("succeeded", 1000, "eur")}) {
    wire_->answer(take, 200, shown);
    EXPECT_EQ(process(instruction(AttemptKind::capture)).end, End::in_doubt) << shown;
  }
  wire_->answer(take, 200, intent("succeeded", 1000));
  EXPECT_EQ(process(instruction(AttemptKind::capture)).end, End::succeeded);
  for (const std::string& shown : {refund_of(999), refund_of(1000, "eur")}) {
    wire_->answer(give_back, 200, shown);
    wire_->answer(refunds_1, 200, list_of(shown));
    EXPECT_EQ(process(instruction(AttemptKind::refund)).end, End::in_doubt) << shown;
    EXPECT_EQ(look_up(instruction(AttemptKind::refund)).end, End::in_doubt) << shown;
  }
}

// Cancelled with a part captured, the part is still taken.
TEST_F(StripeTest, AReversalGivesBackWhatWasCapturedOfAHold) {
  wire_->answer(cancel, 200, intent("canceled", 400));
  wire_->answer(give_back, 200, refund_of(400));
  wire_->answer(intent_1, 200, intent("canceled", 400));
  wire_->answer(refunds_1, 200, list_of(""));
  const Instruction reverse = instruction(AttemptKind::reverse);
  EXPECT_EQ(look_up(reverse).end, End::absent);
  EXPECT_EQ(process(reverse).end, End::succeeded);
  EXPECT_EQ(wire_->asked.back().find("amount"), std::string::npos) << "whatever is left: " << wire_->asked.back();
  wire_->answer(refunds_1, 200, list_of(refund_of(400)));
  EXPECT_EQ(look_up(reverse).end, End::succeeded);
  // Cancelled before, by whomever.
  wire_->answer(cancel, 400, error_about(intent("canceled", 400)));
  EXPECT_EQ(process(reverse).end, End::succeeded);
  EXPECT_EQ(wire_->asked.back().substr(0, give_back.size()), give_back);
}

}  // namespace
}  // namespace purser::payments
