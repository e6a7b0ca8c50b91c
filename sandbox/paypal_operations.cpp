#include "sandbox/paypal_operations.hpp"

#include <algorithm>
#include <array>

#include "kernel/letters.hpp"
#include "sandbox/ledger.hpp"
#include "sandbox/paypal_json.hpp"

namespace purser::sandbox {
namespace {

using Kind = PaypalPartKind;

// ---- the test methods: names of vaulted instruments, each with the end it always comes to ----

enum class End : std::uint8_t { approved, refused, bank_declined, approval, pending };
enum class RefundEnd : std::uint8_t { done, pending, fails_later };

struct Method {
  std::string_view id;
  End end = End::approved;
  std::string_view code{};  // the issue of a refusal, the bank's response code of a decline
  RefundEnd refund = RefundEnd::done;
};
constexpr std::array methods = {
    Method{"ok"},
    Method{"declined", End::refused, "INSTRUMENT_DECLINED"},
    Method{"cannot_pay", End::refused, "PAYER_CANNOT_PAY"},
    Method{"refused", End::refused, "TRANSACTION_REFUSED"},
    Method{"card_expired", End::refused, "CARD_EXPIRED"},
    Method{"do_not_honor", End::bank_declined, "0500"},
    Method{"insufficient_funds", End::bank_declined, "5120"},
    Method{"expired", End::bank_declined, "5400"},
    Method{"cvv", End::bank_declined, "5110"},
    Method{"fraud", End::bank_declined, "9500"},
    Method{"lost", End::bank_declined, "9520"},
    Method{"approval", End::approval},
    Method{"pending", End::pending},
    Method{"refund_pending", End::approved, "", RefundEnd::pending},
    Method{"refund_fails", End::approved, "", RefundEnd::fails_later},
};
// "": the buyer approves at PayPal.
const Method* find_method(std::string_view id) {
  static constexpr Method by_buyer{"", End::approval};
  if (id.empty()) return &by_buyer;
  const auto found = std::ranges::find(methods, id, &Method::id);
  return found == methods.end() ? nullptr : &*found;
}

// ---- reading and writing ----

constexpr std::string_view unit = "purchase_units[0]";

std::string in_unit(const Form& form, std::string_view field) { return form.text(std::string(unit) + std::string(field)); }

std::string vault_id_in(const Form& form) {
  for (const std::string_view name : {"payment_source[paypal][vault_id]", "payment_source[card][vault_id]", "payment_source[token][id]"})
    if (const std::string* id = form.find(name)) return *id;
  return "";
}
std::string return_url_in(const Form& form) {
  for (const std::string_view source : {"paypal", "card"})
    if (const std::string* url = form.find("payment_source[" + std::string(source) + "][experience_context][return_url]")) return *url;
  return "";
}

std::string new_paypal_id(Call& call, std::string_view prefix) { return in_upper_case(call.new_id(prefix)); }

void book(Call& call, const PaypalOrder& order, std::string_view kind, std::string_view object, std::int64_t amount) {
  append(call, {.kind = kind,
                .payment = order.id,
                .object = object,
                .amount = amount,
                .currency = in_lower_case(order.currency),
                .reference = order.custom_id,
                .order_id = order.reference_id});
}

void announce(Call& call, std::string_view type, const PaypalOrder& order, const PaypalPart& part) {
  call.announced.push_back({type, part_json(order, part)});
}

void keep(Call& call, const PaypalPart& part) {
  save(call.tx, part);
  if (part.settles_at) call.wakes_at = part.settles_at;
}

Answer answer_order(store::Tx& tx, const PaypalOrder& order, int status) {
  return {.status = status, .body = order_json(order, paypal_parts_of(tx, order.id))};
}

Answer not_found() { return paypal_refusal("INVALID_RESOURCE_ID", "There is nothing with this id in the sandbox.", 404); }

std::int64_t sum_of(const std::vector<PaypalPart>& parts, Kind kind, std::string_view parent) {
  std::int64_t sum = 0;
  for (const PaypalPart& part : parts)
    if (part.kind == kind && part.parent == parent && (part.status != "DECLINED" && part.status != "FAILED")) sum += part.amount;
  return sum;
}

// The amount asked for, else `otherwise`; nothing where it cannot be read or is in another currency.
std::optional<std::int64_t> amount_in(const Form& form, const PaypalOrder& order, std::int64_t otherwise) {
  if (!form.has("amount[value]")) return otherwise;
  if (form.text("amount[currency_code]") != order.currency) return std::nullopt;
  return paypal_minor(form.text("amount[value]"), Currency::parse(order.currency).value());
}

// ---- paying an order ----

Answer refuse_payment(Call& call, const PaypalOrder& order, std::string_view issue) {
  book(call, order, "declined", order.id, order.amount);
  return paypal_refusal(issue, "The sandbox's test method or a fault refuses this payment.");
}

// Makes the authorization or capture that the order's intent wants, as the method will have it.
Answer pay(Call& call, PaypalOrder order, const Method& method) {
  if (call.struck_by(FaultKind::decline)) return refuse_payment(call, order, "INSTRUMENT_DECLINED");
  if (method.end == End::refused) return refuse_payment(call, order, method.code);
  if (paypal_invoice_is_paid(call.tx, order.invoice_id)) return paypal_refusal("DUPLICATE_INVOICE_ID", "Something was paid under this invoice id.");
  const Kind kind = order.captures ? Kind::capture : Kind::authorization;
  PaypalPart part{.id = new_paypal_id(call, order.captures ? "C" : "A"),
                  .kind = kind,
                  .order = order.id,
                  .created = call.now,
                  .status = order.captures ? "COMPLETED" : "CREATED",
                  .amount = order.amount,
                  .custom_id = order.custom_id,
                  .invoice_id = order.invoice_id};
  const bool pending = method.end == End::pending || call.struck_by(FaultKind::processing);
  if (method.end == End::bank_declined) part.status = order.captures ? "DECLINED" : "DENIED", part.response_code = method.code;
  if (pending)
    part.status = "PENDING", part.settles_at = call.now + (call.fault ? call.fault->delay.value_or(call.settles_after) : call.settles_after);
  order.status = "COMPLETED";
  save(call.tx, order);
  keep(call, part);
  if (method.end == End::bank_declined) {
    book(call, order, "declined", part.id, part.amount);
    if (order.captures) announce(call, "PAYMENT.CAPTURE.DENIED", order, part);
  } else if (pending) {
    if (order.captures) announce(call, "PAYMENT.CAPTURE.PENDING", order, part);
  } else {
    book(call, order, order.captures ? "charged" : "authorized", part.id, part.amount);
    announce(call, order.captures ? "PAYMENT.CAPTURE.COMPLETED" : "PAYMENT.AUTHORIZATION.CREATED", order, part);
  }
  return answer_order(call.tx, order, 201);
}

Answer complete(Call& call, std::string_view id, bool captures) {
  const auto order = load_paypal_order(call.tx, id);
  if (!order) return not_found();
  if (order->captures != captures) return paypal_refusal("ACTION_DOES_NOT_MATCH_INTENT", "The order was made with the other intent.");
  if (order->status == "COMPLETED")
    return paypal_refusal(captures ? "ORDER_ALREADY_CAPTURED" : "ORDER_ALREADY_AUTHORIZED", "The order was completed already.");
  if (order->status != "APPROVED") return paypal_refusal("ORDER_NOT_APPROVED", "The payer has not approved the order.");
  return pay(call, *order, *find_method("ok"));
}

// ---- refunds ----

std::string capture_status(const std::vector<PaypalPart>& parts, const PaypalPart& capture) {
  const std::int64_t refunded = sum_of(parts, Kind::refund, capture.id);
  if (refunded == 0) return "COMPLETED";
  return refunded < capture.amount ? "PARTIALLY_REFUNDED" : "REFUNDED";
}

void show_in_capture(Call& call, const PaypalPart& refund) {
  auto capture = load_paypal_part(call.tx, Kind::capture, refund.parent);
  if (!capture) return;
  capture->status = capture_status(paypal_parts_of(call.tx, refund.order), *capture);
  save(call.tx, *capture);
}

void settle_part(Call& call, PaypalPart part) {
  const auto order = load_paypal_order(call.tx, part.order);
  part.settles_at.reset();
  if (!order) return save(call.tx, part);
  if (part.kind == Kind::refund && part.status == "COMPLETED") {
    part.status = "FAILED";
    save(call.tx, part);
    show_in_capture(call, part);
    book(call, *order, "refund_failed", part.id, part.amount);
    return announce(call, "PAYMENT.REFUND.FAILED", *order, part);
  }
  if (part.status != "PENDING") return save(call.tx, part);  // released meanwhile
  part.status = part.kind == Kind::authorization ? "CREATED" : "COMPLETED";
  save(call.tx, part);
  if (part.kind == Kind::refund) {
    book(call, *order, "refunded", part.id, part.amount);
    return announce(call, "PAYMENT.CAPTURE.REFUNDED", *order, part);
  }
  const bool sale = part.kind == Kind::capture && part.parent.empty();
  book(call, *order, part.kind == Kind::authorization ? "authorized" : sale ? "charged" : "captured", part.id, part.amount);
  announce(call, part.kind == Kind::authorization ? "PAYMENT.AUTHORIZATION.CREATED" : "PAYMENT.CAPTURE.COMPLETED", *order, part);
}

Answer show_part(const View& view, Kind kind, std::string_view id) {
  const auto part = load_paypal_part(view.tx, kind, id);
  const auto order = part ? load_paypal_order(view.tx, part->order) : std::nullopt;
  return order ? Answer{.body = part_json(*order, *part)} : not_found();
}

}  // namespace

std::optional<Answer> check_paypal_order(const Form& form) {
  const std::string intent = form.text("intent");
  if (intent != "CAPTURE" && intent != "AUTHORIZE") return paypal_refusal("INVALID_PARAMETER_VALUE", "/intent is CAPTURE or AUTHORIZE.", 400);
  if (form.has("purchase_units[1][amount][value]")) return paypal_refusal("INVALID_ARRAY_MAX_ITEMS", "The sandbox takes one purchase unit.", 400);
  if (!form.has(std::string(unit) + "[amount][value]"))
    return paypal_refusal("MISSING_REQUIRED_PARAMETER", "/purchase_units/@0/amount/value is missing.", 400);
  const auto currency = paypal_currency(in_unit(form, "[amount][currency_code]"));
  if (!currency) return paypal_refusal("CURRENCY_NOT_SUPPORTED", "PayPal does not take this currency.");
  if (!paypal_minor(in_unit(form, "[amount][value]"), *currency))
    return paypal_refusal("DECIMAL_PRECISION", "The amount is no positive decimal number of this currency.");
  return std::nullopt;
}

Answer create_paypal_order(Call& call, std::string_view) {
  const Form& form = call.form;
  const Currency currency = paypal_currency(in_unit(form, "[amount][currency_code]")).value();
  const std::string vault_id = vault_id_in(form);
  const Method* method = find_method(vault_id);
  if (method == nullptr) return paypal_refusal("TOKEN_ID_NOT_FOUND", "The sandbox has no test method of this name: " + vault_id);
  if (!vault_id.empty() && call.idempotency_key.empty())
    return paypal_refusal("PAYPAL_REQUEST_ID_REQUIRED", "A PayPal-Request-Id is needed to pay with the order.", 400);
  PaypalOrder order{.id = new_paypal_id(call, "O"),
                    .created = call.now,
                    .status = "PAYER_ACTION_REQUIRED",
                    .captures = form.text("intent") == "CAPTURE",
                    .amount = paypal_minor(in_unit(form, "[amount][value]"), currency).value(),
                    .currency = std::string(currency.code()),
                    .custom_id = in_unit(form, "[custom_id]"),
                    .invoice_id = in_unit(form, "[invoice_id]"),
                    .reference_id = in_unit(form, "[reference_id]"),
                    .method = vault_id,
                    .return_url = return_url_in(form),
                    .base_url = call.base_url};
  if (method->end != End::approval) return pay(call, std::move(order), *method);
  save(call.tx, order);
  return answer_order(call.tx, order, 200);
}

Answer authorize_paypal_order(Call& call, std::string_view id) { return complete(call, id, false); }
Answer capture_paypal_order(Call& call, std::string_view id) { return complete(call, id, true); }

Answer capture_paypal_authorization(Call& call, std::string_view id) {
  auto authorization = load_paypal_part(call.tx, Kind::authorization, id);
  if (!authorization) return not_found();
  const PaypalOrder order = load_paypal_order(call.tx, authorization->order).value();
  const std::string& status = authorization->status;
  if (status == "VOIDED") return paypal_refusal("AUTHORIZATION_VOIDED", "The authorization was voided.");
  if (status == "DENIED") return paypal_refusal("AUTHORIZATION_DENIED", "The authorization was denied.");
  if (status == "CAPTURED") return paypal_refusal("AUTHORIZATION_ALREADY_CAPTURED", "The authorization was captured already.");
  if (status == "PENDING") return paypal_refusal("PENDING_AUTHORIZATION", "The authorization is pending.");
  const std::int64_t left = authorization->amount - sum_of(paypal_parts_of(call.tx, order.id), Kind::capture, id);
  const auto amount = amount_in(call.form, order, left);
  if (!amount) return paypal_refusal("INVALID_CURRENCY_CODE", "The amount cannot be read, or is in another currency.");
  if (*amount > left) return paypal_refusal("MAX_CAPTURE_AMOUNT_EXCEEDED", "The amount is more than is left of the authorization.");
  const std::string invoice_id = call.form.text("invoice_id");
  if (paypal_invoice_is_paid(call.tx, invoice_id)) return paypal_refusal("DUPLICATE_INVOICE_ID", "Something was paid under this invoice id.");

  const bool pending = call.struck_by(FaultKind::processing), final = call.form.flag("final_capture");
  PaypalPart capture{.id = new_paypal_id(call, "C"),
                     .kind = Kind::capture,
                     .order = order.id,
                     .parent = std::string(id),
                     .created = call.now,
                     .status = pending ? "PENDING" : "COMPLETED",
                     .amount = *amount,
                     .custom_id = order.custom_id,
                     .invoice_id = invoice_id.empty() ? order.invoice_id : invoice_id,
                     .final_capture = final};
  if (pending) capture.settles_at = call.now + call.fault->delay.value_or(call.settles_after);
  keep(call, capture);
  authorization->status = final || *amount == left ? "CAPTURED" : "PARTIALLY_CAPTURED";
  save(call.tx, *authorization);
  if (!pending) book(call, order, "captured", capture.id, *amount);
  if (final && *amount < left) book(call, order, "released", authorization->id, left - *amount);
  announce(call, pending ? "PAYMENT.CAPTURE.PENDING" : "PAYMENT.CAPTURE.COMPLETED", order, capture);
  return {.status = 201, .body = part_json(order, capture)};
}

Answer void_paypal_authorization(Call& call, std::string_view id) {
  auto authorization = load_paypal_part(call.tx, Kind::authorization, id);
  if (!authorization) return not_found();
  const PaypalOrder order = load_paypal_order(call.tx, authorization->order).value();
  if (authorization->status == "VOIDED") return paypal_refusal("PREVIOUSLY_VOIDED", "The authorization was voided already.");
  if (authorization->status == "CAPTURED") return paypal_refusal("PREVIOUSLY_CAPTURED", "The authorization was captured and cannot be voided.");
  if (authorization->status == "DENIED") return paypal_refusal("AUTHORIZATION_DENIED", "The authorization was denied.");
  const std::int64_t left = authorization->amount - sum_of(paypal_parts_of(call.tx, order.id), Kind::capture, id);
  const bool held = authorization->status != "PENDING";
  authorization->status = "VOIDED";
  save(call.tx, *authorization);
  if (held) book(call, order, "canceled", authorization->id, left);
  announce(call, "PAYMENT.AUTHORIZATION.VOIDED", order, *authorization);
  return {.body = part_json(order, *authorization)};
}

Answer refund_paypal_capture(Call& call, std::string_view id) {
  const auto capture = load_paypal_part(call.tx, Kind::capture, id);
  if (!capture) return not_found();
  const PaypalOrder order = load_paypal_order(call.tx, capture->order).value();
  if (capture->status == "PENDING") return paypal_refusal("PENDING_CAPTURE", "The capture is pending.");
  if (capture->status == "DECLINED") return paypal_refusal("INVALID_RESOURCE_ID", "The capture was declined.");
  if (capture->status == "REFUNDED") return paypal_refusal("CAPTURE_FULLY_REFUNDED", "All of the capture was refunded already.");
  const std::int64_t left = capture->amount - sum_of(paypal_parts_of(call.tx, order.id), Kind::refund, id);
  const auto amount = amount_in(call.form, order, left);
  if (!amount) return paypal_refusal("INVALID_CURRENCY_CODE", "The amount cannot be read, or is in another currency.");
  if (*amount > left) return paypal_refusal("REFUND_AMOUNT_EXCEEDED", "The amount is more than is left of the capture.");

  const Method* method = find_method(order.method);
  const RefundEnd end = method == nullptr ? RefundEnd::done : method->refund;
  PaypalPart refund{.id = new_paypal_id(call, "R"),
                    .kind = Kind::refund,
                    .order = order.id,
                    .parent = std::string(id),
                    .created = call.now,
                    .status = end == RefundEnd::pending ? "PENDING" : "COMPLETED",
                    .amount = *amount,
                    .custom_id = call.form.text("custom_id"),
                    .invoice_id = call.form.text("invoice_id")};
  if (end != RefundEnd::done) refund.settles_at = call.now + call.settles_after;
  keep(call, refund);
  show_in_capture(call, refund);
  if (end == RefundEnd::pending) {
    announce(call, "PAYMENT.REFUND.PENDING", order, refund);
  } else {
    book(call, order, "refunded", refund.id, *amount);
    announce(call, "PAYMENT.CAPTURE.REFUNDED", order, refund);
  }
  return {.status = 201, .body = part_json(order, refund)};
}

Answer show_paypal_order(const View& view, std::string_view id) {
  const auto order = load_paypal_order(view.tx, id);
  return order ? answer_order(view.tx, *order, 200) : not_found();
}
Answer show_paypal_authorization(const View& view, std::string_view id) { return show_part(view, Kind::authorization, id); }
Answer show_paypal_capture(const View& view, std::string_view id) { return show_part(view, Kind::capture, id); }
Answer show_paypal_refund(const View& view, std::string_view id) { return show_part(view, Kind::refund, id); }

std::optional<PaypalOrder> let_paypal_buyer_decide(Call& call, std::string_view id, bool approves) {
  auto order = load_paypal_order(call.tx, id);
  if (!order || order->status != "PAYER_ACTION_REQUIRED" || !approves) return order;
  order->status = "APPROVED";
  save(call.tx, *order);
  call.announced.push_back({"CHECKOUT.ORDER.APPROVED", order_json(*order, {})});
  return order;
}

void settle_paypal(Call& call) {
  for (PaypalPart& part : settling_paypal_parts(call.tx, call.now)) settle_part(call, std::move(part));
}

}  // namespace purser::sandbox
