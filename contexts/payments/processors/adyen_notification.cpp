#include "contexts/payments/processors/adyen_notification.hpp"

#include <charconv>

#include "contexts/payments/processors/adapter.hpp"
#include "contexts/payments/processors/adyen_words.hpp"
#include "platform/digest.hpp"

namespace purser::payments {
namespace {

using simdjson::dom::element;
using About = Notice::About;

Error refused(std::string code, std::string detail) { return {.kind = Kind::malformed, .code = std::move(code), .detail = std::move(detail)}; }

// What is signed of an item, and the reason, which is for people.
struct Item {
  std::string psp_reference, original_reference, merchant_account, merchant_reference, value, currency, event_code, success, reason;
};

// A number is taken as it is written; what is missing is signed as nothing.
std::string number_text(const element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? std::to_string(number) : std::string();
}

Item read_item(const element& item) {
  std::string success = text_at(item, "/success");
  if (bool flag = false; item.at_pointer("/success").get(flag) == simdjson::SUCCESS) success = flag ? "true" : "false";
  return {.psp_reference = text_at(item, "/pspReference"),
          .original_reference = text_at(item, "/originalReference"),
          .merchant_account = text_at(item, "/merchantAccountCode"),
          .merchant_reference = text_at(item, "/merchantReference"),
          .value = number_text(item, "/amount/value"),
          .currency = text_at(item, "/amount/currency"),
          .event_code = text_at(item, "/eventCode"),
          .success = std::move(success),
          .reason = text_at(item, "/reason")};
}

std::string signature_of(const Item& item, const std::string& key) {
  const std::string text = item.psp_reference + ":" + item.original_reference + ":" + item.merchant_account + ":" + item.merchant_reference + ":" +
                           item.value + ":" + item.currency + ":" + item.event_code + ":" + item.success;
  return base64(hmac_sha256(key, text));
}

// ---- what it means

// Adyen's references may be sixteen digits, and would then be taken for a card's number.
std::string event_id_of(const Item& item) {
  const std::size_t half = item.psp_reference.size() / 2;
  return item.psp_reference.substr(0, half) + "_" + item.psp_reference.substr(half) + "_" + item.event_code + "_" + item.success;
}

std::optional<Money> money_of(const Item& item) {
  const auto currency = Currency::parse(item.currency);
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(item.value.data(), item.value.data() + item.value.size(), value);
  if (!currency || problem != std::errc()) return std::nullopt;
  const auto minor = minor_of_adyen(value, *currency);
  return minor ? std::optional(Money{*minor, *currency}) : std::nullopt;
}

Outcome succeeded(std::string processor_ref) { return {.end = End::succeeded, .processor_ref = std::move(processor_ref)}; }

Outcome failed(std::string_view what, const Item& item, std::string processor_ref) {
  std::string message = "Adyen could not make the " + std::string(what);
  if (!item.reason.empty()) message += ": " + item.reason;
  return declined("declined", message + ".", "", true, std::move(processor_ref));
}

Outcome released(const Item& item) {
  return {.end = End::released,
          .processor_ref = item.original_reference,
          .failure = Failure{.code = "abandoned", .message = "The payment was cancelled at Adyen.", .retryable = true, .outcome = "declined"}};
}

void tell_authorisation(Notice& notice, const Item& item, bool success) {
  notice.about = About::money;
  notice.processor_ref = item.psp_reference;
  notice.amount = money_of(item);
  notice.outcome = success ? succeeded(item.psp_reference) : adyen_refusal("", item.reason, item.psp_reference);
}

void tell_capture(Notice& notice, const Item& item, bool success) {
  notice.about = About::capture;
  notice.amount = money_of(item);
  notice.outcome = success ? succeeded(item.original_reference) : failed("capture", item, item.original_reference);
}

void tell_refund(Notice& notice, const Item& item, bool success) {
  notice.about = About::refund;
  notice.amount = money_of(item);
  notice.outcome = success ? succeeded(item.psp_reference) : failed("refund", item, item.psp_reference);
}

// Which charge it was is what counts, whoever cancelled it. Only a failure is about the one who asked.
void tell_cancellation(Notice& notice, const Item& item, bool success) {
  notice.about = success ? About::money : About::release;
  if (success) notice.reference.clear();
  notice.outcome = success ? released(item) : failed("cancellation", item, item.original_reference);
}

// Here merchantReference is the charge's own. One that failed says nothing of the charge: it may be captured, or not there yet.
void tell_technical_cancel(Notice& notice, const Item& item, bool success) {
  if (!success) return;
  notice.about = About::money;
  notice.outcome = released(item);
}

// It gives back all there is, so its amount need not be the attempt's.
void tell_reversal(Notice& notice, const Item& item, bool success) {
  notice.about = About::refund;
  notice.outcome = success ? succeeded(item.original_reference) : failed("reversal", item, item.original_reference);
}

Notice notice_of(const Item& item) {
  const bool success = item.success == "true";
  Notice notice{
      .event_id = event_id_of(item), .type = item.event_code, .reference = item.merchant_reference, .processor_ref = item.original_reference};
  if (item.event_code == "AUTHORISATION") tell_authorisation(notice, item, success);
  if (item.event_code == "CAPTURE") tell_capture(notice, item, success);
  if (item.event_code == "CAPTURE_FAILED") tell_capture(notice, item, false);
  if (item.event_code == "REFUND") tell_refund(notice, item, success);
  if (item.event_code == "REFUND_FAILED" || item.event_code == "REFUNDED_REVERSED") tell_refund(notice, item, false);
  if (item.event_code == "CANCELLATION") tell_cancellation(notice, item, success);
  if (item.event_code == "TECHNICAL_CANCEL") tell_technical_cancel(notice, item, success);
  if (item.event_code == "CANCEL_OR_REFUND") tell_reversal(notice, item, success);
  return notice;
}

}  // namespace

Result<Notice> parse_adyen_notification(std::string_view body, std::string_view hex_key, std::string_view merchant_account) {
  simdjson::dom::parser parser;
  element root, object;
  simdjson::dom::array items;
  if (parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS ||
      root.at_pointer("/notificationItems").get(items) != simdjson::SUCCESS || items.size() == 0)
    return refused("webhook_unreadable", "The body is not a standard webhook of Adyen's.");
  if (items.size() > 1) return refused("webhook_several_items", "The body holds several notifications: set the webhook to send one a message.");
  if (root.at_pointer("/notificationItems/0/NotificationRequestItem").get(object) != simdjson::SUCCESS)
    return refused("webhook_unreadable", "The body is not a standard webhook of Adyen's.");
  const Item item = read_item(object);
  const std::string signature = text_at(object, "/additionalData/hmacSignature");
  if (signature.empty()) return refused("signature_malformed", "The notification is not signed: enable HMAC signatures for the webhook.");
  const auto key = bytes_of_hex(hex_key);
  if (!key || !same_secret(signature, signature_of(item, *key)))
    return refused("signature_invalid", "The signature does not match the notification: check the webhook's HMAC key.");
  if (item.psp_reference.empty() || item.event_code.empty() || (item.success != "true" && item.success != "false"))
    return refused("webhook_unreadable", "The notification names no pspReference, no eventCode or no outcome.");
  if (item.merchant_account != merchant_account) return Notice{.event_id = event_id_of(item), .type = item.event_code};
  return notice_of(item);
}

}  // namespace purser::payments
