#include "contexts/payments/processors/paypal_event.hpp"

#include "contexts/payments/processors/paypal_wire.hpp"

namespace purser::payments::paypal {
namespace {

using simdjson::dom::element;

Notice about_order(Notice notice, const element& order) {
  const std::string unit_at(unit);
  notice.about = Notice::About::money;
  notice.reference = text_at(order, unit_at + "/custom_id");
  notice.processor_ref = text_at(order, "/id");
  notice.amount = money_at(order, unit_at + "/amount");
  notice.outcome = order_outcome(order, text_at(order, "/intent") == "CAPTURE");
  return notice;
}

// The buyer took his approval back before it was used.
Notice about_withdrawn_approval(Notice notice, const element& resource) {
  notice.about = Notice::About::money;
  notice.processor_ref = text_at(resource, "/order_id");
  notice.outcome = {
      .end = End::released,
      .processor_ref = notice.processor_ref,
      .failure = Failure{.code = "abandoned", .message = "The buyer's approval was taken back.", .retryable = true, .outcome = "declined"}};
  return notice;
}

Notice about_authorization(Notice notice, const element& authorization) {
  notice.about = Notice::About::money;
  notice.reference = text_at(authorization, "/custom_id");
  notice.processor_ref = text_at(authorization, "/supplementary_data/related_ids/order_id");
  notice.amount = money_at(authorization, "/amount");
  notice.outcome = authorization_outcome(authorization, notice.processor_ref);
  return notice;
}

// A capture of an authorization bears the custom_id of its order and an invoice_id of its own, which is the reference of the attempt to
// capture; taken for the charge's outcome it would be wrong.
Notice about_capture(Notice notice, const element& capture) {
  notice.reference = text_at(capture, "/custom_id");
  notice.processor_ref = text_at(capture, "/supplementary_data/related_ids/order_id");
  notice.amount = money_at(capture, "/amount");
  const std::string invoice_id = text_at(capture, "/invoice_id");
  const bool of_authorization = invoice_id != notice.reference || !text_at(capture, "/supplementary_data/related_ids/authorization_id").empty();
  notice.about = of_authorization ? Notice::About::capture : Notice::About::money;
  if (of_authorization) notice.reference = invoice_id;
  notice.outcome = capture_outcome(capture, notice.processor_ref);
  return notice;
}

Notice about_refund(Notice notice, const element& refund) {
  notice.about = Notice::About::refund;
  notice.reference = text_at(refund, "/custom_id");
  notice.processor_ref = text_at(refund, "/id");
  notice.amount = money_at(refund, "/amount");
  notice.outcome = refund_outcome(refund);
  return notice;
}

}  // namespace

Result<Notice> read_event(const std::string& body) {
  simdjson::dom::parser parser;
  element event;
  const bool readable = parser.parse(body).get(event) == simdjson::SUCCESS;
  if (!readable || text_at(event, "/id").empty() || text_at(event, "/event_type").empty())
    return Error{.kind = Kind::malformed, .code = "webhook_unreadable", .detail = "The body is not a PayPal event."};
  Notice notice{.event_id = text_at(event, "/id"), .type = text_at(event, "/event_type")};
  const auto resource = object_at(event, "/resource");
  if (!resource) return notice;
  const std::string& type = notice.type;
  if (type == "CHECKOUT.ORDER.APPROVED" || type == "CHECKOUT.ORDER.COMPLETED") return about_order(std::move(notice), *resource);
  if (type == "CHECKOUT.PAYMENT-APPROVAL.REVERSED") return about_withdrawn_approval(std::move(notice), *resource);
  if (type.starts_with("PAYMENT.AUTHORIZATION.")) return about_authorization(std::move(notice), *resource);
  if (type == "PAYMENT.CAPTURE.REFUNDED" || type.starts_with("PAYMENT.REFUND.")) return about_refund(std::move(notice), *resource);
  // A capture that PayPal took back (a dispute) is no refund of ours.
  if (type.starts_with("PAYMENT.CAPTURE.") && type != "PAYMENT.CAPTURE.REVERSED") return about_capture(std::move(notice), *resource);
  return notice;
}

}  // namespace purser::payments::paypal
