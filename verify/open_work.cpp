// Nothing stays in between. What is under way is somebody's turn, and is reported once it is older than it can be.
#include <fmt/format.h>

#include "verify/findings.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* check = "nothing_stays_open";

struct Open {
  std::string_view what;  // "{subject} {status} since …": the statement answers subject, status and since when
  std::string_view sql;   // $1: what began later is left alone
};

constexpr Open ours[] = {
    {"attempt",
     "select payment_id || ' ' || reference, status, created_at from payment_attempts where status in ('CREATED', 'SENT', 'IN_DOUBT') "
     "and created_at <= $1 order by reference"},
    {"payment", "select id, status, updated_at from payments where status in ('CREATED', 'PROCESSING', 'IN_DOUBT') and updated_at <= $1 order by id"},
    {"capture", "select payment_id || ' ' || id, status, created_at from captures where status = 'PENDING' and created_at <= $1 order by id"},
    {"refund", "select payment_id || ' ' || id, status, created_at from refunds where status = 'PENDING' and created_at <= $1 order by id"},
    {"payment in parts that is to go on", "select id, goal, updated_at from payments where advance_at is not null and updated_at <= $1 order by id"},
    {"cancellation of an order", "select id, status, updated_at from orders where cancel_requested <> 0 and updated_at <= $1 order by id"},
    {"idempotency key",
     "select merchant_id || ' ' || key, 'under way', created_at from idempotency_keys where state = 0 and created_at <= $1 "
     "order by merchant_id, key"},
};

// These end by time, not by our work alone.
constexpr Open others[] = {
    {"attempt that waits for the buyer",
     "select payment_id || ' ' || reference, status, created_at from payment_attempts where status = 'REQUIRES_ACTION' and created_at <= $1 "
     "order by reference"},
    {"unpaid order past its time",
     "select id, status, expires_at from orders where status in ('CREATED', 'PAYMENT_FAILED') and expires_at <= $1 order by id"},
};

void look(Tx& tx, const Open& open, Instant until, Findings& findings) {
  tx.query(
      open.sql,
      [&](const Row& row) {
        findings.add(check, std::string(row.text(0)), fmt::format("{}: {} since {}", open.what, row.text(1), rfc3339(row.instant(2))));
      },
      until);
}

}  // namespace

void check_open_work(Tx& tx, const Options& options, Findings& findings) {
  const Instant late = options.now - options.settled_within;
  // Clocks step back: at rest, whatever is open is, whenever it was begun.
  const Instant begun_ever{std::int64_t{1} << 62};
  for (const Open& open : ours) look(tx, open, options.at_rest ? begun_ever : late, findings);
  for (const Open& open : others) look(tx, open, late, findings);
  // What was given up as ABSENT or NOT_SENT is looked for again for a while, and may be either.
  tx.query(
      "select payment_id || ' ' || reference, status, next_check_at from payment_attempts "
      "where status not in ('ABSENT', 'NOT_SENT') and (status in ('SENT', 'REQUIRES_ACTION', 'IN_DOUBT')) = (next_check_at is null) order by "
      "reference",
      [&](const Row& row) {
        findings.add("open_attempts_are_looked_after", std::string(row.text(0)),
                     fmt::format("it is {} and {}", row.text(1), row.is_null(2) ? "nobody will look at it" : "would be looked at again"));
      });
  // A payment in parts goes on where one of its legs is decided, or else by the janitor.
  tx.query(
      "select w.id, w.status, w.goal from payments w where w.goal <> '' and w.status in ('PROCESSING', 'IN_DOUBT', 'REQUIRES_ACTION') "
      "and w.advance_at is null and not exists (select 1 from payments p join payment_attempts a on a.payment_id = p.id "
      "where p.parent_id = w.id and a.status in ('SENT', 'REQUIRES_ACTION', 'IN_DOUBT')) order by w.id",
      [&](const Row& row) {
        findings.add("open_attempts_are_looked_after", std::string(row.text(0)),
                     fmt::format("it is {} with the goal {}, none of its legs is being asked, and nobody will go on", row.text(1), row.text(2)));
      });
}

}  // namespace purser::verify
