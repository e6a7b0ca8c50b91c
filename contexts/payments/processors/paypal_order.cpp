#include "contexts/payments/processors/paypal_order.hpp"

#include <algorithm>
#include <set>

#include "contexts/payments/processors/paypal_wire.hpp"
#include "platform/json/json_writer.hpp"

namespace purser::payments::paypal {
namespace {

using simdjson::dom::element;

void write_amount(JsonWriter& json, std::string_view currency, std::string_view value) {
  json.key("amount").begin_object().key("currency_code").string(currency).key("value").string(value).end_object();
}

void write_experience(JsonWriter& json, const Instruction& instruction) {
  if (instruction.return_url.empty()) return;
  json.key("experience_context").begin_object();
  json.key("return_url").string(instruction.return_url).key("cancel_url").string(instruction.return_url).end_object();
}

// {"paypal":{"vault_id":"…","experience_context":{…}}}
std::string vaulted(std::string_view kind, std::string_view id, const Instruction& instruction) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key(kind).begin_object();
  if (!id.empty()) json.key("vault_id").string(id);
  write_experience(json, instruction);
  json.end_object().end_object();
  return out;
}

std::string billing_agreement(std::string_view id) {
  std::string out;
  JsonWriter(out).begin_object().key("token").begin_object().key("id").string(id).key("type").string("BILLING_AGREEMENT").end_object().end_object();
  return out;
}

bool is_one_of(const element& part, std::initializer_list<std::string_view> statuses) {
  return std::ranges::find(statuses, text_at(part, "/status")) != statuses.end();
}

std::int64_t minor_at(const element& part) {
  const auto money = money_at(part, "/amount");
  return money ? money->minor : 0;
}

// "…/v2/payments/captures/2GG279541U471931P": what the refund's "up" link ends with.
std::string capture_of(const element& refund) {
  const std::string up = link_of(refund, "up");
  return up.substr(std::min(up.rfind('/') + 1, up.size()));
}

// What can still be refunded of a capture. A refund that does not say of which one counts against each.
std::int64_t left_of(const element& order, const element& capture) {
  if (!is_one_of(capture, {"COMPLETED", "PARTIALLY_REFUNDED"})) return 0;
  std::int64_t left = minor_at(capture);
  for (const element& refund : list_at(order, refunds)) {
    const std::string of = capture_of(refund);
    if ((of.empty() || of == text_at(capture, "/id")) && is_one_of(refund, {"COMPLETED", "PENDING"})) left -= minor_at(refund);
  }
  return std::max<std::int64_t>(0, left);
}

std::vector<element> refunds_under(const element& order, const std::string& reference) {
  std::vector<element> found;
  for (const element& refund : list_at(order, refunds)) {
    const std::string custom_id = text_at(refund, "/custom_id");
    if (custom_id == reference || custom_id.starts_with(reference + "/")) found.push_back(refund);
  }
  return found;
}

std::int64_t given_under(const element& order, const std::string& reference) {
  std::int64_t given = 0;
  for (const element& refund : refunds_under(order, reference))
    if (is_one_of(refund, {"COMPLETED"})) given += minor_at(refund);
  return given;
}

bool is_pending_under(const element& order, const std::string& reference) {
  return std::ranges::any_of(refunds_under(order, reference), [](const element& refund) { return is_one_of(refund, {"PENDING"}); });
}

std::vector<element> captures_with_money(const element& order) {
  std::vector<element> found;
  for (const element& capture : list_at(order, captures))
    if (left_of(order, capture) > 0) found.push_back(capture);
  return found;
}

}  // namespace

std::optional<std::string> payment_source(const Instruction& instruction) {
  const std::string_view method = instruction.payment_method;
  if (method == "paypal") return vaulted("paypal", "", instruction);
  const std::size_t colon = method.find(':');
  if (colon == std::string_view::npos || colon + 1 == method.size()) return std::nullopt;
  const std::string_view kind = method.substr(0, colon), id = method.substr(colon + 1);
  if (kind == "paypal" || kind == "card") return vaulted(kind, id, instruction);
  return kind == "token" ? std::optional(billing_agreement(id)) : std::nullopt;
}

std::string order_body(const Instruction& instruction, const std::string& amount, const std::string& source) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("intent").string(instruction.kind == AttemptKind::sale ? "CAPTURE" : "AUTHORIZE");
  json.key("purchase_units").begin_array().begin_object();
  if (!instruction.order_id.empty()) json.key("reference_id").string(instruction.order_id);
  json.key("custom_id").string(instruction.reference).key("invoice_id").string(instruction.reference);
  write_amount(json, instruction.currency.code(), amount);
  json.end_object().end_array().key("payment_source").raw(source).end_object();
  return out;
}

std::string capture_body(const Instruction& instruction, const std::string& amount) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_amount(json, instruction.currency.code(), amount);
  json.key("invoice_id").string(instruction.reference).key("final_capture").boolean(instruction.final).end_object();
  return out;
}

Outcome captured_already(const element& order, const Instruction& instruction) {
  for (const element& capture : list_at(order, captures)) {
    if (text_at(capture, "/invoice_id") != instruction.reference) continue;
    if (money_at(capture, "/amount") != Money{instruction.amount, instruction.currency})
      return undecided("The processor's capture is of another amount or currency.", instruction.processor_ref);
    return capture_outcome(capture, instruction.processor_ref);
  }
  return {.end = End::absent};
}

Outcome refunded_already(const element& order, const Instruction& instruction) {
  const auto ours = refunds_under(order, instruction.reference);
  if (ours.empty()) return {.end = End::absent};
  const auto of_ours = [&](const element& refund) {
    const auto money = money_at(refund, "/amount");
    return money && money->currency == instruction.currency;
  };
  if (!std::ranges::all_of(ours, of_ours)) return undecided("The processor's refund is in another currency.");
  if (is_pending_under(order, instruction.reference)) return undecided("The processor has not finished the refund yet.");
  const std::int64_t given = given_under(order, instruction.reference);
  if (given == 0) return refund_outcome(ours.back());
  if (given == instruction.amount) return {.end = End::succeeded, .processor_ref = text_at(ours.back(), "/id")};
  return undecided("The processor refunded another amount than it was asked for, or a part of it.");
}

bool is_partly_refunded(const element& order, const Instruction& instruction) {
  const std::int64_t given = given_under(order, instruction.reference);
  return given > 0 && given < instruction.amount && !is_pending_under(order, instruction.reference);
}

Outcome reversed_already(const element& order, const Instruction& instruction) {
  if (is_unpaid(order) || !held_authorization(order).empty() || !captures_with_money(order).empty()) return {.end = End::absent};
  const auto pending = [](const element& part) { return is_one_of(part, {"PENDING"}); };
  if (std::ranges::any_of(list_at(order, captures), pending)) return undecided("The capture to be given back is not finished yet.");
  if (std::ranges::any_of(list_at(order, refunds), pending)) return undecided("The processor has not finished the refund yet.");
  return {.end = End::succeeded, .processor_ref = instruction.processor_ref};
}

bool is_whole(const element& order, const std::string& id) {
  const auto known = [&](std::string_view parts, std::initializer_list<std::string_view> statuses) {
    return std::ranges::all_of(list_at(order, parts),
                               [&](const element& part) { return !text_at(part, "/id").empty() && is_one_of(part, statuses); });
  };
  const auto counted = [&](std::string_view parts) {
    return std::ranges::all_of(list_at(order, parts), [](const element& part) { return money_at(part, "/amount").has_value(); });
  };
  const std::string status = text_at(order, "/status");
  if (text_at(order, "/id") != id || status.empty() || !object_at(order, unit)) return false;
  if (status == "COMPLETED" && is_unpaid(order)) return false;
  return known(authorizations, {"CREATED", "CAPTURED", "DENIED", "EXPIRED", "PARTIALLY_CAPTURED", "PARTIALLY_CREATED", "VOIDED", "PENDING"}) &&
         known(captures, {"COMPLETED", "DECLINED", "PARTIALLY_REFUNDED", "PENDING", "REFUNDED", "FAILED"}) && counted(captures) &&
         known(refunds, {"CANCELLED", "FAILED", "PENDING", "COMPLETED"}) && counted(refunds);
}

bool is_unpaid(const element& order) { return list_at(order, authorizations).empty() && list_at(order, captures).empty(); }

bool is_voided(const element& order) {
  const auto all = list_at(order, authorizations);
  const auto gone = [](const element& part) { return is_one_of(part, {"VOIDED", "EXPIRED", "DENIED"}); };
  const bool released = std::ranges::any_of(all, [](const element& part) { return is_one_of(part, {"VOIDED", "EXPIRED"}); });
  return released && std::ranges::all_of(all, gone);
}

std::string held_authorization(const element& order) {
  for (const element& part : list_at(order, authorizations))
    if (is_one_of(part, {"CREATED", "PENDING", "PARTIALLY_CAPTURED"})) return text_at(part, "/id");
  return "";
}

std::string refund_body(const RefundPart& part) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_amount(json, part.amount.currency.code(), amount_text(part.amount).value_or(""));
  json.key("custom_id").string(part.custom_id).key("invoice_id").string(part.custom_id).end_object();
  return out;
}

std::vector<RefundPart> plan_refund(const element& order, const Instruction& instruction) {
  const std::int64_t given = given_under(order, instruction.reference);
  const auto able = captures_with_money(order);
  if (given == 0)
    for (const element& capture : able)
      if (left_of(order, capture) >= instruction.amount)
        return {{text_at(capture, "/id"), {instruction.amount, instruction.currency}, instruction.reference, instruction.reference}};

  std::set<std::string> done;
  for (const element& refund : refunds_under(order, instruction.reference)) done.insert(text_at(refund, "/custom_id"));
  std::vector<RefundPart> plan;
  std::int64_t wanted = instruction.amount - given;
  for (const element& capture : able) {
    const std::string id = text_at(capture, "/id"), custom_id = instruction.reference + "/" + id;
    if (wanted == 0 || done.contains(custom_id)) continue;
    const std::int64_t part = std::min(wanted, left_of(order, capture));
    plan.push_back({id, {part, instruction.currency}, custom_id, instruction.reference + "-" + id});
    wanted -= part;
  }
  return wanted == 0 ? plan : std::vector<RefundPart>();
}

std::vector<RefundPart> plan_reversal(const element& order, const Instruction& instruction, const std::string& repetition) {
  std::vector<RefundPart> plan;
  for (const element& capture : captures_with_money(order)) {
    const std::string id = text_at(capture, "/id");
    const Money rest{left_of(order, capture), instruction.currency};
    plan.push_back({id, rest, instruction.reference, instruction.reference + "-refund-" + id + repetition});
  }
  return plan;
}

}  // namespace purser::payments::paypal
