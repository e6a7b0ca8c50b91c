// What orders and payments may be and become, written down a second time from docs/orders.md and docs/payments.md. The contexts have
// tables of their own: where the two differ, one of them is wrong, and somebody has to look.
#pragma once
#include <cstdint>
#include <string_view>

namespace purser::verify {

// Whether a status may follow another. Staying is no edge: a change that leaves the status as it is is always legal.
bool order_may_become(std::string_view from, std::string_view to);
bool payment_may_become(std::string_view from, std::string_view to);

// An order beside its payment. `payment` is "" where it has none.
struct Pair {
  std::string_view order, payment;
  bool cancel_requested = false;  // money goes back while the order waits to be cancelled
  bool refund_failed = false;     // a refund of this payment failed, perhaps after it had succeeded
};
bool statuses_agree(const Pair& pair);

// A payment's status beside its figures.
struct Figures {
  std::int64_t amount = 0, authorized = 0, captured = 0, refunded = 0;
  bool closed = false;
};
bool status_fits(std::string_view payment, const Figures& figures);
// And beside the last attempt to get its money.
bool status_fits_attempt(std::string_view payment, std::string_view attempt);

// What one payment event does to its order's history: the words a row of it may have, "" where it makes none. Several stand by commas.
std::string_view effects_of(std::string_view event_type);
// The event that tells of a change of an order.
std::string_view event_of(std::string_view change);

}  // namespace purser::verify
