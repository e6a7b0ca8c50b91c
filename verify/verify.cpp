#include "verify/verify.hpp"

#include <algorithm>

#include "kernel/assert.hpp"
#include "verify/findings.hpp"

namespace purser::verify {
namespace {

constexpr Check of_books[] = {
    {"order_and_payment_agree", "an order says of its payment what the payment says of itself, and no payment holds money its order does not know of",
     "Stop taking payments for the order, look at its history and at the processor's record of the payment, and correct the row that is wrong."},
};
constexpr Check of_processor[] = {
    {"one_live_charge_per_order_step", "no step of an order holds or keeps money in two charges",
     "Give one of the charges back at the processor: the one that our payment does not name."},
};

}  // namespace

std::span<const Check> book_checks() { return of_books; }
std::span<const Check> processor_checks() { return of_processor; }

void Findings::add(std::string_view check, std::string subject, std::string detail) {
  const auto named = [&](const Check& known) { return known.name == check; };
  const auto of = std::ranges::find_if(of_books, named);
  const auto other = std::ranges::find_if(of_processor, named);
  PURSER_ASSERT(of != std::end(of_books) || other != std::end(of_processor));
  const std::string_view remedy = of != std::end(of_books) ? of->remedy : other->remedy;
  violations_.push_back({std::string(check), std::move(subject), std::move(detail), std::string(remedy)});
}

std::vector<Violation> check_books(store::Tx& tx, const Options&) {
  Findings findings;
  check_agreement(tx, findings);
  return findings.take();
}

std::vector<Violation> compare_with_processor(store::Tx&, std::span<const ProcessorCharge>, const Options&) { return {}; }

Extent extent_of(store::Tx& tx) {
  const auto count = [](const store::Row& row) { return row.integer(0); };
  return {.orders = tx.first("select count(*) from orders", count).value_or(0),
          .payments = tx.first("select count(*) from payments", count).value_or(0),
          .attempts = tx.first("select count(*) from payment_attempts", count).value_or(0),
          .events = tx.first("select count(*) from outbox", count).value_or(0),
          .changes = tx.first("select count(*) from order_history", count).value_or(0),
          .keys = tx.first("select count(*) from idempotency_keys", count).value_or(0)};
}

}  // namespace purser::verify
