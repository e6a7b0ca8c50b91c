// Order and payment change in one transaction, so that no snapshot may show them apart.
#include <fmt/format.h>

#include "verify/findings.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* check = "order_and_payment_agree";

// What an order says of its payment beside what the payment says.
void compare(const Row& row, Findings& findings) {
  const std::string order = row.maybe_text(0).value_or(""), payment = row.maybe_text(2).value_or("");
  const std::string subject = payment.empty() ? order : order + " " + payment;
  const auto wrong = [&](std::string detail) { findings.add(check, subject, std::move(detail)); };
  if (!payment.empty() && row.is_null(7)) return wrong("the order names a payment that does not exist");
  if (row.text(3) != row.text(8))
    wrong(fmt::format("the order says that its payment is {}, the payment says {}", row.is_null(3) ? "absent" : row.text(3), row.text(8)));
  if (row.integer(4) != row.integer(9) || row.integer(5) != row.integer(10))
    wrong(fmt::format("the order says {} captured and {} refunded, the payment {} and {}", row.integer(4), row.integer(5), row.integer(9),
                      row.integer(10)));
  const Pair pair{.order = row.text(1), .payment = row.text(8), .cancel_requested = row.integer(6) != 0, .refund_failed = row.integer(13) != 0};
  if (!statuses_agree(pair))
    wrong(fmt::format("an order that is {} has a payment that is {}", pair.order, pair.payment.empty() ? "absent" : pair.payment));
  if (!payment.empty() && row.text(11) != order) wrong(fmt::format("the payment says that it pays {}", row.is_null(11) ? "no order" : row.text(11)));
  if (!payment.empty() && row.integer(12) == 0) wrong("order and payment belong to two merchants");
}

// The other payments of an order: none of them may hold money or be about to.
void compare_other(const Row& row, Findings& findings) {
  findings.add(check, fmt::format("{} {}", row.text(1), row.text(0)),
               row.is_null(3) ? fmt::format("a payment that is {} pays an order that does not exist", row.text(2))
                              : fmt::format("a payment that is {} pays an order that is {} and does not know of it", row.text(2), row.text(3)));
}

constexpr std::string_view pairs =
    "select o.id, o.status, o.payment_id, o.payment_status, o.amount_captured, o.amount_refunded, o.cancel_requested, p.id, p.status, p.captured, "
    "p.refunded, p.order_id, p.merchant_id = o.merchant_id, "
    "exists (select 1 from refunds r where r.payment_id = p.id and r.status = 'FAILED') "
    "from orders o left join payments p on p.id = o.payment_id";

}  // namespace

void check_agreement(Tx& tx, Findings& findings) {
  static const std::string sql = std::string(pairs) + " order by o.id";
  tx.query(sql, [&](const Row& row) { compare(row, findings); });
  tx.query(
      "select p.id, p.order_id, p.status, o.status from payments p left join orders o on o.id = p.order_id where p.order_id is not null "
      "and (o.id is null or (coalesce(o.payment_id, '') <> p.id and p.status not in ('FAILED', 'VOIDED'))) order by p.id",
      [&](const Row& row) { compare_other(row, findings); });
}

std::vector<Violation> check_agreement(Tx& tx, std::span<const std::string> order_ids) {
  static const std::string sql = std::string(pairs) + " where o.id = $1";
  Findings findings;
  for (const std::string& id : order_ids) {
    tx.query(sql, [&](const Row& row) { compare(row, findings); }, id);
    tx.query(
        "select p.id, p.order_id, p.status, o.status from orders o join payments p on p.merchant_id = o.merchant_id and p.order_id = o.id "
        "where o.id = $1 and coalesce(o.payment_id, '') <> p.id and p.status not in ('FAILED', 'VOIDED') order by p.id",
        [&](const Row& row) { compare_other(row, findings); }, id);
  }
  return findings.take();
}

}  // namespace purser::verify
