// Payments' Adyen adapter against the real Adyen face of the sandbox, and against answers that no processor should give.
#include "contexts/payments/processors/adyen.hpp"

#include "platform/http/loopback_client.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::payments {
namespace {

using sandbox::at;

const std::string hex_key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const Currency eur = *Currency::parse("EUR");

AdyenOptions adyen_options() {
  return {.base_url = "http://adyen.test/adyen/v71",
          .api_key = "AQEtest",
          .merchant_account = "Shop",
          .hmac_key = hex_key,
          .return_url = "http://shop.test/back"};
}

// Answers that a fault cuts off reach nobody, as on a wire.
class CutWire final : public http::Client {
 public:
  explicit CutWire(std::shared_ptr<http::Client> inner) : inner_(std::move(inner)) {}
  Task<http::Outcome> send(http::Outbound request) override {
    bodies.push_back(request.body);
    keys.emplace_back(request.headers.find("Idempotency-Key").value_or(""));
    http::Outcome outcome = co_await inner_->send(std::move(request));
    const auto* response = std::get_if<http::Response>(&outcome);
    if (response != nullptr && response->headers.find("purser-sandbox-cut")) co_return http::InDoubt{"cut"};
    co_return outcome;
  }
  std::vector<std::string> bodies, keys;

 private:
  std::shared_ptr<http::Client> inner_;
};

class OneAnswer final : public http::Client {
 public:
  explicit OneAnswer(http::Outcome answer) : answer_(std::move(answer)) {}
  Task<http::Outcome> send(http::Outbound) override {
    ++asked;
    co_return answer_;
  }
  int asked = 0;

 private:
  http::Outcome answer_;
};

Instruction ask_for(AttemptKind kind, std::int64_t amount = 1000, std::string method = "test_APPROVED") {
  return {.kind = kind,
          .reference = "pay_1-1-1",
          .amount = amount,
          .currency = eur,
          .payment_method = std::move(method),
          .payment_id = "pay_1",
          .order_id = "ord_1"};
}

std::string told(const Outcome& outcome) {
  const char* const ends[] = {"succeeded", "declined", "requires_action", "not_sent", "in_doubt", "absent", "released"};
  std::string text = ends[static_cast<int>(outcome.end)];
  if (outcome.failure && outcome.end == End::declined)
    text += " " + outcome.failure->code + "/" + outcome.failure->decline_code + (outcome.failure->retryable ? " retryable" : "");
  return text + (outcome.answered ? " answered" : "");
}

class AdyenAdapter : public sandbox::Workbench {
 protected:
  AdyenAdapter() {
    sandbox::Options options;
    options.faces["adyen"] = {.webhook_url = "http://shop.test/webhooks/adyen", .webhook_secret = hex_key};
    start(options);
    use(adyen_options());
  }
  void use(AdyenOptions options) {
    wire_ = std::make_shared<CutWire>(http::make_loopback_client(sandbox_->handler()));
    adyen_ = make_adyen(wire_, std::move(options));
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> done;
    boost::asio::co_spawn(io_, std::move(task), [&](std::exception_ptr, T value) { done = std::move(value); });
    run_until([&] { return done.has_value(); });
    return *std::move(done);
  }
  Outcome process(Instruction instruction) { return run(adyen_->process(std::move(instruction))); }
  Outcome look_up(Instruction instruction) { return run(adyen_->look_up(std::move(instruction))); }
  void strike(const std::string& fault, const std::string& reference = "") {
    post("/_sandbox/faults",
         R"({"fault":")" + fault + R"(","count":1,"bytes":9,"match":{"path_prefix":"/adyen/","reference":")" + reference + R"("}})");
  }

  // Lets time pass until the sandbox has sent so many notifications in all; gives the newest as the adapter reads it.
  Notice notified(std::size_t count) {
    if (!runs_) run_webhooks();
    runs_ = true;
    clock_.advance(seconds(2));
    run_until([&] { return client_->sent.size() >= count; });
    auto notice = adyen_->parse_webhook({.method = "POST", .target = "/", .body = client_->sent[count - 1].body}, clock_.now());
    EXPECT_TRUE(notice.ok());
    return notice.ok() ? *notice : Notice{};
  }

  std::shared_ptr<CutWire> wire_;
  std::shared_ptr<Processor> adyen_;
  bool runs_ = false;
};

TEST_F(AdyenAdapter, SellsAndTellsTheSameByNotification) {
  const Outcome sold = process(ask_for(AttemptKind::sale));
  EXPECT_EQ(told(sold), "succeeded");
  EXPECT_EQ(ledger("?processor=adyen&reference=pay_1-1-1"), "charged 1000");
  EXPECT_EQ(ledger("?order_id=ord_1"), "charged 1000");
  EXPECT_EQ(wire_->keys, (std::vector<std::string>{"pay_1-1-1"}));
  EXPECT_EQ(at(wire_->bodies[0], "/captureDelayHours"), "0");
  EXPECT_EQ(at(wire_->bodies[0], "/returnUrl"), "http://shop.test/back");
  EXPECT_EQ(at(wire_->bodies[0], "/additionalData"), "(none)");
  const Notice notice = notified(1);
  EXPECT_EQ(notice.about, Notice::About::money);
  EXPECT_EQ(notice.reference, "pay_1-1-1");
  EXPECT_EQ(notice.processor_ref, sold.processor_ref);
  EXPECT_EQ(notice.amount, (Money{1000, eur}));
  EXPECT_EQ(told(notice.outcome), "succeeded");
}

TEST_F(AdyenAdapter, NamesTheShopper) {
  Instruction instruction = ask_for(AttemptKind::sale);
  instruction.user_id = "u1";
  process(instruction);
  instruction.reference = "pay_2-1-1";
  instruction.payment_method = "someone/test_APPROVED";
  process(instruction);
  EXPECT_EQ(at(wire_->bodies[0], "/shopperReference"), "u1");
  EXPECT_EQ(at(wire_->bodies[1], "/shopperReference"), "someone");
  EXPECT_EQ(at(wire_->bodies[1], "/paymentMethod/storedPaymentMethodId"), "test_APPROVED");
}

TEST_F(AdyenAdapter, DeclinesInTheWordsOfAll) {
  struct Row {
    const char* method;
    const char* told;
  };
  const Row rows[] = {
      // clang-format off
      {"test_DECLINED",             "declined declined/generic_decline retryable"},
      {"test_REFERRAL",             "declined declined/call_issuer retryable"},
      {"test_ERROR",                "declined declined/processing_error retryable"},
      {"test_BLOCK_CARD",           "declined declined/blocked_card"},
      {"test_CARD_EXPIRED",         "declined invalid_card/expired_card"},
      {"test_INVALID_CARD",         "declined invalid_card/incorrect_number"},
      {"test_ISSUER_UNAVAILABLE",   "declined declined/issuer_not_available retryable"},
      {"test_NOT_ENOUGH_BALANCE",   "declined declined/insufficient_funds retryable"},
      {"test_FRAUD",                "declined declined/fraudulent"},
      {"test_CVC_DECLINED",         "declined invalid_card/incorrect_cvc"},
      {"test_DECLINED_NON_GENERIC", "declined declined/do_not_honor retryable"},
      {"test_UNHEARD_OF",           "declined invalid_card/800"},
      // clang-format on
  };
  int number = 0;
  for (const Row& row : rows) {
    Instruction instruction = ask_for(AttemptKind::authorize, 1000, row.method);
    instruction.reference = "pay_1-1-" + std::to_string(++number);
    EXPECT_EQ(told(process(instruction)), row.told) << row.method;
  }
  const Notice notice = notified(1);
  EXPECT_EQ(told(notice.outcome), rows[0].told);  // by its reason alone
  EXPECT_EQ(told(notified(8).outcome), rows[7].told);
}

TEST_F(AdyenAdapter, TheBuyerAuthenticates) {
  Instruction instruction = ask_for(AttemptKind::authorize, 1000, "test_3DS");
  const Outcome asked = process(instruction);
  EXPECT_EQ(told(asked), "requires_action");
  ASSERT_TRUE(asked.action_url.find("/_sandbox/authenticate/") != std::string::npos) << asked.action_url;
  EXPECT_EQ(told(look_up(instruction)), "in_doubt answered");
  const auto sent_back = post(asked.action_url.substr(asked.action_url.find("/_sandbox")), "outcome=approve");
  const std::string location(sent_back.headers.find("location").value_or(""));
  instruction.action_result = location.substr(location.find('=') + 1);
  const Outcome paid = look_up(instruction);
  EXPECT_EQ(told(paid), "succeeded");
  EXPECT_EQ(paid.processor_ref, asked.processor_ref);
  EXPECT_EQ(told(look_up(instruction)), "succeeded");
  EXPECT_EQ(ledger(), "authorized 1000");
  instruction.action_result = "made up";
  instruction.reference = "pay_9-1-1";
  EXPECT_EQ(told(look_up(instruction)), "declined unknown/14_006");
}

TEST_F(AdyenAdapter, PendingIsDecidedByItsNotification) {
  const Outcome waits = process(ask_for(AttemptKind::sale, 1000, "test_PENDING"));
  EXPECT_EQ(told(waits), "in_doubt answered");
  const Notice notice = notified(1);
  EXPECT_EQ(told(notice.outcome), "succeeded");
  EXPECT_EQ(notice.outcome.processor_ref, waits.processor_ref);
}

// What a reply that never came is worth, and what repeating the request under its key comes to: at most one charge.
TEST_F(AdyenAdapter, ChargesOnceHoweverItsAnswersAreLost) {
  struct Row {
    const char* fault;
    const char* first;
    const char* done;
    const char* again;
    const char* done_in_the_end;
  };
  const Row rows[] = {
      // clang-format off
      {"timeout_before_charge",  "in_doubt",          "",             "succeeded",         "charged 1000"},
      {"timeout_after_charge",   "in_doubt",          "charged 1000", "succeeded",         "charged 1000"},
      {"cut_response",           "in_doubt",          "charged 1000", "succeeded",         "charged 1000"},
      {"drop_response",          "in_doubt",          "charged 1000", "succeeded",         "charged 1000"},
      {"error_500_before",       "in_doubt",          "",             "in_doubt",          ""},
      {"error_500_after_charge", "in_doubt",          "charged 1000", "in_doubt",          "charged 1000"},
      {"rate_limited",           "not_sent answered", "",             "succeeded",         "charged 1000"},
      {"lock_timeout",           "in_doubt answered", "",             "succeeded",         "charged 1000"},
      {"slow",                   "succeeded",         "charged 1000", "succeeded",         "charged 1000"},
      // clang-format on
  };
  clock_.jumps = true;
  int number = 0;
  for (const Row& row : rows) {
    Instruction instruction = ask_for(AttemptKind::sale);
    instruction.reference = "pay_" + std::to_string(++number) + "-1-1";
    const std::string of_this = "?reference=" + instruction.reference;
    strike(row.fault);
    EXPECT_EQ(told(process(instruction)), row.first) << row.fault;
    EXPECT_EQ(ledger(of_this), row.done) << row.fault;
    for (int repeated = 0; repeated < 3; ++repeated) EXPECT_EQ(told(process(instruction)), row.again) << row.fault;
    EXPECT_EQ(ledger(of_this), row.done_in_the_end) << row.fault;
  }
}

TEST_F(AdyenAdapter, CapturesAndRefundsAreDecidedByTheirNotifications) {
  const Outcome held = process(ask_for(AttemptKind::authorize));
  EXPECT_EQ(at(wire_->bodies[0], "/additionalData/manualCapture"), "true");
  Instruction capture = ask_for(AttemptKind::capture, 400);
  capture.reference = "pay_1-1-2";
  capture.processor_ref = held.processor_ref;
  EXPECT_EQ(told(process(capture)), "in_doubt answered");
  EXPECT_EQ(told(process(capture)), "in_doubt answered");  // as the janitor repeats it
  const Notice captured = notified(2);
  EXPECT_EQ(captured.about, Notice::About::capture);
  EXPECT_EQ(captured.reference, "pay_1-1-2");
  EXPECT_EQ(captured.amount, (Money{400, eur}));
  EXPECT_EQ(told(captured.outcome), "succeeded");

  Instruction refund = ask_for(AttemptKind::refund, 300);
  refund.reference = "pay_1-1-3";
  refund.processor_ref = held.processor_ref;
  EXPECT_EQ(told(process(refund)), "in_doubt answered");
  const Notice refunded = notified(3);
  EXPECT_EQ(refunded.about, Notice::About::refund);
  EXPECT_EQ(refunded.reference, "pay_1-1-3");
  EXPECT_EQ(told(refunded.outcome), "succeeded");
  refund.reference = "pay_1-1-4";
  process(refund);
  EXPECT_EQ(told(notified(4).outcome), "declined declined/ retryable");  // more than is left
  EXPECT_EQ(ledger(), "authorized 1000, captured 400, released 600, refunded 300");
}

TEST_F(AdyenAdapter, ARefundThatComesBackIsTold) {
  Instruction refund = ask_for(AttemptKind::refund, 300);
  refund.processor_ref = process(ask_for(AttemptKind::sale, 1000, "test_REFUND_FAILED")).processor_ref;
  refund.reference = "pay_1-1-2";
  process(refund);
  EXPECT_EQ(told(notified(2).outcome), "succeeded");
  clock_.advance(seconds(5));
  const Notice back = notified(3);
  EXPECT_EQ(back.type, "REFUND_FAILED");
  EXPECT_EQ(back.about, Notice::About::refund);
  EXPECT_EQ(back.reference, "pay_1-1-2");
  EXPECT_EQ(told(back.outcome), "declined declined/ retryable");
}

TEST_F(AdyenAdapter, SeveralCapturesAreAskedForOnlyWhereTheyAreEnabled) {
  AdyenOptions options = adyen_options();
  EXPECT_FALSE(adyen_->capabilities().multi_capture);
  Instruction part = ask_for(AttemptKind::capture, 400);
  part.processor_ref = process(ask_for(AttemptKind::authorize)).processor_ref;
  part.reference = "pay_1-1-2";
  part.final = false;
  EXPECT_EQ(told(process(part)), "declined unknown/");
  EXPECT_EQ(wire_->keys.size(), 1U);
  options.several_captures = true;
  options.merchant_account = "Shop_MULTI";
  use(options);
  EXPECT_TRUE(adyen_->capabilities().multi_capture);
  Instruction authorize = ask_for(AttemptKind::authorize);
  authorize.reference = "pay_2-1-1";
  part.processor_ref = process(authorize).processor_ref;
  part.reference = "pay_2-1-2";
  EXPECT_EQ(told(process(part)), "in_doubt answered");
}

TEST_F(AdyenAdapter, ReleasesWhatIsHeld) {
  Instruction release = ask_for(AttemptKind::release);
  release.processor_ref = process(ask_for(AttemptKind::authorize)).processor_ref;
  release.reference = "pay_1-1-2";
  EXPECT_EQ(told(process(release)), "in_doubt answered");
  const Notice released = notified(2);
  EXPECT_EQ(released.about, Notice::About::money);  // the end of the charge, whoever cancelled it
  EXPECT_EQ(released.reference, "");
  EXPECT_EQ(released.processor_ref, release.processor_ref);
  EXPECT_EQ(told(released.outcome), "released");
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000");
  release.reference = "pay_1-1-3";
  process(release);
  const Notice failed = notified(3);
  EXPECT_EQ(failed.about, Notice::About::release);
  EXPECT_EQ(failed.reference, "pay_1-1-3");
}

TEST_F(AdyenAdapter, UndoesByOurReferenceWhatNeverAnswered) {
  clock_.jumps = true;
  strike("drop_response");
  EXPECT_EQ(told(process(ask_for(AttemptKind::authorize))), "in_doubt");
  clock_.jumps = false;
  Instruction reverse = ask_for(AttemptKind::reverse);
  reverse.processor_ref = "pay_1-1-1";
  reverse.reference = "pay_1-1-2";
  EXPECT_EQ(told(process(reverse)), "in_doubt answered");
  EXPECT_EQ(wire_->keys.back(), "pay_1-1-2");
  const Notice undone = notified(2);
  EXPECT_EQ(undone.type, "TECHNICAL_CANCEL");
  EXPECT_EQ(undone.about, Notice::About::money);
  EXPECT_EQ(undone.reference, "pay_1-1-1");
  EXPECT_EQ(told(undone.outcome), "released");
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000");

  // Of what was never there it is told that it failed, which says nothing: the charge may still be on its way.
  reverse.processor_ref = "pay_7-1-1";
  reverse.reference = "pay_7-1-2";
  process(reverse);
  EXPECT_EQ(notified(3).about, Notice::About::nothing);
}

TEST_F(AdyenAdapter, ReversesWhetherHeldOrTaken) {
  int count = 0;
  for (const auto kind : {AttemptKind::authorize, AttemptKind::sale}) {
    Instruction charge = ask_for(kind);
    charge.reference = "pay_" + std::to_string(count) + "-1-1";
    Instruction reverse = ask_for(AttemptKind::reverse);
    reverse.processor_ref = process(charge).processor_ref;
    reverse.reference = "pay_" + std::to_string(count) + "-1-2";
    EXPECT_EQ(told(process(reverse)), "in_doubt answered");
    reverse.repetition = 5;
    EXPECT_EQ(told(process(reverse)), "in_doubt answered");  // under the same key: it is done once
    const Notice reversed = notified(static_cast<std::size_t>(count += 2));
    EXPECT_EQ(reversed.about, Notice::About::refund);
    EXPECT_EQ(reversed.reference, reverse.reference);
    EXPECT_EQ(told(reversed.outcome), "succeeded");
  }
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000, charged 1000, refunded 1000");
}

TEST_F(AdyenAdapter, CountsAsAdyenDoes) {
  struct Row {
    const char* currency;
    std::int64_t ours;
    const char* theirs;
  };
  const Row rows[] = {{"EUR", 1234, "1234"},   {"JPY", 1234, "1234"},   {"KWD", 1234, "1234"},  {"ISK", 1234, "123400"},
                      {"CLP", 1234, "123400"}, {"IDR", 123400, "1234"}, {"CVE", 123400, "1234"}};
  std::size_t count = 0;
  for (const Row& row : rows) {
    Instruction instruction = ask_for(AttemptKind::sale, row.ours);
    instruction.currency = *Currency::parse(row.currency);
    instruction.reference = std::string("pay_") + row.currency + "-1-1";
    EXPECT_EQ(told(process(instruction)), "succeeded") << row.currency;
    EXPECT_EQ(at(wire_->bodies.back(), "/amount/value"), row.theirs) << row.currency;
    EXPECT_EQ(notified(++count).amount, (Money{row.ours, instruction.currency})) << row.currency;
  }
  Instruction broken = ask_for(AttemptKind::sale, 123'450);
  broken.currency = *Currency::parse("IDR");
  EXPECT_EQ(told(process(broken)), "declined unknown/");
  EXPECT_EQ(wire_->keys.size(), std::size(rows));
}

TEST_F(AdyenAdapter, SaysSoBeforeItAsksForWhatCannotBe) {
  AdyenOptions options = adyen_options();
  options.return_url = "";
  use(options);
  EXPECT_EQ(told(process(ask_for(AttemptKind::sale))), "declined unknown/");
  for (const auto kind : {AttemptKind::capture, AttemptKind::refund, AttemptKind::release, AttemptKind::reverse})
    EXPECT_EQ(told(process(ask_for(kind))), "declined unknown/");
  Instruction capture = ask_for(AttemptKind::capture);
  capture.processor_ref = "pay_1-1-1";
  EXPECT_EQ(told(process(capture)), "declined unknown/");
  EXPECT_TRUE(wire_->keys.empty());
}

TEST_F(AdyenAdapter, WrongKeysAreOurs) {
  AdyenOptions options = adyen_options();
  options.api_key = "sk_test_1";
  use(options);
  EXPECT_EQ(told(process(ask_for(AttemptKind::sale))), "declined unknown/000 retryable");
}

TEST_F(AdyenAdapter, AnswersThatNoProcessorShouldGiveAreDoubt) {
  struct Row {
    const char* what;
    http::Outcome answer;
    const char* told;
  };
  const auto answered = [](int status, std::string body) { return http::Response{.status = status, .body = std::move(body)}; };
  const Row rows[] = {
      {"no byte left", http::NotSent{"refused"}, "not_sent"},
      {"a time-out", http::InDoubt{"time-out"}, "in_doubt"},
      {"too large an answer", http::InDoubt{"the response is too large"}, "in_doubt"},
      {"nothing", answered(200, ""), "in_doubt"},
      {"no JSON", answered(200, "<html>"), "in_doubt"},
      {"half of it", answered(200, R"({"resultCode":"Authorised","pspRef)"), "in_doubt"},
      {"a list", answered(200, "[]"), "in_doubt"},
      {"nested without end", answered(200, R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}"), "in_doubt"},
      {"a megabyte of words", answered(200, R"({"resultCode":")" + std::string(1 << 20, 'x') + R"("})"), "in_doubt answered"},
      {"an empty object", answered(200, "{}"), "in_doubt answered"},
      {"no reference of theirs", answered(200, R"({"resultCode":"Authorised"})"), "in_doubt"},
      {"numbers for words", answered(200, R"({"resultCode":1,"pspReference":2})"), "in_doubt answered"},
      {"another amount", answered(200, R"({"resultCode":"Authorised","pspReference":"P","amount":{"value":999,"currency":"EUR"}})"), "in_doubt"},
      {"another currency", answered(200, R"({"resultCode":"Authorised","pspReference":"P","amount":{"value":1000,"currency":"USD"}})"), "in_doubt"},
      {"another payment", answered(200, R"({"resultCode":"Authorised","pspReference":"P","merchantReference":"x"})"), "in_doubt"},
      {"part of it", answered(200, R"({"resultCode":"PartiallyAuthorised","pspReference":"P"})"), "in_doubt answered"},
      {"a word of tomorrow", answered(200, R"({"resultCode":"Teleported","pspReference":"P"})"), "in_doubt answered"},
      {"a redirect", answered(302, "{}"), "in_doubt"},
      {"an error without a code", answered(422, "{}"), "in_doubt"},
      {"an error of theirs", answered(500, R"({"status":500,"errorCode":"905"})"), "in_doubt"},
      {"a page of a proxy", answered(502, "Bad Gateway"), "in_doubt"},
      {"too many requests", answered(429, "{}"), "not_sent answered"},
      {"no rights", answered(403, R"({"status":403,"errorCode":"901"})"), "declined unknown/901 retryable"},
      {"a wrong field", answered(422, R"({"status":422,"errorCode":"14_030"})"), "declined unknown/14_030"},
      {"a wrong card", answered(422, R"({"status":422,"errorCode":"101"})"), "declined invalid_card/101"},
      {"the same key at work", answered(422, R"({"status":422,"errorCode":"704"})"), "in_doubt answered"},
      {"all is well", answered(200, R"({"resultCode":"Authorised","pspReference":"P"})"), "succeeded"},
  };
  for (const Row& row : rows) {
    const auto client = std::make_shared<OneAnswer>(row.answer);
    const auto adyen = make_adyen(client, adyen_options());
    EXPECT_EQ(told(run(adyen->process(ask_for(AttemptKind::sale)))), row.told) << row.what;
    EXPECT_EQ(client->asked, 1) << row.what;  // it never retries by itself
  }
  const auto odd = make_adyen(std::make_shared<OneAnswer>(answered(201, R"({"status":"done"})")), adyen_options());
  Instruction capture = ask_for(AttemptKind::capture);
  capture.processor_ref = "P";
  EXPECT_EQ(told(run(odd->process(capture))), "in_doubt");
}

TEST_F(AdyenAdapter, ANotificationIsKnownWhenItComesAgain) {
  strike("webhook_duplicate");
  process(ask_for(AttemptKind::sale));
  const Notice first = notified(1), second = notified(2);
  EXPECT_EQ(first.event_id, second.event_id);
  EXPECT_EQ(client_->sent[0].body, client_->sent[1].body);
}

}  // namespace
}  // namespace purser::payments
