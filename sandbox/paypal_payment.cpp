#include "sandbox/paypal_payment.hpp"

#include <array>

#include "kernel/assert.hpp"

namespace purser::sandbox {
namespace {

#define ORDER_COLUMNS "id, created_at, status, captures, amount, currency, custom_id, invoice_id, reference_id, method, return_url, base_url"
#define PART_COLUMNS "id, kind, order_id, parent, created_at, status, amount, custom_id, invoice_id, final_capture, response_code, settles_at"

constexpr std::array<std::string_view, 3> kind_words = {"authorization", "capture", "refund"};

PaypalOrder read_order(const store::Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {text(0), row.instant(1), text(2), row.integer(3) != 0, row.integer(4), text(5), text(6), text(7), text(8), text(9), text(10), text(11)};
}

PaypalPartKind kind_of(std::string_view word) {
  for (std::size_t i = 0; i < kind_words.size(); ++i)
    if (kind_words[i] == word) return static_cast<PaypalPartKind>(i);
  PURSER_ASSERT(false);
}

PaypalPart read_part(const store::Row& row) {
  const auto text = [&](int column) { return std::string(row.text(column)); };
  return {text(0),  kind_of(row.text(1)), text(2), text(3), row.instant(4), text(5), row.integer(6), text(7), text(8), row.integer(9) != 0,
          text(10), row.maybe_instant(11)};
}

}  // namespace

std::string_view text_of(PaypalPartKind kind) { return kind_words[static_cast<std::size_t>(kind)]; }

std::optional<PaypalOrder> load_paypal_order(store::Tx& tx, std::string_view id) {
  return tx.first("select " ORDER_COLUMNS " from sandbox_paypal_orders where id = $1", read_order, id);
}

void save(store::Tx& tx, const PaypalOrder& order) {
  tx.exec("insert into sandbox_paypal_orders (" ORDER_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (id) do update set status = excluded.status",
          order.id, order.created, order.status, order.captures ? 1 : 0, order.amount, order.currency, order.custom_id, order.invoice_id,
          order.reference_id, order.method, order.return_url, order.base_url);
}

std::vector<PaypalOrder> newest_paypal_orders(store::Tx& tx, std::int64_t rows_max) {
  std::vector<PaypalOrder> found;
  tx.query(
      "select " ORDER_COLUMNS " from sandbox_paypal_orders order by created_at desc, id desc limit $1",
      [&](const store::Row& row) { found.push_back(read_order(row)); }, rows_max);
  return found;
}

std::optional<PaypalPart> load_paypal_part(store::Tx& tx, PaypalPartKind kind, std::string_view id) {
  return tx.first("select " PART_COLUMNS " from sandbox_paypal_parts where id = $1 and kind = $2", read_part, id, text_of(kind));
}

void save(store::Tx& tx, const PaypalPart& part) {
  tx.exec("insert into sandbox_paypal_parts (seq, " PART_COLUMNS
          ") select coalesce(max(seq), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 from sandbox_paypal_parts where true "
          "on conflict (id) do update set status = excluded.status, settles_at = excluded.settles_at",
          part.id, text_of(part.kind), part.order, part.parent, part.created, part.status, part.amount, part.custom_id, part.invoice_id,
          part.final_capture ? 1 : 0, part.response_code, part.settles_at);
}

std::vector<PaypalPart> paypal_parts_of(store::Tx& tx, std::string_view order) {
  std::vector<PaypalPart> found;
  tx.query(
      "select " PART_COLUMNS " from sandbox_paypal_parts where order_id = $1 order by seq",
      [&](const store::Row& row) { found.push_back(read_part(row)); }, order);
  return found;
}

std::vector<PaypalPart> settling_paypal_parts(store::Tx& tx, Instant due) {
  std::vector<PaypalPart> found;
  tx.query(
      "select " PART_COLUMNS " from sandbox_paypal_parts where settles_at <= $1 order by settles_at, seq",
      [&](const store::Row& row) { found.push_back(read_part(row)); }, due);
  return found;
}

std::optional<Instant> next_paypal_settling(store::Tx& tx) {
  const auto next = tx.first("select min(settles_at) from sandbox_paypal_parts where settles_at is not null",
                             [](const store::Row& row) { return row.maybe_instant(0); });
  return next ? *next : std::nullopt;
}

bool paypal_invoice_is_paid(store::Tx& tx, std::string_view invoice_id) {
  if (invoice_id.empty()) return false;
  return tx
      .first(
          "select 1 from sandbox_paypal_parts where invoice_id = $1 and kind <> 'refund' and status not in ('DENIED', 'DECLINED', 'VOIDED') "
          "limit 1",
          [](const store::Row& row) { return row.integer(0); }, invoice_id)
      .has_value();
}

store::Migration paypal_migration() {
  return {.owner = "sandbox", .name = "0004_paypal", .sql = R"(
create table sandbox_paypal_orders (
  id text primary key,
  created_at bigint not null,
  status text not null,
  captures bigint not null,
  amount bigint not null check (amount > 0),
  currency text not null,
  custom_id text not null,
  invoice_id text not null,
  reference_id text not null,
  method text not null,
  return_url text not null,
  base_url text not null
);
create index sandbox_paypal_orders_newest on sandbox_paypal_orders (created_at, id);
create table sandbox_paypal_parts (
  seq integer primary key,
  id text not null unique,
  kind text not null,
  order_id text not null,
  parent text not null,
  created_at bigint not null,
  status text not null,
  amount bigint not null check (amount > 0),
  custom_id text not null,
  invoice_id text not null,
  final_capture bigint not null,
  response_code text not null,
  settles_at bigint
);
create index sandbox_paypal_parts_of_order on sandbox_paypal_parts (order_id, seq);
create index sandbox_paypal_parts_of_invoice on sandbox_paypal_parts (invoice_id) where invoice_id <> '';
create index sandbox_paypal_parts_settling on sandbox_paypal_parts (settles_at) where settles_at is not null;
)"};
}

}  // namespace purser::sandbox
