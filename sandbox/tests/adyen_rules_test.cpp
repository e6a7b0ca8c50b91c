// The rules of the Adyen face: what a modification does to a payment in each state, and why not.
#include "sandbox/adyen_rules.hpp"

#include <gtest/gtest.h>

namespace purser::sandbox::adyen {
namespace {

Payment held() { return {.psp_reference = "P", .status = PaymentStatus::authorised, .amount = 1000, .currency = "EUR", .manual_capture = true}; }
Payment with(Payment payment, std::int64_t captured, std::int64_t refunded = 0, bool closed = true) {
  payment.captured = captured;
  payment.refunded = refunded;
  payment.closed = closed;
  return payment;
}
Payment in(PaymentStatus status) {
  Payment payment = held();
  payment.status = status;
  payment.closed = status == PaymentStatus::refused || status == PaymentStatus::cancelled;
  return payment;
}
Payment several() {
  Payment payment = held();
  payment.several_captures = true;
  return payment;
}

std::string lines_of(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) text += (text.empty() ? "" : ", ") + std::string(line.kind) + " " + std::to_string(line.amount);
  return text;
}

TEST(AdyenRules, AModificationIsJudgedWhenItIsCarriedOut) {
  using enum ModificationKind;
  struct Row {
    const char* what;
    Payment payment;
    ModificationKind kind;
    std::int64_t amount;
    const char* done;  // ledger lines, or the reason why nothing was
  };
  const Row rows[] = {
      // clang-format off
      {"all of it",               held(),                            capture,          1000, "captured 1000"},
      {"a part, once",            held(),                            capture,          400,  "captured 400, released 600"},
      {"a part of several",       several(),                         capture,          400,  "captured 400"},
      {"the last of several",     with(several(), 400, 0, false),    capture,          600,  "captured 600"},
      {"more than is held",       held(),                            capture,          1001, "Insufficient balance on payment"},
      {"more than is left",       with(several(), 400, 0, false),    capture,          601,  "Insufficient balance on payment"},
      {"captured",                with(held(), 1000),                capture,          1,    "Transaction has been captured"},
      {"cancelled",               in(PaymentStatus::cancelled),      capture,          1,    "Transaction is cancelled"},
      {"refused",                 in(PaymentStatus::refused),        capture,          1,    "Transaction is not authorised"},
      {"waiting",                 in(PaymentStatus::redirected),     capture,          1,    "Transaction is not authorised"},
      {"held",                    held(),                            cancel,           0,    "canceled 1000"},
      {"waiting",                 in(PaymentStatus::redirected),     cancel,           0,    "canceled 0"},
      {"pending",                 in(PaymentStatus::pending),        technical_cancel, 0,    "canceled 0"},
      {"cancelled",               in(PaymentStatus::cancelled),      cancel,           0,    "Transaction has already been cancelled"},
      {"refused",                 in(PaymentStatus::refused),        cancel,           0,    "Transaction is not authorised"},
      {"captured",                with(held(), 400),                 technical_cancel, 0,    "Transaction has been captured, cancel not possible"},
      {"captured",                with(held(), 400),                 refund,           400,  "refunded 400"},
      {"more than was captured",  with(held(), 400),                 refund,           401,  "Insufficient balance on payment"},
      {"more than is left",       with(held(), 400, 300),            refund,           101,  "Insufficient balance on payment"},
      {"held",                    held(),                            refund,           1,    "Transaction hasn't been captured, refund not possible"},
      {"held",                    held(),                            reversal,         0,    "canceled 1000"},
      {"captured in part",        with(held(), 400, 100),            reversal,         0,    "refunded 300"},
      {"given back",              with(held(), 400, 400),            reversal,         0,    "Nothing left to reverse"},
      {"refused",                 in(PaymentStatus::refused),        reversal,         0,    "Nothing left to reverse"},
      // clang-format on
  };
  for (const Row& row : rows) {
    const ModificationEffect effect = carry_out(row.payment, {.kind = row.kind, .amount = row.amount});
    EXPECT_EQ(effect.notification.success ? lines_of(effect.lines) : effect.notification.reason, row.done) << text_of(row.kind) << " " << row.what;
    EXPECT_EQ(effect.modification.status, effect.notification.success ? ModificationStatus::done : ModificationStatus::failed);
    EXPECT_EQ(effect.modification.settles_at, std::nullopt);
    ASSERT_TRUE(effect.payment);
    EXPECT_LE(effect.payment->refunded, effect.payment->captured);
    EXPECT_LE(effect.payment->captured, effect.payment->amount);
  }
  EXPECT_EQ(carry_out(std::nullopt, {.kind = technical_cancel}).notification.reason, "Original transaction not found");
  EXPECT_EQ(carry_out(held(), {.kind = capture, .amount = 1, .currency = "USD"}).notification.reason, "Currency differs from the payment's");
}

TEST(AdyenRules, APaymentEndsByItsMethodAndTheShopper) {
  Payment answered = in(PaymentStatus::answered);
  EXPECT_EQ(lines_of(finish_redirect(answered, {.end = Method::End::redirect}).lines), "declined 1000");
  EXPECT_EQ(finish_redirect(answered, {.end = Method::End::redirect}).payment.refusal_code, "11");
  answered.approved = true;
  EXPECT_EQ(lines_of(finish_redirect(answered, {.end = Method::End::redirect}).lines), "authorized 1000");
  EXPECT_EQ(finish_redirect(answered, {.end = Method::End::redirect_then_refused, .refusal_code = "12"}).notification->reason, "Not enough balance");
  answered.manual_capture = false;
  const PaymentEffect sold = finish_redirect(answered, {.end = Method::End::redirect});
  EXPECT_EQ(lines_of(sold.lines), "charged 1000");
  EXPECT_EQ(sold.payment.captured, 1000);
}

TEST(AdyenRules, ARefundThatIsSentBackIsOursAgain) {
  const ModificationEffect made = carry_out(with(held(), 400), {.kind = ModificationKind::refund, .amount = 300});
  const ModificationEffect back = send_back(*made.payment, made.modification);
  EXPECT_EQ(lines_of(back.lines), "refund_failed 300");
  EXPECT_EQ(back.payment->refunded, 0);
  EXPECT_EQ(back.notification.event_code, "REFUND_FAILED");
  EXPECT_TRUE(back.notification.success);  // the event happened
}

}  // namespace
}  // namespace purser::sandbox::adyen
