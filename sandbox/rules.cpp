#include "sandbox/rules.hpp"

#include <utility>

namespace purser::sandbox {
namespace {

using enum Status;

std::string in_status(std::string_view what, const PaymentIntent& intent) {
  return "This PaymentIntent cannot be " + std::string(what) + " while its status is " + std::string(text_of(intent.status)) + ".";
}

Charge charge_for(const PaymentIntent& intent, std::string id, Instant now) {
  return {.id = std::move(id),
          .payment_intent = intent.id,
          .created = now,
          .amount = intent.amount,
          .currency = intent.currency,
          .payment_method = intent.payment_method,
          .metadata = intent.metadata};
}

Effect approve(PaymentIntent intent, std::string charge_id, Instant now) {
  Charge charge = charge_for(intent, std::move(charge_id), now);
  charge.succeeded = true;
  charge.captured = !intent.manual_capture;
  charge.amount_captured = charge.captured ? charge.amount : 0;
  intent.latest_charge = charge.id;
  intent.last_error = {};
  intent.authenticate_url.clear();
  intent.settles_at.reset();
  intent.status = intent.manual_capture ? requires_capture : succeeded;
  intent.amount_capturable = intent.manual_capture ? intent.amount : 0;
  intent.amount_received = intent.manual_capture ? 0 : intent.amount;

  Effect effect{.events = {"charge.succeeded"}};
  effect.events.push_back(intent.manual_capture ? "payment_intent.amount_capturable_updated" : "payment_intent.succeeded");
  effect.lines.push_back({intent.manual_capture ? "authorized" : "charged", intent.amount, charge.id});
  effect.intent = std::move(intent);
  effect.charge = std::move(charge);
  return effect;
}

// The intent is free again for another payment method. No charge is made where the issuer was never asked for money.
Effect refuse(PaymentIntent intent, std::string_view code, std::string_view decline_code, std::optional<std::string> charge_id, Instant now) {
  Effect effect{.events = {}};
  if (charge_id) {
    Charge charge = charge_for(intent, std::move(*charge_id), now);
    charge.failure_code = code;
    charge.decline_code = decline_code;
    intent.latest_charge = charge.id;
    effect.events.push_back("charge.failed");
    effect.charge = std::move(charge);
  }
  const std::string charge = effect.charge ? effect.charge->id : "";
  intent.last_error = {std::string(code), std::string(decline_code), intent.payment_method, charge};
  intent.payment_method.clear();
  intent.authenticate_url.clear();
  intent.settles_at.reset();
  intent.status = requires_payment_method;
  effect.events.push_back("payment_intent.payment_failed");
  effect.lines.push_back({"declined", intent.amount, charge.empty() ? intent.id : charge});
  effect.error = card_error(code, decline_code, charge);
  effect.intent = std::move(intent);
  return effect;
}

}  // namespace

std::optional<StripeError> may_update(const PaymentIntent& intent) {
  if (intent.status == requires_payment_method || intent.status == requires_confirmation || intent.status == requires_action) return std::nullopt;
  return unexpected_state(in_status("updated", intent));
}

std::optional<StripeError> may_confirm(const PaymentIntent& intent, bool has_payment_method) {
  if (intent.status == succeeded) return unexpected_state("This PaymentIntent has already succeeded.");
  if (intent.status == requires_capture) return unexpected_state("This PaymentIntent is confirmed already and waits to be captured.");
  if (intent.status == processing || intent.status == canceled) return unexpected_state(in_status("confirmed", intent));
  if (!has_payment_method) return unexpected_state("This PaymentIntent cannot be confirmed: it has no payment method.");
  return std::nullopt;
}

std::optional<StripeError> may_capture(const PaymentIntent& intent, std::int64_t amount, bool final_capture) {
  const bool only_releases = amount == 0 && final_capture && intent.amount_received > 0;
  if (intent.status == succeeded) return unexpected_state("This PaymentIntent has already been captured.");
  if (intent.status != requires_capture) return unexpected_state(in_status("captured", intent));
  if (!final_capture && !intent.multicapture)
    return StripeError{.message = "Several captures were not asked for when this PaymentIntent was confirmed.",
                       .param = "final_capture",
                       .shows_intent = true,
                       .executed = true};
  if (amount < 1 && !only_releases) return bad_parameter("amount_to_capture", "parameter_invalid_integer", "amount_to_capture must be at least 1.");
  if (amount > intent.amount_capturable)
    return StripeError{.code = "amount_too_large",
                       .message = "amount_to_capture is greater than the amount that can be captured.",
                       .param = "amount_to_capture",
                       .shows_intent = true,
                       .executed = true};
  return std::nullopt;
}

std::optional<StripeError> may_cancel(const PaymentIntent& intent) {
  if (intent.status == succeeded || intent.status == canceled || intent.status == processing) return unexpected_state(in_status("canceled", intent));
  return std::nullopt;
}

std::optional<StripeError> may_refund(const Charge& charge, std::optional<std::int64_t> amount) {
  const auto refusal = [&](std::string_view code, std::string message, std::string_view param) {
    return StripeError{.code = std::string(code), .message = std::move(message), .param = std::string(param), .charge = charge.id, .executed = true};
  };
  const std::int64_t left = charge.amount_captured - charge.amount_refunded;
  if (!charge.succeeded || !charge.captured)
    return refusal("charge_not_refundable", "The charge " + charge.id + " took no money that could be given back.", "");
  if (left == 0) return refusal("charge_already_refunded", "The charge " + charge.id + " has already been refunded.", "");
  if (amount && *amount > left)
    return refusal("amount_too_large",
                   "The refund of " + std::to_string(*amount) + " is greater than what is left of the charge, " + std::to_string(left) + ".",
                   "amount");
  return std::nullopt;
}

Effect confirm(PaymentIntent intent, const Confirmation& with) {
  const bool asks_customer = with.method.end == CardEnd::authentication || with.method.end == CardEnd::authentication_then_declined;
  intent.payment_method = with.payment_method;
  if (with.declined_by_fault) return refuse(std::move(intent), "card_declined", "generic_decline", with.charge_id, with.now);
  if (with.method.end == CardEnd::declined) return refuse(std::move(intent), with.method.code, with.method.decline_code, with.charge_id, with.now);
  if (asks_customer && (with.off_session || with.error_on_requires_action))
    return refuse(std::move(intent), "authentication_required", "authentication_required", with.charge_id, with.now);
  if (asks_customer) {
    intent.status = requires_action;
    intent.authenticate_url = with.authenticate_url;
    intent.last_error = {};
    return {.intent = std::move(intent), .events = {"payment_intent.requires_action"}};
  }
  if (with.processing_for) {
    intent.status = processing;
    intent.settles_at = with.now + *with.processing_for;
    intent.last_error = {};
    return {.intent = std::move(intent), .events = {"payment_intent.processing"}};
  }
  return approve(std::move(intent), with.charge_id, with.now);
}

Effect authenticate(PaymentIntent intent, const TestMethod& method, bool passed, std::string charge_id, Instant now) {
  if (!passed) return refuse(std::move(intent), "payment_intent_authentication_failure", "", std::nullopt, now);
  if (method.end == CardEnd::authentication_then_declined)
    return refuse(std::move(intent), method.code, method.decline_code, std::move(charge_id), now);
  return approve(std::move(intent), std::move(charge_id), now);
}

Effect settle(PaymentIntent intent, std::string charge_id, Instant now) { return approve(std::move(intent), std::move(charge_id), now); }

Effect capture(PaymentIntent intent, Charge charge, std::int64_t amount, bool final_capture) {
  Effect effect{.events = {}};
  if (amount > 0) {
    charge.captured = true;
    charge.amount_captured += amount;
    intent.amount_received += amount;
    intent.amount_capturable -= amount;
    effect.events.push_back("charge.captured");
    effect.lines.push_back({"captured", amount, charge.id});
  }
  if (final_capture || intent.amount_capturable == 0) {
    if (intent.amount_capturable > 0) effect.lines.push_back({"released", intent.amount_capturable, charge.id});
    intent.amount_capturable = 0;
    intent.status = succeeded;
    effect.events.push_back("payment_intent.succeeded");
  } else {
    effect.events.push_back("payment_intent.amount_capturable_updated");
  }
  effect.intent = std::move(intent);
  effect.charge = std::move(charge);
  return effect;
}

Effect cancel(PaymentIntent intent, std::optional<Charge> charge, std::string_view reason, Instant now) {
  Effect effect{.events = {"payment_intent.canceled"}};
  effect.lines.push_back({"canceled", intent.amount_capturable, charge ? charge->id : intent.id});
  intent.status = canceled;
  intent.amount_capturable = 0;
  intent.canceled_at = now;
  intent.cancellation_reason = reason;
  intent.authenticate_url.clear();
  effect.intent = std::move(intent);
  return effect;
}

Effect refund(PaymentIntent intent, Charge charge, Refund refund, RefundEnd end, Duration later) {
  refund.charge = charge.id;
  refund.payment_intent = intent.id;
  refund.currency = charge.currency;
  refund.status = end == RefundEnd::pending ? RefundStatus::pending : RefundStatus::succeeded;
  if (end != RefundEnd::succeeded) refund.settles_at = refund.created + later;
  charge.amount_refunded += refund.amount;
  Effect effect{.events = {"refund.created", "charge.refunded"}};
  effect.lines.push_back({"refunded", refund.amount, refund.id});
  effect.intent = std::move(intent);
  effect.charge = std::move(charge);
  effect.refund = std::move(refund);
  return effect;
}

Effect settle_refund(PaymentIntent intent, Charge charge, Refund refund) {
  refund.settles_at.reset();
  Effect effect{.events = {"refund.updated"}};
  if (refund.status == RefundStatus::pending) {
    refund.status = RefundStatus::succeeded;
  } else {
    refund.status = RefundStatus::failed;
    refund.failure_reason = "expired_or_canceled_card";
    charge.amount_refunded -= refund.amount;
    effect.events.push_back("refund.failed");
    effect.lines.push_back({"refund_failed", refund.amount, refund.id});
  }
  effect.intent = std::move(intent);
  effect.charge = std::move(charge);
  effect.refund = std::move(refund);
  return effect;
}

}  // namespace purser::sandbox
