// Stripe's API through the handler: shapes, statuses, errors and idempotency keys.
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

const std::string visa = "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true";

class Wire : public Workbench {};

TEST_F(Wire, ConfirmedAtOnceIsCharged) {
  const auto made = post("/v1/payment_intents", visa + "&metadata[order_id]=17&metadata[purser_reference]=r%261&description=Tea");
  EXPECT_EQ(made.status, 200);
  struct Row {
    const char* pointer;
    const char* want;
  };
  const Row rows[] = {{"/object", "payment_intent"},
                      {"/status", "succeeded"},
                      {"/amount_received", "1000"},
                      {"/amount_capturable", "0"},
                      {"/currency", "usd"},
                      {"/capture_method", "automatic"},
                      {"/livemode", "false"},
                      {"/metadata/order_id", "17"},
                      {"/metadata/purser_reference", "r&1"},
                      {"/description", "Tea"},
                      {"/last_payment_error", "null"},
                      {"/next_action", "null"},
                      {"/payment_method", "pm_card_visa"},
                      {"/created", "1790000000"}};
  for (const Row& row : rows) EXPECT_EQ(at(made, row.pointer), row.want) << row.pointer;
  EXPECT_EQ(ledger("?reference=r%261"), "charged 1000");
  EXPECT_EQ(ledger("?order_id=17"), "charged 1000");
  EXPECT_EQ(ledger("?order_id=18"), "");

  const auto charge = get("/v1/charges/" + at(made, "/latest_charge"));
  EXPECT_EQ(at(charge, "/payment_intent"), at(made, "/id"));
  EXPECT_EQ(at(charge, "/captured"), "true");
  EXPECT_EQ(at(charge, "/payment_method_details/card/last4"), "4242");
  const auto expanded = get("/v1/payment_intents/" + at(made, "/id") + "?expand[]=latest_charge");
  EXPECT_EQ(at(expanded, "/latest_charge/object"), "charge");
  EXPECT_EQ(at(get("/v1/balance"), "/available/0/amount"), "1000");
}

TEST_F(Wire, DeclineIsA402WithTheIntent) {
  struct Row {
    const char* method;
    const char* code;
    const char* decline_code;
  };
  const Row rows[] = {
      // clang-format off
      {"pm_card_chargeDeclined",                       "card_declined",    "generic_decline"},
      {"pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined",    "insufficient_funds"},
      {"pm_card_chargeDeclinedLostCard",               "card_declined",    "lost_card"},
      {"pm_card_chargeDeclinedStolenCard",             "card_declined",    "stolen_card"},
      {"pm_card_chargeDeclinedExpiredCard",            "expired_card",     "(none)"},
      {"pm_card_chargeDeclinedIncorrectCvc",           "incorrect_cvc",    "(none)"},
      {"pm_card_chargeDeclinedProcessingError",        "processing_error", "(none)"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto refused = post("/v1/payment_intents", std::string("amount=500&currency=eur&confirm=true&payment_method=") + row.method);
    EXPECT_EQ(refused.status, 402) << row.method;
    EXPECT_EQ(at(refused, "/error/type"), "card_error");
    EXPECT_EQ(at(refused, "/error/code"), row.code);
    EXPECT_EQ(at(refused, "/error/decline_code"), row.decline_code);
    EXPECT_EQ(at(refused, "/error/payment_intent/status"), "requires_payment_method");
    EXPECT_EQ(at(refused, "/error/payment_intent/payment_method"), "null");
    EXPECT_EQ(at(refused, "/error/payment_intent/last_payment_error/code"), row.code);
    EXPECT_EQ(at(get("/v1/charges/" + at(refused, "/error/charge")), "/status"), "failed");
    const auto again = post("/v1/payment_intents/" + at(refused, "/error/payment_intent/id") + "/confirm", "payment_method=pm_card_visa");
    EXPECT_EQ(at(again, "/status"), "succeeded");
  }
}

TEST_F(Wire, RefusesWhatCannotBeMeant) {
  struct Row {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* code;
    const char* param;
  };
  const Row rows[] = {
      // clang-format off
      {"POST", "/v1/payment_intents", "currency=usd",                                        400, "parameter_missing",         "amount"},
      {"POST", "/v1/payment_intents", "amount=12.5&currency=usd",                            400, "parameter_invalid_integer", "amount"},
      {"POST", "/v1/payment_intents", "amount=0&currency=usd",                               400, "parameter_invalid_integer", "amount"},
      {"POST", "/v1/payment_intents", "amount=999999999&currency=usd",                       400, "amount_too_large",          "amount"},
      {"POST", "/v1/payment_intents", "amount=5",                                            400, "parameter_missing",         "currency"},
      {"POST", "/v1/payment_intents", "amount=5&currency=xyz",                               400, "parameter_invalid_string",  "currency"},
      {"POST", "/v1/payment_intents", "amount=5&currency=usd&foo=1",                         400, "parameter_unknown",         "foo"},
      {"POST", "/v1/payment_intents", "amount=5&currency=usd&payment_method=pm_nope",        404, "resource_missing",          "payment_method"},
      {"POST", "/v1/payment_intents", "amount=5&currency=usd&confirm=true",                  400, "payment_intent_unexpected_state", "(none)"},
      {"POST", "/v1/payment_intents", "amount=5&currency=usd&metadata[sandbox_fault]=what",  400, "(none)",                    "metadata[sandbox_fault]"},
      {"POST", "/v1/payment_intents", "amount=%zz",                                          400, "(none)",                    "(none)"},
      {"POST", "/v1/payment_intents/pi_no/capture", "",                                      404, "resource_missing",          "intent"},
      {"GET",  "/v1/payment_intents/pi_no", "",                                              404, "resource_missing",          "intent"},
      {"GET",  "/v1/payment_intents?limit=101", "",                                          400, "parameter_invalid_integer", "limit"},
      {"GET",  "/v1/payment_intents/search?query=name:'x'", "",                              400, "(none)",                    "query"},
      {"POST", "/v1/refunds", "amount=5",                                                    400, "parameter_missing",         "payment_intent"},
      {"POST", "/v1/refunds", "charge=ch_no",                                                404, "resource_missing",          "charge"},
      {"GET",  "/v1/nothing", "",                                                            404, "(none)",                    "(none)"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto refused = ask(row.method, row.target, row.body);
    EXPECT_EQ(refused.status, row.status) << row.target << " " << row.body;
    EXPECT_EQ(at(refused, "/error/type"), "invalid_request_error") << row.body;
    EXPECT_EQ(at(refused, "/error/code"), row.code) << row.body;
    EXPECT_EQ(at(refused, "/error/param"), row.param) << row.body;
  }
  EXPECT_EQ(ledger(), "");
}

TEST_F(Wire, WantsASecretTestKey) {
  struct Row {
    const char* header;
    int status;
  };
  const Row rows[] = {{"Bearer sk_test_x", 200}, {"Basic c2tfdGVzdF94Og==", 200}, {"Bearer sk_live_x", 401}, {"Bearer pk_test_x", 401}, {"", 401}};
  for (const Row& row : rows) {
    http::Headers headers;
    headers.set("authorization", row.header);
    headers.set("stripe-version", "2030-01-01");
    const auto answer = ask("GET", "/v1/balance", "", "", headers);
    EXPECT_EQ(answer.status, row.status) << row.header;
    EXPECT_EQ(answer.headers.find("stripe-version"), "2030-01-01");
    EXPECT_TRUE(answer.headers.find("request-id").value_or("").starts_with("req_"));
  }
  start({.secret_key = "sk_test_mine"});
  EXPECT_EQ(get("/v1/balance").status, 401);
}

TEST_F(Wire, AuthorizesThenCapturesOnceOrInParts) {
  const std::string manual = visa + "&capture_method=manual";
  const auto once = post("/v1/payment_intents", manual);
  EXPECT_EQ(at(once, "/status"), "requires_capture");
  EXPECT_EQ(at(once, "/amount_capturable"), "1000");
  const std::string id = at(once, "/id");
  EXPECT_EQ(at(post("/v1/payment_intents/" + id + "/capture", "amount_to_capture=1001"), "/error/code"), "amount_too_large");
  EXPECT_EQ(at(post("/v1/payment_intents/" + id + "/capture", "amount_to_capture=400&final_capture=false"), "/error/param"), "final_capture");
  const auto captured = post("/v1/payment_intents/" + id + "/capture", "amount_to_capture=400");
  EXPECT_EQ(at(captured, "/status"), "succeeded");
  EXPECT_EQ(at(captured, "/amount_received"), "400");
  EXPECT_EQ(ledger("?payment_intent=" + id), "authorized 1000, captured 400, released 600");
  const auto again = post("/v1/payment_intents/" + id + "/capture", "");
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(at(again, "/error/code"), "payment_intent_unexpected_state");
  EXPECT_EQ(at(again, "/error/payment_intent/status"), "succeeded");

  const auto parts = post("/v1/payment_intents", manual + "&payment_method_options[card][request_multicapture]=if_available");
  const std::string other = at(parts, "/id");
  EXPECT_EQ(at(post("/v1/payment_intents/" + other + "/capture", "amount_to_capture=300&final_capture=false"), "/amount_capturable"), "700");
  EXPECT_EQ(at(post("/v1/payment_intents/" + other + "/capture", "amount_to_capture=700&final_capture=false"), "/status"), "succeeded");
  EXPECT_EQ(ledger("?payment_intent=" + other), "authorized 1000, captured 300, captured 700");
}

TEST_F(Wire, CancelsWhatIsNotYetTaken) {
  const auto held = post("/v1/payment_intents", visa + "&capture_method=manual");
  const auto canceled = post("/v1/payment_intents/" + at(held, "/id") + "/cancel", "cancellation_reason=requested_by_customer");
  EXPECT_EQ(at(canceled, "/status"), "canceled");
  EXPECT_EQ(at(canceled, "/cancellation_reason"), "requested_by_customer");
  EXPECT_EQ(at(canceled, "/canceled_at"), "1790000000");
  EXPECT_EQ(ledger(), "authorized 1000, canceled 1000");
  EXPECT_EQ(at(post("/v1/payment_intents/" + at(held, "/id") + "/cancel", ""), "/error/code"), "payment_intent_unexpected_state");
  const auto paid = post("/v1/payment_intents", visa);
  EXPECT_EQ(at(post("/v1/payment_intents/" + at(paid, "/id") + "/cancel", ""), "/error/code"), "payment_intent_unexpected_state");
}

TEST_F(Wire, UpdatesBeforeTheConfirmation) {
  const auto made = post("/v1/payment_intents", "amount=1000&currency=usd&metadata[a]=1&metadata[b]=2");
  EXPECT_EQ(at(made, "/status"), "requires_payment_method");
  const std::string path = "/v1/payment_intents/" + at(made, "/id");
  const auto changed = post(path, "amount=1200&metadata[a]=&metadata[c]=3&payment_method=pm_card_visa");
  EXPECT_EQ(at(changed, "/amount"), "1200");
  EXPECT_EQ(at(changed, "/metadata"), R"({"b":"2","c":"3"})");
  EXPECT_EQ(at(changed, "/status"), "requires_confirmation");
  EXPECT_EQ(at(post(path + "/confirm", ""), "/amount_received"), "1200");
  EXPECT_EQ(at(post(path, "amount=1"), "/error/code"), "payment_intent_unexpected_state");
  EXPECT_EQ(at(post(path, "metadata[late]=yes"), "/metadata/late"), "yes");
}

TEST_F(Wire, RefundsUpToWhatWasTaken) {
  const auto paid = post("/v1/payment_intents", visa);
  const std::string of = "payment_intent=" + at(paid, "/id");
  const auto part = post("/v1/refunds", of + "&amount=300&reason=requested_by_customer&metadata[k]=v");
  EXPECT_EQ(at(part, "/object"), "refund");
  EXPECT_EQ(at(part, "/status"), "succeeded");
  EXPECT_EQ(at(part, "/metadata/k"), "v");
  EXPECT_EQ(at(post("/v1/refunds", of + "&amount=701"), "/error/param"), "amount");
  EXPECT_EQ(at(post("/v1/refunds", "charge=" + at(paid, "/latest_charge")), "/amount"), "700");
  EXPECT_EQ(at(post("/v1/refunds", of), "/error/code"), "charge_already_refunded");
  EXPECT_EQ(at(get("/v1/charges/" + at(paid, "/latest_charge")), "/refunded"), "true");
  EXPECT_EQ(at(get("/v1/refunds?" + of), "/data/0/amount"), "700");
  EXPECT_EQ(at(get("/v1/refunds/" + at(part, "/id")), "/amount"), "300");
  EXPECT_EQ(ledger(), "charged 1000, refunded 300, refunded 700");
  EXPECT_EQ(at(get("/v1/balance"), "/available/0/amount"), "0");
}

TEST_F(Wire, ListsNewestFirstAndPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(at(post("/v1/payment_intents", visa), "/id"));
    clock_.advance(seconds(1));
  }
  const auto first = get("/v1/payment_intents?limit=2");
  EXPECT_EQ(at(first, "/object"), "list");
  EXPECT_EQ(at(first, "/data/0/id"), ids[4]);
  EXPECT_EQ(at(first, "/has_more"), "true");
  const auto next = get("/v1/payment_intents?limit=3&starting_after=" + at(first, "/data/1/id"));
  EXPECT_EQ(at(next, "/data/0/id"), ids[2]);
  EXPECT_EQ(at(next, "/has_more"), "false");
  const auto back = get("/v1/payment_intents?limit=2&ending_before=" + ids[1]);
  EXPECT_EQ(at(back, "/data/0/id"), ids[3]);
  EXPECT_EQ(at(back, "/data/1/id"), ids[2]);
  EXPECT_EQ(at(back, "/has_more"), "true");

  struct Row {
    const char* filter;
    std::size_t from, until;
  };
  const Row rows[] = {
      {"created[gte]=1790000002", 2, 5}, {"created[gt]=1790000002", 3, 5}, {"created[lte]=1790000002", 0, 3}, {"created[lt]=1790000002", 0, 2}};
  for (const Row& row : rows) {
    const auto page = get(std::string("/v1/payment_intents?") + row.filter);
    EXPECT_EQ(at(page, "/data/0/id"), ids[row.until - 1]) << row.filter;
    EXPECT_EQ(at(page, "/data/" + std::to_string(row.until - row.from - 1) + "/id"), ids[row.from]) << row.filter;
    EXPECT_EQ(at(page, "/data/" + std::to_string(row.until - row.from) + "/id"), "(none)") << row.filter;
  }
}

TEST_F(Wire, SearchLagsBehindTheList) {
  const auto made = post("/v1/payment_intents", visa + "&metadata[order_id]=ord_1");
  post("/v1/payment_intents", visa + "&metadata[order_id]=ORD_1");
  const std::string search = "/v1/payment_intents/search?query=" + http::percent_encode("metadata['order_id']:'ord_1' AND status:'succeeded'");
  EXPECT_EQ(at(get(search), "/data"), "[]");
  EXPECT_EQ(at(get("/v1/payment_intents"), "/data/1/id"), at(made, "/id"));
  clock_.advance(seconds(60));
  const auto found = get(search);
  EXPECT_EQ(at(found, "/object"), "search_result");
  EXPECT_EQ(at(found, "/data/0/id"), at(made, "/id"));
  EXPECT_EQ(at(found, "/data/1"), "(none)");
}

TEST_F(Wire, CustomerAuthenticates) {
  struct Row {
    const char* outcome;
    const char* status;
    const char* line;
  };
  const Row rows[] = {{"approve", "succeeded", "charged 1000"}, {"decline", "requires_payment_method", "declined 1000"}};
  for (const Row& row : rows) {
    const auto made = post("/v1/payment_intents",
                           "amount=1000&currency=usd&confirm=true&payment_method=pm_card_authenticationRequired&return_url=http://shop.test/done");
    EXPECT_EQ(at(made, "/status"), "requires_action");
    EXPECT_EQ(at(made, "/next_action/type"), "redirect_to_url");
    const std::string id = at(made, "/id"), page = "/_sandbox/authenticate/" + id;
    EXPECT_EQ(at(made, "/next_action/redirect_to_url/url"), "http://sandbox.test" + page);
    EXPECT_NE(get(page).body.find("Approve"), std::string::npos);
    const auto sent_back = post(page, std::string("outcome=") + row.outcome);
    EXPECT_EQ(sent_back.status, 303);
    EXPECT_TRUE(sent_back.headers.find("location").value_or("").starts_with("http://shop.test/done?payment_intent=" + id));
    EXPECT_EQ(at(get("/v1/payment_intents/" + id), "/status"), row.status);
    EXPECT_EQ(ledger("?payment_intent=" + id), row.line);
    post(page, "outcome=approve");
    EXPECT_EQ(ledger("?payment_intent=" + id), row.line);
  }
}

// --- idempotency keys

TEST_F(Wire, AKeyKeepsTheFirstAnswer) {
  const auto first = post("/v1/payment_intents", visa, "k1");
  const auto again = post("/v1/payment_intents", visa, "k1");
  EXPECT_EQ(first.headers.find("idempotent-replayed"), std::nullopt);
  EXPECT_EQ(again.headers.find("idempotent-replayed"), "true");
  EXPECT_EQ(again.headers.find("idempotency-key"), "k1");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(ledger(), "charged 1000");

  const std::string decline = "amount=5&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined";
  EXPECT_EQ(post("/v1/payment_intents", decline, "k2").body, post("/v1/payment_intents", decline, "k2").body);
  EXPECT_EQ(post("/v1/payment_intents", decline, "k2").status, 402);
  EXPECT_EQ(ledger(), "charged 1000, declined 5");
}

TEST_F(Wire, AKeyIsForOneRequest) {
  const auto made = post("/v1/payment_intents", visa, "k1");
  const auto other = post("/v1/payment_intents", visa + "&description=x", "k1");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(at(other, "/error/type"), "idempotency_error");
  EXPECT_EQ(at(post("/v1/refunds", "payment_intent=" + at(made, "/id"), "k1"), "/error/type"), "idempotency_error");
  EXPECT_EQ(post("/v1/payment_intents", visa, std::string(256, 'k')).status, 400);
}

TEST_F(Wire, AKeyKeepsNothingOfWhatNeverRan) {
  EXPECT_EQ(post("/v1/payment_intents", "amount=x&currency=usd", "k1").status, 400);
  EXPECT_EQ(post("/v1/payment_intents", visa, "k1").status, 200);
  EXPECT_EQ(post("/v1/payment_intents/pi_no/capture", "", "k2").status, 404);
  const auto held = post("/v1/payment_intents", visa + "&capture_method=manual");
  EXPECT_EQ(post("/v1/payment_intents/" + at(held, "/id") + "/capture", "", "k2").status, 200);
}

TEST_F(Wire, AKeyIsForgottenAfterADay) {
  post("/v1/payment_intents", visa, "k1");
  clock_.advance(hours(24));
  EXPECT_EQ(post("/v1/payment_intents", visa, "k1").headers.find("idempotent-replayed"), std::nullopt);
  EXPECT_EQ(ledger(), "charged 1000, charged 1000");
}

TEST_F(Wire, AKeyInUseIsA409) {
  start({.delay = milliseconds(50)});
  auto first = begin("POST", "/v1/payment_intents", visa, "k1");
  run_until([&] { return clock_.sleepers == 1; });
  const auto second = post("/v1/payment_intents", visa, "k1");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(at(second, "/error/code"), "idempotency_key_in_use");
  EXPECT_EQ(second.headers.find("stripe-should-retry"), "true");
  clock_.advance(milliseconds(50));
  run_until([&] { return first->has_value(); });
  EXPECT_EQ((*first)->status, 200);
}

TEST_F(Wire, ThePageAndTheSummaryTellWhatHappened) {
  post("/v1/payment_intents", visa + "&metadata[order_id]=%3Cb%3E");
  const auto page = get("/");
  EXPECT_NE(page.body.find("&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(page.body.find("<b>"), std::string::npos);
  EXPECT_EQ(at(get("/_sandbox/summary"), "/data/0"), R"({"kind":"charged","currency":"usd","count":1,"amount":1000})");
}

}  // namespace
}  // namespace purser::sandbox
