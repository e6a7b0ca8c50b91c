#include "sandbox/ledger.hpp"

namespace purser::sandbox {
namespace {

#define LEDGER_COLUMNS "seq, at, kind, payment_intent, object, amount, currency, reference, order_id, idempotency_key, processor"

LedgerRow read_row(const store::Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {row.integer(0), row.instant(1), text(2), text(3), text(4), row.integer(5), text(6), text(7), text(8), text(9), text(10)};
}

}  // namespace

void append(const Call& call, const LedgerEntry& entry) {
  call.tx.exec("insert into sandbox_ledger (" LEDGER_COLUMNS
               ") select coalesce(max(seq), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 from sandbox_ledger",
               call.now, entry.kind, entry.payment, entry.object, entry.amount, entry.currency, entry.reference, entry.order_id, call.idempotency_key,
               call.processor);
}

std::vector<LedgerRow> read_ledger(store::Tx& tx, const LedgerFilter& filter) {
  std::string sql = "select " LEDGER_COLUMNS " from sandbox_ledger where seq > $1";
  std::vector<store::Value> values = {filter.after_seq};
  const auto also = [&](std::string_view column, const std::string& wanted) {
    if (wanted.empty()) return;
    values.emplace_back(wanted);
    sql += " and " + std::string(column) + " <> '' and " + std::string(column) + " = $" + std::to_string(values.size());
  };
  also("processor", filter.processor);
  also("payment_intent", filter.payment_intent);
  also("reference", filter.reference);
  also("order_id", filter.order_id);
  values.emplace_back(filter.rows_max);
  sql += " order by seq limit $" + std::to_string(values.size());

  std::vector<LedgerRow> rows;
  tx.run(sql, values, [&](const store::Row& row) { rows.push_back(read_row(row)); });
  return rows;
}

std::vector<LedgerRow> newest_ledger_rows(store::Tx& tx, std::int64_t rows_max) {
  std::vector<LedgerRow> rows;
  tx.query(
      "select " LEDGER_COLUMNS " from sandbox_ledger order by seq desc limit $1", [&](const store::Row& row) { rows.push_back(read_row(row)); },
      rows_max);
  return rows;
}

std::vector<LedgerTotal> ledger_totals(store::Tx& tx, std::string_view processor) {
  std::vector<LedgerTotal> totals;
  tx.query(
      "select kind, currency, count(*), sum(amount) from sandbox_ledger where $1 = '' or processor = $1 group by kind, currency "
      "order by kind, currency",
      [&](const store::Row& row) { totals.push_back({std::string(row.text(0)), std::string(row.text(1)), row.integer(2), row.integer(3)}); },
      processor);
  return totals;
}

}  // namespace purser::sandbox
