#include "sandbox/adyen_repository.hpp"

#include <algorithm>

#include "kernel/assert.hpp"
#include "sandbox/repository.hpp"

namespace purser::sandbox::adyen {
namespace {

#define PAYMENT_COLUMNS                                                                                                    \
  "psp_reference, created_at, merchant_account, reference, status, amount, captured, refunded, currency, manual_capture, " \
  "several_captures, closed, method, refusal_code, return_url, redirect_result, approved, settles_at, metadata"
#define MODIFICATION_COLUMNS                                                                                                     \
  "psp_reference, created_at, payment, payment_reference, merchant_account, reference, kind, status, amount, currency, reason, " \
  "settles_at, fault, fault_delay_ms"

std::string text(const store::Row& row, int column) { return std::string(row.text(column)); }

Payment read_payment(const store::Row& row) {
  const auto status = parse_payment_status(row.text(4));
  PURSER_ASSERT(status);
  return {.psp_reference = text(row, 0),
          .merchant_account = text(row, 2),
          .reference = text(row, 3),
          .created = row.instant(1),
          .status = *status,
          .amount = row.integer(5),
          .captured = row.integer(6),
          .refunded = row.integer(7),
          .currency = text(row, 8),
          .manual_capture = row.integer(9) != 0,
          .several_captures = row.integer(10) != 0,
          .closed = row.integer(11) != 0,
          .method = text(row, 12),
          .refusal_code = text(row, 13),
          .return_url = text(row, 14),
          .redirect_result = text(row, 15),
          .approved = row.integer(16) != 0,
          .settles_at = row.maybe_instant(17),
          .metadata = unpack(row.text(18))};
}

Modification read_modification(const store::Row& row) {
  const auto kind = parse_modification_kind(row.text(6));
  const auto status = parse_modification_status(row.text(7));
  PURSER_ASSERT(kind && status);
  const std::int64_t delay_ms = row.integer(13);
  return {.psp_reference = text(row, 0),
          .payment = text(row, 2),
          .payment_reference = text(row, 3),
          .merchant_account = text(row, 4),
          .reference = text(row, 5),
          .kind = *kind,
          .status = *status,
          .created = row.instant(1),
          .amount = row.integer(8),
          .currency = text(row, 9),
          .reason = text(row, 10),
          .settles_at = row.maybe_instant(11),
          .fault = text(row, 12),
          .fault_delay = delay_ms < 0 ? std::nullopt : std::optional(Duration{delay_ms})};
}

}  // namespace

std::optional<Payment> load_payment(store::Tx& tx, std::string_view psp_reference) {
  return tx.first("select " PAYMENT_COLUMNS " from sandbox_adyen_payments where psp_reference = $1", read_payment, psp_reference);
}

std::optional<Payment> find_payment(store::Tx& tx, std::string_view merchant_account, std::string_view reference) {
  return tx.first("select " PAYMENT_COLUMNS
                  " from sandbox_adyen_payments where reference = $1 and merchant_account = $2 order by created_at desc, psp_reference desc limit 1",
                  read_payment, reference, merchant_account);
}

std::optional<Payment> find_by_redirect_result(store::Tx& tx, std::string_view redirect_result) {
  return tx.first("select " PAYMENT_COLUMNS " from sandbox_adyen_payments where redirect_result = $1 and redirect_result <> ''", read_payment,
                  redirect_result);
}

std::vector<Payment> newest_payments(store::Tx& tx, std::int64_t rows_max) {
  std::vector<Payment> found;
  tx.query(
      "select " PAYMENT_COLUMNS " from sandbox_adyen_payments order by created_at desc, psp_reference desc limit $1",
      [&](const store::Row& row) { found.push_back(read_payment(row)); }, rows_max);
  return found;
}

void save(store::Tx& tx, const Payment& payment) {
  tx.exec("insert into sandbox_adyen_payments (" PAYMENT_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) on conflict (psp_reference) do update "
          "set status = excluded.status, captured = excluded.captured, refunded = excluded.refunded, closed = excluded.closed, "
          "refusal_code = excluded.refusal_code, redirect_result = excluded.redirect_result, approved = excluded.approved, "
          "settles_at = excluded.settles_at",
          payment.psp_reference, payment.created, payment.merchant_account, payment.reference, text_of(payment.status), payment.amount,
          payment.captured, payment.refunded, payment.currency, payment.manual_capture, payment.several_captures, payment.closed, payment.method,
          payment.refusal_code, payment.return_url, payment.redirect_result, payment.approved, payment.settles_at, pack(payment.metadata));
}

void save(store::Tx& tx, const Modification& modification) {
  const std::int64_t delay_ms = modification.fault_delay ? std::max<std::int64_t>(0, modification.fault_delay->ms) : -1;
  tx.exec("insert into sandbox_adyen_modifications (" MODIFICATION_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (psp_reference) do update "
          "set payment = excluded.payment, status = excluded.status, amount = excluded.amount, currency = excluded.currency, "
          "reason = excluded.reason, settles_at = excluded.settles_at",
          modification.psp_reference, modification.created, modification.payment, modification.payment_reference, modification.merchant_account,
          modification.reference, text_of(modification.kind), text_of(modification.status), modification.amount, modification.currency,
          modification.reason, modification.settles_at, modification.fault, delay_ms);
}

std::optional<Payment> due_payment(store::Tx& tx, Instant now) {
  return tx.first("select " PAYMENT_COLUMNS
                  " from sandbox_adyen_payments where settles_at is not null and settles_at <= $1 order by settles_at, psp_reference limit 1",
                  read_payment, now);
}

std::optional<Modification> due_modification(store::Tx& tx, Instant now) {
  return tx.first("select " MODIFICATION_COLUMNS
                  " from sandbox_adyen_modifications where settles_at is not null and settles_at <= $1 order by settles_at, created_at, "
                  "psp_reference limit 1",
                  read_modification, now);
}

std::optional<Instant> next_due(store::Tx& tx) {
  const auto first = [&](std::string_view sql) {
    const auto row = tx.first(sql, [](const store::Row& found) { return found.maybe_instant(0); });
    return row ? *row : std::nullopt;
  };
  const auto payment = first("select min(settles_at) from sandbox_adyen_payments where settles_at is not null");
  const auto modification = first("select min(settles_at) from sandbox_adyen_modifications where settles_at is not null");
  if (!payment || !modification) return payment ? payment : modification;
  return std::min(*payment, *modification);
}

}  // namespace purser::sandbox::adyen
