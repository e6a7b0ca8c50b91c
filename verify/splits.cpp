// Payments in parts: a whole is what its shares and its legs are, to the last unit.
#include <fmt/format.h>

#include "verify/findings.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* check = "splits_add_up";

void check_shares(Tx& tx, Findings& findings) {
  tx.query(
      "select w.id, w.amount, count(s.leg), coalesce(min(s.leg), 0), coalesce(max(s.leg), 0), cast(coalesce(sum(s.amount), 0) as bigint) "
      "from payments w left join payment_shares s on s.payment_id = w.id where w.goal <> '' group by w.id, w.amount "
      "having coalesce(sum(s.amount), 0) <> w.amount or coalesce(min(s.leg), 0) <> 1 or coalesce(max(s.leg), 0) <> count(s.leg) order by w.id",
      [&](const Row& row) {
        findings.add(check, std::string(row.text(0)),
                     fmt::format("its {} shares, numbered from {} to {}, come to {} of {}", row.integer(2), row.integer(3), row.integer(4),
                                 row.integer(5), row.integer(1)));
      });
  tx.query(
      "select s.payment_id from payment_shares s left join payments w on w.id = s.payment_id and w.goal <> '' where w.id is null "
      "group by s.payment_id order by s.payment_id",
      [&](const Row& row) { findings.add(check, std::string(row.text(0)), "it has shares and is no payment in parts"); });
}

// A leg is one share of its whole, of the same merchant and currency, pays no order by itself, and began after the one before it.
void check_legs(Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, coalesce(p.parent_id, ''), p.leg, p.amount, p.currency, coalesce(p.order_id, ''), w.id, w.currency, s.amount, b.id, p.goal "
      "from payments p left join payments w on w.id = p.parent_id and w.merchant_id = p.merchant_id and w.goal <> '' "
      "left join payment_shares s on s.payment_id = p.parent_id and s.leg = p.leg "
      "left join payments b on b.parent_id = p.parent_id and b.leg = p.leg - 1 "
      "where (p.leg > 0 or p.parent_id is not null) and (w.id is null or p.leg < 1 or s.amount is null or s.amount <> p.amount "
      "or w.currency <> p.currency or p.order_id is not null or p.goal <> '' or (p.leg > 1 and b.id is null)) order by p.id",
      [&](const Row& row) {
        findings.add(check, fmt::format("{} {}", row.text(1), row.text(0)),
                     fmt::format("leg {} is of {} {}; its share is {} {}{}", row.integer(2), row.integer(3), row.text(4),
                                 row.is_null(8) ? "absent" : std::to_string(row.integer(8)), row.text(7),
                                 row.is_null(9) && row.integer(2) > 1 ? ", and there is none before it" : ""));
      });
  tx.query("select w.id, a.reference from payments w join payment_attempts a on a.payment_id = w.id where w.goal <> '' order by a.reference",
           [&](const Row& row) {
             findings.add(check, fmt::format("{} {}", row.text(0), row.text(1)), "a payment in parts is asked for in its legs, and has an attempt");
           });
}

// Nothing is said of the money before all of it is held; then the whole says what its legs say.
void check_sums(Tx& tx, Findings& findings) {
  tx.query(
      "select w.id, w.status, w.amount, w.authorized, w.captured, w.refunded, w.capture_pending, w.refund_pending, "
      "cast(sum(p.captured) as bigint), cast(sum(p.refunded) as bigint), cast(sum(p.capture_pending) as bigint), "
      "cast(sum(p.refund_pending) as bigint), cast(sum(p.authorized) as bigint) from payments w join payments p on p.parent_id = w.id "
      "where w.goal <> '' group by w.id, w.status, w.amount, w.authorized, w.captured, w.refunded, w.capture_pending, w.refund_pending "
      "having (w.authorized = 0 and (w.captured <> 0 or w.refunded <> 0 or w.capture_pending <> 0 or w.refund_pending <> 0)) "
      "or (w.authorized <> 0 and (w.authorized <> sum(p.authorized) or w.captured <> sum(p.captured) or w.refunded <> sum(p.refunded) "
      "or w.capture_pending <> sum(p.capture_pending) or w.refund_pending <> sum(p.refund_pending))) order by w.id",
      [&](const Row& row) {
        findings.add(
            check, std::string(row.text(0)),
            fmt::format("it is {} with {} authorised, {} captured (and {}), {} refunded (and {}); its legs come to {}, {} (and {}), {} (and {})",
                        row.text(1), row.integer(3), row.integer(4), row.integer(6), row.integer(5), row.integer(7), row.integer(12), row.integer(8),
                        row.integer(10), row.integer(9), row.integer(11)));
      });
}

// All or nothing: what failed or was released keeps nothing, but while a refund that came back is being given again.
void check_compensation(Tx& tx, Findings& findings) {
  tx.query(
      "select w.id, w.status, p.id, p.status, case when p.closed <> 0 then 0 else p.authorized - p.captured end, p.captured - p.refunded "
      "from payments w join payments p on p.parent_id = w.id where w.goal <> '' and w.status in ('FAILED', 'VOIDED') and w.advance_at is null "
      "and (p.captured > p.refunded or (p.closed = 0 and p.authorized > p.captured)) and not exists (select 1 from payment_attempts a "
      "where a.payment_id = p.id and a.status in ('SENT', 'IN_DOUBT')) order by w.id, p.leg",
      [&](const Row& row) {
        findings.add(check, fmt::format("{} {}", row.text(0), row.text(2)),
                     fmt::format("a payment that is {} has a leg that is {}, holds {} and keeps {}", row.text(1), row.text(3), row.integer(4),
                                 row.integer(5)));
      });
}

// A refund of the whole is what its parts are.
void check_refunds(Tx& tx, Findings& findings) {
  tx.query(
      "select w.id, r.id, r.amount, r.status, cast(coalesce(sum(q.amount), 0) as bigint), "
      "cast(coalesce(sum(case when q.status = 'PENDING' then 1 else 0 end), 0) as bigint), "
      "cast(coalesce(sum(case when q.status = 'FAILED' then 1 else 0 end), 0) as bigint) "
      "from payments w join refunds r on r.payment_id = w.id left join refunds q on q.part_of = r.id where w.goal <> '' "
      "group by w.id, r.id, r.amount, r.status having coalesce(sum(q.amount), 0) <> r.amount or r.status <> case "
      "when sum(case when q.status = 'PENDING' then 1 else 0 end) > 0 then 'PENDING' "
      "when sum(case when q.status = 'FAILED' then 1 else 0 end) > 0 then 'FAILED' else 'SUCCEEDED' end order by r.id",
      [&](const Row& row) {
        findings.add(check, fmt::format("{} {}", row.text(0), row.text(1)),
                     fmt::format("a refund of {} is {}; its parts come to {}, of which {} are pending and {} failed", row.integer(2), row.text(3),
                                 row.integer(4), row.integer(5), row.integer(6)));
      });
}

}  // namespace

void check_splits(Tx& tx, Findings& findings) {
  check_shares(tx, findings);
  check_legs(tx, findings);
  check_sums(tx, findings);
  check_compensation(tx, findings);
  check_refunds(tx, findings);
}

}  // namespace purser::verify
