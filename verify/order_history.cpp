// What an order's history tells: every version once, each change from where the last one ended, over a legal edge, to what the order
// is now, and each with its event.
#include <fmt/format.h>

#include "verify/findings.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

struct Before {
  std::string order, status;
  std::int64_t version = 0;
};

void check_change(const Row& row, Before& before, Findings& findings) {
  const std::string order(row.text(0)), from(row.text(3)), to(row.text(4));
  const std::int64_t version = row.integer(1);
  if (before.order != order) before = {.order = order, .status = "", .version = 0};
  if (version != before.version + 1)
    findings.add("order_history_without_gaps", order, fmt::format("version {} comes after {}", version, before.version));
  else if (from != before.status)
    findings.add("order_history_without_gaps", order,
                 fmt::format("version {} begins at {}, the one before ended at {}", version, from.empty() ? "nothing" : from,
                             before.status.empty() ? "nothing" : before.status));
  const bool legal = from.empty() ? to == "CREATED" && version == 1 : from == to || order_may_become(from, to);
  if (!legal)
    findings.add("order_transitions_are_legal", order, fmt::format("version {}: {} became {}", version, from.empty() ? "nothing" : from, to));
  before.status = to;
  before.version = version;

  const std::string_view told_by = event_of(row.text(2));
  if (row.text(5) != told_by || told_by.empty())
    findings.add("changes_have_their_events", order,
                 fmt::format("version {}, \"{}\", has {} beside it, not {}", version, row.text(2), row.is_null(5) ? "no event" : row.text(5),
                             told_by.empty() ? "an event of the catalogue" : told_by));
}

}  // namespace

void check_order_history(Tx& tx, Findings& findings) {
  Before before;
  tx.query(
      "select h.order_id, h.version, h.change, h.from_status, h.to_status, e.type from order_history h "
      "left join outbox e on e.aggregate_id = h.order_id and e.sequence = h.version order by h.order_id, h.version",
      [&](const Row& row) { check_change(row, before, findings); });
  tx.query(
      "select o.id, o.status, o.version, o.payment_status, h.to_status, h.payment_status from orders o "
      "left join order_history h on h.order_id = o.id and h.version = o.version "
      "where h.id is null or h.to_status <> o.status or coalesce(h.payment_status, '') <> coalesce(o.payment_status, '') order by o.id",
      [&](const Row& row) {
        findings.add("order_history_without_gaps", std::string(row.text(0)),
                     fmt::format("the order is {} {} at version {}, its history says {} {}", row.text(1), row.text(3), row.integer(2),
                                 row.is_null(4) ? "nothing of it" : row.text(4), row.text(5)));
      });
  tx.query(
      "select h.order_id, h.version, o.version from order_history h left join orders o on o.id = h.order_id "
      "where o.id is null or h.version > o.version order by h.order_id, h.version",
      [&](const Row& row) {
        findings.add("order_history_without_gaps", std::string(row.text(0)),
                     row.is_null(2) ? fmt::format("version {} is of an order that does not exist", row.integer(1))
                                    : fmt::format("version {} is beyond the order's own, {}", row.integer(1), row.integer(2)));
      });
}

}  // namespace purser::verify
