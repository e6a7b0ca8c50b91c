// Every figure of an order and a payment against the rows it is the sum of.
#include <fmt/format.h>

#include "verify/findings.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

// The database guards most of these with checks of its own; a file can be edited, and a migration can lose them.
void check_bounds(Tx& tx, Findings& findings) {
  tx.query(
      "select id, amount, authorized, captured, capture_pending, refunded, refund_pending from payments "
      "where not (amount > 0 and authorized <= amount and capture_pending >= 0 and captured >= 0 and captured + capture_pending <= authorized "
      "and refund_pending >= 0 and refunded >= 0 and refunded + refund_pending <= captured) order by id",
      [&](const Row& row) {
        findings.add("amounts_within_bounds", std::string(row.text(0)),
                     fmt::format("of {}, {} are authorised, {} captured ({} more asked for) and {} refunded ({} more asked for)", row.integer(1),
                                 row.integer(2), row.integer(3), row.integer(4), row.integer(5), row.integer(6)));
      });
  tx.query(
      "select id, total, amount_captured, amount_refunded from orders "
      "where not (amount_captured <= total and amount_refunded >= 0 and amount_refunded <= amount_captured) order by id",
      [&](const Row& row) {
        findings.add("amounts_within_bounds", std::string(row.text(0)),
                     fmt::format("of {}, {} are captured and {} refunded", row.integer(1), row.integer(2), row.integer(3)));
      });
}

// A payment that failed holds nothing, and its order may come to something else since.
void check_totals(Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, p.order_id, p.amount, p.currency, o.total, o.currency from payments p join orders o on o.id = p.order_id "
      "where p.currency <> o.currency or (p.amount <> o.total and p.status not in ('FAILED', 'VOIDED')) order by p.id",
      [&](const Row& row) {
        findings.add("payment_is_of_order_total", fmt::format("{} {}", row.text(1), row.text(0)),
                     fmt::format("a payment of {} {} pays an order of {} {}", row.integer(2), row.text(3), row.integer(4), row.text(5)));
      });
  tx.query(
      "select o.id, o.total, cast(coalesce(l.total, 0) as bigint) from orders o "
      "left join (select order_id, sum(quantity * unit_price) as total from order_items group by order_id) l on l.order_id = o.id "
      "where o.total <> coalesce(l.total, 0) order by o.id",
      [&](const Row& row) {
        findings.add("order_total_is_its_lines", std::string(row.text(0)),
                     fmt::format("the total is {}, the lines come to {}", row.integer(1), row.integer(2)));
      });
}

// A sale is captured by its attempt, anything else by captures; a payment in parts by its legs (splits.cpp). A voided payment keeps what it once
// held.
void check_captures(Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, p.authorized, p.captured, p.capture_pending, cast(coalesce(a.held, 0) as bigint), "
      "cast(coalesce(a.sold, 0) + coalesce(c.taken, 0) as bigint), cast(coalesce(c.pending, 0) as bigint) from payments p "
      "left join (select payment_id, sum(amount) as held, sum(case when kind = 'SALE' then amount else 0 end) as sold from payment_attempts "
      "where kind in ('AUTHORIZE', 'SALE') and status = 'SUCCEEDED' group by payment_id) a on a.payment_id = p.id "
      "left join (select payment_id, sum(case when status = 'SUCCEEDED' then amount else 0 end) as taken, "
      "sum(case when status = 'PENDING' then amount else 0 end) as pending from captures group by payment_id) c on c.payment_id = p.id "
      "where p.goal = '' and (p.captured <> coalesce(a.sold, 0) + coalesce(c.taken, 0) or p.capture_pending <> coalesce(c.pending, 0) "
      "or (p.status <> 'VOIDED' and p.authorized <> coalesce(a.held, 0))) order by p.id",
      [&](const Row& row) {
        findings.add("captures_add_up", std::string(row.text(0)),
                     fmt::format("the payment says {} authorised, {} captured, {} pending; its attempts and captures come to {}, {} and {}",
                                 row.integer(1), row.integer(2), row.integer(3), row.integer(4), row.integer(5), row.integer(6)));
      });
}

void check_refunds(Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, p.refunded, p.refund_pending, cast(coalesce(r.made, 0) as bigint), cast(coalesce(r.pending, 0) as bigint) from payments p "
      "left join (select payment_id, sum(case when status = 'SUCCEEDED' then amount else 0 end) as made, "
      "sum(case when status = 'PENDING' then amount else 0 end) as pending from refunds group by payment_id) r on r.payment_id = p.id "
      "where p.goal = '' and (p.refunded <> coalesce(r.made, 0) or p.refund_pending <> coalesce(r.pending, 0)) order by p.id",
      [&](const Row& row) {
        findings.add("refunds_add_up", std::string(row.text(0)),
                     fmt::format("the payment says {} refunded, {} pending; its refunds come to {} and {}", row.integer(1), row.integer(2),
                                 row.integer(3), row.integer(4)));
      });
}

bool fits(std::string_view part, std::string_view attempt) {
  if (part == "PENDING") return attempt == "SENT" || attempt == "IN_DOUBT";
  if (part == "SUCCEEDED") return attempt == "SUCCEEDED";
  return part == "FAILED" && (attempt == "DECLINED" || attempt == "NOT_SENT" || attempt == "ABSENT");
}

// A capture and a refund each have the attempt that asks the processor for them, and go the way it goes. A refund of a payment in parts has
// parts instead.
void check_parts(Tx& tx, Findings& findings) {
  const auto part = [&](const Row& row) {
    const std::string subject = fmt::format("{} {}", row.text(1), row.text(0));
    if (row.is_null(4)) return findings.add("parts_follow_their_attempts", subject, "no attempt asks the processor for it");
    if (!fits(row.text(2), row.text(4)) || row.integer(3) != row.integer(5))
      findings.add("parts_follow_their_attempts", subject,
                   fmt::format("it is {} over {}, its attempt {} over {}", row.text(2), row.integer(3), row.text(4), row.integer(5)));
  };
  tx.query(
      "select c.id, c.payment_id, c.status, c.amount, a.status, a.amount from captures c "
      "left join payment_attempts a on a.payment_id = c.payment_id and a.kind = 'CAPTURE' and a.subject = c.id order by c.id",
      part);
  tx.query(
      "select r.id, r.payment_id, r.status, r.amount, a.status, a.amount from refunds r "
      "join payments p on p.id = r.payment_id and p.goal = '' "
      "left join payment_attempts a on a.payment_id = r.payment_id and a.kind = 'REFUND' and a.subject = r.id order by r.id",
      part);
  tx.query(
      "select a.reference, a.kind, a.status from payment_attempts a left join captures c on c.id = a.subject left join refunds r on r.id = a.subject "
      "where (a.kind = 'CAPTURE' and c.id is null) or (a.kind = 'REFUND' and r.id is null) order by a.reference",
      [&](const Row& row) {
        findings.add("parts_follow_their_attempts", std::string(row.text(0)),
                     fmt::format("an attempt of kind {} that is {} is of nothing stored", row.text(1), row.text(2)));
      });
}

}  // namespace

void check_amounts(Tx& tx, Findings& findings) {
  check_bounds(tx, findings);
  check_totals(tx, findings);
  check_captures(tx, findings);
  check_refunds(tx, findings);
  check_parts(tx, findings);
}

}  // namespace purser::verify
