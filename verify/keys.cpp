// Idempotency keys: one that is finished has an answer that can be read and speaks of what exists; one that is under way has work that
// will finish it.
#include <fmt/format.h>

#include "checkout/v1/checkout_service.pb.h"
#include "payments/config/v1/config_service.pb.h"
#include "payments/v1/payment_service.pb.h"
#include "verify/findings.hpp"
#include "verify/message_reader.hpp"
#include "wallet/v1/wallet_service.pb.h"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* check = "keys_answer_what_exists";

// Whose it is, and at which version.
constexpr std::string_view select_order = "select merchant_id, version from orders where id = $1";
constexpr std::string_view select_payment = "select merchant_id, version from payments where id = $1";
constexpr std::string_view select_refund = "select merchant_id, 0 from refunds where id = $1";
constexpr std::string_view select_operation = "select merchant_id, 0 from wallet_operations where id = $1";

struct Key {
  std::string merchant, name;
  std::string subject() const { return fmt::format("{} \"{}\"", merchant, name); }
};

void exists(Tx& tx, std::string_view sql, const Key& key, std::string_view what, const std::string& id, std::int64_t version, Findings& findings) {
  const auto stored = tx.first(sql, [](const Row& row) { return std::pair(std::string(row.text(0)), row.integer(1)); }, id);
  if (!stored) return findings.add(check, key.subject(), fmt::format("its answer speaks of {} {}, which does not exist", what, id));
  if (stored->first != key.merchant) findings.add(check, key.subject(), fmt::format("its answer speaks of {} {} of {}", what, id, stored->first));
  if (stored->second < version)
    findings.add(check, key.subject(), fmt::format("it was answered with version {} of {} {}, which is at {}", version, what, id, stored->second));
}

void check_answer(Tx& tx, MessageReader& reader, const Key& key, std::string_view response, Findings& findings) {
  const auto* answer = reader.read_answer(response);
  if (!answer) return findings.add(check, key.subject(), fmt::format("its answer of {} bytes cannot be read", response.size()));
  if (const auto* checkout = google::protobuf::DynamicCastToGenerated<::checkout::v1::CreateCheckoutResponse>(answer)) {
    exists(tx, select_order, key, "order", checkout->order().id(), checkout->order().version(), findings);
    if (checkout->has_payment()) exists(tx, select_payment, key, "payment", checkout->payment().id(), checkout->payment().version(), findings);
  } else if (const auto* paid = google::protobuf::DynamicCastToGenerated<::payments::v1::GetPaymentResponse>(answer)) {
    exists(tx, select_payment, key, "payment", paid->payment().id(), paid->payment().version(), findings);
  } else if (const auto* refunded = google::protobuf::DynamicCastToGenerated<::payments::v1::GetRefundResponse>(answer)) {
    exists(tx, select_refund, key, "refund", refunded->refund().id(), 0, findings);
  } else if (const auto* config = google::protobuf::DynamicCastToGenerated<::payments::config::v1::GetConfigResponse>(answer)) {
    const std::int64_t version = config->config().version();
    if (!tx.first("select 1 from merchant_configs where merchant_id = $1 and version = $2", [](const Row&) { return true; }, key.merchant, version))
      findings.add(check, key.subject(), fmt::format("its answer speaks of the configuration's version {}, which does not exist", version));
  } else if (const auto* moved = google::protobuf::DynamicCastToGenerated<::wallet::v1::GetOperationResponse>(answer)) {
    exists(tx, select_operation, key, "operation", moved->operation().id(), 0, findings);
  }
}

}  // namespace

void check_keys(Tx& tx, Findings& findings) {
  MessageReader reader;
  tx.query("select merchant_id, key, state, response, finished_at from idempotency_keys where state <> 0 order by merchant_id, key",
           [&](const Row& row) {
             const Key key{std::string(row.text(0)), std::string(row.text(1))};
             if (row.integer(2) != 1 || row.is_null(3) || row.is_null(4))
               return findings.add(check, key.subject(),
                                   fmt::format("it is in state {} {} an answer", row.integer(2), row.is_null(3) ? "without" : "with"));
             check_answer(tx, reader, key, row.text(3), findings);
           });
  // Work is an attempt that was sent, an order's cancellation, or a payment in parts, its capture or its refund. Whatever ends it answers its
  // keys in the same transaction.
  tx.query(
      "select k.merchant_id, k.key, k.work_id, a.status, o.cancel_requested from idempotency_keys k "
      "left join payment_attempts a on a.id = k.work_id left join orders o on substr(k.work_id, 1, 7) = 'cancel/' and o.id = substr(k.work_id, 8) "
      "where k.state = 0 and coalesce(a.status, '') <> 'SENT' and coalesce(o.cancel_requested, 0) = 0 and not exists ("
      "select 1 from payments w where w.goal <> '' and (w.id = k.work_id or w.id in (select r.payment_id from refunds r where r.id = k.work_id) "
      "or w.id in (select p.parent_id from captures c join payments p on p.id = c.payment_id where c.part_of = k.work_id)) and "
      "(w.advance_at is not null or exists (select 1 from payments p join payment_attempts s on s.payment_id = p.id where p.parent_id = w.id "
      "and s.status = 'SENT'))) order by k.merchant_id, k.key",
      [&](const Row& row) {
        findings.add("keys_under_way_have_work", fmt::format("{} \"{}\"", row.text(0), row.text(1)),
                     fmt::format("it waits for {}, which is {}", row.text(2).empty() ? "nothing" : row.text(2),
                                 !row.is_null(3)  ? row.text(3)
                                 : row.is_null(4) ? "absent"
                                                  : "not being cancelled"));
      });
}

}  // namespace purser::verify
