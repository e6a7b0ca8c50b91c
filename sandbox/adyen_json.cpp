#include "sandbox/adyen_json.hpp"

#include <array>

#include "platform/digest.hpp"
#include "sandbox/json_form.hpp"
#include "sandbox/json_text.hpp"

namespace purser::sandbox::adyen {
namespace {

std::string amount_json(std::int64_t value, std::string_view currency) {
  std::string out;
  JsonObject(out).text("currency", currency).number("value", value).close();
  return out;
}

std::string_view result_code_of(const Payment& payment) {
  switch (payment.status) {
    case PaymentStatus::redirected:
    case PaymentStatus::answered:
      return "RedirectShopper";
    case PaymentStatus::pending:
      return "Pending";
    case PaymentStatus::authorised:
      return "Authorised";
    case PaymentStatus::refused: {
      const RefusalReason* refusal = find_refusal(payment.refusal_code);
      return refusal ? refusal->result_code : "Refused";
    }
    case PaymentStatus::cancelled:
      return "Cancelled";
  }
  return "";
}

struct Item {
  std::string event_code, psp_reference, original_reference, merchant_account, merchant_reference, currency, reason, event_date, action;
  std::int64_t value = 0;
  bool success = true;
};

std::string write(const Item& item, std::string_view signature) {
  std::string additional, out;
  JsonObject data(additional);
  if (!item.action.empty()) data.text("modification.action", item.action);
  if (!signature.empty()) data.text("hmacSignature", signature);
  data.close();
  JsonObject json(out);
  json.raw("additionalData", additional).raw("amount", amount_json(item.value, item.currency)).text("eventCode", item.event_code);
  json.text("eventDate", item.event_date).text("merchantAccountCode", item.merchant_account).text("merchantReference", item.merchant_reference);
  if (!item.original_reference.empty()) json.text("originalReference", item.original_reference);
  json.text("paymentMethod", "visa").text("pspReference", item.psp_reference).text("reason", item.reason);
  json.text("success", item.success ? "true" : "false").close();
  return out;
}

Item read(std::string_view json) {
  const Form form = form_of_json(json).value_or(Form());
  return {.event_code = form.text("eventCode"),
          .psp_reference = form.text("pspReference"),
          .original_reference = form.text("originalReference"),
          .merchant_account = form.text("merchantAccountCode"),
          .merchant_reference = form.text("merchantReference"),
          .currency = form.text("amount[currency]"),
          .reason = form.text("reason"),
          .event_date = form.text("eventDate"),
          .action = form.text("additionalData[modification.action]"),
          .value = form.integer("amount[value]").value_or(0),
          .success = form.flag("success")};
}

std::string signature_of(const Item& item, std::string_view hex_key) {
  const std::string text = item.psp_reference + ":" + item.original_reference + ":" + item.merchant_account + ":" + item.merchant_reference + ":" +
                           std::to_string(item.value) + ":" + item.currency + ":" + item.event_code + ":" + (item.success ? "true" : "false");
  const auto key = bytes_of_hex(hex_key);
  return key ? base64(hmac_sha256(*key, text)) : std::string();
}

}  // namespace

Answer error(int status, std::string_view code, std::string_view message, std::string_view type, bool executed) {
  std::string out;
  JsonObject(out).number("status", status).text("errorCode", code).text("message", message).text("errorType", type).close();
  return {.status = status, .body = std::move(out), .executed = executed};
}

std::string payment_json(const Payment& payment, std::string_view redirect_url) {
  std::string out;
  JsonObject json(out);
  json.text("pspReference", payment.psp_reference).text("resultCode", result_code_of(payment));
  if (payment.status == PaymentStatus::authorised) json.raw("amount", amount_json(payment.amount, payment.currency));
  json.text("merchantReference", payment.reference);
  if (payment.status == PaymentStatus::refused) {
    const RefusalReason* refusal = find_refusal(payment.refusal_code);
    json.text("refusalReason", refusal ? refusal->reason : "Refused").text("refusalReasonCode", payment.refusal_code);
  }
  if (!redirect_url.empty()) {
    std::string action;
    JsonObject(action).text("paymentMethodType", "scheme").text("url", redirect_url).text("method", "GET").text("type", "redirect").close();
    json.raw("action", action);
  }
  json.close();
  return out;
}

std::string modification_json(const Modification& modification) {
  std::string out;
  JsonObject json(out);
  json.text("merchantAccount", modification.merchant_account);
  if (modification.kind == ModificationKind::technical_cancel)
    json.text("paymentReference", modification.payment_reference);
  else
    json.text("paymentPspReference", modification.payment);
  json.text("pspReference", modification.psp_reference);
  if (!modification.reference.empty()) json.text("reference", modification.reference);
  json.text("status", "received");
  if (modification.amount > 0) json.raw("amount", amount_json(modification.amount, modification.currency));
  json.close();
  return out;
}

std::string item_json(const Payment& payment, const Notification& notification, Instant at) {
  return write({.event_code = std::string(notification.event_code),
                .psp_reference = payment.psp_reference,
                .original_reference = "",
                .merchant_account = payment.merchant_account,
                .merchant_reference = payment.reference,
                .currency = payment.currency,
                .reason = notification.reason,
                .event_date = rfc3339(at),
                .action = "",
                .value = payment.amount,
                .success = notification.success},
               "");
}

// Without a reference of its own, and by a technical cancel, the payment's is told.
std::string item_json(const ModificationEffect& effect, Instant at) {
  const Modification& modification = effect.modification;
  const bool by_reference = modification.kind == ModificationKind::technical_cancel;
  std::string reference = by_reference ? modification.payment_reference : modification.reference;
  if (reference.empty() && effect.payment) reference = effect.payment->reference;
  return write({.event_code = std::string(effect.notification.event_code),
                .psp_reference = modification.psp_reference,
                .original_reference = modification.payment,
                .merchant_account = modification.merchant_account,
                .merchant_reference = std::move(reference),
                .currency = modification.currency,
                .reason = effect.notification.reason,
                .event_date = rfc3339(at),
                .action = effect.notification.action,
                .value = modification.amount,
                .success = effect.notification.success},
               "");
}

std::string notification_json(std::string_view item, std::string_view hex_key) {
  const Item read_back = read(item);
  const std::string signature = hex_key.empty() ? std::string() : signature_of(read_back, hex_key);
  return R"({"live":"false","notificationItems":[{"NotificationRequestItem":)" + write(read_back, signature) + "}]}";
}

}  // namespace purser::sandbox::adyen
