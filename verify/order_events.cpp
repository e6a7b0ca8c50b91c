// The events of orders: numbered without a gap, readable, and folding to what is stored.
#include <fmt/format.h>

#include "orders/v1/events.pb.h"
#include "verify/findings.hpp"
#include "verify/message_reader.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {
namespace {

using ::orders::v1::OrderFacts;
using store::Row;
using store::Tx;

constexpr const char* fold = "order_events_fold_to_the_order";

std::string status_of(const OrderFacts& facts) {
  return ::orders::v1::OrderStatus_Name(facts.status()).substr(std::string_view("ORDER_STATUS_").size());
}
std::string payment_status_of(const OrderFacts& facts) {
  if (facts.payment_status() == ::payments::v1::PAYMENT_STATUS_UNSPECIFIED) return "";
  return ::payments::v1::PaymentStatus_Name(facts.payment_status()).substr(std::string_view("PAYMENT_STATUS_").size());
}

// An order as its row has it, written as its events would.
struct Stored {
  bool exists = false;
  std::string merchant, text;
  std::int64_t version = 0;
};
std::string in_words(const OrderFacts& facts) {
  return fmt::format("{} {} of {}: {} {}, payment {} {}, {} captured, {} refunded, version {}", facts.order_type(), facts.order_id(), facts.user_id(),
                     facts.total_amount(), facts.currency(), facts.payment_id(), payment_status_of(facts), facts.amount_captured(),
                     facts.amount_refunded(), facts.version()) +
         ", " + status_of(facts);
}
Stored stored_in(const Row& row) {
  if (row.is_null(6)) return {};
  std::string text = fmt::format("{} {} of {}: {} {}, payment {} {}, {} captured, {} refunded, version {}", row.text(8), row.text(6), row.text(7),
                                 row.integer(11), row.text(10), row.text(12), row.text(13), row.integer(14), row.integer(15), row.integer(16)) +
                     ", " + std::string(row.text(9));
  return {.exists = true, .merchant = std::string(row.text(5)), .text = std::move(text), .version = row.integer(16)};
}

class OrderStream {
 public:
  explicit OrderStream(Findings& findings) : findings_(findings) {}

  void take(const Row& row) {
    if (row.text(0) != order_) begin(row);
    const auto* event = reader_.read(row.text(3), row.text(4));
    const auto* facts = event ? facts_in<OrderFacts>(*event, "order") : nullptr;
    if (!facts || names_of(*event).type != row.text(2) || names_of(*event).aggregate != "order") {
      findings_.add("events_are_readable", order_,
                    fmt::format("event {} says that it is {} and holds no {} that can be read", row.integer(1), row.text(2), row.text(3)));
      readable_ = false;
      return;
    }
    step(row.integer(1), *facts);
  }

  // The last event of an order was seen.
  void end() {
    if (order_.empty()) return;
    if (!stored_.exists) return findings_.add(fold, order_, "it has events and is not stored");
    if (readable_ && stored_.text != in_words(last_))
      findings_.add(fold, order_, fmt::format("stored is \"{}\", the last event says \"{}\"", stored_.text, in_words(last_)));
  }

 private:
  void begin(const Row& row) {
    end();
    order_ = row.text(0);
    stored_ = stored_in(row);
    last_.Clear();
    readable_ = true;
  }

  void step(std::int64_t sequence, const OrderFacts& facts) {
    const auto wrong = [&](std::string detail) { findings_.add(fold, order_, fmt::format("event {}: {}", sequence, std::move(detail))); };
    const std::string status = status_of(facts), before = last_.order_id().empty() ? "" : status_of(last_);
    if (facts.order_id() != order_) wrong("it speaks of " + facts.order_id());
    if (facts.version() != sequence) wrong(fmt::format("it speaks of version {}", facts.version()));
    const bool legal = before.empty() ? status == "CREATED" : before == status || order_may_become(before, status);
    if (!legal)
      findings_.add("order_transitions_are_legal", order_,
                    fmt::format("event {}: {} became {}", sequence, before.empty() ? "nothing" : before, status));
    if (facts.payment_id() == last_.payment_id() && facts.amount_captured() < last_.amount_captured())
      wrong(fmt::format("{} were captured and now {}", last_.amount_captured(), facts.amount_captured()));
    last_ = facts;
  }

  Findings& findings_;
  MessageReader reader_;
  std::string order_;
  Stored stored_;
  OrderFacts last_;
  bool readable_ = true;
};

}  // namespace

void check_order_events(Tx& tx, Findings& findings) {
  tx.query(
      "select aggregate_id, count(*), min(sequence), max(sequence) from outbox group by aggregate_id having min(sequence) <> 1 or "
      "max(sequence) <> count(*) order by aggregate_id",
      [&](const Row& row) {
        findings.add("event_sequences_without_gaps", std::string(row.text(0)),
                     fmt::format("{} events are numbered from {} to {}", row.integer(1), row.integer(2), row.integer(3)));
      });
  tx.query("select id, type, aggregate_type from outbox where aggregate_type not in ('order', 'payment', 'wallet') order by id", [&](const Row& row) {
    findings.add("events_are_readable", std::string(row.text(0)), fmt::format("an event {} is of a \"{}\"", row.text(1), row.text(2)));
  });
  OrderStream stream(findings);
  tx.query(
      "select e.aggregate_id, e.sequence, e.type, e.message_type, e.payload, o.merchant_id, o.id, o.user_id, o.order_type, o.status, o.currency, "
      "o.total, o.payment_id, o.payment_status, o.amount_captured, o.amount_refunded, o.version "
      "from outbox e left join orders o on o.id = e.aggregate_id and o.merchant_id = e.merchant_id "
      "where e.aggregate_type = 'order' order by e.aggregate_id, e.sequence",
      [&](const Row& row) { stream.take(row); });
  stream.end();
  tx.query("select o.id from orders o left join outbox e on e.aggregate_id = o.id and e.sequence = 1 where e.id is null order by o.id",
           [&](const Row& row) { findings.add(fold, std::string(row.text(0)), "it is stored and has no event"); });
}

}  // namespace purser::verify
