// PayPal's adapter and the sandbox's PayPal, face to face: what the adapter says came of an ask is what stands in the ledger.
#include "contexts/payments/processors/paypal.hpp"

#include "platform/http/loopback_client.hpp"
#include "sandbox/paypal_signature.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

using payments::AttemptKind;
using payments::Instruction;
using payments::Notice;
using payments::Outcome;
using Result_ = payments::End;

const Currency usd = Currency::parse("USD").value(), huf = Currency::parse("HUF").value();

// The wire between the two: what the sandbox asks to be cut does not arrive.
class Wire final : public http::Client {
 public:
  explicit Wire(http::Handler handler) : inner_(http::make_loopback_client(std::move(handler))) {}
  Task<http::Outcome> send(http::Outbound request) override {
    ++sent;
    http::Outcome outcome = co_await inner_->send(std::move(request));
    const auto* response = std::get_if<http::Response>(&outcome);
    if (response != nullptr && response->headers.find("purser-sandbox-cut")) co_return http::InDoubt{"the connection was cut"};
    co_return outcome;
  }
  int sent = 0;

 private:
  std::shared_ptr<http::Client> inner_;
};

class PaypalFace : public Workbench {
 protected:
  PaypalFace() {
    Options options;
    options.faces["paypal"] = {.webhook_url = "http://shop.test/webhooks/paypal", .webhook_secret = key().secret};
    clock_.jumps = true;
    start(std::move(options));
    wire_ = std::make_shared<Wire>(sandbox_->handler());
    paypal_ = make_adapter("secret", key().public_key);
  }

  // One pair for all: it takes a while to make.
  static const PaypalWebhookKey& key() {
    static const PaypalWebhookKey pair = make_paypal_webhook_key();
    return pair;
  }
  std::shared_ptr<payments::Processor> make_adapter(std::string secret, std::string certificates) {
    return payments::make_paypal(wire_, adapter_clock_,
                                 {.base_url = "http://sandbox.test/paypal",
                                  .client_id = "client",
                                  .client_secret = std::move(secret),
                                  .webhook_id = key().webhook_id,
                                  .webhook_certificates = std::move(certificates)});
  }

  Instruction instruction(AttemptKind kind, std::string reference, std::int64_t amount = 1000, std::string processor_ref = {}) {
    return {.kind = kind,
            .reference = std::move(reference),
            .amount = amount,
            .currency = usd,
            .payment_method = "card:ok",
            .processor_ref = std::move(processor_ref),
            .payment_id = "pay_1",
            .order_id = "ord_1",
            .return_url = "http://shop.test/back",
            .begun_at = clock_.now()};
  }
  Instruction sale_with(std::string method, std::string reference = "ref-1") {
    Instruction wanted = instruction(AttemptKind::sale, std::move(reference));
    wanted.payment_method = std::move(method);
    return wanted;
  }
  Outcome run(Task<Outcome> task) {
    std::optional<Outcome> outcome;
    boost::asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr& problem, Outcome got) {
      EXPECT_FALSE(problem);
      outcome = std::move(got);
    });
    run_until([&] { return outcome.has_value(); });
    return *outcome;
  }
  Outcome process(Instruction wanted) { return run(paypal_->process(std::move(wanted))); }
  Outcome look_up(Instruction wanted) { return run(paypal_->look_up(std::move(wanted))); }
  std::string held(const std::string& reference = "ref-1") { return process(instruction(AttemptKind::authorize, reference)).processor_ref; }
  std::string paid(const std::string& reference = "ref-1") { return process(instruction(AttemptKind::sale, reference)).processor_ref; }

  void fault(const std::string& kind, const std::string& path_prefix, int count = 1) {
    const auto set = post("/_sandbox/faults", R"({"fault":")" + kind + R"(","count":)" + std::to_string(count) +
                                                  R"(,"match":{"method":"POST","path_prefix":")" + path_prefix + R"("}})");
    EXPECT_EQ(set.status, 200) << set.body;
  }

  // What the sandbox would have sent to the shop so far.
  std::vector<http::Request> delivered(std::size_t at_least) {
    clock_.jumps = false;
    run_webhooks();
    run_until([&] { return client_->sent.size() >= at_least; });
    std::vector<http::Request> requests;
    for (const http::Outbound& sent : client_->sent)
      requests.push_back({.method = "POST", .target = "/webhooks/paypal", .headers = sent.headers, .body = sent.body});
    return requests;
  }

  static constexpr const char* orders = "/paypal/v2/checkout/orders";
  static constexpr const char* payments_v2 = "/paypal/v2/payments";
  TestClock adapter_clock_;
  std::shared_ptr<Wire> wire_;
  std::shared_ptr<payments::Processor> paypal_;
};

// ---- each operation

TEST_F(PaypalFace, AuthorizesAndCapturesInParts) {
  const std::string order = held();
  EXPECT_EQ(ledger(), "authorized 1000");
  Instruction first = instruction(AttemptKind::capture, "ref-2", 400, order);
  first.final = false;
  EXPECT_EQ(look_up(first).end, Result_::absent);
  const Outcome captured = process(first);
  EXPECT_EQ(captured.end, Result_::succeeded);
  EXPECT_EQ(captured.processor_ref, order);
  EXPECT_EQ(look_up(first).end, Result_::succeeded);
  EXPECT_EQ(process(instruction(AttemptKind::capture, "ref-3", 500, order)).end, Result_::succeeded);
  EXPECT_EQ(ledger("?payment_intent=" + order), "authorized 1000, captured 400, captured 500, released 100");
  EXPECT_EQ(process(instruction(AttemptKind::capture, "ref-4", 1, order)).end, Result_::declined);
  EXPECT_EQ(process(first).end, Result_::succeeded);
  EXPECT_EQ(ledger("?reference=ref-1&order_id=ord_1"), "authorized 1000, captured 400, captured 500, released 100");
}

TEST_F(PaypalFace, MoreThanIsHeldIsDeclined) {
  const Outcome outcome = process(instruction(AttemptKind::capture, "ref-2", 1001, held()));
  EXPECT_EQ(outcome.end, Result_::declined);
  EXPECT_EQ(outcome.failure->decline_code, "max_capture_amount_exceeded");
}

TEST_F(PaypalFace, SellsAndRefunds) {
  const std::string order = paid();
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-2", 300, order)).end, Result_::succeeded);
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-2", 300, order)).end, Result_::succeeded);
  EXPECT_EQ(look_up(instruction(AttemptKind::refund, "ref-3", 700, order)).end, Result_::absent);
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-3", 700, order)).end, Result_::succeeded);
  EXPECT_EQ(process(instruction(AttemptKind::refund, "ref-4", 1, order)).end, Result_::declined);
  EXPECT_EQ(ledger(), "charged 1000, refunded 300, refunded 700");
}

TEST_F(PaypalFace, ARefundLargerThanAnyCaptureTakesSeveral) {
  const std::string order = held();
  Instruction first = instruction(AttemptKind::capture, "ref-2", 400, order);
  first.final = false;
  process(first);
  process(instruction(AttemptKind::capture, "ref-3", 600, order));
  const Instruction wanted = instruction(AttemptKind::refund, "ref-4", 900, order);
  fault("drop_response", payments_v2);
  EXPECT_EQ(process(wanted).end, Result_::in_doubt);
  EXPECT_EQ(process(wanted).end, Result_::succeeded);
  EXPECT_EQ(look_up(wanted).end, Result_::succeeded);
  EXPECT_EQ(ledger(), "authorized 1000, captured 400, captured 600, refunded 400, refunded 500");
}

TEST_F(PaypalFace, Releases) {
  const std::string order = held();
  const Instruction wanted = instruction(AttemptKind::release, "ref-2", 1000, order);
  EXPECT_EQ(look_up(wanted).end, Result_::absent);
  EXPECT_EQ(process(wanted).end, Result_::succeeded);
  EXPECT_EQ(process(wanted).end, Result_::succeeded);
  EXPECT_EQ(look_up(wanted).end, Result_::succeeded);
  EXPECT_EQ(look_up(instruction(AttemptKind::authorize, "ref-1", 1000, order)).end, Result_::released);
  EXPECT_EQ(process(instruction(AttemptKind::capture, "ref-3", 1000, order)).end, Result_::declined);
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000");
}

TEST_F(PaypalFace, WhatWasCapturedIsNotReleased) {
  const std::string order = held();
  process(instruction(AttemptKind::capture, "ref-2", 1000, order));
  EXPECT_EQ(process(instruction(AttemptKind::release, "ref-3", 1000, order)).end, Result_::declined);
}

TEST_F(PaypalFace, ReversesWhateverTheOrderHolds) {
  const std::string only_held = held("ref-1"), sold = paid("ref-2"), partly = held("ref-3");
  Instruction part = instruction(AttemptKind::capture, "ref-4", 400, partly);
  part.final = false;
  process(part);
  for (const std::string& order : {only_held, sold, partly}) {
    const Instruction wanted = instruction(AttemptKind::reverse, "rev-" + order, 1000, order);
    EXPECT_EQ(look_up(wanted).end, Result_::absent);
    EXPECT_EQ(process(wanted).end, Result_::succeeded);
    EXPECT_EQ(look_up(wanted).end, Result_::succeeded);
    EXPECT_EQ(process(wanted).end, Result_::succeeded);
  }
  EXPECT_EQ(ledger("?payment_intent=" + only_held), "authorized 1000, canceled 1000");
  EXPECT_EQ(ledger("?payment_intent=" + sold), "charged 1000, refunded 1000");
  EXPECT_EQ(ledger("?payment_intent=" + partly), "authorized 1000, captured 400, canceled 600, refunded 400");
}

TEST_F(PaypalFace, CurrenciesWithoutDecimals) {
  Instruction wanted = instruction(AttemptKind::sale, "ref-1", 125'000);
  wanted.currency = huf;
  const Outcome outcome = process(wanted);
  EXPECT_EQ(outcome.end, Result_::succeeded);
  wanted.amount = 125'050;
  EXPECT_EQ(process(wanted).failure->decline_code, "amount_not_supported");
  EXPECT_EQ(ledger(), "charged 125000");
}

// ---- declines

TEST_F(PaypalFace, DeclinesByCode) {
  struct Row {
    const char* method;
    const char* code;
    const char* decline_code;
    bool retryable;
  };
  const Row rows[] = {{"card:declined", "declined", "generic_decline", true},
                      {"paypal:cannot_pay", "declined", "payer_cannot_pay", false},
                      {"token:refused", "declined", "transaction_refused", true},
                      {"card:card_expired", "invalid_card", "expired_card", false},
                      {"card:do_not_honor", "declined", "do_not_honor", true},
                      {"card:insufficient_funds", "declined", "insufficient_funds", true},
                      {"card:expired", "invalid_card", "expired_card", false},
                      {"card:cvv", "invalid_card", "incorrect_cvc", false},
                      {"card:fraud", "declined", "fraudulent", false},
                      {"card:lost", "declined", "lost_card", false},
                      {"card:nobody", "invalid_card", "token_id_not_found", false},
                      {"pm_card_visa", "invalid_card", "payment_method_unknown", false}};
  int number = 0;
  for (const AttemptKind kind : {AttemptKind::sale, AttemptKind::authorize}) {
    for (const Row& row : rows) {
      Instruction wanted = instruction(kind, "ref-" + std::to_string(++number));
      wanted.payment_method = row.method;
      const Outcome outcome = process(wanted);
      ASSERT_EQ(outcome.end, Result_::declined) << row.method;
      EXPECT_EQ(outcome.failure->code, row.code) << row.method;
      EXPECT_EQ(outcome.failure->decline_code, row.decline_code) << row.method;
      EXPECT_EQ(outcome.failure->retryable, row.retryable) << row.method;
    }
  }
  EXPECT_EQ(ledger().find("charged"), std::string::npos);
}

// ---- the buyer

TEST_F(PaypalFace, TheBuyerApprovesAndTheOrderIsCompletedOnce) {
  for (const char* method : {"paypal", "card:approval"}) {
    const std::string reference = std::string("ref-") + method;
    const Outcome waits = process(sale_with(method, reference));
    ASSERT_EQ(waits.end, Result_::requires_action);
    EXPECT_EQ(waits.action_url, "http://sandbox.test/_sandbox/authenticate/" + waits.processor_ref);
    Instruction again = sale_with(method, reference);
    again.processor_ref = waits.processor_ref;
    EXPECT_EQ(look_up(again).end, Result_::requires_action);
    const std::string page = "/_sandbox/authenticate/" + waits.processor_ref;
    EXPECT_EQ(post(page, "outcome=decline").headers.find("location"), "http://shop.test/back?token=" + waits.processor_ref);
    EXPECT_EQ(look_up(again).end, Result_::requires_action);
    post(page, "outcome=approve");
    fault("drop_response", std::string(orders) + "/" + waits.processor_ref);
    const Outcome lost = look_up(again);
    EXPECT_EQ(lost.end, Result_::in_doubt);
    EXPECT_EQ(lost.processor_ref, waits.processor_ref);
    EXPECT_EQ(look_up(again).end, Result_::succeeded);
    EXPECT_EQ(process(again).end, Result_::succeeded);
    EXPECT_EQ(ledger("?reference=" + reference), "charged 1000");
  }
}

TEST_F(PaypalFace, AnApprovalThatComesAfterTheReleaseTakesNoMoney) {
  const Outcome waits = process(sale_with("paypal"));
  EXPECT_EQ(process(instruction(AttemptKind::release, "ref-2", 1000, waits.processor_ref)).end, Result_::succeeded);
  post("/_sandbox/authenticate/" + waits.processor_ref, "outcome=approve");
  Instruction again = sale_with("paypal");
  again.processor_ref = waits.processor_ref;
  EXPECT_EQ(look_up(again).end, Result_::released);
  EXPECT_EQ(ledger(), "");
}

// ---- doubt

TEST_F(PaypalFace, ALostReplyRepeatedUnderItsKeyIsOneCharge) {
  for (const char* kind : {"drop_response", "cut_response", "timeout_after_charge", "error_500_after_charge"}) {
    const std::string reference = std::string("ref-") + kind;
    fault(kind, orders);
    EXPECT_EQ(process(sale_with("card:ok", reference)).end, Result_::in_doubt) << kind;
    EXPECT_EQ(ledger("?reference=" + reference), "charged 1000") << kind;
    EXPECT_EQ(process(sale_with("card:ok", reference)).end, Result_::succeeded) << kind;
    EXPECT_EQ(ledger("?reference=" + reference), "charged 1000") << kind;
  }
}

TEST_F(PaypalFace, WhatWasNotDoneIsDoneByTheRepetition) {
  struct Row {
    const char* fault;
    Result_ end;
  };
  const Row rows[] = {{"timeout_before_charge", Result_::in_doubt},
                      {"error_500_before", Result_::in_doubt},
                      {"rate_limited", Result_::not_sent},
                      {"lock_timeout", Result_::not_sent}};
  for (const Row& row : rows) {
    const std::string reference = std::string("ref-") + row.fault;
    fault(row.fault, orders);
    EXPECT_EQ(process(sale_with("card:ok", reference)).end, row.end) << row.fault;
    EXPECT_EQ(ledger("?reference=" + reference), "") << row.fault;
    EXPECT_EQ(process(sale_with("card:ok", reference)).end, Result_::succeeded) << row.fault;
    EXPECT_EQ(ledger("?reference=" + reference), "charged 1000") << row.fault;
  }
}

TEST_F(PaypalFace, BeyondTheKeysLifeTheInvoiceKeepsItOneCharge) {
  fault("drop_response", orders);
  process(sale_with("card:ok"));
  clock_.advance(hours(7));
  adapter_clock_.advance(hours(7));
  EXPECT_EQ(process(sale_with("card:ok")).end, Result_::in_doubt);
  EXPECT_EQ(ledger(), "charged 1000");
}

TEST_F(PaypalFace, LostRepliesOfWhatFollows) {
  const std::string order = held();
  const Instruction capture = instruction(AttemptKind::capture, "ref-2", 1000, order), refund = instruction(AttemptKind::refund, "ref-3", 250, order);
  for (const Instruction& wanted : {capture, refund}) {
    fault("drop_response", payments_v2);
    EXPECT_EQ(process(wanted).end, Result_::in_doubt);
    EXPECT_EQ(look_up(wanted).end, Result_::succeeded);
    // No key is needed: the order shows it.
    clock_.advance(hours(7));
    EXPECT_EQ(process(wanted).end, Result_::succeeded);
  }
  EXPECT_EQ(ledger(), "authorized 1000, captured 1000, refunded 250");
}

TEST_F(PaypalFace, PendingEndsByItself) {
  const Outcome pending = process(sale_with("card:pending"));
  EXPECT_EQ(pending.end, Result_::in_doubt);
  EXPECT_TRUE(pending.answered);
  Instruction again = sale_with("card:pending");
  again.processor_ref = pending.processor_ref;
  EXPECT_EQ(process(again).end, Result_::in_doubt);
  EXPECT_EQ(ledger(), "");
  clock_.advance(seconds(3));
  delivered(2);
  EXPECT_EQ(process(again).end, Result_::succeeded);
  EXPECT_EQ(ledger(), "charged 1000");
}

TEST_F(PaypalFace, RefundsThatPendAndThatFailLater) {
  const std::string slow = process(sale_with("card:refund_pending", "ref-1")).processor_ref;
  const std::string bad = process(sale_with("card:refund_fails", "ref-2")).processor_ref;
  const Instruction refund_1 = instruction(AttemptKind::refund, "ref-3", 400, slow), refund_2 = instruction(AttemptKind::refund, "ref-4", 400, bad);
  EXPECT_EQ(process(refund_1).end, Result_::in_doubt);
  EXPECT_EQ(process(refund_2).end, Result_::succeeded);
  clock_.advance(seconds(3));
  delivered(6);
  EXPECT_EQ(look_up(refund_1).end, Result_::succeeded);
  EXPECT_EQ(look_up(refund_2).end, Result_::declined);
  EXPECT_EQ(ledger("?payment_intent=" + bad), "charged 1000, refunded 400, refund_failed 400");
}

// ---- tokens

TEST_F(PaypalFace, ATokenThatRanOutEarlyIsRenewed) {
  paid("ref-1");
  const int sent = wire_->sent;
  EXPECT_EQ(sent, 2);
  clock_.advance(hours(10));  // and not the adapter's clock
  EXPECT_FALSE(paid("ref-2").empty());
  EXPECT_EQ(wire_->sent, sent + 3);
  EXPECT_EQ(ledger(), "charged 1000, charged 1000");
}

TEST_F(PaypalFace, WrongCredentialsAreTold) {
  Options options;
  options.faces["paypal"] = {.secret_key = "another"};
  start(std::move(options));
  wire_ = std::make_shared<Wire>(sandbox_->handler());
  const auto stranger = make_adapter("secret", "");
  const Outcome refused = run(stranger->process(sale_with("card:ok")));
  EXPECT_EQ(refused.end, Result_::declined);
  EXPECT_TRUE(refused.failure->retryable);
  EXPECT_EQ(ledger(), "");
}

// ---- webhooks

TEST_F(PaypalFace, WebhooksTellTheSameStory) {
  const std::string order = held("ref-1");
  process(instruction(AttemptKind::release, "ref-2", 1000, order));
  const std::string sold = paid("ref-3");
  process(instruction(AttemptKind::refund, "ref-4", 300, sold));
  const Outcome waits = process(sale_with("paypal", "ref-5"));
  post("/_sandbox/authenticate/" + waits.processor_ref, "outcome=approve");
  struct Row {
    const char* type;
    Notice::About about;
    Result_ end;
    const char* reference;
    std::int64_t amount;
  };
  const std::vector<Row> rows = {{"PAYMENT.AUTHORIZATION.CREATED", Notice::About::money, Result_::succeeded, "ref-1", 1000},
                                 {"PAYMENT.AUTHORIZATION.VOIDED", Notice::About::money, Result_::released, "ref-1", 1000},
                                 {"PAYMENT.CAPTURE.COMPLETED", Notice::About::money, Result_::succeeded, "ref-3", 1000},
                                 {"PAYMENT.CAPTURE.REFUNDED", Notice::About::refund, Result_::succeeded, "ref-4", 300},
                                 {"CHECKOUT.ORDER.APPROVED", Notice::About::money, Result_::requires_action, "ref-5", 1000}};
  std::map<std::string, Notice> told;
  for (const http::Request& request : delivered(rows.size())) {
    const auto notice = paypal_->parse_webhook(request, clock_.now());
    ASSERT_TRUE(notice.ok()) << notice.error().detail;
    told[notice->type] = *notice;
  }
  for (const Row& row : rows) {
    ASSERT_TRUE(told.contains(row.type)) << row.type;
    const Notice& notice = told[row.type];
    EXPECT_EQ(notice.about, row.about) << row.type;
    EXPECT_EQ(notice.outcome.end, row.end) << row.type;
    EXPECT_EQ(notice.reference, row.reference) << row.type;
    EXPECT_EQ(notice.amount, (Money{row.amount, usd})) << row.type;
  }
  EXPECT_EQ(told["PAYMENT.AUTHORIZATION.CREATED"].processor_ref, order);
}

TEST_F(PaypalFace, OnlyGenuineWebhooksAreTaken) {
  paid();
  const http::Request genuine = delivered(1).front();
  const auto code = [&](const http::Request& request, const std::shared_ptr<payments::Processor>& processor, Instant now) {
    const auto notice = processor->parse_webhook(request, now);
    return notice.ok() ? "taken" : notice.error().code;
  };
  const auto with = [&](const char* header, std::string_view value) {
    http::Request request = genuine;
    request.headers.set(header, value);
    return code(request, paypal_, clock_.now());
  };
  EXPECT_EQ(code(genuine, paypal_, clock_.now()), "taken");
  EXPECT_EQ(code(genuine, paypal_, clock_.now()), "taken");  // the same again: the same event id, for the inbox to know
  EXPECT_EQ(paypal_->parse_webhook(genuine, clock_.now())->event_id, paypal_->parse_webhook(genuine, clock_.now())->event_id);

  http::Request altered = genuine;
  altered.body.replace(altered.body.find("10.00"), 5, "99.00");
  EXPECT_EQ(code(altered, paypal_, clock_.now()), "signature_invalid");
  EXPECT_EQ(with("paypal-transmission-id", "another"), "signature_invalid");
  EXPECT_EQ(with("paypal-transmission-time", rfc3339(clock_.now() + seconds(1))), "signature_invalid");
  EXPECT_EQ(with("paypal-transmission-sig", "AAAA"), "signature_invalid");
  EXPECT_EQ(with("paypal-transmission-sig", "not base64"), "signature_malformed");
  EXPECT_EQ(with("paypal-transmission-sig", std::string(100'000, 'A')), "signature_malformed");
  EXPECT_EQ(with("paypal-transmission-time", "yesterday"), "signature_malformed");
  EXPECT_EQ(with("paypal-transmission-id", ""), "signature_malformed");
  EXPECT_EQ(with("paypal-auth-algo", "none"), "signature_malformed");
  EXPECT_EQ(code(genuine, paypal_, clock_.now() + hours(97)), "signature_too_old");
  EXPECT_EQ(code(genuine, paypal_, clock_.now() - minutes(6)), "signature_too_old");

  // Where the request says its certificate is to be found decides nothing.
  const PaypalWebhookKey forger = make_paypal_webhook_key();
  http::Request forged = genuine;
  sign_paypal_webhook(forged.headers, forger.secret, "t-1", clock_.now(), forged.body);
  EXPECT_EQ(code(forged, paypal_, clock_.now()), "signature_invalid");
  EXPECT_EQ(code(forged, make_adapter("secret", key().public_key + forger.public_key), clock_.now()), "taken");
  for (const char* certificates : {"", "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n", "rubbish"})
    EXPECT_EQ(code(genuine, make_adapter("secret", certificates), clock_.now()), "signature_invalid") << certificates;
}

TEST_F(PaypalFace, WebhooksComeTwiceWhereAFaultWantsIt) {
  fault("webhook_duplicate", orders);
  paid();
  const auto both = delivered(2);
  EXPECT_EQ(paypal_->parse_webhook(both[0], clock_.now())->event_id, paypal_->parse_webhook(both[1], clock_.now())->event_id);
}

}  // namespace
}  // namespace purser::sandbox
