// The rules as tables, and the sums that must hold whatever is done.
#include "sandbox/rules.hpp"

#include <gtest/gtest.h>

#include "platform/digest.hpp"
#include "sandbox/search_query.hpp"
#include "sandbox/signature.hpp"

namespace purser::sandbox {
namespace {

using enum Status;

PaymentIntent intent_in(Status status, std::int64_t capturable = 0, std::int64_t received = 0, bool multicapture = false) {
  return {.id = "pi_1",
          .status = status,
          .amount = 1000,
          .amount_capturable = capturable,
          .amount_received = received,
          .currency = "usd",
          .multicapture = multicapture};
}

std::string code_of(const std::optional<StripeError>& error) { return error ? (error->code.empty() ? error->param : error->code) : "ok"; }

TEST(Confirm, IsAllowedBeforeTheMoneyMoves) {
  struct Row {
    Status status;
    bool method;
    const char* want;
  };
  const Row rows[] = {
      // clang-format off
      {requires_payment_method, false, "payment_intent_unexpected_state"},
      {requires_payment_method, true,  "ok"},
      {requires_confirmation,   true,  "ok"},
      {requires_action,         true,  "ok"},
      {processing,              true,  "payment_intent_unexpected_state"},
      {requires_capture,        true,  "payment_intent_unexpected_state"},
      {canceled,                true,  "payment_intent_unexpected_state"},
      {succeeded,               true,  "payment_intent_unexpected_state"},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(code_of(may_confirm(intent_in(row.status), row.method)), row.want) << text_of(row.status);
}

TEST(Confirm, EndsAsTheCardSays) {
  struct Row {
    const char* method;
    bool off_session;
    bool manual;
    Status want;
    const char* code;
    const char* line;
  };
  const Row rows[] = {
      // clang-format off
      {"pm_card_visa",                            false, false, succeeded,               "",                       "charged"},
      {"pm_card_visa",                            false, true,  requires_capture,        "",                       "authorized"},
      {"pm_card_chargeDeclined",                  false, false, requires_payment_method, "card_declined",          "declined"},
      {"pm_card_chargeDeclinedExpiredCard",       false, true,  requires_payment_method, "expired_card",           "declined"},
      {"pm_card_authenticationRequired",          false, false, requires_action,         "",                       ""},
      {"pm_card_threeDSecure2Required",           true,  false, requires_payment_method, "authentication_required", "declined"},
      // clang-format on
  };
  for (const Row& row : rows) {
    PaymentIntent intent = intent_in(requires_confirmation);
    intent.manual_capture = row.manual;
    const Effect effect = confirm(intent, {.method = *find_test_method(row.method),
                                           .payment_method = row.method,
                                           .charge_id = "ch_1",
                                           .authenticate_url = "http://here/",
                                           .now = {5},
                                           .off_session = row.off_session});
    EXPECT_EQ(effect.intent.status, row.want) << row.method;
    EXPECT_EQ(effect.error ? effect.error->code : "", row.code) << row.method;
    EXPECT_EQ(effect.lines.empty() ? "" : effect.lines.front().kind, row.line) << row.method;
  }
}

TEST(Capture, RefusesWhatIsNotHeld) {
  struct Row {
    const char* why;
    PaymentIntent intent;
    std::int64_t amount;
    bool final_capture;
    const char* want;
  };
  const Row rows[] = {
      // clang-format off
      {"already captured",     intent_in(succeeded, 0, 1000),           1000, true,  "payment_intent_unexpected_state"},
      {"not authorized",       intent_in(requires_confirmation),        1000, true,  "payment_intent_unexpected_state"},
      {"one capture only",     intent_in(requires_capture, 1000),        400, false, "final_capture"},
      {"nothing to release",   intent_in(requires_capture, 1000),          0, true,  "parameter_invalid_integer"},
      {"too much",             intent_in(requires_capture, 1000),       1001, true,  "amount_too_large"},
      {"part, final",          intent_in(requires_capture, 1000),        400, true,  "ok"},
      {"part, more to come",   intent_in(requires_capture, 1000, 0, true), 400, false, "ok"},
      {"only release",         intent_in(requires_capture, 600, 400, true),  0, true,  "ok"},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(code_of(may_capture(row.intent, row.amount, row.final_capture)), row.want) << row.why;
}

TEST(Capture, InPartsThenReleasesTheRest) {
  const Charge charge{.id = "ch_1", .amount = 1000, .succeeded = true};
  Effect first = capture(intent_in(requires_capture, 1000, 0, true), charge, 300, false);
  EXPECT_EQ(first.intent.status, requires_capture);
  EXPECT_EQ(first.intent.amount_capturable, 700);
  Effect last = capture(first.intent, *first.charge, 500, true);
  EXPECT_EQ(last.intent.status, succeeded);
  EXPECT_EQ(last.intent.amount_received, 800);
  EXPECT_EQ(last.charge->amount_captured, 800);
  ASSERT_EQ(last.lines.size(), 2U);
  EXPECT_EQ(last.lines[1].kind, "released");
  EXPECT_EQ(last.lines[1].amount, 200);
}

TEST(Refund, IsNeverMoreThanWasCaptured) {
  struct Row {
    const char* why;
    Charge charge;
    std::optional<std::int64_t> amount;
    const char* want;
  };
  const auto charge = [](std::int64_t captured, std::int64_t refunded, bool succeeded_ = true) {
    return Charge{
        .id = "ch_1", .amount = 1000, .amount_captured = captured, .amount_refunded = refunded, .succeeded = succeeded_, .captured = captured > 0};
  };
  const Row rows[] = {
      // clang-format off
      {"declined",         charge(0, 0, false), 1,            "charge_not_refundable"},
      {"not captured",     charge(0, 0),        1,            "charge_not_refundable"},
      {"all given back",   charge(800, 800),    1,            "charge_already_refunded"},
      {"one cent too many", charge(800, 300),   501,          "amount_too_large"},
      {"the last cent",    charge(800, 300),    500,          "ok"},
      {"the rest",         charge(800, 300),    std::nullopt, "ok"},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(code_of(may_refund(row.charge, row.amount)), row.want) << row.why;
}

TEST(Refund, ThatFailsGivesTheMoneyBackToTheBooks) {
  const Charge charge{.id = "ch_1", .amount = 1000, .amount_captured = 1000, .succeeded = true, .captured = true};
  Effect made = refund(intent_in(succeeded, 0, 1000), charge, {.id = "re_1", .amount = 400}, RefundEnd::failed, seconds(2));
  EXPECT_EQ(made.charge->amount_refunded, 400);
  Effect ended = settle_refund(made.intent, *made.charge, *made.refund);
  EXPECT_EQ(ended.refund->status, RefundStatus::failed);
  EXPECT_EQ(ended.charge->amount_refunded, 0);
  EXPECT_EQ(ended.lines.front().kind, "refund_failed");
}

TEST(SearchQuery, ReadsTheSubsetAndRefusesTheRest) {
  const auto search = parse_search_query("metadata['order_id']:'ord\\'1' AND status:\"succeeded\" AND amount:1200 AND currency:'usd'");
  ASSERT_TRUE(search);
  EXPECT_EQ(search->metadata, (Pairs{{"order_id", "ord'1"}}));
  EXPECT_EQ(search->status, "succeeded");
  EXPECT_EQ(search->amount, 1200);
  for (const char* broken : {"", "status:'a' OR status:'b'", "amount>5", "metadata['a']", "status:'open", "name:'x'", "-status:'a'"})
    EXPECT_FALSE(parse_search_query(broken)) << broken;
}

TEST(TestMethods, AreKnownByMethodAndByToken) {
  EXPECT_EQ(find_test_method("tok_chargeDeclined"), find_test_method("pm_card_chargeDeclined"));
  EXPECT_EQ(find_test_method("pm_card_visa")->end, CardEnd::approved);
  EXPECT_EQ(find_test_method("pm_card_"), nullptr);
  EXPECT_EQ(find_test_method("pm_1Abc"), nullptr);
}

// RFC 4231, test case 2.
TEST(Signature, IsHmacSha256) {
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(signature_header("whsec_x", {1'760'000'000'999}, "{}").starts_with("t=1760000000,v1="));
}

}  // namespace
}  // namespace purser::sandbox
