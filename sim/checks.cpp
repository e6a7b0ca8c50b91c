#include "sim/checks.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "sim/hosts.hpp"
#include "verify/verify.hpp"

namespace purser::sim {
namespace {

using store::Row;

// One charge as the processor knows it.
struct Charge {
  std::string intent, reference, order_id, status;
  std::int64_t amount = 0, received = 0, refunded = 0, held = 0;
  std::int64_t live() const { return held + received - refunded; }
  std::string told() const {
    return intent + " (" + reference + ", " + status + ", received " + std::to_string(received) + ", refunded " + std::to_string(refunded) +
           ", held " + std::to_string(held) + ")";
  }
};

// From the ledgers' lines alone. No two processors give the same id.
std::map<std::string, Charge> charges_of(const std::vector<store::Connection*>& processors) {
  std::map<std::string, Charge> charges;
  for (store::Connection* processor : processors)
    processor->query("select kind, payment_intent, amount, reference, order_id from sandbox_ledger order by seq", [&](const Row& row) {
      const std::string kind(row.text(0));
      const std::int64_t amount = row.integer(2);
      if (kind == "declined") return;
      Charge& charge = charges[std::string(row.text(1))];
      charge.intent = row.text(1);
      if (charge.reference.empty()) charge.reference = row.text(3);
      if (charge.order_id.empty()) charge.order_id = row.text(4);
      charge.status = kind;
      if (kind == "authorized") charge.amount = charge.held = amount;
      if (kind == "charged") charge.amount = charge.received = amount;
      if (kind == "captured") charge.received += amount, charge.held -= amount;
      if (kind == "released" || kind == "canceled") charge.held -= amount;
      if (kind == "refunded") charge.refunded += amount;
      if (kind == "refund_failed") charge.refunded -= amount;
    });
  return charges;
}

}  // namespace

Checks::Checks(World& world, const Tuning& tuning, Disk& shop, std::vector<Disk>& processors)
    : world_(world), tuning_(tuning), shop_(shop.connection()), ledger_seen_(processors.size(), 0) {
  for (Disk& processor : processors) processors_.push_back(&processor.connection());
}

// Of the orders that the commit told of; a change that no event tells of is seen at the end.
void Checks::after_shop_commit() {
  std::set<std::string> told_of;
  shop_.query(
      "select o.rowid, case when o.aggregate_type = 'payment' then p.order_id else o.aggregate_id end from outbox o left join payments p on p.id = "
      "o.aggregate_id where o.rowid > $1 order by o.rowid",
      [&](const Row& row) {
        event_seen_ = row.integer(0);
        if (!row.is_null(1)) told_of.emplace(row.text(1));
      },
      event_seen_);
  const std::vector<std::string> orders(told_of.begin(), told_of.end());
  for (const verify::Violation& found : verify::check_agreement(shop_, orders)) world_.violate(found.check, found.subject + ": " + found.detail);
}

void Checks::after_processor_commit(std::size_t processor) {
  struct Line {
    std::int64_t seq;
    std::string reference, order_id;
  };
  std::vector<Line> lines;
  processors_[processor]->query(
      "select seq, reference, order_id from sandbox_ledger where seq > $1 and kind in ('authorized', 'charged') order by seq",
      [&](const Row& row) { lines.push_back({row.integer(0), std::string(row.text(1)), std::string(row.text(2))}); }, ledger_seen_[processor]);
  for (const Line& line : lines) {
    ledger_seen_[processor] = line.seq;
    std::string status;
    shop_.query("select status from payment_attempts where reference = $1", [&](const Row& row) { status = row.text(0); }, line.reference);
    if (status.empty())
      world_.violate("reference_stored_before_the_call", "the processor charged under " + line.reference + ", which no attempt has");
    // One that was proved absent and given up may still arrive, and so may a copy of one that was turned away (429): it has to be reversed,
    // which the end shows.
    const bool given_up = status == "ABSENT" || status == "NOT_SENT";
    if (given_up) world_.count("late success");
    if (line.order_id.empty() || given_up) continue;
    // The other parts of the same payment are meant to be charged as well.
    shop_.query(
        "select o.reference, o.status from payment_attempts a join payments p on p.id = a.payment_id left join payments w on w.id = p.parent_id "
        "join payments q on q.merchant_id = p.merchant_id left join payments v on v.id = q.parent_id join payment_attempts o on o.payment_id = q.id "
        "where a.reference = $2 and coalesce(v.order_id, q.order_id) = $1 and o.reference <> $2 and not (p.leg > 0 and q.parent_id = p.parent_id "
        "and q.leg <> p.leg) and o.kind in ('AUTHORIZE', 'SALE') and o.status in ('SENT', 'IN_DOUBT', 'REQUIRES_ACTION', 'SUCCEEDED') "
        "and q.status not in ('REFUNDED', 'VOIDED') order by o.reference",
        [&](const Row& row) {
          world_.violate("one_charge_at_a_time", "the processor charged under " + line.reference + " while " + std::string(row.text(0)) +
                                                     " of the same order is " + std::string(row.text(1)));
        },
        line.order_id, line.reference);
  }
}

std::string Checks::unsettled(Instant now) {
  std::string first;
  const auto look = [&](const char* what, const char* sql, const auto&... parameters) {
    if (!first.empty()) return;
    shop_.query(sql, [&](const Row& row) { first = what + std::string(row.text(0)) + " " + std::string(row.text(1)); }, parameters...);
  };
  look("attempt ",
       "select reference, status from payment_attempts where status in ('SENT', 'IN_DOUBT', 'REQUIRES_ACTION') order by reference limit 1");
  look("what was given up ",
       "select reference, status from payment_attempts where status in ('ABSENT', 'NOT_SENT') and checks not between 2 and 23 and next_check_at is "
       "not null order "
       "by reference limit "
       "1");
  look("refund ", "select id, status from refunds where status = 'PENDING' order by id limit 1");
  look("capture ", "select id, status from captures where status = 'PENDING' order by id limit 1");
  look("payment in parts that is to go on, ", "select id, goal from payments where advance_at is not null order by id limit 1");
  look("cancellation of ", "select id, status from orders where cancel_requested <> 0 order by id limit 1");
  // A clock that leapt ahead by days made it overdue a moment ago.
  look("unpaid order past its time, ",
       "select id, status from orders where status in ('CREATED', 'PAYMENT_FAILED') and expires_at <= $1 order by id limit 1", now);
  look("key ", "select key, work_id from idempotency_keys where state = 0 order by key limit 1");
  return first;
}

void Checks::at_the_end(const Memory& memory, Instant now) {
  for (const verify::Violation& found : verify::check_books(shop_, {.now = now})) world_.violate(found.check, found.subject + ": " + found.detail);
  shop_.query("select count(*) from outbox where type = 'step.failed'",
              [&](const Row& row) { world_.count("asked elsewhere instead", row.integer(0)); });
  shop_.query("select count(*), coalesce(sum(case when status = 'FAILED' then 1 else 0 end), 0) from payments where goal <> ''",
              [&](const Row& row) { world_.count("payments in parts", row.integer(0)), world_.count("of them failed", row.integer(1)); });
  books_equal_the_ledger();
  books_equal_the_wallet();
  acknowledged_is_kept(memory);
  each_event_takes_effect_once();
  absence_waits_for_the_lag();
}

// What a processor does not show yet is no proof. Half of the lag is enough to tell: clocks leap back a little.
void Checks::absence_waits_for_the_lag() {
  for (std::size_t i = 0; i < tuning_.processors; ++i)
    shop_.query(
        "select a.reference, w.at - a.created_at from attempt_answers w join payment_attempts a on a.id = w.attempt_id "
        "where w.outcome = 'absent' and a.kind in ('AUTHORIZE', 'SALE') and a.processor = $1 and w.at - a.created_at < $2 order by a.reference",
        [&](const Row& row) {
          world_.violate("absence_waits_for_the_lag", std::string(row.text(0)) + " was given up after " + std::to_string(row.integer(1)) +
                                                          " ms, before its processor could surely show it");
        },
        std::string(processor_names[i].account), tuning_.visibility_lags.at(i).ms / 2);
}

// A change of an order names the event that caused it. One event may cause two changes of different kinds, and none twice.
void Checks::each_event_takes_effect_once() {
  shop_.query(
      "select cause, change, count(*) from order_history where cause like 'evt\\_%' escape '\\' group by order_id, cause, change having count(*) > 1 "
      "order by cause",
      [&](const Row& row) {
        world_.violate("each_event_takes_effect_once",
                       std::string(row.text(0)) + " made the change " + std::string(row.text(1)) + " " + std::to_string(row.integer(2)) + " times");
      });
}

void Checks::books_equal_the_ledger() {
  const auto charges = charges_of(processors_);
  // Of each order: what is charged for it, by the step that it is of. A payment without parts has the step 0.
  struct Live {
    std::string payment{};
    std::int64_t step = 0;
    const Charge* charge = nullptr;
  };
  std::map<std::string, std::vector<Live>> by_order;
  for (const auto& [intent, charge] : charges) {
    if (charge.live() == 0) continue;
    bool booked = false;
    Live live{.charge = &charge};
    shop_.query(
        "select coalesce(p.parent_id, p.id), p.leg, a.status from payment_attempts a join payments p on p.id = a.payment_id where "
        "a.reference = $1 and a.processor_ref = $2",
        [&](const Row& row) { live.payment = row.text(0), live.step = row.integer(1), booked = row.text(2) == "SUCCEEDED"; }, charge.reference,
        charge.intent);
    if (!booked) world_.violate("books_equal_the_ledger", "the processor holds or has taken " + charge.told() + ", and no payment says so");
    if (charge.order_id.empty()) continue;
    std::vector<Live>& others = by_order[charge.order_id];
    for (const Live& other : others)
      if (other.payment != live.payment || other.step == live.step)
        world_.violate("one_charge_per_order", charge.order_id + " is charged twice: " + other.charge->told() + " and " + charge.told());
    others.push_back(live);
  }
  shop_.query(
      "select p.id, p.captured, p.refunded, p.authorized, p.closed, a.processor_ref from payments p join payment_attempts a on a.payment_id = p.id "
      "and a.kind in ('AUTHORIZE', 'SALE') and a.status = 'SUCCEEDED' where a.processor <> 'wallet' order by p.id",
      [&](const Row& row) {
        const std::string payment(row.text(0)), intent(row.text(5));
        const auto found = charges.find(intent);
        if (found == charges.end())
          return world_.violate("books_equal_the_ledger", payment + " is charged as " + intent + ", which the processor does not know");
        const Charge& charge = found->second;
        const std::int64_t held = row.integer(4) != 0 ? 0 : row.integer(3) - row.integer(1);
        if (row.integer(1) != charge.received || row.integer(2) != charge.refunded || held != charge.held)
          world_.violate("books_equal_the_ledger", payment + " has captured " + std::to_string(row.integer(1)) + ", refunded " +
                                                       std::to_string(row.integer(2)) + ", held " + std::to_string(held) +
                                                       "; the processor: " + charge.told());
      });
}

// Store credit is in the shop's own journal, which is written in other transactions than the payments.
void Checks::books_equal_the_wallet() {
  shop_.query(
      "select p.id, p.captured, p.refunded, case when p.closed <> 0 then 0 else p.authorized - p.captured end, a.processor_ref, c.captured, "
      "c.refunded, c.amount - c.captured - c.released from payments p join payment_attempts a on a.payment_id = p.id and "
      "a.kind in ('AUTHORIZE', 'SALE') and a.status = 'SUCCEEDED' and a.processor = 'wallet' left join wallet_charges c "
      "on c.operation_id = a.processor_ref where c.operation_id is null or c.captured <> p.captured or c.refunded <> p.refunded or "
      "c.amount - c.captured - c.released <> case when p.closed <> 0 then 0 else p.authorized - p.captured end order by p.id",
      [&](const Row& row) {
        world_.violate("books_equal_the_wallet", std::string(row.text(0)) + " has captured " + std::to_string(row.integer(1)) + ", refunded " +
                                                     std::to_string(row.integer(2)) + ", held " + std::to_string(row.integer(3)) + "; the wallet's " +
                                                     std::string(row.text(4)) + " " + std::to_string(row.integer(5)) + ", " +
                                                     std::to_string(row.integer(6)) + ", " + std::to_string(row.integer(7)));
      });
  shop_.query(
      "select c.operation_id, c.reference from wallet_charges c where (c.amount > c.captured + c.released or c.captured > c.refunded) and not exists "
      "(select 1 from payment_attempts a where a.processor = 'wallet' and a.processor_ref = c.operation_id and a.status = 'SUCCEEDED' and a.kind in "
      "('AUTHORIZE', 'SALE')) order by c.operation_id",
      [&](const Row& row) {
        world_.violate("books_equal_the_wallet",
                       "the wallet holds or has taken " + std::string(row.text(0)) + " for " + std::string(row.text(1)) + ", and no payment says so");
      });
}

void Checks::acknowledged_is_kept(const Memory& memory) {
  for (const auto& [id, told] : memory.orders()) {
    bool there = false;
    shop_.query("select 1 from orders where id = $1", [&](const Row&) { there = true; }, id);
    if (!there) world_.violate("acknowledged_is_kept", "order " + id + " was acknowledged and is gone");
  }
  for (const auto& [id, told] : memory.payments()) {
    bool there = false;
    shop_.query(
        "select captured, refunded, status from payments where id = $1",
        [&](const Row& row) {
          there = true;
          if (row.integer(0) < told.captured || row.integer(1) < told.refunded)
            world_.violate("acknowledged_is_kept", "payment " + id + " was told as captured " + std::to_string(told.captured) + ", refunded " +
                                                       std::to_string(told.refunded) + " and is captured " + std::to_string(row.integer(0)) +
                                                       ", refunded " + std::to_string(row.integer(1)));
        },
        id);
    if (!there) world_.violate("acknowledged_is_kept", "payment " + id + " was acknowledged and is gone");
  }
  for (const auto& [id, told] : memory.refunds()) {
    std::string status;
    shop_.query("select status from refunds where id = $1", [&](const Row& row) { status = row.text(0); }, id);
    if (status.empty() || (told == "SUCCEEDED" && status != told))
      world_.violate("acknowledged_is_kept", "refund " + id + " was told as " + told + " and is " + (status.empty() ? "gone" : status));
  }
}

}  // namespace purser::sim
