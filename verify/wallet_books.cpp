// The journal of store credit, added up anew: every operation against its entries, every balance against all entries of its account,
// every debit and hold against what was made of it, and the events against what is stored.
#include <fmt/format.h>

#include <map>

#include "verify/findings.hpp"
#include "verify/message_reader.hpp"
#include "wallet/v1/events.pb.h"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* fold = "wallet_events_fold_to_the_wallet";

void check_operations(Tx& tx, Findings& findings) {
  tx.query(
      "select o.id, count(e.id), cast(coalesce(sum(e.amount), 0) as bigint) from wallet_operations o "
      "left join wallet_entries e on e.operation_id = o.id and e.merchant_id = o.merchant_id and e.currency = o.currency group by o.id "
      "having count(e.id) < 2 or sum(e.amount) <> 0 order by o.id",
      [&](const Row& row) {
        findings.add("wallet_journal_balances", std::string(row.text(0)), fmt::format("its {} entries come to {}", row.integer(1), row.integer(2)));
      });
  tx.query(
      "select e.id from wallet_entries e left join wallet_operations o on o.id = e.operation_id and o.merchant_id = e.merchant_id and "
      "o.currency = e.currency and (e.user_id = o.user_id or e.user_id = '') where o.id is null order by e.id",
      [&](const Row& row) { findings.add("wallet_journal_balances", std::string(row.text(0)), "this entry is part of no operation of its user"); });
}

void check_accounts(Tx& tx, Findings& findings) {
  tx.query(
      "select a.merchant_id, a.user_id, a.currency, a.account, a.balance, cast(coalesce(e.total, 0) as bigint) from wallet_accounts a "
      "left join (select merchant_id, user_id, currency, account, sum(amount) as total from wallet_entries group by merchant_id, user_id, "
      "currency, account) e on e.merchant_id = a.merchant_id and e.user_id = a.user_id and e.currency = a.currency and e.account = a.account "
      "where a.balance <> coalesce(e.total, 0) or (a.account = 'ISSUED' and a.balance > 0) or (a.account <> 'ISSUED' and a.balance < 0) "
      "order by a.merchant_id, a.user_id, a.currency, a.account",
      [&](const Row& row) {
        findings.add("wallet_balances_are_their_entries", fmt::format("{} \"{}\"", row.text(0), row.text(1)),
                     fmt::format("{} is {} {}, its entries come to {}", row.text(3), row.integer(4), row.text(2), row.integer(5)));
      });
  tx.query(
      "select e.merchant_id, e.user_id, e.currency, e.account from wallet_entries e left join wallet_accounts a on a.merchant_id = e.merchant_id "
      "and a.user_id = e.user_id and a.currency = e.currency and a.account = e.account where a.merchant_id is null "
      "group by e.merchant_id, e.user_id, e.currency, e.account order by e.merchant_id, e.user_id, e.currency, e.account",
      [&](const Row& row) {
        findings.add("wallet_balances_are_their_entries", fmt::format("{} \"{}\"", row.text(0), row.text(1)),
                     fmt::format("{} in {} has entries and no balance", row.text(3), row.text(2)));
      });
}

// A debit is captured by itself, a hold by its captures.
void check_charges_of_wallets(Tx& tx, Findings& findings) {
  tx.query(
      "select c.operation_id, c.amount, c.captured, c.released, c.refunded, "
      "cast(coalesce(p.captured, 0) + case when c.kind = 'DEBIT' then c.amount else 0 end as bigint), cast(coalesce(p.released, 0) as bigint), "
      "cast(coalesce(p.refunded, 0) as bigint), coalesce(o.amount, 0) from wallet_charges c "
      "left join wallet_operations o on o.id = c.operation_id and o.kind = c.kind and o.currency = c.currency and o.user_id = c.user_id "
      "and o.merchant_id = c.merchant_id left join (select charge_id, sum(case when kind = 'CAPTURE' then amount else 0 end) as captured, "
      "sum(case when kind = 'RELEASE' then amount else released end) as released, sum(case when kind = 'REFUND' then amount else 0 end) as refunded "
      "from wallet_operations where charge_id is not null group by charge_id) p on p.charge_id = c.operation_id "
      "where o.id is null or o.amount <> c.amount or c.captured + c.released > c.amount or c.refunded > c.captured "
      "or c.captured <> coalesce(p.captured, 0) + case when c.kind = 'DEBIT' then c.amount else 0 end or c.released <> coalesce(p.released, 0) "
      "or c.refunded <> coalesce(p.refunded, 0) order by c.operation_id",
      [&](const Row& row) {
        findings.add("wallet_charges_add_up", std::string(row.text(0)),
                     fmt::format("of {}, {} are captured, {} released and {} refunded; its operations say {}, {}, {} of {}", row.integer(1),
                                 row.integer(2), row.integer(3), row.integer(4), row.integer(5), row.integer(6), row.integer(7), row.integer(8)));
      });
  tx.query(
      "select o.id, o.kind from wallet_operations o left join wallet_charges c on c.operation_id = coalesce(o.charge_id, o.id) "
      "where o.kind <> 'CREDIT' and c.operation_id is null order by o.id",
      [&](const Row& row) { findings.add("wallet_charges_add_up", std::string(row.text(0)), fmt::format("a {} of nothing", row.text(1))); });
}

// A payment that rests on store credit, and nothing of it under way.
void check_payments_by_wallet(Tx& tx, Findings& findings) {
  tx.query(
      "select p.id, p.authorized, p.captured, p.refunded, p.closed, coalesce(c.amount, 0), coalesce(c.captured, 0), coalesce(c.released, 0), "
      "coalesce(c.refunded, 0) from payments p "
      "join payment_attempts a on a.payment_id = p.id and a.kind in ('AUTHORIZE', 'SALE') and a.status = 'SUCCEEDED' and a.processor = 'wallet' "
      "left join wallet_charges c on c.operation_id = a.processor_ref and c.merchant_id = p.merchant_id and c.user_id = p.user_id "
      "where p.status in ('AUTHORIZED', 'PARTIALLY_CAPTURED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED') "
      "and (c.operation_id is null or c.amount <> p.authorized or c.captured <> p.captured or c.refunded <> p.refunded "
      "or (c.released > 0 and p.closed = 0)) and not exists (select 1 from payment_attempts o where o.payment_id = p.id "
      "and o.status in ('CREATED', 'SENT', 'IN_DOUBT', 'REQUIRES_ACTION')) order by p.id",
      [&](const Row& row) {
        findings.add(
            "wallet_charges_are_their_payments", std::string(row.text(0)),
            fmt::format("the payment says {} authorised, {} captured, {} refunded{}; the wallet {} held or taken, {} captured, {} released, {} "
                        "refunded",
                        row.integer(1), row.integer(2), row.integer(3), row.integer(4) != 0 ? "" : ", the rest held", row.integer(5), row.integer(6),
                        row.integer(7), row.integer(8)));
      });
}

// The last word of a wallet's events about each currency.
class LastWords {
 public:
  explicit LastWords(Findings& findings) : findings_(findings) {}

  void take(const Row& row) {
    const std::string wallet(row.text(0));
    const auto* event = reader_.read(row.text(2), row.text(3));
    const EventNames names = event ? names_of(*event) : EventNames{};
    if (!event || names.type != row.text(1) || names.aggregate != "wallet")
      return findings_.add("events_are_readable", wallet, fmt::format("event {} is no {} that can be read", row.integer(4), row.text(1)));
    const auto* descriptor = event->GetDescriptor()->FindFieldByName("wallet");
    const auto& facts = static_cast<const ::wallet::v1::WalletFacts&>(event->GetReflection()->GetMessage(*event, descriptor));
    said_[wallet][facts.currency()] = {facts.available(), facts.held()};
  }
  void compare(const Row& row) {
    const std::string wallet(row.text(0)), currency(row.text(1));
    const auto said = said_[wallet].find(currency);
    if (said == said_[wallet].end()) return findings_.add(fold, wallet, fmt::format("no event tells of its {}", currency));
    if (said->second != std::pair(row.integer(2), row.integer(3)))
      findings_.add(fold, wallet,
                    fmt::format("{} {} are available and {} held; its last event says {} and {}", row.integer(2), currency, row.integer(3),
                                said->second.first, said->second.second));
  }

 private:
  Findings& findings_;
  MessageReader reader_;
  std::map<std::string, std::map<std::string, std::pair<std::int64_t, std::int64_t>>> said_;
};

void check_events(Tx& tx, Findings& findings) {
  LastWords words(findings);
  tx.query("select aggregate_id, type, message_type, payload, sequence from outbox where aggregate_type = 'wallet' order by aggregate_id, sequence",
           [&](const Row& row) { words.take(row); });
  tx.query(
      "select w.id, a.currency, cast(sum(case when a.account = 'AVAILABLE' then a.balance else 0 end) as bigint), "
      "cast(sum(case when a.account = 'HELD' then a.balance else 0 end) as bigint) from wallets w join wallet_accounts a "
      "on a.merchant_id = w.merchant_id and a.user_id = w.user_id group by w.id, a.currency order by w.id, a.currency",
      [&](const Row& row) { words.compare(row); });
  // A capture that released the rest of its hold tells of both.
  tx.query(
      "select w.id, w.version, coalesce(o.made, 0), cast(coalesce(o.told, 0) as bigint), coalesce(e.events, 0) from wallets w "
      "left join (select wallet_id, count(*) as made, sum(case when kind = 'CAPTURE' and released > 0 then 2 else 1 end) as told "
      "from wallet_operations group by wallet_id) o on o.wallet_id = w.id "
      "left join (select aggregate_id, count(*) as events from outbox where aggregate_type = 'wallet' group by aggregate_id) e "
      "on e.aggregate_id = w.id where w.version <> coalesce(o.made, 0) or coalesce(o.told, 0) <> coalesce(e.events, 0) order by w.id",
      [&](const Row& row) {
        findings.add(fold, std::string(row.text(0)),
                     fmt::format("it is at version {} with {} operations, which have {} events to tell, and {} were told", row.integer(1),
                                 row.integer(2), row.integer(3), row.integer(4)));
      });
}

}  // namespace

void check_wallets(Tx& tx, Findings& findings) {
  check_operations(tx, findings);
  check_accounts(tx, findings);
  check_charges_of_wallets(tx, findings);
  check_payments_by_wallet(tx, findings);
  check_events(tx, findings);
}

}  // namespace purser::verify
