// The attempts to get an order's money: at most one may be open or have succeeded, and each is known to the processor by a reference
// that follows from what it is.
#include <fmt/format.h>

#include "verify/findings.hpp"

namespace purser::verify {

// A step of a payment in parts is a payment of its own, a leg. What was taken by one and given back, because another one failed, is over.
void check_charges(store::Tx& tx, Findings& findings) {
  tx.query(
      "select coalesce(w.order_id, w.id, p.order_id, p.id), case when p.leg > 0 then p.leg else a.step end, count(*), min(a.reference), "
      "max(a.reference) from payment_attempts a join payments p on p.id = a.payment_id left join payments w on w.id = p.parent_id "
      "where a.kind in ('AUTHORIZE', 'SALE') and a.status in ('SENT', 'REQUIRES_ACTION', 'IN_DOUBT', 'SUCCEEDED') "
      "and not (p.leg > 0 and w.status = 'FAILED' and p.status = 'REFUNDED') "
      "group by 1, 2 having count(*) > 1 order by 1, 2",
      [&](const store::Row& row) {
        findings.add("one_charge_per_order_step", fmt::format("{} {} {}", row.text(0), row.text(3), row.text(4)),
                     fmt::format("{} attempts to get the money of step {} are open or have succeeded", row.integer(2), row.integer(1)));
      });
  tx.query(
      "select a.payment_id, a.reference, a.step, a.number from payment_attempts a "
      "where a.reference <> a.payment_id || '-' || a.step || '-' || a.number order by a.payment_id, a.number",
      [&](const store::Row& row) {
        findings.add("attempts_are_numbered", fmt::format("{} {}", row.text(0), row.text(1)),
                     fmt::format("attempt {} of step {} went to the processor under another reference than its own", row.integer(3), row.integer(2)));
      });
  tx.query(
      "select p.id, count(a.id), coalesce(min(a.number), 0), coalesce(max(a.number), 0) from payments p "
      "left join payment_attempts a on a.payment_id = p.id where p.goal = '' group by p.id "
      "having coalesce(min(a.number), 0) <> 1 or coalesce(max(a.number), 0) <> count(a.id) order by p.id",
      [&](const store::Row& row) {
        findings.add("attempts_are_numbered", std::string(row.text(0)),
                     fmt::format("{} attempts are numbered from {} to {}", row.integer(1), row.integer(2), row.integer(3)));
      });
  tx.query(
      "select a.payment_id, a.reference, a.amount, p.amount from payment_attempts a join payments p on p.id = a.payment_id "
      "where a.kind in ('AUTHORIZE', 'SALE') and a.amount <> p.amount order by a.payment_id, a.number",
      [&](const store::Row& row) {
        findings.add("amounts_within_bounds", fmt::format("{} {}", row.text(0), row.text(1)),
                     fmt::format("an attempt asks for {} of a payment of {}", row.integer(2), row.integer(3)));
      });
}

}  // namespace purser::verify
