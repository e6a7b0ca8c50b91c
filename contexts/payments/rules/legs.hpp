// What a leg of a payment in parts holds, keeps and was not done for. Within rules/ alone.
#pragma once
#include "contexts/payments/rules/split.hpp"

namespace purser::payments {

inline bool holds(const Payment& leg) { return leg.authorized > 0 && leg.status != Status::voided; }
inline bool is_taken(const Payment& leg) { return leg.captured == leg.amount.minor; }
inline std::int64_t held_by(const Payment& leg) { return leg.closed ? 0 : leg.authorized - leg.captured; }
// Whether it has, or may have, some of the buyer's money.
inline bool keeps(const Payment& leg) { return leg.is_undecided() || held_by(leg) > 0 || leg.captured > leg.refunded; }
inline bool is_untouched(const Payment& leg) { return leg.captured == 0 && (held_by(leg) > 0 || leg.is_undecided()); }

// How often in a row the last thing of this kind was not done, and since when.
struct Misses {
  int count = 0;
  bool declined = false;  // the last one, by the processor's own word
  Instant last{};
};
Misses misses_of(const Payment& leg, AttemptKind kind);

}  // namespace purser::payments
