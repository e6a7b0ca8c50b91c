#include "verify/verify.hpp"

#include <algorithm>

#include "kernel/assert.hpp"
#include "verify/findings.hpp"

namespace purser::verify {
namespace {

constexpr Check of_books[] = {
    {"one_charge_per_order_step", "at most one attempt to get the money of a step of an order is open or has succeeded, over all its payments",
     "Look both charges up at the processor by their references. If both took money, give back the one that the order does not name."},
    {"attempts_are_numbered", "a payment's attempts count from 1, and each has the reference that follows from its payment, step and number",
     "Look the payment up at the processor under every reference it may have used; do not retry it before."},
    {"amounts_within_bounds", "captured <= authorised <= amount, refunded <= captured, what is under way included",
     "Compare with the processor's record (--processor stripe) and correct the figure that is wrong."},
    {"payment_is_of_order_total", "a payment that holds or may hold money is of its order's total and currency",
     "Find out which of the two was changed, from the order's history; give back what was paid too much."},
    {"order_total_is_its_lines", "an order's total is the sum of its lines", "Restore the lines or the total from the order's last event."},
    {"captures_add_up", "a payment's authorised and captured amounts are those of its attempts and captures",
     "Compare with the processor's record (--processor stripe) and correct the payment or the capture that differs."},
    {"refunds_add_up", "a payment's refunded amounts are those of its refunds",
     "Compare with the processor's record (--processor stripe) and correct the payment or the refund that differs."},
    {"splits_add_up",
     "the shares of a payment in parts sum to it, its legs are its shares, its figures are the sums of theirs, and one that failed keeps nothing",
     "Read the legs (`result.step_results`) and their attempts. What a leg of a failed payment keeps is given back at its processor."},
    {"parts_follow_their_attempts", "each capture and refund has an attempt over the same amount that went the same way",
     "Look the attempt up at the processor by its reference; what happened there is the truth."},
    {"payment_status_fits", "a payment's status is the one that its amounts and its last attempt make",
     "Read the payment's events: the last one says what it should be. Compare with the processor's record."},
    {"order_and_payment_agree",
     "an order says of its payment what the payment says of itself, and no payment holds money that its order does not know of",
     "Read the order's history and the payment's events; compare with the processor's record; correct the row that is wrong."},
    {"order_history_without_gaps", "an order's history counts from 1 to its version, each change beginning where the last ended",
     "Restore the missing or changed row from the order's events, which tell the same story."},
    {"order_transitions_are_legal", "an order's status moves only as docs/orders.md allows",
     "Find out who moved it: the history has actor and cause. Report it: the rules should have refused."},
    {"changes_have_their_events", "each change of an order has its event, under its version", "Report it: whoever follows the feed missed a change."},
    {"event_sequences_without_gaps", "each order's and payment's events count from 1 without a gap",
     "An event was lost. Restore it from a backup; whoever follows the feed must be told."},
    {"events_are_readable", "each event is of the type it says and can be read", "Run the binary that wrote it, or restore the event from a backup."},
    {"order_events_fold_to_the_order", "the last event of an order says what is stored of it",
     "Compare history and events: where they agree, the order's row was changed by other hands; restore it from them."},
    {"payment_transitions_are_legal", "a payment's status moves only as docs/payments.md allows",
     "Compare with the processor's record. Report it: the rules should have refused."},
    {"payment_events_fold_to_the_payment", "each event moves a payment's amounts by what it says, and the last one says what is stored",
     "Compare with the processor's record: where it agrees with the events, the payment's row was changed by other hands."},
    {"events_take_effect_once", "each event of a payment changed its order exactly once",
     "Compare order and payment. An effect that is missing leaves the order behind, one too many is a change that nobody asked for."},
    {"wallet_journal_balances", "the entries of each operation of a wallet are two or more and sum to zero",
     "Find out which entry was changed or lost: the operation says what it should be. Restore it from a backup."},
    {"wallet_balances_are_their_entries", "a balance of store credit is the sum of its entries, and on the right side of zero",
     "The journal is the record: where its operations balance, correct the balance."},
    {"wallet_charges_add_up", "a debit or hold says of itself what its captures, releases and refunds come to",
     "The operations are the record: correct the debit or hold by them."},
    {"wallet_charges_are_their_payments", "what a payment holds, took and gave back of store credit is what the wallet says of it",
     "The wallet is the processor here: settle the difference with the buyer, and find out who moved the credit past its payment."},
    {"wallet_events_fold_to_the_wallet", "each operation of a wallet has its events, and the last one says what is stored",
     "Compare events and journal: where they agree, the balance was changed by other hands; restore it from them."},
    {"keys_answer_what_exists", "the answer stored under an idempotency key can be read and speaks of what exists",
     "A client that repeats its request is told something wrong: remove the key once the client knows what happened."},
    {"keys_under_way_have_work", "an idempotency key without an answer has work under way that will give it one",
     "Nothing will answer the client that waits: remove the key once the payment or order it was used for is known to be at rest."},
    {"no_card_number", "no text, event or stored answer holds a card number",
     "Remove the number where it stands, in backups too, and find out how it came past the edge (SECURITY.md)."},
    {"nothing_stays_open", "nothing is under way for longer than it can be",
     "Look at it at the processor: docs/runbooks/payment-in-doubt.md. Is the server running, and are its jobs?"},
    {"open_attempts_are_looked_after", "the janitor looks again at every attempt that is open, and at no other but one that was given up",
     "Restart the server: it adopts what was sent. If it stays, look the attempt up at the processor."},
};
constexpr Check of_processor[] = {
    {"our_charges_are_at_the_processor", "each charge that we book is at the processor",
     "Is it the right account and mode? If so, the money was never taken: settle it with the buyer, and correct the payment."},
    {"processor_charges_are_booked", "each charge at the processor that holds or keeps money is booked here",
     "If nobody here asked for it, give it back at the processor. After a restored backup: book it, or give it back."},
    {"charge_amounts_are_equal", "a charge holds and took there what its payment says here",
     "What the processor says is what happened. Was something captured or released by hand there? Correct the payment."},
    {"refunds_are_equal", "each refund is on both sides, over the same amount",
     "Was it given back by hand at the processor? Then the payment here must be told; otherwise refund what is missing."},
    {"one_live_charge_per_order_step", "no step of an order holds or keeps money in two charges",
     "Give one of the charges back at the processor: the one that the payment does not name."},
    {"stray_charges_are_reversed", "no charge stands for an attempt that was given up, released, or succeeded with another",
     "Nobody wants this charge: cancel or refund it at the processor."},
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

std::vector<Violation> check_books(store::Tx& tx, const Options& options) {
  Findings findings;
  check_charges(tx, findings);
  check_amounts(tx, findings);
  check_splits(tx, findings);
  check_payment_status(tx, findings);
  check_agreement(tx, findings);
  check_order_history(tx, findings);
  check_order_events(tx, findings);
  check_payment_events(tx, findings);
  check_effects(tx, findings);
  check_wallets(tx, findings);
  check_keys(tx, findings);
  check_card_numbers(tx, findings);
  check_open_work(tx, options, findings);
  return findings.take();
}

Extent extent_of(store::Tx& tx) {
  const auto count = [](const store::Row& row) { return row.integer(0); };
  return {.orders = tx.first("select count(*) from orders", count).value_or(0),
          .payments = tx.first("select count(*) from payments", count).value_or(0),
          .attempts = tx.first("select count(*) from payment_attempts", count).value_or(0),
          .events = tx.first("select count(*) from outbox", count).value_or(0),
          .changes = tx.first("select count(*) from order_history", count).value_or(0),
          .keys = tx.first("select count(*) from idempotency_keys", count).value_or(0)};
}

std::set<std::pair<std::string, std::string>> migrations_of(store::Tx& tx) {
  std::set<std::pair<std::string, std::string>> names;
  tx.query("select owner, name from schema_migrations order by owner, name", [&](const store::Row& row) { names.emplace(row.text(0), row.text(1)); });
  return names;
}

}  // namespace purser::verify
