// What the sandbox keeps of a payment: the intent, the charges made for it and the refunds of those. Values, nothing else.
// Amounts are minor units; currencies are Stripe's lower-case codes; an empty text is Stripe's null.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/time.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {

enum class Status : std::uint8_t {
  requires_payment_method,
  requires_confirmation,
  requires_action,
  processing,
  requires_capture,
  canceled,
  succeeded,
};
std::string_view text_of(Status status);
std::optional<Status> parse_status(std::string_view text);

// Why the last confirmation failed; an empty code is "it did not".
struct LastError {
  std::string code{};
  std::string decline_code{};
  std::string payment_method{};
  std::string charge{};
};

struct PaymentIntent {
  std::string id{};
  std::string client_secret{};
  Instant created{};
  Status status = Status::requires_payment_method;
  std::int64_t amount = 0;
  std::int64_t amount_capturable = 0;
  std::int64_t amount_received = 0;
  std::string currency{};
  bool manual_capture = false;
  bool multicapture = false;  // payment_method_options[card][request_multicapture]=if_available
  std::string payment_method{};
  std::string latest_charge{};
  LastError last_error{};
  std::string authenticate_url{};  // next_action, while requires_action
  std::string return_url{};
  std::optional<Instant> canceled_at{};
  std::string cancellation_reason{};
  std::optional<Instant> settles_at{};  // when `processing` becomes an outcome
  Pairs details{};                      // what is only given back: description, customer, receipt_email, …
  Pairs metadata{};
};

struct Charge {
  std::string id{};
  std::string payment_intent{};
  Instant created{};
  std::int64_t amount = 0;
  std::int64_t amount_captured = 0;
  std::int64_t amount_refunded = 0;
  std::string currency{};
  bool succeeded = false;
  bool captured = false;
  std::string payment_method{};
  std::string failure_code{};
  std::string decline_code{};
  Pairs metadata{};
};

enum class RefundStatus : std::uint8_t { pending, succeeded, failed };
std::string_view text_of(RefundStatus status);
std::optional<RefundStatus> parse_refund_status(std::string_view text);

struct Refund {
  std::string id{};
  std::string charge{};
  std::string payment_intent{};
  Instant created{};
  std::int64_t amount = 0;
  std::string currency{};
  RefundStatus status = RefundStatus::succeeded;
  std::string reason{};
  std::string failure_reason{};
  std::optional<Instant> settles_at{};
  Pairs metadata{};
};

// The text behind `name`, or "".
std::string_view value_of(const Pairs& pairs, std::string_view name);

}  // namespace purser::sandbox
