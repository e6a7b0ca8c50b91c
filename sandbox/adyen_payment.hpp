// What the Adyen face keeps: payments, and the modifications that were asked of them. Plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/time.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox::adyen {

enum class PaymentStatus : std::uint8_t {
  redirected,  // the shopper is asked to authenticate
  answered,    // he did; the payment goes on when /payments/details is called
  pending,     // comes to its end by itself
  authorised,
  refused,
  cancelled,
};
std::string_view text_of(PaymentStatus status);
std::optional<PaymentStatus> parse_payment_status(std::string_view text);

struct Payment {
  std::string psp_reference{};
  std::string merchant_account{};
  std::string reference{};  // the merchant's
  Instant created{};
  PaymentStatus status = PaymentStatus::pending;
  std::int64_t amount = 0;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  std::string currency{};  // "EUR"
  bool manual_capture = false;
  bool several_captures = false;
  bool closed = false;  // nothing more can be captured
  std::string method{};
  std::string refusal_code{};  // "12"
  std::string return_url{};
  std::string redirect_result{};
  bool approved = false;  // the shopper's answer
  std::optional<Instant> settles_at{};
  Pairs metadata{};
};

enum class ModificationKind : std::uint8_t { capture, cancel, technical_cancel, refund, reversal };
enum class ModificationStatus : std::uint8_t { received, done, failed };
std::string_view text_of(ModificationKind kind);
std::string_view text_of(ModificationStatus status);
std::optional<ModificationKind> parse_modification_kind(std::string_view text);
std::optional<ModificationStatus> parse_modification_status(std::string_view text);

struct Modification {
  std::string psp_reference{};
  std::string payment{};            // the payment's pspReference; empty while only its reference is known
  std::string payment_reference{};  // of a technical cancel
  std::string merchant_account{};
  std::string reference{};  // the merchant's own for this modification
  ModificationKind kind = ModificationKind::capture;
  ModificationStatus status = ModificationStatus::received;
  Instant created{};
  std::int64_t amount = 0;
  std::string currency{};
  std::string reason{};                 // why it failed
  std::optional<Instant> settles_at{};  // when it is carried out; once done, when it comes back
  std::string fault{};                  // what bends its notification
  std::optional<Duration> fault_delay{};
};

}  // namespace purser::sandbox::adyen
