// Adyen's Checkout API through the handler: shapes, refusals, modifications that are told later, keys, faults and signed notifications.
#include "platform/digest.hpp"
#include "sandbox/json_form.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

// Adyen's own example of a signed notification.
const std::string hex_key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const std::string base = "/adyen/v71";

class Adyen : public Workbench {
 protected:
  Adyen() {
    start(options());
    run_webhooks();
  }
  static Options options() {
    Options options;
    options.faces["adyen"] = {.webhook_url = "http://shop.test/webhooks/adyen", .webhook_secret = hex_key};
    return options;
  }
  http::Response adyen(const std::string& path, std::string body, std::string key = {}) {
    http::Headers headers;
    headers.set("x-api-key", "AQEtest");
    return ask("POST", base + path, std::move(body), std::move(key), std::move(headers));
  }
  static std::string payment(const std::string& method, const std::string& more = "", const std::string& account = "Shop") {
    return R"({"amount":{"value":1000,"currency":"EUR"},"reference":"ref-1","merchantAccount":")" + account +
           R"(","returnUrl":"http://shop.test/done","paymentMethod":{"type":"scheme","storedPaymentMethodId":")" + method + R"("})" + more + "}";
  }
  static std::string manual(const std::string& account = "Shop") {
    return payment("test_APPROVED", R"(,"additionalData":{"manualCapture":"true"})", account);
  }
  static std::string modification(std::int64_t value, const std::string& reference, const std::string& account = "Shop") {
    return R"({"merchantAccount":")" + account + R"(","reference":")" + reference + R"(","amount":{"value":)" + std::to_string(value) +
           R"(,"currency":"EUR"}})";
  }
  // The notifications sent so far, oldest first: "CAPTURE ok ref-2", "REFUND no ref-3".
  std::vector<std::string> told() {
    std::vector<std::string> all;
    for (const http::Outbound& sent : client_->sent)
      all.push_back(item(sent, "eventCode") + (item(sent, "success") == "true" ? " ok " : " no ") + item(sent, "merchantReference"));
    return all;
  }
  static std::string item(const http::Outbound& sent, const std::string& field) {
    return at(sent.body, "/notificationItems/0/NotificationRequestItem/" + field);
  }
  // Lets what was received be carried out and told.
  void settle(std::size_t notifications) {
    clock_.advance(seconds(2));
    run_until([&] { return client_->sent.size() >= notifications; });
  }
};

TEST_F(Adyen, AuthorisesAndTells) {
  const auto made = adyen("/payments", payment("test_APPROVED", R"(,"metadata":{"order_id":"17"})"), "k1");
  EXPECT_EQ(made.status, 200);
  EXPECT_EQ(at(made, "/resultCode"), "Authorised");
  EXPECT_EQ(at(made, "/merchantReference"), "ref-1");
  EXPECT_EQ(at(made, "/amount"), R"({"currency":"EUR","value":1000})");
  EXPECT_EQ(at(made, "/pspReference").size(), 16U);
  EXPECT_EQ(made.headers.find("idempotency-key"), "k1");
  EXPECT_EQ(ledger("?processor=adyen&reference=ref-1"), "charged 1000");
  EXPECT_EQ(ledger("?order_id=17"), "charged 1000");
  EXPECT_EQ(ledger("?processor=stripe"), "");
  EXPECT_EQ(at(get("/_sandbox/ledger"), "/data/0/currency"), "eur");
  EXPECT_NE(get("/").body.find(at(made, "/pspReference")), std::string::npos);

  run_until([&] { return client_->sent.size() == 1; });
  const http::Outbound& sent = client_->sent.front();
  EXPECT_EQ(sent.url, "http://shop.test/webhooks/adyen");
  EXPECT_EQ(at(sent.body, "/live"), "false");
  EXPECT_EQ(item(sent, "eventCode"), "AUTHORISATION");
  EXPECT_EQ(item(sent, "success"), "true");
  const std::string psp = at(made, "/pspReference");
  EXPECT_EQ(item(sent, "additionalData/hmacSignature"),
            base64(hmac_sha256(*bytes_of_hex(hex_key), psp + "::Shop:ref-1:1000:EUR:AUTHORISATION:true")));
  EXPECT_EQ(at(get("/_sandbox/deliveries?processor=adyen"), "/data/0/type"), "AUTHORISATION");
  EXPECT_EQ(at(get("/_sandbox/deliveries?processor=stripe"), "/data"), "[]");
  EXPECT_EQ(at(get("/v1/events"), "/data"), "[]");
}

TEST(AdyenSignature, IsTheOneThatAdyenPublishes) {
  const std::string text = "7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true";
  EXPECT_EQ(base64(hmac_sha256(*bytes_of_hex(hex_key), text)), "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=");
  for (const char* none : {"", "4", "4g"}) EXPECT_EQ(bytes_of_hex(none), std::nullopt) << none;
}

TEST_F(Adyen, RefusesByReason) {
  struct Row {
    const char* method;
    const char* result;
    const char* code;
    const char* reason;
  };
  const Row rows[] = {
      // clang-format off
      {"test_DECLINED",                             "Refused", "2",  "Refused"},
      {"test_ERROR",                                "Error",   "4",  "Acquirer Error"},
      {"test_BLOCK_CARD",                           "Refused", "5",  "Blocked Card"},
      {"test_CARD_EXPIRED",                         "Refused", "6",  "Expired Card"},
      {"test_NOT_ENOUGH_BALANCE",                   "Refused", "12", "Not enough balance"},
      {"test_CVC_DECLINED",                         "Refused", "24", "CVC Declined"},
      {"pm_card_chargeDeclinedInsufficientFunds",   "Refused", "12", "Not enough balance"},
      {"pm_card_chargeDeclinedExpiredCard",         "Refused", "6",  "Expired Card"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto refused = adyen("/payments", payment(row.method));
    EXPECT_EQ(refused.status, 200) << row.method;
    EXPECT_EQ(at(refused, "/resultCode"), row.result) << row.method;
    EXPECT_EQ(at(refused, "/refusalReasonCode"), row.code) << row.method;
    EXPECT_EQ(at(refused, "/refusalReason"), row.reason) << row.method;
  }
  const auto by_number = adyen("/payments", payment("test_APPROVED", R"(,"additionalData":{"RequestedTestAcquirerResponseCode":"6"})"));
  EXPECT_EQ(at(by_number, "/refusalReasonCode"), "6");
  run_until([&] { return client_->sent.size() == std::size(rows) + 1; });
  EXPECT_EQ(told().front(), "AUTHORISATION no ref-1");
  EXPECT_EQ(item(client_->sent.front(), "reason"), "Refused");
}

TEST_F(Adyen, TurnsAwayWhatCannotBeMeant) {
  struct Row {
    const char* path;
    const char* body;
    int status;
    const char* code;
  };
  const Row rows[] = {
      // clang-format off
      {"/payments",               "{",                                                                                  400, "702"},
      {"/payments",               "{}",                                                                                 403, "901"},
      {"/payments",               R"({"merchantAccount":"S"})",                                                         422, "100"},
      {"/payments",               R"({"merchantAccount":"S","amount":{"value":1.5,"currency":"EUR"}})",                 422, "137"},
      {"/payments",               R"({"merchantAccount":"S","amount":{"value":0,"currency":"EUR"}})",                   422, "137"},
      {"/payments",               R"({"merchantAccount":"S","amount":{"value":1,"currency":"XYZ"}})",                   422, "138"},
      {"/payments",               R"({"merchantAccount":"S","amount":{"value":1,"currency":"EUR"}})",                   422, "130"},
      {"/payments",               R"({"merchantAccount":"S","amount":{"value":1,"currency":"EUR"},"reference":"r"})",   422, "14_004"},
      {"/payments/NO/captures",   R"({"merchantAccount":"S","amount":{"value":1,"currency":"EUR"}})",                   422, "167"},
      {"/payments/NO/cancels",    R"({"merchantAccount":"S"})",                                                         422, "167"},
      {"/payments/details",       R"({"details":{"redirectResult":"x"}})",                                              422, "14_006"},
      {"/cancels",                R"({"merchantAccount":"S"})",                                                         422, "130"},
      {"/nothing",                "{}",                                                                                 404, "000"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto refused = adyen(row.path, row.body);
    EXPECT_EQ(refused.status, row.status) << row.path << " " << row.body;
    EXPECT_EQ(at(refused, "/status"), std::to_string(row.status)) << row.body;
    EXPECT_EQ(at(refused, "/errorCode"), row.code) << row.path << " " << row.body;
  }
  EXPECT_EQ(at(adyen("/payments", payment("test_WHAT")), "/errorCode"), "800");
  EXPECT_EQ(at(post(base + "/payments", payment("test_APPROVED")), "/errorType"), "security");  // a bearer key is none of Adyen's
  EXPECT_EQ(ledger(), "");
}

TEST_F(Adyen, CapturesLaterAndTellsWhatCameOfIt) {
  const std::string path = "/payments/" + at(adyen("/payments", manual()), "/pspReference");
  EXPECT_EQ(ledger(), "authorized 1000");
  const auto received = adyen(path + "/captures", modification(400, "cap-1"));
  EXPECT_EQ(received.status, 201);
  EXPECT_EQ(at(received, "/status"), "received");
  EXPECT_EQ(at(received, "/reference"), "cap-1");
  EXPECT_EQ("/payments/" + at(received, "/paymentPspReference"), path);
  EXPECT_EQ(ledger(), "authorized 1000");
  settle(2);
  EXPECT_EQ(ledger(), "authorized 1000, captured 400, released 600");
  EXPECT_EQ(told(), (std::vector<std::string>{"AUTHORISATION ok ref-1", "CAPTURE ok cap-1"}));
  EXPECT_EQ(item(client_->sent[1], "pspReference"), at(received, "/pspReference"));
  EXPECT_EQ("/payments/" + item(client_->sent[1], "originalReference"), path);
  EXPECT_EQ(adyen(path + "/captures", modification(100, "cap-2")).status, 201);
  settle(3);
  EXPECT_EQ(told().back(), "CAPTURE no cap-2");
  EXPECT_EQ(item(client_->sent[2], "reason"), "Transaction has been captured");
  EXPECT_EQ(ledger(), "authorized 1000, captured 400, released 600");
}

TEST_F(Adyen, SeveralCapturesNeedAnAccountThatAllowsThem) {
  const std::string path = "/payments/" + at(adyen("/payments", manual("Shop_MULTI")), "/pspReference");
  adyen(path + "/captures", modification(300, "cap-1", "Shop_MULTI"));
  adyen(path + "/captures", modification(800, "cap-2", "Shop_MULTI"));
  adyen(path + "/captures", modification(700, "cap-3", "Shop_MULTI"));
  settle(4);
  EXPECT_EQ(ledger(), "authorized 1000, captured 300, captured 700");
  EXPECT_EQ(told()[2], "CAPTURE no cap-2");
}

TEST_F(Adyen, CancelsByItsReferenceAndByOurs) {
  const std::string held = at(adyen("/payments", manual()), "/pspReference");
  adyen("/payments/" + held + "/cancels", R"({"merchantAccount":"Shop","reference":"void-1"})");
  settle(2);
  EXPECT_EQ(told().back(), "CANCELLATION ok void-1");
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000");

  const auto other = adyen("/payments", manual());
  const auto received = adyen("/cancels", R"({"merchantAccount":"Shop","reference":"void-2","paymentReference":"ref-1"})");
  EXPECT_EQ(received.status, 201);
  EXPECT_EQ(at(received, "/paymentReference"), "ref-1");
  settle(4);
  EXPECT_EQ(told().back(), "TECHNICAL_CANCEL ok ref-1");
  EXPECT_EQ(item(client_->sent.back(), "originalReference"), at(other, "/pspReference"));

  adyen("/cancels", R"({"merchantAccount":"Shop","paymentReference":"never"})");
  settle(5);
  EXPECT_EQ(told().back(), "TECHNICAL_CANCEL no never");
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000, authorized 1000, canceled 1000");
}

TEST_F(Adyen, RefundsWhatWasTakenAndNoMore) {
  const std::string path = "/payments/" + at(adyen("/payments", payment("test_APPROVED")), "/pspReference");
  adyen(path + "/refunds", modification(300, "re-1"));
  adyen(path + "/refunds", modification(701, "re-2"));
  adyen(path + "/refunds", modification(700, "re-3"));
  settle(4);
  EXPECT_EQ(ledger(), "charged 1000, refunded 300, refunded 700");
  EXPECT_EQ(told()[2], "REFUND no re-2");
  EXPECT_EQ(item(client_->sent[2], "reason"), "Insufficient balance on payment");
}

TEST_F(Adyen, ARefundCanComeBack) {
  const std::string path = "/payments/" + at(adyen("/payments", payment("test_REFUND_FAILED")), "/pspReference");
  adyen(path + "/refunds", modification(300, "re-1"));
  settle(2);
  clock_.advance(seconds(5));
  run_until([&] { return client_->sent.size() == 3; });
  EXPECT_EQ(told(), (std::vector<std::string>{"AUTHORISATION ok ref-1", "REFUND ok re-1", "REFUND_FAILED ok re-1"}));
  EXPECT_EQ(ledger(), "charged 1000, refunded 300, refund_failed 300");
}

TEST_F(Adyen, AReversalCancelsOrRefunds) {
  const std::string held = at(adyen("/payments", manual()), "/pspReference"),
                    paid = at(adyen("/payments", payment("test_APPROVED")), "/pspReference");
  const std::string body = R"({"merchantAccount":"Shop","reference":"back"})";
  adyen("/payments/" + held + "/reversals", body);
  adyen("/payments/" + paid + "/reversals", body);
  settle(4);
  EXPECT_EQ(item(client_->sent[2], "additionalData/modification.action"), "cancel");
  EXPECT_EQ(item(client_->sent[3], "additionalData/modification.action"), "refund");
  EXPECT_EQ(ledger(), "authorized 1000, charged 1000, canceled 1000, refunded 1000");
  adyen("/payments/" + paid + "/reversals", body);
  settle(5);
  EXPECT_EQ(told().back(), "CANCEL_OR_REFUND no back");
}

TEST_F(Adyen, AShopperAuthenticates) {
  struct Row {
    const char* method;
    const char* outcome;
    const char* result;
    const char* line;
  };
  const Row rows[] = {
      // clang-format off
      {"test_3DS",                      "approve", "Authorised", "charged 1000"},
      {"test_3DS",                      "decline", "Refused",    "declined 1000"},
      {"test_3DS_NOT_ENOUGH_BALANCE",   "approve", "Refused",    "declined 1000"},
      {"pm_card_authenticationRequired", "approve", "Authorised", "charged 1000"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto made = adyen("/payments", payment(row.method));
    EXPECT_EQ(at(made, "/resultCode"), "RedirectShopper");
    const std::string psp = at(made, "/pspReference"), page = "/_sandbox/authenticate/" + psp;
    EXPECT_EQ(at(made, "/action/url"), "http://sandbox.test" + page);
    EXPECT_NE(get(page).body.find("Approve"), std::string::npos);
    const auto sent_back = post(page, std::string("outcome=") + row.outcome);
    EXPECT_EQ(sent_back.status, 303);
    const std::string location(sent_back.headers.find("location").value_or(""));
    ASSERT_TRUE(location.starts_with("http://shop.test/done?redirectResult=")) << location;
    EXPECT_EQ(ledger("?payment_intent=" + psp), "");  // nothing is authorised before the shop hands it in
    const std::string details = R"({"details":{"redirectResult":")" + location.substr(location.find('=') + 1) + R"("}})";
    EXPECT_EQ(at(adyen("/payments/details", details), "/resultCode"), row.result);
    EXPECT_EQ(at(adyen("/payments/details", details), "/resultCode"), row.result);
    EXPECT_EQ(ledger("?payment_intent=" + psp), row.line);
  }
}

TEST_F(Adyen, PendingComesToItsEnd) {
  EXPECT_EQ(at(adyen("/payments", payment("test_PENDING")), "/resultCode"), "Pending");
  EXPECT_EQ(ledger(), "");
  settle(1);
  EXPECT_EQ(told().back(), "AUTHORISATION ok ref-1");
  EXPECT_EQ(ledger(), "charged 1000");
}

TEST_F(Adyen, AKeyKeepsTheFirstAnswerForAWeek) {
  const auto first = adyen("/payments", payment("test_APPROVED"), "k1");
  clock_.advance(milliseconds(hours(7 * 24).ms - 1));
  EXPECT_EQ(adyen("/payments", payment("test_APPROVED"), "k1").body, first.body);
  EXPECT_EQ(ledger(), "charged 1000");
  EXPECT_EQ(at(adyen("/payments", payment("test_DECLINED"), "k1"), "/errorCode"), "704");
  EXPECT_EQ(adyen("/payments", payment("test_APPROVED"), std::string(65, 'k')).status, 422);
  post("/v1/payment_intents", "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true", "k1");  // another account's key
  EXPECT_EQ(ledger(), "charged 1000, charged 1000");
  clock_.advance(milliseconds(1));
  adyen("/payments", payment("test_APPROVED"), "k1");
  EXPECT_EQ(ledger("?processor=adyen"), "charged 1000, charged 1000");
}

TEST_F(Adyen, FaultsStrikeItAlike) {
  struct Row {
    const char* fault;
    int first;
    const char* cut;
    const char* done;
    int repeat;
    const char* done_in_the_end;
  };
  const Row rows[] = {
      // clang-format off
      {"timeout_before_charge",  429, "0", "",              200, "charged 1000"},
      {"timeout_after_charge",   200, "0", "charged 1000",  200, "charged 1000"},
      {"error_500_before",       500, "",  "",              500, ""},
      {"error_500_after_charge", 500, "",  "charged 1000",  500, "charged 1000"},
      {"cut_response",           200, "7", "charged 1000",  200, "charged 1000"},
      {"drop_response",          200, "0", "charged 1000",  200, "charged 1000"},
      {"slow",                   200, "",  "charged 1000",  200, "charged 1000"},
      {"rate_limited",           429, "",  "",              200, "charged 1000"},
      {"lock_timeout",           422, "",  "",              200, "charged 1000"},
      {"decline",                200, "",  "declined 1000", 200, "declined 1000"},
      // clang-format on
  };
  start(options());  // without its loop, whose long pauses would jump too
  clock_.jumps = true;
  for (const Row& row : rows) {
    const std::string before = ledger();
    const auto since = [&] { return ledger().substr(before.empty() || ledger() == before ? before.size() : before.size() + 2); };
    const std::string body = payment("test_APPROVED", R"(,"metadata":{"sandbox_fault":")" + std::string(row.fault) + R"(","sandbox_bytes":"7"})");
    const auto first = adyen("/payments", body, row.fault);
    EXPECT_EQ(first.status, row.first) << row.fault;
    EXPECT_EQ(first.headers.find("purser-sandbox-cut").value_or(""), row.cut) << row.fault;
    EXPECT_EQ(since(), row.done) << row.fault;
    EXPECT_EQ(adyen("/payments", body, row.fault).status, row.repeat) << row.fault;
    EXPECT_EQ(since(), row.done_in_the_end) << row.fault;
  }
  EXPECT_EQ(at(adyen("/payments", payment("test_APPROVED", R"(,"metadata":{"sandbox_fault":"rain"})")), "/errorCode"), "702");

  post("/_sandbox/faults", R"({"fault":"rate_limited","count":1,"match":{"path_prefix":"/adyen/","reference":"cap-1"}})");
  const std::string path = "/payments/" + at(adyen("/payments", manual()), "/pspReference") + "/captures";
  EXPECT_EQ(adyen(path, modification(400, "cap-2")).status, 201);
  EXPECT_EQ(adyen(path, modification(400, "cap-1")).status, 429);
  EXPECT_EQ(adyen(path, modification(400, "cap-1")).status, 201);
}

TEST_F(Adyen, FaultsOfAModificationBendItsNotification) {
  const std::string path = "/payments/" + at(adyen("/payments", manual("Shop_MULTI")), "/pspReference") + "/captures";
  const auto with = [&](const std::string& fault, const std::string& reference) {
    post("/_sandbox/faults", R"({"fault":")" + fault + R"(","count":1,"match":{"path_prefix":"/adyen/v71/payments/"}})");
    EXPECT_EQ(adyen(path, modification(100, reference, "Shop_MULTI")).status, 201);
  };
  with("webhook_lost", "lost");
  with("webhook_duplicate", "twice");
  settle(3);
  EXPECT_EQ(told(), (std::vector<std::string>{"AUTHORISATION ok ref-1", "CAPTURE ok twice", "CAPTURE ok twice"}));
  EXPECT_EQ(ledger(), "authorized 1000, captured 100, captured 100");
}

TEST_F(Adyen, SettingsAreItsOwn) {
  const auto settings = post("/_sandbox/settings", R"({"faces":{"adyen":{"webhook_url":"http://other.test/","webhook_types":["CAPTURE"]}}})");
  EXPECT_EQ(at(settings, "/faces/adyen/webhook_url"), "http://other.test/");
  EXPECT_EQ(at(settings, "/faces/adyen/webhook_types/0"), "CAPTURE");
  EXPECT_EQ(at(settings, "/webhook_url"), "null");
  EXPECT_EQ(settings.body.find(hex_key), std::string::npos);
  adyen("/payments", payment("test_APPROVED"));
  EXPECT_EQ(at(get("/_sandbox/deliveries"), "/data"), "[]");
  EXPECT_EQ(post("/_sandbox/settings", R"({"faces":{"adyen":{"color":"red"}}})").status, 400);
}

}  // namespace
}  // namespace purser::sandbox
