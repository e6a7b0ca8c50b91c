#include "contexts/payments/repository.hpp"

#include "kernel/assert.hpp"
#include "platform/json/json_reader.hpp"
#include "platform/json/json_writer.hpp"
#include "platform/json/string_map.hpp"

namespace purser::payments {
namespace {

using store::Row;
using store::Tx;

constexpr std::string_view columns =
    "id, merchant_id, order_id, user_id, status, capture_method, amount, currency, authorized, captured, refunded, closed, payment_method, "
    "description, "
    "return_url, metadata, created_at, updated_at, version, method, tokens, country, card_network, "
    "(select candidates from payment_steps s where s.payment_id = payments.id and s.step = 1), "
    "(select reason from payment_steps s where s.payment_id = payments.id and s.step = 1), "
    "(select config_version from payment_steps s where s.payment_id = payments.id and s.step = 1), client_ip, validation_issues, "
    "parent_id, leg, goal, advance_at, (select order_id from payments w where w.id = payments.parent_id)";

std::optional<std::string> maybe(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

std::optional<std::string> write_failure(const std::optional<Failure>& failure) {
  if (!failure) return std::nullopt;
  return json::write_string_map({{"code", failure->code},
                                 {"message", failure->message},
                                 {"decline_code", failure->decline_code},
                                 {"retryable", failure->retryable ? "true" : "false"},
                                 {"outcome", failure->outcome}});
}

std::optional<Failure> read_failure(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  auto map = json::read_string_map(row.text(column));
  return Failure{.code = map["code"],
                 .message = map["message"],
                 .decline_code = map["decline_code"],
                 .retryable = map["retryable"] == "true",
                 .outcome = map["outcome"]};
}

template <class SomeId>
SomeId read_id(const Row& row, int column) {
  const auto id = SomeId::parse(row.text(column));
  PURSER_ASSERT(id);
  return *id;
}

// Names of processors have no spaces.
std::string write_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}
std::vector<std::string> read_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) words.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

// As a list of lists of four texts; nothing for none.
std::string write_issues(const std::vector<ValidationIssue>& issues) {
  std::string text;
  if (issues.empty()) return text;
  JsonWriter out(text);
  out.begin_array();
  for (const ValidationIssue& issue : issues)
    out.begin_array().string(issue.field).string(issue.code).string(issue.received).string(issue.used).end_array();
  out.end_array();
  return text;
}
std::vector<ValidationIssue> read_issues(std::string_view text) {
  std::vector<ValidationIssue> issues;
  if (text.empty()) return issues;
  simdjson::dom::parser parser;
  const simdjson::dom::element list = parser.parse(text.data(), text.size());
  for (const simdjson::dom::element issue : list.get_array())
    issues.push_back({json::text_at(issue, "/0"), json::text_at(issue, "/1"), json::text_at(issue, "/2"), json::text_at(issue, "/3")});
  return issues;
}

StoredConfig read_config(const Row& row) {
  return {.version = row.integer(0), .bytes = std::string(row.text(1)), .actor = std::string(row.text(2)), .created_at = row.instant(3)};
}

Payment read_payment(const Row& row) {
  const auto status = parse_status(row.text(4));
  const auto method = parse_capture_method(row.text(5));
  const auto currency = Currency::parse(row.text(7));
  const auto goal = parse_goal(row.text(30));
  PURSER_ASSERT(status && method && currency && goal);
  return {.id = read_id<PaymentId>(row, 0),
          .merchant_id = std::string(row.text(1)),
          .order_id = std::string(row.text(2)),
          .user_id = std::string(row.text(3)),
          .amount = {row.integer(6), *currency},
          .capture_method = *method,
          .method = std::string(row.text(19)),
          .payment_method = std::string(row.text(12)),
          .tokens = json::read_string_map(row.text(20)),
          .country = std::string(row.text(21)),
          .card_network = std::string(row.text(22)),
          .client_ip = std::string(row.text(26)),
          .candidates = read_words(row.text(23)),
          .plan_why = std::string(row.text(24)),
          .config_version = row.integer(25),
          .description = std::string(row.text(13)),
          .return_url = std::string(row.text(14)),
          .metadata = json::read_string_map(row.text(15)),
          .validation_issues = read_issues(row.text(27)),
          .status = *status,
          .authorized = row.integer(8),
          .captured = row.integer(9),
          .refunded = row.integer(10),
          .closed = row.integer(11) != 0,
          .created_at = row.instant(16),
          .updated_at = row.instant(17),
          .version = row.integer(18),
          .parent_id = std::string(row.text(28)),
          .parent_order = std::string(row.text(32)),
          .leg = static_cast<int>(row.integer(29)),
          .goal = *goal,
          .advance_at = row.maybe_instant(31)};
}

Attempt read_attempt(const Row& row) {
  const auto kind = parse_attempt_kind(row.text(2));
  const auto status = parse_attempt_status(row.text(3));
  PURSER_ASSERT(kind && status);
  return {.id = read_id<AttemptId>(row, 0),
          .number = static_cast<int>(row.integer(1)),
          .kind = *kind,
          .status = *status,
          .processor = std::string(row.text(4)),
          .reference = std::string(row.text(5)),
          .processor_ref = std::string(row.text(6)),
          .payment_method = std::string(row.text(7)),
          .amount = row.integer(8),
          .subject = std::string(row.text(9)),
          .action_url = std::string(row.text(10)),
          .asked_by = std::string(row.text(11)),
          .why = std::string(row.text(17)),
          .next = std::string(row.text(18)),
          .failure = read_failure(row, 12),
          .next_check_at = row.maybe_instant(13),
          .checks = static_cast<int>(row.integer(14)),
          .created_at = row.instant(15),
          .updated_at = row.instant(16)};
}

Refund read_refund(const Row& row) {
  const auto status = parse_part_status(row.text(2));
  PURSER_ASSERT(status);
  return {.id = read_id<RefundId>(row, 0),
          .amount = row.integer(1),
          .status = *status,
          .reason = std::string(row.text(3)),
          .failure = read_failure(row, 4),
          .created_at = row.instant(5),
          .updated_at = row.instant(6),
          .part_of = std::string(row.text(7))};
}

void read_shares(Tx& tx, Payment& whole) {
  tx.query(
      "select s.amount, s.method, s.payment_method, s.tokens, p.candidates, p.reason from payment_shares s "
      "join payment_steps p on p.payment_id = s.payment_id and p.step = s.leg where s.payment_id = $1 order by s.leg",
      [&](const Row& row) {
        whole.shares.push_back({.amount = row.integer(0),
                                .method = std::string(row.text(1)),
                                .payment_method = std::string(row.text(2)),
                                .tokens = json::read_string_map(row.text(3)),
                                .candidates = read_words(row.text(4)),
                                .why = std::string(row.text(5))});
      },
      whole.id.text());
}

void read_parts(Tx& tx, Payment& payment);

void read_legs(Tx& tx, Payment& whole) {
  static const std::string sql = "select " + std::string(columns) + " from payments where parent_id = $1 order by leg";
  tx.query(sql, [&](const Row& row) { whole.legs.push_back(read_payment(row)); }, whole.id.text());
  for (Payment& leg : whole.legs) read_parts(tx, leg);
}

void read_parts(Tx& tx, Payment& payment) {
  const std::string id = payment.id.text();
  if (payment.is_whole()) read_shares(tx, payment), read_legs(tx, payment);
  tx.query(
      "select id, number, kind, status, processor, reference, processor_ref, payment_method, amount, subject, action_url, asked_by, failure, "
      "next_check_at, "
      "checks, created_at, updated_at, route_reason, next_reason from payment_attempts where payment_id = $1 order by number",
      [&](const Row& row) { payment.attempts.push_back(read_attempt(row)); }, id);
  if (payment.authorized == 0) return;  // then there are no captures and no refunds
  tx.query(
      "select id, amount, status, final, failure, created_at, part_of from captures where payment_id = $1 order by id",
      [&](const Row& row) {
        payment.captures.push_back({.id = read_id<CaptureId>(row, 0),
                                    .amount = row.integer(1),
                                    .status = parse_part_status(row.text(2)).value(),
                                    .final = row.integer(3) != 0,
                                    .failure = read_failure(row, 4),
                                    .created_at = row.instant(5),
                                    .part_of = std::string(row.text(6))});
      },
      id);
  tx.query(
      "select id, amount, status, reason, failure, created_at, updated_at, part_of from refunds where payment_id = $1 order by id",
      [&](const Row& row) { payment.refunds.push_back(read_refund(row)); }, id);
}

std::optional<Payment> with_parts(Tx& tx, std::optional<Payment> payment) {
  if (payment) read_parts(tx, *payment);
  return payment;
}

void write_attempt(Tx& tx, const Payment& payment, const Attempt& attempt) {
  tx.exec(
      "insert into payment_attempts (id, payment_id, merchant_id, step, number, kind, status, processor, reference, processor_ref, payment_method, "
      "amount, "
      "subject, action_url, asked_by, failure, next_check_at, checks, created_at, updated_at, route_reason, next_reason) "
      "values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) on conflict (id) do update set "
      "status = excluded.status, processor_ref = excluded.processor_ref, action_url = excluded.action_url, failure = excluded.failure, "
      "next_check_at = excluded.next_check_at, checks = excluded.checks, updated_at = excluded.updated_at, next_reason = excluded.next_reason",
      attempt.id.text(), payment.id.text(), payment.merchant_id, attempt.number, text(attempt.kind), text(attempt.status), attempt.processor,
      attempt.reference, attempt.processor_ref, attempt.payment_method, attempt.amount, attempt.subject, attempt.action_url, attempt.asked_by,
      write_failure(attempt.failure), attempt.next_check_at, attempt.checks, attempt.created_at, attempt.updated_at, attempt.why, attempt.next);
}

void write_capture(Tx& tx, const Payment& payment, const Capture& capture) {
  tx.exec(
      "insert into captures (id, payment_id, amount, status, final, failure, created_at, part_of) values ($1, $2, $3, $4, $5, $6, $7, $8) "
      "on conflict (id) do update set status = excluded.status, failure = excluded.failure",
      capture.id.text(), payment.id.text(), capture.amount, text(capture.status), capture.final, write_failure(capture.failure), capture.created_at,
      capture.part_of);
}

void write_refund(Tx& tx, const Payment& payment, const Refund& refund) {
  tx.exec(
      "insert into refunds (id, payment_id, merchant_id, amount, status, reason, failure, created_at, updated_at, part_of) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "on conflict (id) do update set status = excluded.status, failure = excluded.failure, updated_at = excluded.updated_at",
      refund.id.text(), payment.id.text(), payment.merchant_id, refund.amount, text(refund.status), refund.reason, write_failure(refund.failure),
      refund.created_at, refund.updated_at, refund.part_of);
}

void write_shares(Tx& tx, const Payment& whole) {
  std::int64_t end = 0;
  int leg = 0;
  for (const Share& share : whole.shares) {
    const std::int64_t begin = end;
    end += share.amount, ++leg;
    tx.exec(
        "insert into payment_shares (payment_id, leg, method, payment_method, tokens, amount, begins_at, ends_at, total, is_last) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        whole.id.text(), leg, share.method, share.payment_method, json::write_string_map(share.tokens), share.amount, begin, end, whole.amount.minor,
        end == whole.amount.minor);
  }
}

// Who was asked first for this step: of a whole, who will be.
std::string first_asked(const Payment& payment, const PaymentStep& step) {
  if (!payment.attempts.empty()) return payment.attempts.front().processor;
  return step.candidates.empty() ? "" : step.candidates.front();
}

AttemptKey read_key(const Row& row) { return {std::string(row.text(0)), std::string(row.text(1)), read_id<AttemptId>(row, 2)}; }

}  // namespace

void insert(Tx& tx, const Payment& payment, const PaymentPlan& plan) {
  tx.exec(
      "insert into payments (id, merchant_id, order_id, user_id, status, capture_method, amount, currency, payment_method, description, return_url, "
      "metadata, created_at, updated_at, version, method, tokens, country, card_network, client_ip, validation_issues, parent_id, leg, goal, "
      "advance_at) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)",
      payment.id.text(), payment.merchant_id, maybe(payment.order_id), payment.user_id, text(payment.status), text(payment.capture_method),
      payment.amount.minor, payment.amount.currency.code(), payment.payment_method, payment.description, payment.return_url,
      json::write_string_map(payment.metadata), payment.created_at, payment.updated_at, payment.version, payment.method,
      json::write_string_map(payment.tokens), payment.country, payment.card_network, payment.client_ip, write_issues(payment.validation_issues),
      maybe(payment.parent_id), payment.leg, text(payment.goal), payment.advance_at);
  for (const Attempt& attempt : payment.attempts) write_attempt(tx, payment, attempt);
  int index = 0;
  for (const PaymentStep& step : plan.steps)
    tx.exec(
        "insert into payment_steps (payment_id, step, method, amount, processor, candidates, reason, config_version) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8)",
        payment.id.text(), ++index, step.method, step.amount, first_asked(payment, step), write_words(step.candidates), step.why,
        plan.config_version);
  write_shares(tx, payment);
}

void update(Tx& tx, const Payment& before, const Payment& after, const Change& change) {
  const auto changed = tx.exec(
      "update payments set status = $1, authorized = $2, captured = $3, refunded = $4, capture_pending = $5, refund_pending = $6, closed = $7, "
      "payment_method = $8, tokens = $9, updated_at = $10, version = $11, goal = $12, advance_at = $13 where id = $14 and version = $15",
      text(after.status), after.authorized, after.captured, after.refunded, after.capture_pending(), after.refund_pending(), after.closed,
      after.payment_method, json::write_string_map(after.tokens), after.updated_at, after.version, text(after.goal), after.advance_at,
      after.id.text(), before.version);
  if (changed != 1) throw store::Trouble(store::Trouble::Cause::busy, "payment changed meanwhile");
  for (const Attempt& attempt : change.attempts) write_attempt(tx, after, attempt);
  if (change.capture && !after.is_whole()) write_capture(tx, after, *change.capture);
  if (change.refund) write_refund(tx, after, *change.refund);
}

std::optional<Payment> find(Tx& tx, const std::string& merchant_id, const std::string& payment_id) {
  static const std::string sql = "select " + std::string(columns) + " from payments where id = $1 and merchant_id = $2";
  return with_parts(tx, tx.first(sql, read_payment, payment_id, merchant_id));
}

std::optional<Payment> find_by_either(Tx& tx, const std::string& merchant_id, const std::string& id) {
  if (!OrderId::parse(id)) return find(tx, merchant_id, id);
  static const std::string sql = "select " + std::string(columns) +
                                 " from payments where order_id = $1 and merchant_id = $2 "
                                 "order by case when status in ('FAILED', 'VOIDED', 'REFUNDED') then 1 else 0 end, id desc limit 1";
  return with_parts(tx, tx.first(sql, read_payment, id, merchant_id));
}

std::optional<std::string> live_payment_of(Tx& tx, const std::string& order_id) {
  return tx.first(
      "select id from payments where order_id = $1 and status not in ('FAILED', 'VOIDED', 'REFUNDED')",
      [](const Row& row) { return std::string(row.text(0)); }, order_id);
}

std::vector<Payment> list(Tx& tx, const std::string& merchant_id, const Filter& filter, const rpc::Page& page) {
  rpc::Query query("select " + std::string(columns) + " from payments");
  query.where("merchant_id =", merchant_id);
  if (!filter.order_id.empty()) query.where("order_id =", filter.order_id);
  if (filter.status) query.where("status =", text(*filter.status));
  query.where("leg =", 0);
  query.page(page);
  std::vector<Payment> payments;
  query.run(tx, [&](const Row& row) { payments.push_back(read_payment(row)); });
  for (Payment& payment : payments) read_parts(tx, payment);
  return payments;
}

std::optional<FoundRefund> find_refund(Tx& tx, const std::string& merchant_id, const std::string& refund_id) {
  return tx.first(
      "select id, amount, status, reason, failure, created_at, updated_at, part_of, payment_id from refunds where id = $1 and merchant_id = $2",
      [](const Row& row) { return FoundRefund{read_refund(row), std::string(row.text(8))}; }, refund_id, merchant_id);
}

std::optional<AttemptKey> find_by_reference(Tx& tx, const std::string& reference) {
  return tx.first("select merchant_id, payment_id, id from payment_attempts where reference = $1", read_key, reference);
}

std::optional<AttemptKey> find_money_attempt(Tx& tx, const std::string& processor, const std::string& processor_ref) {
  return tx.first(
      "select merchant_id, payment_id, id from payment_attempts where processor_ref = $1 and processor_ref <> '' and processor = $2 and kind in "
      "('AUTHORIZE', "
      "'SALE') order by number desc limit 1",
      read_key, processor_ref, processor);
}

std::vector<AttemptKey> due_attempts(Tx& tx, Instant now, int rows_max) {
  std::vector<AttemptKey> keys;
  tx.query(
      "select merchant_id, payment_id, id from payment_attempts where next_check_at is not null and next_check_at <= $1 order by next_check_at, id "
      "limit $2",
      [&](const Row& row) { keys.push_back(read_key(row)); }, now, rows_max);
  return keys;
}

std::optional<Instant> next_due(Tx& tx) {
  return tx.first("select next_check_at from payment_attempts where next_check_at is not null order by next_check_at limit 1",
                  [](const Row& row) { return row.instant(0); });
}

std::vector<PaymentKey> due_wholes(Tx& tx, Instant now, int rows_max) {
  std::vector<PaymentKey> keys;
  tx.query(
      "select merchant_id, id from payments where advance_at is not null and advance_at <= $1 order by advance_at, id limit $2",
      [&](const Row& row) { keys.push_back({std::string(row.text(0)), std::string(row.text(1))}); }, now, rows_max);
  return keys;
}

void put_off(Tx& tx, const std::string& payment_id, std::optional<Instant> until) {
  tx.exec("update payments set advance_at = $1 where id = $2 and advance_at is not null", until, payment_id);
}

std::int64_t adopt_sent_attempts(Tx& tx, Instant now) {
  return tx.exec("update payment_attempts set next_check_at = $1 where status = 'SENT' and next_check_at is not null", now);
}

void schedule_check(Tx& tx, const AttemptId& attempt, std::optional<Instant> at, int checks) {
  tx.exec("update payment_attempts set next_check_at = $1, checks = $2 where id = $3 and next_check_at is not null", at, checks, attempt.text());
}

void note_answer(Tx& tx, const PaymentId& payment, const AttemptAnswer& answer) {
  tx.exec(
      "insert into attempt_answers (payment_id, attempt_id, at, cause, outcome, processor_ref, failure, latency_ms) "
      "values ($1, $2, $3, $4, $5, $6, $7, $8)",
      payment.text(), answer.attempt_id, answer.at, answer.cause, answer.outcome, answer.processor_ref, write_failure(answer.failure),
      answer.took.ms);
}

std::vector<AttemptAnswer> answers_of(Tx& tx, const PaymentId& payment) {
  std::vector<AttemptAnswer> answers;
  tx.query(
      "select at, attempt_id, cause, outcome, processor_ref, failure, latency_ms from attempt_answers where payment_id = $1 order by at",
      [&](const Row& row) {
        answers.push_back({.at = row.instant(0),
                           .attempt_id = std::string(row.text(1)),
                           .cause = std::string(row.text(2)),
                           .outcome = std::string(row.text(3)),
                           .processor_ref = std::string(row.text(4)),
                           .failure = read_failure(row, 5),
                           .took = Duration{row.integer(6)}});
      },
      payment.text());
  return answers;
}

std::optional<std::string> merchant_of(Tx& tx, const std::string& id) {
  return tx.first(
      "select merchant_id from payments where id = $1 or order_id = $1 limit 1", [](const Row& row) { return std::string(row.text(0)); }, id);
}

std::optional<StoredConfig> latest_config(Tx& tx, const std::string& merchant_id) {
  return tx.first("select version, config, actor, created_at from merchant_configs where merchant_id = $1 order by version desc limit 1", read_config,
                  merchant_id);
}

std::optional<StoredConfig> find_config(Tx& tx, const std::string& merchant_id, std::int64_t version) {
  return tx.first("select version, config, actor, created_at from merchant_configs where merchant_id = $1 and version = $2", read_config, merchant_id,
                  version);
}

std::vector<StoredConfig> list_configs(Tx& tx, const std::string& merchant_id, std::optional<std::int64_t> below, int rows_max) {
  std::vector<StoredConfig> configs;
  tx.query(
      "select version, config, actor, created_at from merchant_configs where merchant_id = $1 and version < $2 order by version desc limit $3",
      [&](const Row& row) { configs.push_back(read_config(row)); }, merchant_id, below.value_or(std::int64_t{1} << 62), rows_max);
  return configs;
}

std::vector<StoredConfig> list_configs_above(Tx& tx, const std::string& merchant_id, std::int64_t above, int rows_max) {
  std::vector<StoredConfig> configs;
  tx.query(
      "select version, config, actor, created_at from merchant_configs where merchant_id = $1 and version > $2 order by version limit $3",
      [&](const Row& row) { configs.push_back(read_config(row)); }, merchant_id, above, rows_max);
  return configs;
}

void insert_config(Tx& tx, const std::string& merchant_id, const StoredConfig& config) {
  tx.exec("insert into merchant_configs (merchant_id, version, config, actor, created_at) values ($1, $2, $3, $4, $5)", merchant_id, config.version,
          store::Value::blob(config.bytes), config.actor, config.created_at);
}

bool take_in(Tx& tx, std::string_view processor, const std::string& event_id, const std::string& type, Instant now, std::string_view outcome) {
  return tx.exec("insert into webhook_inbox (processor, event_id, type, received_at, outcome) values ($1, $2, $3, $4, $5) on conflict do nothing",
                 processor, event_id, type, now, outcome) == 1;
}

}  // namespace purser::payments
