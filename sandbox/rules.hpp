// The rules of the sandbox: what a request does to a payment. Pure: no store, no clock, no chance.
// may_*() is a ladder, one rule a line, that says why not; the functions below it take a payment that passed it and give
// the payment as it is then, with the events to announce and the ledger lines to write.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/payment.hpp"
#include "sandbox/stripe_error.hpp"
#include "sandbox/test_methods.hpp"

namespace purser::sandbox {

// authorized, captured, charged (authorized and captured in one), released (the rest of an authorization, at its last
// capture), canceled (what was still held), declined (what was asked), refunded, refund_failed (the money stays taken).
struct LedgerLine {
  std::string_view kind;
  std::int64_t amount;
  std::string object;  // the charge or refund, else the intent
};

struct Effect {
  PaymentIntent intent{};
  std::optional<Charge> charge{};  // made or changed
  std::optional<Refund> refund{};  // made or changed
  std::vector<std::string_view> events{};
  std::vector<LedgerLine> lines{};
  std::optional<StripeError> error{};  // answered although the effect is kept: a decline
};

struct Confirmation {
  const TestMethod& method;
  std::string payment_method;
  std::string charge_id;
  std::string authenticate_url;
  Instant now;
  bool off_session = false;
  bool error_on_requires_action = false;
  bool declined_by_fault = false;
  std::optional<Duration> processing_for{};
};

std::optional<StripeError> may_update(const PaymentIntent& intent);
std::optional<StripeError> may_confirm(const PaymentIntent& intent, bool has_payment_method);
std::optional<StripeError> may_capture(const PaymentIntent& intent, std::int64_t amount, bool final_capture);
std::optional<StripeError> may_cancel(const PaymentIntent& intent);
std::optional<StripeError> may_refund(const Charge& charge, std::optional<std::int64_t> amount);

Effect confirm(PaymentIntent intent, const Confirmation& confirmation);
// The customer's answer to requires_action.
Effect authenticate(PaymentIntent intent, const TestMethod& method, bool passed, std::string charge_id, Instant now);
// `processing` comes to its end.
Effect settle(PaymentIntent intent, std::string charge_id, Instant now);
Effect capture(PaymentIntent intent, Charge charge, std::int64_t amount, bool final_capture);
Effect cancel(PaymentIntent intent, std::optional<Charge> charge, std::string_view reason, Instant now);
// `refund` carries id, amount, reason, metadata and created; the rest is filled in. A method that refunds later does so after `later`.
Effect refund(PaymentIntent intent, Charge charge, Refund refund, RefundEnd end, Duration later);
Effect settle_refund(PaymentIntent intent, Charge charge, Refund refund);

}  // namespace purser::sandbox
