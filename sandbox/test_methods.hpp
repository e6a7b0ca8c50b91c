// The payment methods the sandbox knows: Stripe's documented test cards, each with the end it always comes to.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace purser::sandbox {

enum class CardEnd : std::uint8_t { approved, declined, authentication, authentication_then_declined };
enum class RefundEnd : std::uint8_t { succeeded, pending, failed };  // pending: succeeds later; failed: succeeds, then fails later

struct TestMethod {
  std::string_view id;  // "pm_card_visa"
  CardEnd end = CardEnd::approved;
  std::string_view code{};  // of the card_error
  std::string_view decline_code{};
  std::string_view brand = "visa";
  std::string_view last4 = "4242";
  RefundEnd refund = RefundEnd::succeeded;
};

// Nothing for an unknown one. "tok_visa" names what "pm_card_visa" does.
const TestMethod* find_test_method(std::string_view id);
std::string_view decline_message(std::string_view code, std::string_view decline_code);

}  // namespace purser::sandbox
