// The rules of the Adyen face: what becomes of a payment, and what carrying out a modification does to it. Pure: no store, no clock, no
// chance. Adyen says "received" to whatever can be read, and tells by notification what came of it: so a modification is judged when it is
// carried out, not when it is asked for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/adyen_methods.hpp"
#include "sandbox/adyen_payment.hpp"

namespace purser::sandbox::adyen {

struct Line {
  std::string_view kind;  // of the ledger
  std::int64_t amount;
};

struct Notification {
  std::string_view event_code;
  bool success = true;
  std::string reason{};
  std::string action{};  // of a reversal: cancel or refund
};

struct PaymentEffect {
  Payment payment;
  std::vector<Line> lines{};
  std::optional<Notification> notification{};
};

PaymentEffect authorise(Payment payment);
PaymentEffect refuse(Payment payment, std::string_view refusal_code);
// The shopper came back from his bank, and his answer is made use of.
PaymentEffect finish_redirect(Payment payment, const Method& method);

struct ModificationEffect {
  std::optional<Payment> payment;  // as it is then; nothing where there is none
  Modification modification;
  std::vector<Line> lines{};
  Notification notification;
};
ModificationEffect carry_out(std::optional<Payment> payment, Modification modification);
// A refund that was made and is sent back.
ModificationEffect send_back(Payment payment, Modification refund);

}  // namespace purser::sandbox::adyen
