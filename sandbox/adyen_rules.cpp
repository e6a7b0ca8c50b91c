#include "sandbox/adyen_rules.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace purser::sandbox::adyen {
namespace {

constexpr std::array<std::string_view, 6> payment_statuses = {"redirected", "answered", "pending", "authorised", "refused", "cancelled"};
constexpr std::array<std::string_view, 5> modification_kinds = {"capture", "cancel", "technical_cancel", "refund", "reversal"};
constexpr std::array<std::string_view, 3> modification_statuses = {"received", "done", "failed"};

template <class E, std::size_t N>
std::optional<E> position(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<E>(found - names.begin()));
}

std::string_view event_of(ModificationKind kind) {
  switch (kind) {
    case ModificationKind::capture:
      return "CAPTURE";
    case ModificationKind::cancel:
      return "CANCELLATION";
    case ModificationKind::technical_cancel:
      return "TECHNICAL_CANCEL";
    case ModificationKind::refund:
      return "REFUND";
    case ModificationKind::reversal:
      return "CANCEL_OR_REFUND";
  }
  return "";
}

bool holds_money(const Payment& payment) { return payment.status == PaymentStatus::authorised && payment.captured == 0 && !payment.closed; }
bool may_still_be_authorised(const Payment& payment) {
  return payment.status == PaymentStatus::redirected || payment.status == PaymentStatus::answered || payment.status == PaymentStatus::pending;
}
std::int64_t refundable(const Payment& payment) { return payment.captured - payment.refunded; }

// ---- why not: a ladder each, "" where nothing is in the way

std::string_view why_not_capture(const Payment& payment, std::int64_t amount) {
  if (payment.status == PaymentStatus::cancelled) return "Transaction is cancelled";
  if (payment.status != PaymentStatus::authorised) return "Transaction is not authorised";
  if (payment.closed) return "Transaction has been captured";
  if (amount > payment.amount - payment.captured) return "Insufficient balance on payment";
  return "";
}

std::string_view why_not_cancel(const Payment& payment) {
  if (payment.status == PaymentStatus::cancelled) return "Transaction has already been cancelled";
  if (payment.status == PaymentStatus::refused) return "Transaction is not authorised";
  if (payment.captured > 0) return "Transaction has been captured, cancel not possible";
  return "";
}

std::string_view why_not_refund(const Payment& payment, std::int64_t amount) {
  if (payment.captured == 0) return "Transaction hasn't been captured, refund not possible";
  if (amount > refundable(payment)) return "Insufficient balance on payment";
  return "";
}

// ---- what is done

ModificationEffect done(std::optional<Payment> payment, Modification modification, std::vector<Line> lines) {
  modification.status = ModificationStatus::done;
  modification.settles_at.reset();
  const std::string_view event = event_of(modification.kind);
  return {.payment = std::move(payment), .modification = std::move(modification), .lines = std::move(lines), .notification = {.event_code = event}};
}

ModificationEffect failed(std::optional<Payment> payment, Modification modification, std::string_view reason) {
  modification.status = ModificationStatus::failed;
  modification.settles_at.reset();
  modification.reason = reason;
  const std::string_view event = event_of(modification.kind);
  return {.payment = std::move(payment),
          .modification = std::move(modification),
          .lines = {},
          .notification = {.event_code = event, .success = false, .reason = std::string(reason)}};
}

// What is not captured with the last capture is let go.
ModificationEffect capture(Payment payment, Modification modification) {
  std::vector<Line> lines = {{"captured", modification.amount}};
  payment.captured += modification.amount;
  const std::int64_t rest = payment.amount - payment.captured;
  payment.closed = !payment.several_captures || rest == 0;
  if (payment.closed && rest > 0) lines.push_back({"released", rest});
  return done(std::move(payment), std::move(modification), std::move(lines));
}

ModificationEffect cancel(Payment payment, Modification modification) {
  const std::int64_t held = holds_money(payment) ? payment.amount : 0;
  payment.status = PaymentStatus::cancelled;
  payment.closed = true;
  payment.settles_at.reset();
  return done(std::move(payment), std::move(modification), {{"canceled", held}});
}

ModificationEffect refund(Payment payment, Modification modification) {
  const std::int64_t amount = modification.amount;
  payment.refunded += amount;
  return done(std::move(payment), std::move(modification), {{"refunded", amount}});
}

ModificationEffect reverse(Payment payment, Modification modification) {
  const bool cancels = holds_money(payment) || may_still_be_authorised(payment);
  if (!cancels && refundable(payment) == 0) return failed(std::move(payment), std::move(modification), "Nothing left to reverse");
  if (!cancels) modification.amount = refundable(payment);
  ModificationEffect effect = cancels ? cancel(std::move(payment), std::move(modification)) : refund(std::move(payment), std::move(modification));
  effect.notification.action = cancels ? "cancel" : "refund";
  return effect;
}

}  // namespace

std::string_view text_of(PaymentStatus status) { return payment_statuses[static_cast<std::size_t>(status)]; }
std::string_view text_of(ModificationKind kind) { return modification_kinds[static_cast<std::size_t>(kind)]; }
std::string_view text_of(ModificationStatus status) { return modification_statuses[static_cast<std::size_t>(status)]; }
std::optional<PaymentStatus> parse_payment_status(std::string_view text) { return position<PaymentStatus>(payment_statuses, text); }
std::optional<ModificationKind> parse_modification_kind(std::string_view text) { return position<ModificationKind>(modification_kinds, text); }
std::optional<ModificationStatus> parse_modification_status(std::string_view text) {
  return position<ModificationStatus>(modification_statuses, text);
}

PaymentEffect authorise(Payment payment) {
  payment.status = PaymentStatus::authorised;
  payment.settles_at.reset();
  payment.closed = !payment.manual_capture;
  payment.captured = payment.manual_capture ? 0 : payment.amount;
  const Line line{payment.manual_capture ? "authorized" : "charged", payment.amount};
  return {.payment = std::move(payment), .lines = {line}, .notification = Notification{.event_code = "AUTHORISATION"}};
}

PaymentEffect refuse(Payment payment, std::string_view refusal_code) {
  const RefusalReason* refusal = find_refusal(refusal_code);
  payment.status = PaymentStatus::refused;
  payment.settles_at.reset();
  payment.closed = true;
  payment.refusal_code = refusal_code;
  const Line line{"declined", payment.amount};
  return {
      .payment = std::move(payment),
      .lines = {line},
      .notification = Notification{.event_code = "AUTHORISATION", .success = false, .reason = std::string(refusal ? refusal->reason : "Refused")}};
}

PaymentEffect finish_redirect(Payment payment, const Method& method) {
  if (!payment.approved) return refuse(std::move(payment), "11");
  if (method.end == Method::End::redirect_then_refused) return refuse(std::move(payment), method.refusal_code);
  return authorise(std::move(payment));
}

ModificationEffect carry_out(std::optional<Payment> payment, Modification modification) {
  if (!payment) return failed(std::nullopt, std::move(modification), "Original transaction not found");
  if (modification.amount == 0) modification.amount = payment->amount;
  if (modification.currency.empty()) modification.currency = payment->currency;
  modification.payment = payment->psp_reference;
  if (modification.currency != payment->currency) return failed(std::move(payment), std::move(modification), "Currency differs from the payment's");
  std::string_view why_not;
  switch (modification.kind) {
    case ModificationKind::capture:
      why_not = why_not_capture(*payment, modification.amount);
      return why_not.empty() ? capture(*std::move(payment), std::move(modification)) : failed(std::move(payment), std::move(modification), why_not);
    case ModificationKind::cancel:
    case ModificationKind::technical_cancel:
      why_not = why_not_cancel(*payment);
      return why_not.empty() ? cancel(*std::move(payment), std::move(modification)) : failed(std::move(payment), std::move(modification), why_not);
    case ModificationKind::refund:
      why_not = why_not_refund(*payment, modification.amount);
      return why_not.empty() ? refund(*std::move(payment), std::move(modification)) : failed(std::move(payment), std::move(modification), why_not);
    case ModificationKind::reversal:
      return reverse(*std::move(payment), std::move(modification));
  }
  return failed(std::move(payment), std::move(modification), "Unknown modification");
}

ModificationEffect send_back(Payment payment, Modification refund) {
  const std::int64_t amount = refund.amount;
  payment.refunded -= amount;
  ModificationEffect effect = done(std::move(payment), std::move(refund), {{"refund_failed", amount}});
  effect.modification.status = ModificationStatus::failed;
  effect.modification.reason = "Refund rejected by the card scheme";
  effect.notification = {.event_code = "REFUND_FAILED", .reason = effect.modification.reason};
  return effect;
}

}  // namespace purser::sandbox::adyen
