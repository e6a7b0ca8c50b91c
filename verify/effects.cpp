// What an event did to its order: once each. A change of an order that an event caused bears the event's id as its cause.
#include <fmt/format.h>

#include <algorithm>

#include "verify/findings.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

// One event of a payment that pays an order, with the changes that name it as their cause.
struct Heard {
  std::string event, type, payment, order, actor;
  std::vector<std::string> changes{};
};

bool may_be(std::string_view words, std::string_view change) {
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t end = std::min(words.find(',', at), words.size());
    if (words.substr(at, end - at) == change) return true;
    at = end + 1;
  }
  return false;
}

// A payment that ended unpaid ends a cancellation that waited for it in the same breath. What went back before all was captured counts
// once it is.
bool may_follow(const Heard& heard, std::string_view first, std::string_view second) {
  if (first == "payment_failed") return second == "cancelled";
  return heard.type == "payment.completed" && first == "paid" && may_be(effects_of("payment.refunded"), second);
}

// A payment that was replaced can have troubles of its own, in undoing a stray charge or a void: nothing of the order changes.
bool another_payment_came(Tx& tx, const Heard& heard) {
  return tx.first("select id from payments where order_id = $1 and id > $2", [](const Row&) { return true; }, heard.order, heard.payment).has_value();
}

void judge(Tx& tx, const Heard& heard, Findings& findings) {
  const std::string subject = fmt::format("{} {} {}", heard.order, heard.payment, heard.event);
  const std::string_view wanted = effects_of(heard.type);
  const auto& changes = heard.changes;
  if (wanted.empty() && changes.empty()) return;
  if (changes.empty()) {
    const bool of_its_own = heard.type == "payment.in_doubt" || heard.type == "payment.void_failed" || heard.type == "payment.refund_failed";
    if (of_its_own && another_payment_came(tx, heard)) return;
    return findings.add("events_take_effect_once", subject, fmt::format("{} changed nothing of the order", heard.type));
  }
  const bool once = changes.size() == 1 || (changes.size() == 2 && may_follow(heard, changes[0], changes[1]));
  if (!once || !may_be(wanted, changes.front()))
    findings.add("events_take_effect_once", subject,
                 fmt::format("{} changed the order {} times: {}", heard.type, changes.size(), fmt::join(changes, ", ")));
}

}  // namespace

void check_effects(Tx& tx, Findings& findings) {
  Heard heard;
  tx.query(
      "select e.id, e.type, p.id, p.order_id, e.actor, h.order_id, h.change, h.actor from outbox e join payments p on p.id = e.aggregate_id "
      "left join order_history h on h.cause = e.id where p.order_id is not null order by e.id, h.version",
      [&](const Row& row) {
        if (heard.event != row.text(0)) {
          if (!heard.event.empty()) judge(tx, heard, findings);
          heard = {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)), std::string(row.text(4))};
        }
        if (row.is_null(5)) return;
        heard.changes.emplace_back(row.text(6));
        if (row.text(5) != heard.order || row.text(7) != heard.actor)
          findings.add("events_take_effect_once", fmt::format("{} {} {}", heard.order, heard.payment, heard.event),
                       fmt::format("{} by {} changed {}, put down to {}", heard.type, heard.actor, row.text(5), row.text(7)));
      });
  if (!heard.event.empty()) judge(tx, heard, findings);
  tx.query(
      "select h.order_id, h.version, h.cause from order_history h left join outbox e on e.id = h.cause "
      "where substr(h.cause, 1, 4) = 'evt_' and e.id is null order by h.order_id, h.version",
      [&](const Row& row) {
        findings.add("events_take_effect_once", std::string(row.text(0)),
                     fmt::format("version {} was caused by {}, which does not exist", row.integer(1), row.text(2)));
      });
}

}  // namespace purser::verify
