#include "sandbox/repository.hpp"

#include <algorithm>

#include "kernel/assert.hpp"
#include "platform/http/message.hpp"

namespace purser::sandbox {
namespace {

#define INTENT_COLUMNS                                                                                                          \
  "id, created_at, status, amount, amount_capturable, amount_received, currency, manual_capture, multicapture, client_secret, " \
  "payment_method, latest_charge, last_error, authenticate_url, return_url, canceled_at, cancellation_reason, settles_at, details, metadata"
#define CHARGE_COLUMNS                                                                                                        \
  "id, payment_intent, created_at, amount, amount_captured, amount_refunded, currency, succeeded, captured, payment_method, " \
  "failure_code, decline_code, metadata"
#define REFUND_COLUMNS "id, charge, payment_intent, created_at, amount, currency, status, reason, failure_reason, settles_at, metadata"

std::string pack_error(const LastError& error) {
  if (error.code.empty()) return {};
  return pack({{"code", error.code}, {"decline_code", error.decline_code}, {"payment_method", error.payment_method}, {"charge", error.charge}});
}

LastError unpack_error(std::string_view text) {
  const Pairs pairs = unpack(text);
  const auto part = [&](std::string_view name) { return std::string(value_of(pairs, name)); };
  return {part("code"), part("decline_code"), part("payment_method"), part("charge")};
}

std::string text(const store::Row& row, int column) { return std::string(row.text(column)); }

PaymentIntent read_intent(const store::Row& row) {
  const auto status = parse_status(row.text(2));
  PURSER_ASSERT(status);
  return {.id = text(row, 0),
          .client_secret = text(row, 9),
          .created = row.instant(1),
          .status = *status,
          .amount = row.integer(3),
          .amount_capturable = row.integer(4),
          .amount_received = row.integer(5),
          .currency = text(row, 6),
          .manual_capture = row.integer(7) != 0,
          .multicapture = row.integer(8) != 0,
          .payment_method = text(row, 10),
          .latest_charge = text(row, 11),
          .last_error = unpack_error(row.text(12)),
          .authenticate_url = text(row, 13),
          .return_url = text(row, 14),
          .canceled_at = row.maybe_instant(15),
          .cancellation_reason = text(row, 16),
          .settles_at = row.maybe_instant(17),
          .details = unpack(row.text(18)),
          .metadata = unpack(row.text(19))};
}

Charge read_charge(const store::Row& row) {
  return {.id = text(row, 0),
          .payment_intent = text(row, 1),
          .created = row.instant(2),
          .amount = row.integer(3),
          .amount_captured = row.integer(4),
          .amount_refunded = row.integer(5),
          .currency = text(row, 6),
          .succeeded = row.integer(7) != 0,
          .captured = row.integer(8) != 0,
          .payment_method = text(row, 9),
          .failure_code = text(row, 10),
          .decline_code = text(row, 11),
          .metadata = unpack(row.text(12))};
}

Refund read_refund(const store::Row& row) {
  const auto status = parse_refund_status(row.text(6));
  PURSER_ASSERT(status);
  return {.id = text(row, 0),
          .charge = text(row, 1),
          .payment_intent = text(row, 2),
          .created = row.instant(3),
          .amount = row.integer(4),
          .currency = text(row, 5),
          .status = *status,
          .reason = text(row, 7),
          .failure_reason = text(row, 8),
          .settles_at = row.maybe_instant(9),
          .metadata = unpack(row.text(10))};
}

// A select whose conditions are known only at run time. Texts given to where() must outlive rows().
class Select {
 public:
  explicit Select(std::string sql) : sql_(std::move(sql)) {}
  void where(std::string_view condition, store::Value value, std::string_view rest = {}) {
    values_.push_back(value);
    sql_ += (values_.size() == 1 ? " where " : " and ") + std::string(condition) + " $" + std::to_string(values_.size()) + std::string(rest);
  }
  template <class Read>
  auto rows(store::Tx& tx, std::string_view order, std::int64_t rows_max, Read read) {
    std::vector<std::invoke_result_t<Read, const store::Row&>> found;
    values_.push_back(store::Value(rows_max));
    sql_ += " order by " + std::string(order) + " limit $" + std::to_string(values_.size());
    tx.run(sql_, values_, [&](const store::Row& row) { found.push_back(read(row)); });
    return found;
  }

 private:
  std::string sql_;
  std::vector<store::Value> values_;
};

template <class Read>
auto page_of(store::Tx& tx, Select select, const Page& page, Read read) {
  const bool upwards = page.after.empty() && !page.before.empty();
  if (!page.after.empty()) select.where("id <", page.after);
  if (!page.before.empty()) select.where("id >", page.before);
  if (page.created_from_ms) select.where("created_at >=", *page.created_from_ms);
  if (page.created_until_ms) select.where("created_at <", *page.created_until_ms);
  auto found = select.rows(tx, upwards ? "id" : "id desc", page.rows_max, read);
  if (upwards) std::ranges::reverse(found);
  return found;
}

std::string escape_like(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out;
}

bool holds(const Pairs& metadata, const Pairs& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& pair) { return std::ranges::find(metadata, pair) != metadata.end(); });
}

}  // namespace

std::string pack(const Pairs& pairs) { return pairs.empty() ? std::string() : http::write_form(pairs); }

Pairs unpack(std::string_view text) {
  if (text.empty()) return {};
  auto pairs = http::parse_form(text);
  PURSER_ASSERT(pairs);
  return *std::move(pairs);
}

std::optional<PaymentIntent> load_intent(store::Tx& tx, std::string_view id) {
  return tx.first("select " INTENT_COLUMNS " from sandbox_payment_intents where id = $1", read_intent, id);
}

void insert(store::Tx& tx, const PaymentIntent& intent) {
  tx.exec("insert into sandbox_payment_intents (" INTENT_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
          intent.id, intent.created, text_of(intent.status), intent.amount, intent.amount_capturable, intent.amount_received, intent.currency,
          intent.manual_capture, intent.multicapture, intent.client_secret, intent.payment_method, intent.latest_charge,
          pack_error(intent.last_error), intent.authenticate_url, intent.return_url, intent.canceled_at, intent.cancellation_reason,
          intent.settles_at, pack(intent.details), pack(intent.metadata));
}

void update(store::Tx& tx, const PaymentIntent& intent) {
  tx.exec(
      "update sandbox_payment_intents set status = $2, amount = $3, amount_capturable = $4, amount_received = $5, currency = $6, "
      "manual_capture = $7, multicapture = $8, payment_method = $9, latest_charge = $10, last_error = $11, authenticate_url = $12, "
      "return_url = $13, canceled_at = $14, cancellation_reason = $15, settles_at = $16, details = $17, metadata = $18 where id = $1",
      intent.id, text_of(intent.status), intent.amount, intent.amount_capturable, intent.amount_received, intent.currency, intent.manual_capture,
      intent.multicapture, intent.payment_method, intent.latest_charge, pack_error(intent.last_error), intent.authenticate_url, intent.return_url,
      intent.canceled_at, intent.cancellation_reason, intent.settles_at, pack(intent.details), pack(intent.metadata));
}

std::optional<Charge> load_charge(store::Tx& tx, std::string_view id) {
  return tx.first("select " CHARGE_COLUMNS " from sandbox_charges where id = $1", read_charge, id);
}

void save(store::Tx& tx, const Charge& charge) {
  tx.exec("insert into sandbox_charges (" CHARGE_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (id) do update set amount_captured = "
          "excluded.amount_captured, amount_refunded = excluded.amount_refunded, captured = excluded.captured",
          charge.id, charge.payment_intent, charge.created, charge.amount, charge.amount_captured, charge.amount_refunded, charge.currency,
          charge.succeeded, charge.captured, charge.payment_method, charge.failure_code, charge.decline_code, pack(charge.metadata));
}

std::optional<Refund> load_refund(store::Tx& tx, std::string_view id) {
  return tx.first("select " REFUND_COLUMNS " from sandbox_refunds where id = $1", read_refund, id);
}

void save(store::Tx& tx, const Refund& refund) {
  tx.exec("insert into sandbox_refunds (" REFUND_COLUMNS
          ") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (id) do update set status = excluded.status, failure_reason = "
          "excluded.failure_reason, settles_at = excluded.settles_at, metadata = excluded.metadata",
          refund.id, refund.charge, refund.payment_intent, refund.created, refund.amount, refund.currency, text_of(refund.status), refund.reason,
          refund.failure_reason, refund.settles_at, pack(refund.metadata));
}

std::vector<PaymentIntent> list_intents(store::Tx& tx, const Page& page) {
  return page_of(tx, Select("select " INTENT_COLUMNS " from sandbox_payment_intents"), page, read_intent);
}

std::vector<Charge> list_charges(store::Tx& tx, std::string_view payment_intent, const Page& page) {
  Select select("select " CHARGE_COLUMNS " from sandbox_charges");
  if (!payment_intent.empty()) select.where("payment_intent =", payment_intent);
  return page_of(tx, std::move(select), page, read_charge);
}

std::vector<Refund> list_refunds(store::Tx& tx, std::string_view payment_intent, std::string_view charge, const Page& page) {
  Select select("select " REFUND_COLUMNS " from sandbox_refunds");
  if (!payment_intent.empty()) select.where("payment_intent =", payment_intent);
  if (!charge.empty()) select.where("charge =", charge);
  return page_of(tx, std::move(select), page, read_refund);
}

// LIKE narrows the rows down in the packed text; what it lets through is compared exactly.
std::vector<PaymentIntent> search_intents(store::Tx& tx, const Search& search) {
  std::vector<PaymentIntent> found;
  std::string after = search.after;
  while (std::ssize(found) < search.rows_max) {
    std::vector<std::string> patterns;
    for (const auto& pair : search.metadata) patterns.push_back("%" + escape_like(pack({pair})) + "%");
    Select select("select " INTENT_COLUMNS " from sandbox_payment_intents");
    select.where("created_at <=", search.created_before);
    if (!search.status.empty()) select.where("status =", search.status);
    if (!search.currency.empty()) select.where("currency =", search.currency);
    if (search.amount) select.where("amount =", *search.amount);
    if (!after.empty()) select.where("id <", after);
    for (const std::string& pattern : patterns) select.where("metadata like", pattern, " escape '!'");
    auto rows = select.rows(tx, "id desc", search.rows_max, read_intent);
    const bool last = std::ssize(rows) < search.rows_max;
    if (!rows.empty()) after = rows.back().id;
    for (PaymentIntent& intent : rows)
      if (holds(intent.metadata, search.metadata) && std::ssize(found) < search.rows_max) found.push_back(std::move(intent));
    if (last) break;
  }
  return found;
}

std::vector<PaymentIntent> settling_intents(store::Tx& tx, Instant due) {
  std::vector<PaymentIntent> found;
  tx.query(
      "select " INTENT_COLUMNS " from sandbox_payment_intents where settles_at is not null and settles_at <= $1 order by settles_at, id",
      [&](const store::Row& row) { found.push_back(read_intent(row)); }, due);
  return found;
}

std::vector<Refund> settling_refunds(store::Tx& tx, Instant due) {
  std::vector<Refund> found;
  tx.query(
      "select " REFUND_COLUMNS " from sandbox_refunds where settles_at is not null and settles_at <= $1 order by settles_at, id",
      [&](const store::Row& row) { found.push_back(read_refund(row)); }, due);
  return found;
}

std::optional<Instant> next_settling(store::Tx& tx) {
  const auto first = [&](std::string_view sql) {
    const auto row = tx.first(sql, [](const store::Row& found) { return found.maybe_instant(0); });
    return row ? *row : std::nullopt;
  };
  const auto intent = first("select min(settles_at) from sandbox_payment_intents where settles_at is not null");
  const auto refund = first("select min(settles_at) from sandbox_refunds where settles_at is not null");
  if (!intent || !refund) return intent ? intent : refund;
  return std::min(*intent, *refund);
}

}  // namespace purser::sandbox
