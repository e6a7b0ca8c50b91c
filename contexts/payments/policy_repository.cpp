#include "contexts/payments/policy_repository.hpp"

#include <algorithm>

namespace purser::payments {
namespace {

using store::Row;
using store::Tx;

// No id made at this time or later is less.
std::string least_payment_id(Instant at) {
  PaymentId id;
  for (std::size_t i = 0; i < 6; ++i)
    id.uuid[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(std::max<std::int64_t>(at.unix_ms, 0)) >> (40 - 8 * i));
  return id.text();
}

// A payment that was made before this day and retried on it is not in this count, but in all that comes after it.
std::int64_t count_day(Tx& tx, const std::string& merchant_id, const AmountLimit& limit, std::int64_t day) {
  constexpr std::int64_t day_ms = 86'400'000;
  const std::string from = least_payment_id({day * day_ms}), until = least_payment_id({(day + 1) * day_ms});
  const auto number = [](const Row& row) { return row.integer(0); };
  const auto sum = tx.first(
      "select coalesce(sum(amount), 0) from payments where merchant_id = $1 and id >= $2 and id < $3 and currency = $4 and "
      "($5 = '' or method = $5) and status not in ('FAILED', 'VOIDED') and parent_id is null "
      "and (goal <> '' or exists (select 1 from payment_attempts a where a.payment_id = payments.id))",
      number, merchant_id, from, until, limit.currency, limit.method);
  if (limit.method.empty()) return sum.value_or(0);
  const auto of_parts = tx.first(
      "select coalesce(sum(s.amount), 0) from payments p join payment_shares s on s.payment_id = p.id "
      "where p.merchant_id = $1 and p.id >= $2 and p.id < $3 and p.currency = $4 and p.status not in ('FAILED', 'VOIDED') and s.method = $5",
      number, merchant_id, from, until, limit.currency, limit.method);
  return sum.value_or(0) + of_parts.value_or(0);
}

void take(Tx& tx, const Payment& payment, const std::string& method, std::int64_t amount, std::int64_t day) {
  tx.exec("update payment_day_sums set amount = amount - $1 where merchant_id = $2 and currency = $3 and method = $4 and day = $5 and amount >= $1",
          amount, payment.merchant_id, payment.amount.currency.code(), method, day);
}

}  // namespace

int money_attempts_of_order(Tx& tx, const std::string& merchant_id, const std::string& order_id) {
  const auto number = [](const Row& row) { return row.integer(0); };
  const auto count = tx.first(
      "select count(*) from payments p join payment_attempts a on a.payment_id = p.id "
      "where p.merchant_id = $1 and p.order_id = $2 and a.kind in ('AUTHORIZE', 'SALE')",
      number, merchant_id, order_id);
  const auto of_legs = tx.first(
      "select count(*) from payments w join payments p on p.parent_id = w.id join payment_attempts a on a.payment_id = p.id "
      "where w.merchant_id = $1 and w.order_id = $2 and a.kind in ('AUTHORIZE', 'SALE')",
      number, merchant_id, order_id);
  return static_cast<int>(count.value_or(0) + of_legs.value_or(0));
}

Declines declines_of(Tx& tx, const std::string& merchant_id, DeclinesOf whose, const std::string& id, Instant since) {
  if (id.empty()) return {};
  static constexpr std::string_view of_order =
      "select declined, at from payment_declines where merchant_id = $1 and order_id = $2 and order_id <> '' and at > $3 order by at limit 10000";
  static constexpr std::string_view of_customer =
      "select declined, at from payment_declines where merchant_id = $1 and user_id = $2 and user_id <> '' and at > $3 order by at limit 10000";
  static constexpr std::string_view of_address =
      "select declined, at from payment_declines where merchant_id = $1 and client_ip = $2 and client_ip <> '' and at > $3 order by at limit 10000";
  Declines declines{.next_free = since};
  const auto take = [&](const Row& row) {
    if (row.integer(0) == 0) {
      ++declines.under_way;
      return;
    }
    if (declines.declined++ == 0) declines.next_free = row.instant(1);
  };
  tx.query(whose == DeclinesOf::order ? of_order : whose == DeclinesOf::customer ? of_customer : of_address, take, merchant_id, id, since);
  return declines;
}

void note_under_way(Tx& tx, const CoreRequestContext& request, const AttemptId& attempt, Instant now) {
  tx.exec("insert into payment_declines (attempt_id, merchant_id, order_id, user_id, client_ip, at, declined) values ($1, $2, $3, $4, $5, $6, 0)",
          attempt.text(), request.merchant_id, request.order_id, request.user_id, request.client_ip, now);
}

void forget_under_way(Tx& tx, const AttemptId& attempt) {
  tx.exec("delete from payment_declines where attempt_id = $1 and declined = 0", attempt.text());
}

// What is older than any window may be goes as new ones come, a few at a time.
void note_decline(Tx& tx, const Payment& payment, const Attempt& attempt) {
  constexpr Duration kept = hours(8 * 24);
  tx.exec(
      "insert into payment_declines (attempt_id, merchant_id, order_id, user_id, client_ip, at, declined) values ($1, $2, $3, $4, $5, $6, 1) "
      "on conflict (attempt_id) do update set declined = 1, at = excluded.at",
      attempt.id.text(), payment.merchant_id, payment.order_paid(), payment.user_id, payment.client_ip, attempt.updated_at);
  tx.exec("delete from payment_declines where attempt_id in (select attempt_id from payment_declines where at < $1 order by at limit 10)",
          attempt.updated_at - kept);
}

std::int64_t day_sum(Tx& tx, const std::string& merchant_id, const AmountLimit& limit, std::int64_t day) {
  const auto known = tx.first(
      "select amount from payment_day_sums where merchant_id = $1 and currency = $2 and method = $3 and day = $4",
      [](const Row& row) { return row.integer(0); }, merchant_id, limit.currency, limit.method, day);
  if (known) return *known;
  const std::int64_t counted = count_day(tx, merchant_id, limit, day);
  tx.exec("insert into payment_day_sums (merchant_id, currency, method, day, amount) values ($1, $2, $3, $4, $5) on conflict do nothing", merchant_id,
          limit.currency, limit.method, day, counted);
  tx.exec("delete from payment_day_sums where merchant_id = $1 and currency = $2 and method = $3 and day < $4", merchant_id, limit.currency,
          limit.method, day - 7);
  return counted;
}

void add_to_day(Tx& tx, const std::string& merchant_id, const AmountLimit& limit, std::int64_t day, std::int64_t amount) {
  const auto added = tx.exec(
      "update payment_day_sums set amount = amount + $1 where merchant_id = $2 and currency = $3 and method = $4 and day = $5 and amount + $1 <= $6",
      amount, merchant_id, limit.currency, limit.method, day, limit.day_maximum.value());
  if (added != 1) throw store::Trouble(store::Trouble::Cause::busy, "the day's sum changed meanwhile");
}

void take_from_day(Tx& tx, const Payment& payment, std::int64_t day) {
  take(tx, payment, "", payment.amount.minor, day);
  take(tx, payment, payment.method, payment.amount.minor, day);
}

void take_whole_from_day(Tx& tx, const Payment& whole, std::int64_t day) {
  take(tx, whole, "", whole.amount.minor, day);
  for (const Share& share : whole.shares) take(tx, whole, share.method, share.amount, day);
}

void forget_day_sums(Tx& tx, const std::string& merchant_id) { tx.exec("delete from payment_day_sums where merchant_id = $1", merchant_id); }

std::vector<SuccessRate> success_rates(Tx& tx, const std::string& merchant_id, const std::string& method, Instant since) {
  std::vector<SuccessRate> rates;
  tx.query(
      "select a.processor, count(*), sum(case when a.status = 'SUCCEEDED' then 1 else 0 end) "
      "from (select id, method from payments where merchant_id = $1 and id >= $2 order by id desc limit 1000) p "
      "join payment_attempts a on a.payment_id = p.id where p.method = $3 and a.kind in ('AUTHORIZE', 'SALE') and "
      "a.status in ('SUCCEEDED', 'DECLINED', 'IN_DOUBT', 'NOT_SENT', 'ABSENT', 'REVERSED') group by a.processor order by a.processor",
      [&](const Row& row) { rates.push_back({std::string(row.text(0)), static_cast<int>(row.integer(1)), static_cast<int>(row.integer(2))}); },
      merchant_id, least_payment_id(since), method);
  return rates;
}

}  // namespace purser::payments
