// What the sandbox keeps of a PayPal order: the order, and the authorizations, captures and refunds made of it, all of one shape. Values, and
// their rows. Amounts are minor units as ISO 4217 counts them (kernel/money.hpp), whatever PayPal's decimals.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/money.hpp"
#include "kernel/time.hpp"
#include "platform/store/store.hpp"

namespace purser::sandbox {

inline constexpr std::string_view paypal_name = "paypal", paypal_prefix = "/paypal";

struct PaypalOrder {
  std::string id{};
  Instant created{};
  std::string status{};   // PAYER_ACTION_REQUIRED, APPROVED, COMPLETED
  bool captures = false;  // intent CAPTURE; else AUTHORIZE
  std::int64_t amount = 0;
  std::string currency{};  // "USD"
  std::string custom_id{}, invoice_id{}, reference_id{};
  std::string method{};  // the test method's name; "" where the buyer approves
  std::string return_url{};
  std::string base_url{};  // where links in answers lead
};

enum class PaypalPartKind : std::uint8_t { authorization, capture, refund };
std::string_view text_of(PaypalPartKind kind);

struct PaypalPart {
  std::string id{};
  PaypalPartKind kind = PaypalPartKind::capture;
  std::string order{};
  std::string parent{};  // the authorization of a capture, the capture of a refund; "" where it comes of the order itself
  Instant created{};
  std::string status{};
  std::int64_t amount = 0;
  std::string custom_id{}, invoice_id{};
  bool final_capture = true;
  std::string response_code{};          // the bank's, where it declined
  std::optional<Instant> settles_at{};  // PENDING ends then, or a refund that fails later does
};

std::optional<PaypalOrder> load_paypal_order(store::Tx& tx, std::string_view id);
void save(store::Tx& tx, const PaypalOrder& order);
std::vector<PaypalOrder> newest_paypal_orders(store::Tx& tx, std::int64_t rows_max);

std::optional<PaypalPart> load_paypal_part(store::Tx& tx, PaypalPartKind kind, std::string_view id);
void save(store::Tx& tx, const PaypalPart& part);
std::vector<PaypalPart> paypal_parts_of(store::Tx& tx, std::string_view order);  // as they were made
std::vector<PaypalPart> settling_paypal_parts(store::Tx& tx, Instant due);
std::optional<Instant> next_paypal_settling(store::Tx& tx);
// Whether money was got under this invoice id, in whatever order.
bool paypal_invoice_is_paid(store::Tx& tx, std::string_view invoice_id);

store::Migration paypal_migration();

}  // namespace purser::sandbox
