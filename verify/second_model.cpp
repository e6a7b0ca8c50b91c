#include "verify/second_model.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace purser::verify {
namespace {

using Word = std::string_view;
using Edge = std::pair<Word, Word>;

constexpr Edge order_edges[] = {
    {"CREATED", "PAYMENT_IN_PROGRESS"},
    {"CREATED", "ORDER_CANCELLED"},
    {"CREATED", "EXPIRED"},
    {"PAYMENT_IN_PROGRESS", "PAYMENT_DONE"},
    {"PAYMENT_IN_PROGRESS", "PAYMENT_FAILED"},
    {"PAYMENT_DONE", "PARTIALLY_REFUNDED"},
    {"PAYMENT_DONE", "REFUNDED"},
    {"PAYMENT_DONE", "ORDER_CANCELLED"},
    {"PAYMENT_FAILED", "PAYMENT_IN_PROGRESS"},
    {"PAYMENT_FAILED", "ORDER_CANCELLED"},
    {"PAYMENT_FAILED", "EXPIRED"},
    {"PARTIALLY_REFUNDED", "REFUNDED"},
    {"PARTIALLY_REFUNDED", "PAYMENT_DONE"},
    {"REFUNDED", "PAYMENT_DONE"},
    {"REFUNDED", "PARTIALLY_REFUNDED"},
};

constexpr Edge payment_edges[] = {
    {"CREATED", "PROCESSING"},
    {"PROCESSING", "REQUIRES_ACTION"},
    {"PROCESSING", "AUTHORIZED"},
    {"PROCESSING", "CAPTURED"},
    {"PROCESSING", "FAILED"},
    {"PROCESSING", "IN_DOUBT"},
    {"REQUIRES_ACTION", "AUTHORIZED"},
    {"REQUIRES_ACTION", "CAPTURED"},
    {"REQUIRES_ACTION", "FAILED"},
    {"REQUIRES_ACTION", "VOIDED"},
    {"REQUIRES_ACTION", "IN_DOUBT"},
    {"IN_DOUBT", "REQUIRES_ACTION"},
    {"IN_DOUBT", "AUTHORIZED"},
    {"IN_DOUBT", "CAPTURED"},
    {"IN_DOUBT", "FAILED"},
    {"AUTHORIZED", "PARTIALLY_CAPTURED"},
    {"AUTHORIZED", "CAPTURED"},
    {"AUTHORIZED", "VOIDED"},
    {"PARTIALLY_CAPTURED", "CAPTURED"},
    {"PARTIALLY_CAPTURED", "PARTIALLY_REFUNDED"},
    {"PARTIALLY_CAPTURED", "REFUNDED"},
    {"CAPTURED", "PARTIALLY_REFUNDED"},
    {"CAPTURED", "REFUNDED"},
    {"PARTIALLY_REFUNDED", "REFUNDED"},
    {"PARTIALLY_REFUNDED", "CAPTURED"},
    {"REFUNDED", "PARTIALLY_REFUNDED"},
    {"REFUNDED", "CAPTURED"},
    {"FAILED", "PROCESSING"},
};

// What an order's payment can be while the order is at rest in its status.
constexpr Edge pairs[] = {
    {"CREATED", ""},
    {"PAYMENT_IN_PROGRESS", "PROCESSING"},
    {"PAYMENT_IN_PROGRESS", "REQUIRES_ACTION"},
    {"PAYMENT_IN_PROGRESS", "IN_DOUBT"},
    {"PAYMENT_IN_PROGRESS", "AUTHORIZED"},
    {"PAYMENT_IN_PROGRESS", "PARTIALLY_CAPTURED"},
    {"PAYMENT_DONE", "CAPTURED"},
    {"PAYMENT_FAILED", "FAILED"},
    {"PAYMENT_FAILED", "VOIDED"},
    {"PARTIALLY_REFUNDED", "PARTIALLY_REFUNDED"},
    {"REFUNDED", "REFUNDED"},
    {"ORDER_CANCELLED", ""},
    {"ORDER_CANCELLED", "FAILED"},
    {"ORDER_CANCELLED", "VOIDED"},
    {"ORDER_CANCELLED", "REFUNDED"},
    {"EXPIRED", ""},
    {"EXPIRED", "FAILED"},
    {"EXPIRED", "VOIDED"},
};

constexpr Edge attempt_pairs[] = {
    {"PROCESSING", "SENT"},
    {"REQUIRES_ACTION", "REQUIRES_ACTION"},
    {"IN_DOUBT", "IN_DOUBT"},
    {"AUTHORIZED", "SUCCEEDED"},
    {"PARTIALLY_CAPTURED", "SUCCEEDED"},
    {"CAPTURED", "SUCCEEDED"},
    {"PARTIALLY_REFUNDED", "SUCCEEDED"},
    {"REFUNDED", "SUCCEEDED"},
    {"FAILED", "DECLINED"},
    {"FAILED", "NOT_SENT"},
    {"FAILED", "ABSENT"},
    {"FAILED", "REVERSED"},  // it succeeded after it was given up, and was undone
    {"VOIDED", "REVERSED"},
};

// docs/events.md, "Who listens".
constexpr Edge effects[] = {
    {"payment.intent.created", "payment_started"},
    {"payment.action_required", "payment_progressed"},
    {"payment.in_doubt", "payment_progressed"},
    {"payment.authorized", "payment_progressed"},
    {"payment.captured", "payment_progressed"},
    {"payment.completed", "paid"},
    {"payment.failed", "payment_failed"},
    {"payment.voided", "payment_failed"},
    {"payment.refunded", "refunded,payment_progressed,cancelled"},
    {"payment.refund_failed", "refund_failed,cancel_refused"},
    {"payment.void_failed", "payment_progressed,cancel_refused"},
};

constexpr Edge events[] = {
    {"created", "order.created"},
    {"updated", "order.updated"},
    {"payment_started", "order.payment_pending"},
    {"payment_progressed", "order.updated"},
    {"paid", "order.completed"},
    {"payment_failed", "order.payment_failed"},
    {"refunded", "order.refunded"},
    {"refund_failed", "order.updated"},
    {"cancel_requested", "order.updated"},
    {"cancel_refused", "order.updated"},
    {"cancelled", "order.canceled"},
    {"expired", "order.expired"},
};

template <std::size_t N>
bool has(const Edge (&table)[N], Word first, Word second) {
  return std::ranges::find(table, Edge{first, second}) != std::end(table);
}
template <std::size_t N>
Word second_of(const Edge (&table)[N], Word first) {
  const auto found = std::ranges::find(table, first, &Edge::first);
  return found == std::end(table) ? Word() : found->second;
}

}  // namespace

bool order_may_become(Word from, Word to) { return has(order_edges, from, to); }
bool payment_may_become(Word from, Word to) { return has(payment_edges, from, to); }

bool statuses_agree(const Pair& pair) {
  if (has(pairs, pair.order, pair.payment)) return true;
  if (pair.order == "PAYMENT_DONE" && pair.payment == "PARTIALLY_REFUNDED") return pair.cancel_requested;
  // The money went back, and later the buyer's bank returned it: the order stays cancelled.
  const bool with_the_shop = pair.payment == "CAPTURED" || pair.payment == "PARTIALLY_REFUNDED";
  return pair.order == "ORDER_CANCELLED" && with_the_shop && pair.refund_failed;
}

bool status_fits(Word payment, const Figures& is) {
  const bool nothing = is.authorized == 0 && is.captured == 0 && is.refunded == 0;
  if (payment == "CREATED" || payment == "PROCESSING" || payment == "REQUIRES_ACTION" || payment == "IN_DOUBT" || payment == "FAILED")
    return nothing && !is.closed;
  if (payment == "VOIDED") return is.captured == 0 && is.closed && (is.authorized == 0 || is.authorized == is.amount);
  if (is.authorized != is.amount) return false;
  if (payment == "AUTHORIZED") return is.captured == 0 && !is.closed;
  if (is.captured == 0) return false;
  if (payment == "PARTIALLY_CAPTURED") return is.captured < is.authorized && !is.closed;
  if (!is.closed) return false;
  if (payment == "CAPTURED") return is.refunded == 0;
  if (payment == "PARTIALLY_REFUNDED") return is.refunded > 0 && is.refunded < is.captured;
  return payment == "REFUNDED" && is.refunded == is.captured;
}

bool status_fits_attempt(Word payment, Word attempt) { return has(attempt_pairs, payment, attempt); }

Word effects_of(Word event_type) { return second_of(effects, event_type); }
Word event_of(Word change) { return second_of(events, change); }

}  // namespace purser::verify
