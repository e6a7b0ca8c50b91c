// The events of payments: they are a payment's history. Each moves the status over a legal edge and the amounts by what it says, and
// together they fold to what is stored.
#include <fmt/format.h>

#include "payments/events/v1/events.pb.h"
#include "verify/findings.hpp"
#include "verify/message_reader.hpp"
#include "verify/second_model.hpp"

namespace purser::verify {
namespace {

namespace facts = ::payments::events::v1;
using facts::PaymentFacts;
using store::Row;
using store::Tx;

constexpr const char* fold = "payment_events_fold_to_the_payment";

std::string status_of(const PaymentFacts& is) {
  return ::payments::v1::PaymentStatus_Name(is.status()).substr(std::string_view("PAYMENT_STATUS_").size());
}

// By how much an event may move the amounts.
struct Moves {
  std::int64_t authorized = 0, captured = 0, refunded = 0;
};
Moves moves_of(const google::protobuf::Message& event, const PaymentFacts& before, const PaymentFacts& is) {
  if (const auto* captured = google::protobuf::DynamicCastToGenerated<facts::PaymentCaptured>(&event))
    return {.authorized = captured->capture_id().empty() ? captured->captured_now() : 0, .captured = captured->captured_now()};
  if (google::protobuf::DynamicCastToGenerated<facts::PaymentAuthorized>(&event)) return {.authorized = is.amount()};
  if (const auto* refunded = google::protobuf::DynamicCastToGenerated<facts::PaymentRefunded>(&event)) return {.refunded = refunded->refunded_now()};
  // A refund that never succeeded moves nothing; one that came back takes its amount back, which the event does not repeat.
  if (google::protobuf::DynamicCastToGenerated<facts::PaymentRefundFailed>(&event))
    return {.refunded = std::min<std::int64_t>(is.amount_refunded() - before.amount_refunded(), 0)};
  return {};
}

// What an event of this type leaves a payment in; "" where it leaves it as it was.
bool leaves_in(std::string_view type, std::string_view status) {
  if (type == "payment.intent.created") return status == "PROCESSING";
  if (type == "payment.action_required") return status == "REQUIRES_ACTION";
  if (type == "payment.authorized") return status == "AUTHORIZED";
  if (type == "payment.failed") return status == "FAILED";
  if (type == "payment.voided") return status == "VOIDED";
  if (type == "payment.completed") return status == "CAPTURED" || status == "PARTIALLY_REFUNDED" || status == "REFUNDED";
  return true;
}

struct Stored {
  bool exists = false;
  std::string text;
  std::int64_t version = 0;
};
std::string in_words(const PaymentFacts& is) {
  return fmt::format("{} {} for order \"{}\" of {}: {}, {} authorised, {} captured, {} refunded, processor's {}, part {} of \"{}\"", is.amount(),
                     is.currency(), is.order_id(), is.user_id(), status_of(is), is.amount_authorized(), is.amount_captured(), is.amount_refunded(),
                     is.payment_intent_id(), is.step_index(), is.parent_id());
}
Stored stored_in(const Row& row) {
  if (row.is_null(5)) return {};
  return {.exists = true,
          .text = fmt::format("{} {} for order \"{}\" of {}: {}, {} authorised, {} captured, {} refunded, processor's {}, part {} of \"{}\"",
                              row.integer(6), row.text(7), row.text(8), row.text(9), row.text(10), row.integer(11), row.integer(12), row.integer(13),
                              row.text(15), row.integer(16), row.text(17)),
          .version = row.integer(14)};
}

class PaymentStream {
 public:
  explicit PaymentStream(Findings& findings) : findings_(findings) {}

  void take(const Row& row) {
    if (row.text(0) != payment_) begin(row);
    const auto* event = reader_.read(row.text(3), row.text(4));
    const auto* is = event ? facts_in<PaymentFacts>(*event, "payment") : nullptr;
    if (!is || names_of(*event).type != row.text(2) || names_of(*event).aggregate != "payment") {
      findings_.add("events_are_readable", payment_,
                    fmt::format("event {} says that it is {} and holds no {} that can be read", row.integer(1), row.text(2), row.text(3)));
      readable_ = false;
      return;
    }
    step(row.integer(1), row.text(2), *event, *is);
  }

  // The last event of a payment was seen. Beginnings of captures, refunds and voids have no event: the row may be versions further.
  void end() {
    if (payment_.empty()) return;
    if (!stored_.exists) return findings_.add(fold, payment_, "it has events and is not stored");
    if (!readable_) return;
    if (stored_.text != in_words(last_))
      findings_.add(fold, payment_, fmt::format("stored is \"{}\", the last event says \"{}\"", stored_.text, in_words(last_)));
    if (last_.version() > stored_.version)
      findings_.add(fold, payment_, fmt::format("it is at version {}, its last event at {}", stored_.version, last_.version()));
  }

 private:
  void begin(const Row& row) {
    end();
    payment_ = row.text(0);
    stored_ = stored_in(row);
    last_.Clear();
    readable_ = true;
  }

  void step(std::int64_t sequence, std::string_view type, const google::protobuf::Message& event, const PaymentFacts& is) {
    const auto wrong = [&](std::string detail) { findings_.add(fold, payment_, fmt::format("event {}, {}: {}", sequence, type, std::move(detail))); };
    const bool first = last_.payment_id().empty();
    const std::string status = status_of(is), before = first ? "CREATED" : status_of(last_);
    if (is.payment_id() != payment_) wrong("it speaks of " + is.payment_id());
    if ((before != status && !payment_may_become(before, status)) || (first && type != "payment.intent.created"))
      findings_.add("payment_transitions_are_legal", payment_, fmt::format("event {}, {}: {} became {}", sequence, type, before, status));
    else if (!leaves_in(type, status))
      findings_.add("payment_transitions_are_legal", payment_, fmt::format("event {}, {}, leaves the payment {}", sequence, type, status));
    const Moves moves = readable_ ? moves_of(event, last_, is) : Moves{};
    const Moves moved{is.amount_authorized() - last_.amount_authorized(), is.amount_captured() - last_.amount_captured(),
                      is.amount_refunded() - last_.amount_refunded()};
    if (readable_ && (moved.authorized != moves.authorized || moved.captured != moves.captured || moved.refunded != moves.refunded))
      wrong(fmt::format("authorised moved by {}, captured by {}, refunded by {}, where it says {}, {} and {}", moved.authorized, moved.captured,
                        moved.refunded, moves.authorized, moves.captured, moves.refunded));
    if (is.version() < last_.version()) wrong(fmt::format("version {} comes after {}", is.version(), last_.version()));
    last_ = is;
  }

  Findings& findings_;
  MessageReader reader_;
  std::string payment_;
  Stored stored_;
  PaymentFacts last_;
  bool readable_ = true;
};

}  // namespace

void check_payment_events(Tx& tx, Findings& findings) {
  PaymentStream stream(findings);
  tx.query(
      "select e.aggregate_id, e.sequence, e.type, e.message_type, e.payload, p.id, p.amount, p.currency, p.order_id, p.user_id, p.status, "
      "p.authorized, p.captured, p.refunded, p.version, "
      "(select a.processor_ref from payment_attempts a where a.payment_id = p.id and a.kind in ('AUTHORIZE', 'SALE') order by a.number desc limit "
      "1), "
      "p.leg, p.parent_id from outbox e left join payments p on p.id = e.aggregate_id and p.merchant_id = e.merchant_id "
      "where e.aggregate_type = 'payment' order by e.aggregate_id, e.sequence",
      [&](const Row& row) { stream.take(row); });
  stream.end();
  tx.query("select p.id from payments p left join outbox e on e.aggregate_id = p.id and e.sequence = 1 where e.id is null order by p.id",
           [&](const Row& row) { findings.add(fold, std::string(row.text(0)), "it is stored and has no event"); });
}

}  // namespace purser::verify
