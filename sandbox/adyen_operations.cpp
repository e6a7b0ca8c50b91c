#include "sandbox/adyen_operations.hpp"

#include <algorithm>

#include "kernel/letters.hpp"
#include "kernel/money.hpp"
#include "sandbox/adyen_json.hpp"
#include "sandbox/adyen_repository.hpp"
#include "sandbox/ledger.hpp"

namespace purser::sandbox::adyen {
namespace {

constexpr std::size_t reference_length_max = 80;
constexpr std::string_view several_captures_suffix = "_MULTI";  // of a merchant account for which Adyen allows several captures
constexpr Duration refund_comes_back_after = seconds(5);

// Sixteen characters, as Adyen's are: the time, the count within its millisecond, and some chance. They ascend.
std::string new_psp_reference(Call& call) { return in_upper_case(call.new_id("").substr(1, 16)); }

// ---- what the parameters alone refuse

std::optional<Answer> check_account(const Form& form) {
  if (form.text("merchantAccount").empty()) return error(403, "901", "Invalid Merchant Account", "security");
  if (form.text("reference").size() > reference_length_max) return error(422, "130", "Reference may have at most 80 characters");
  return std::nullopt;
}

std::optional<Answer> check_amount(const Form& form) {
  if (!form.has("amount[value]")) return error(422, "100", "No amount specified");
  const auto value = form.integer("amount[value]");
  if (!value || *value < 1) return error(422, "137", "Invalid amount specified");
  const std::string currency = form.text("amount[currency]");
  if (!Currency::parse(currency) || in_upper_case(currency) != currency) return error(422, "138", "Unsupported currency specified");
  return std::nullopt;
}

// ---- keeping an effect

void write_lines(const Call& call, const Payment& payment, std::string_view object, const std::vector<Line>& lines) {
  const std::string currency = in_lower_case(payment.currency);
  for (const Line& line : lines)
    append(call, {.kind = line.kind,
                  .payment = payment.psp_reference,
                  .object = object,
                  .amount = line.amount,
                  .currency = currency,
                  .reference = payment.reference,
                  .order_id = value_of(payment.metadata, "order_id")});
}

void keep(Call& call, const PaymentEffect& effect) {
  save(call.tx, effect.payment);
  write_lines(call, effect.payment, effect.payment.psp_reference, effect.lines);
  if (effect.notification) call.announced.push_back({effect.notification->event_code, item_json(effect.payment, *effect.notification, call.now)});
}

void keep(Call& call, const ModificationEffect& effect) {
  save(call.tx, effect.modification);
  if (effect.payment) {
    save(call.tx, *effect.payment);
    write_lines(call, *effect.payment, effect.modification.psp_reference, effect.lines);
  }
  call.announced.push_back({effect.notification.event_code, item_json(effect, call.now)});
}

bool wants_manual_capture(const Form& form) { return form.flag("additionalData[manualCapture]"); }

std::string page_of(const Call& call, const Payment& payment) { return call.base_url + "/_sandbox/authenticate/" + payment.psp_reference; }

// Everything that is asked of a payment is received first, and carried out a while later.
Answer receive(Call& call, Modification modification) {
  modification.psp_reference = new_psp_reference(call);
  modification.merchant_account = call.form.text("merchantAccount");
  modification.reference = call.form.text("reference");
  modification.created = call.now;
  modification.settles_at = call.now + call.settles_after;
  modification.amount = call.form.integer("amount[value]").value_or(0);
  modification.currency = call.form.text("amount[currency]");
  if (call.fault) modification.fault = text_of(call.fault->kind), modification.fault_delay = call.fault->delay;
  save(call.tx, modification);
  call.wakes_at = modification.settles_at;
  return {.status = 201, .body = modification_json(modification)};
}

Answer modify(Call& call, std::string_view psp_reference, ModificationKind kind) {
  const auto payment = load_payment(call.tx, psp_reference);
  if (!payment || payment->merchant_account != call.form.text("merchantAccount"))
    return error(422, "167", "Original pspReference required for this operation");
  return receive(call, {.payment = payment->psp_reference, .kind = kind});
}

// A payment of which nothing is known any more but its method's name: as its redirect was begun.
Method method_of(const Payment& payment) { return find_method(payment.method).value_or(Method{}); }

void settle_modification(Call& call, Modification modification) {
  if (const auto fault = parse_fault(modification.fault); fault && !call.fault) call.fault = Fault{.kind = *fault, .delay = modification.fault_delay};
  auto payment = modification.payment.empty() ? find_payment(call.tx, modification.merchant_account, modification.payment_reference)
                                              : load_payment(call.tx, modification.payment);
  if (modification.status == ModificationStatus::done) {
    if (payment) return keep(call, send_back(*std::move(payment), std::move(modification)));
    modification.settles_at.reset();
    return save(call.tx, modification);
  }
  ModificationEffect effect = carry_out(std::move(payment), std::move(modification));
  const bool refunded = effect.modification.kind == ModificationKind::refund && effect.modification.status == ModificationStatus::done;
  if (refunded && effect.payment && method_of(*effect.payment).refund_comes_back) effect.modification.settles_at = call.now + refund_comes_back_after;
  keep(call, effect);
}

}  // namespace

std::optional<Answer> check_payment(const Form& form) {
  if (auto refused = check_account(form)) return refused;
  if (auto refused = check_amount(form)) return refused;
  if (form.text("reference").empty()) return error(422, "130", "Reference Missing");
  if (form.text("paymentMethod[type]").empty()) return error(422, "14_004", "Missing payment method details");
  if (form.text("paymentMethod[type]") != "scheme") return error(422, "905", "Payment details are not supported", "configuration");
  if (!method_in(form)) return error(422, "800", "Contract not found");
  if (form.text("returnUrl").empty()) return error(422, "14_030", "Return URL is missing.");
  return std::nullopt;
}

std::optional<Answer> check_details(const Form& form) {
  if (form.text("details[redirectResult]").empty()) return error(422, "14_002", "Missing details of the redirect");
  return std::nullopt;
}

std::optional<Answer> check_modification(const Form& form) { return check_account(form); }

std::optional<Answer> check_amount_modification(const Form& form) {
  if (auto refused = check_account(form)) return refused;
  return check_amount(form);
}

std::optional<Answer> check_technical_cancel(const Form& form) {
  if (auto refused = check_account(form)) return refused;
  if (form.text("paymentReference").empty()) return error(422, "130", "Payment reference missing");
  return std::nullopt;
}

Answer make_payment(Call& call) {
  const Form& form = call.form;
  Payment payment{.psp_reference = new_psp_reference(call),
                  .merchant_account = form.text("merchantAccount"),
                  .reference = form.text("reference"),
                  .created = call.now,
                  .amount = *form.integer("amount[value]"),
                  .currency = form.text("amount[currency]"),
                  .manual_capture = wants_manual_capture(form),
                  .method = form.text("paymentMethod[storedPaymentMethodId]"),
                  .return_url = form.text("returnUrl"),
                  .metadata = form.group("metadata")};
  payment.several_captures = payment.merchant_account.ends_with(several_captures_suffix);
  const Method method = method_in(form).value_or(Method{});
  const bool redirects = method.end == Method::End::redirect || method.end == Method::End::redirect_then_refused;
  if (call.struck_by(FaultKind::decline)) {
    keep(call, refuse(payment, "2"));
  } else if (redirects) {
    payment.status = PaymentStatus::redirected;
    save(call.tx, payment);
    return {.body = payment_json(payment, page_of(call, payment))};
  } else if (method.end == Method::End::refused) {
    keep(call, refuse(payment, method.refusal_code));
  } else if (method.end == Method::End::pending || call.struck_by(FaultKind::processing)) {
    payment.settles_at = call.now + (call.fault && call.fault->delay ? *call.fault->delay : call.settles_after);
    call.wakes_at = payment.settles_at;
    save(call.tx, payment);
  } else {
    keep(call, authorise(payment));
  }
  return {.body = payment_json(load_payment(call.tx, payment.psp_reference).value_or(payment))};
}

// Asked again, it answers what became of the payment.
Answer submit_details(Call& call) {
  auto payment = find_by_redirect_result(call.tx, call.form.text("details[redirectResult]"));
  if (!payment) return error(422, "14_006", "The redirectResult is not known");
  if (payment->status != PaymentStatus::answered) return {.body = payment_json(*payment)};
  const PaymentEffect effect = finish_redirect(*payment, method_of(*payment));
  keep(call, effect);
  return {.body = payment_json(effect.payment)};
}

Answer capture(Call& call, std::string_view psp_reference) { return modify(call, psp_reference, ModificationKind::capture); }
Answer cancel(Call& call, std::string_view psp_reference) { return modify(call, psp_reference, ModificationKind::cancel); }
Answer refund(Call& call, std::string_view psp_reference) { return modify(call, psp_reference, ModificationKind::refund); }
Answer reverse(Call& call, std::string_view psp_reference) { return modify(call, psp_reference, ModificationKind::reversal); }

Answer cancel_by_reference(Call& call) {
  return receive(call, {.payment_reference = call.form.text("paymentReference"), .kind = ModificationKind::technical_cancel});
}

std::optional<Payment> let_shopper_decide(Call& call, std::string_view psp_reference, bool approves) {
  auto payment = load_payment(call.tx, psp_reference);
  if (!payment || payment->status != PaymentStatus::redirected) return payment;
  payment->status = PaymentStatus::answered;
  payment->approved = approves;
  payment->redirect_result = make_secret(24, call.random);
  save(call.tx, *payment);
  return payment;
}

void settle_one(Call& call) {
  if (auto payment = due_payment(call.tx, call.now)) return keep(call, authorise(*std::move(payment)));
  if (auto modification = due_modification(call.tx, call.now)) settle_modification(call, *std::move(modification));
}

}  // namespace purser::sandbox::adyen
