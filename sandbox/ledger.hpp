// The append-only book of what was really done with money. It is what a caller's own books are compared with.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "platform/store/store.hpp"
#include "sandbox/rules.hpp"

namespace purser::sandbox {

void append(store::Tx& tx, const LedgerLine& line, const PaymentIntent& intent, std::string_view idempotency_key, Instant at);

// Each filter left empty matches all; oldest first.
struct LedgerFilter {
  std::string payment_intent{};
  std::string reference{};  // metadata[purser_reference]
  std::string order_id{};   // metadata[order_id]
  std::int64_t after_seq = 0;
  std::int64_t rows_max = 100'000;
};
struct LedgerRow {
  std::int64_t seq;
  Instant at;
  std::string kind, payment_intent, object;
  std::int64_t amount;
  std::string currency, reference, order_id, idempotency_key;
};
std::vector<LedgerRow> read_ledger(store::Tx& tx, const LedgerFilter& filter);
std::vector<LedgerRow> newest_ledger_rows(store::Tx& tx, std::int64_t rows_max);

struct LedgerTotal {
  std::string kind, currency;
  std::int64_t count, amount;
};
std::vector<LedgerTotal> ledger_totals(store::Tx& tx);

}  // namespace purser::sandbox
