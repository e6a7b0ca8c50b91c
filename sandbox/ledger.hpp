// The append-only book of what was really done with money, whichever face was asked. It is what a caller's own books are compared with.
// Amounts are in the minor units of the face's processor, currencies in small letters.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "platform/store/store.hpp"
#include "sandbox/call.hpp"

namespace purser::sandbox {

// The kinds are the same for all faces: see LedgerLine in rules.hpp.
struct LedgerEntry {
  std::string_view kind;
  std::string_view payment;  // the processor's id of the payment it belongs to
  std::string_view object;   // what was done to it: a charge, a refund, a capture, else the payment
  std::int64_t amount;
  std::string_view currency;
  std::string_view reference{};  // the caller's own
  std::string_view order_id{};
};
void append(const Call& call, const LedgerEntry& entry);

// Each filter left empty matches all; oldest first.
struct LedgerFilter {
  std::string processor{};
  std::string payment_intent{};
  std::string reference{};  // the caller's own
  std::string order_id{};
  std::int64_t after_seq = 0;
  std::int64_t rows_max = 100'000;
};
struct LedgerRow {
  std::int64_t seq;
  Instant at;
  std::string kind, payment_intent, object;
  std::int64_t amount;
  std::string currency, reference, order_id, idempotency_key, processor;
};
std::vector<LedgerRow> read_ledger(store::Tx& tx, const LedgerFilter& filter);
std::vector<LedgerRow> newest_ledger_rows(store::Tx& tx, std::int64_t rows_max);

struct LedgerTotal {
  std::string kind, currency;
  std::int64_t count, amount;
};
std::vector<LedgerTotal> ledger_totals(store::Tx& tx, std::string_view processor = {});  // empty: of all

}  // namespace purser::sandbox
