// The independent checkers: they hold what is stored against a second, dumber model of what may be. Written from the documents
// (docs/orders.md, docs/payments.md, docs/wallet.md, docs/events.md) and the contracts, never from the contexts' code, so that a mistake there is not
// repeated here.
//
// They read and never write, and read any table. Each takes one snapshot and asks of it set by set: some 10,000 orders take a second
// or two, a few dozen take milliseconds. Engine trouble is thrown as store::Trouble. Amounts are minor units. docs/verify.md lists
// the checks.
#pragma once
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/time.hpp"
#include "platform/store/store.hpp"

namespace purser::verify {

struct Violation {
  std::string check;    // snake_case, stable: "one_charge_per_order_step"
  std::string subject;  // the ids it is about
  std::string detail;   // what was found, with numbers
  std::string remedy;   // what a person does about it
  bool operator==(const Violation&) const = default;
};

// A check there is, whether it found something or not.
struct Check {
  std::string_view name;
  std::string_view asks;  // what holds where it finds nothing
  std::string_view remedy;
};
std::span<const Check> book_checks();       // of check_books, in its order
std::span<const Check> processor_checks();  // of compare_with_processor

struct Options {
  Instant now;
  // Nothing may be under way at all: no attempt sent or in doubt, no capture or refund pending, no cancellation, no key without its
  // answer. Otherwise only what is older than settled_within is a violation. What waits for a buyer is judged by its age either way.
  bool at_rest = false;
  Duration settled_within = hours(25);
  // For the comparison with a processor: payments whose charge was begun before it are not looked for there.
  Instant since{};
  std::string processor = "stripe";  // whose records they are: charges made elsewhere are not looked for there
};

// All checks that need no oracle, over one snapshot.
std::vector<Violation> check_books(store::Tx& tx, const Options& options);

// Do order and payment agree? For these orders alone; cheap enough to ask after every commit.
std::vector<Violation> check_agreement(store::Tx& tx, std::span<const std::string> order_ids);

struct ProcessorRefund {
  std::string id, reference;
  std::int64_t amount = 0;
  std::string status;  // succeeded, pending, failed, canceled
};
// One charge as the processor itself knows it. `currency` in any case; `reference` is ours, empty where it has none.
struct ProcessorCharge {
  std::string processor_ref, reference, currency, status;
  std::int64_t authorized = 0, captured = 0, released = 0;
  std::vector<ProcessorRefund> refunds{};
};

// Our books against the processor's. The charges must have been read before the snapshot was taken: then whatever they show has its
// attempt stored here. `options.now` is when the reading began. What changed here since, or is under way and younger than
// settled_within, is left out unless at_rest.
std::vector<Violation> compare_with_processor(store::Tx& tx, std::span<const ProcessorCharge> charges, const Options& options);

// How much there is to look at, for reports.
struct Extent {
  std::int64_t orders = 0, payments = 0, attempts = 0, events = 0, changes = 0, keys = 0;
};
Extent extent_of(store::Tx& tx);

// Which migrations made the tables, as owner and name. The checks know the tables of one version; whoever asks compares.
std::set<std::pair<std::string, std::string>> migrations_of(store::Tx& tx);

}  // namespace purser::verify
