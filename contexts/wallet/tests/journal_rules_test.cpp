#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>

#include "contexts/wallet/rules/journal.hpp"

namespace purser::wallet {
namespace {

const Currency usd = *Currency::parse("USD"), jpy = *Currency::parse("JPY");
constexpr Instant now{1'000};
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

WalletOperationId operation_id(int n) { return {{static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}}; }
const std::string charge_id = operation_id(1).text();

Command whole(OperationKind kind, std::int64_t amount) { return {.kind = kind, .reference = "r", .user_id = "u", .currency = usd, .amount = amount}; }
Command part(OperationKind kind, std::optional<std::int64_t> amount, bool keep_rest = false) {
  return {.kind = kind, .reference = "r", .user_id = "u", .amount = amount, .charge_id = charge_id, .keep_rest = keep_rest};
}
Operation done(const Command& command) { return {.id = operation_id(9), .merchant_id = "mer", .command = command, .amount = {1, usd}}; }

// 100 credited, of which `held` is held and `spent` is spent.
Balances balances(std::int64_t held, std::int64_t spent) { return {100 - held - spent, held, -100, spent}; }
Charge charge(OperationKind kind, std::int64_t amount, std::int64_t captured = 0, std::int64_t released = 0, std::int64_t refunded = 0) {
  return {.id = operation_id(1),
          .merchant_id = "mer",
          .user_id = "u",
          .kind = kind,
          .amount = {amount, usd},
          .captured = captured,
          .released = released,
          .refunded = refunded};
}
Charge held(std::int64_t amount) { return charge(OperationKind::hold, amount); }
Books books(const Balances& known, std::optional<Charge> named = {}, std::optional<Operation> earlier = {}) {
  return {.earlier = std::move(earlier), .charge = std::move(named), .currency = usd, .balances = known};
}

TEST(Decide, RefusesInOrder) {
  const Operation other = done(whole(OperationKind::credit, 7));
  const Charge debited = charge(OperationKind::debit, 40, 40), closed = charge(OperationKind::hold, 40, 30, 10);
  const Charge returned = charge(OperationKind::debit, 40, 40, 0, 40);
  Command paying = whole(OperationKind::credit, 1);
  paying.reference = "pay_01kam2x1f4e7rbk3h6t9v5w8yz-1-2";
  Charge of_a_payment = charge(OperationKind::hold, 40, 30);
  of_a_payment.reference = paying.reference;
  struct Row {
    const char* why;
    Command command;
    Books books;
    Refusal want;
  };
  const Row rows[] = {
      // clang-format off
      {"a payment's reference",    paying,                             books(balances(0, 0)),                  Refusal::reference_reserved},
      {"refund a payment's",       part(OperationKind::refund, 1),     books(balances(0, 30), of_a_payment),   Refusal::charge_of_a_payment},
      {"capture a payment's",      part(OperationKind::capture, 1),    books(balances(0, 30), of_a_payment),   Refusal::charge_of_a_payment},
      {"release a payment's",      part(OperationKind::release, {}),   books(balances(0, 30), of_a_payment),   Refusal::charge_of_a_payment},
      {"another's reference",      whole(OperationKind::debit, 0),     books(balances(0, 0), {}, other),       Refusal::reference_reused},
      {"the same, other amount",   whole(OperationKind::credit, 8),    books(balances(0, 0), {}, other),       Refusal::reference_reused},
      {"no amount",                whole(OperationKind::credit, 0),    books(balances(0, 0)),                  Refusal::amount_not_positive},
      {"a negative amount",        whole(OperationKind::debit, -1),    books(balances(0, 0)),                  Refusal::amount_not_positive},
      {"hold nothing",             whole(OperationKind::hold, 0),      books(balances(0, 0)),                  Refusal::amount_not_positive},
      {"capture nothing",          part(OperationKind::capture, 0),    books(balances(0, 0)),                  Refusal::amount_not_positive},
      {"refund less than nothing", part(OperationKind::refund, -1),    books(balances(0, 0)),                  Refusal::amount_not_positive},
      {"capture no hold",          part(OperationKind::capture, 1),    books(balances(0, 0)),                  Refusal::hold_not_found},
      {"capture a debit",          part(OperationKind::capture, 1),    books(balances(0, 40), debited),        Refusal::hold_not_found},
      {"release no hold",          part(OperationKind::release, {}),   books(balances(0, 0)),                  Refusal::hold_not_found},
      {"release a debit",          part(OperationKind::release, {}),   books(balances(0, 40), debited),        Refusal::hold_not_found},
      {"refund nothing known",     part(OperationKind::refund, 1),     books(balances(0, 0)),                  Refusal::operation_not_found},
      {"capture a closed hold",    part(OperationKind::capture, 50),   books(balances(0, 30), closed),         Refusal::hold_closed},
      {"release a closed hold",    part(OperationKind::release, {}),   books(balances(0, 30), closed),         Refusal::hold_closed},
      {"refund an open hold",      part(OperationKind::refund, 50),    books(balances(40, 0), held(40)),       Refusal::nothing_to_refund},
      {"refund it again",          part(OperationKind::refund, 1),     books(balances(0, 0), returned),        Refusal::nothing_to_refund},
      {"capture too much",         part(OperationKind::capture, 41),   books(balances(40, 0), held(40)),       Refusal::amount_exceeds_hold},
      {"refund too much",          part(OperationKind::refund, 31),    books(balances(0, 30), closed),         Refusal::amount_exceeds_refundable},
      {"debit too much",           whole(OperationKind::debit, 61),    books(balances(40, 0)),                 Refusal::insufficient_credit},
      {"hold too much",            whole(OperationKind::hold, 61),     books(balances(40, 0)),                 Refusal::insufficient_credit},
      {"debit of nobody",          whole(OperationKind::debit, 1),     books({}),                              Refusal::insufficient_credit},
      {"more than 64 bits",        whole(OperationKind::credit, most), books(balances(0, 0)),                  Refusal::balance_overflows},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = decide(row.command, row.books);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
    const Error told = explain(got.error(), row.command, row.books);
    EXPECT_FALSE(told.code.empty() || told.detail.empty()) << row.why;
  }
}

TEST(Decide, LetsPaymentsMoveWhatIsTheirs) {
  Charge held_by_payment = held(40);
  held_by_payment.reference = "pay_01kam2x1f4e7rbk3h6t9v5w8yz-1-1";
  Command capture = part(OperationKind::capture, 10);
  capture.reference = "pay_01kam2x1f4e7rbk3h6t9v5w8yz-1-2";
  Books known = books(balances(40, 0), held_by_payment);
  EXPECT_FALSE(decide(capture, known));
  known.asked_by_payments = true;
  EXPECT_TRUE(decide(capture, known));
}

TEST(Decide, MovesCreditBetweenTwoAccounts) {
  struct Row {
    const char* what;
    Command command;
    Books books;
    std::int64_t amount, released;
    std::vector<Entry> entries;
  };
  const Charge hold = held(40), partly = charge(OperationKind::hold, 40, 30, 10, 5);
  const Row rows[] = {
      // clang-format off
      {"credit",           whole(OperationKind::credit, 7),               books(balances(0, 0)),         7, 0,
       {{Account::available, 7, 107}, {Account::issued, -7, -107}}},
      {"the first credit", whole(OperationKind::credit, 7),               books({}),                     7, 0,
       {{Account::available, 7, 7}, {Account::issued, -7, -7}}},
      {"debit of all",     whole(OperationKind::debit, 100),              books(balances(0, 0)),       100, 0,
       {{Account::available, -100, 0}, {Account::spent, 100, 100}}},
      {"hold",             whole(OperationKind::hold, 40),                books(balances(0, 0)),        40, 0,
       {{Account::available, -40, 60}, {Account::held, 40, 40}}},
      {"capture of all",   part(OperationKind::capture, {}),              books(balances(40, 0), hold), 40, 0,
       {{Account::held, -40, 0}, {Account::spent, 40, 40}}},
      {"capture a part",   part(OperationKind::capture, 30),              books(balances(40, 0), hold), 30, 10,
       {{Account::available, 10, 70}, {Account::held, -40, 0}, {Account::spent, 30, 30}}},
      {"keep the rest",    part(OperationKind::capture, 30, true),        books(balances(40, 0), hold), 30, 0,
       {{Account::held, -30, 10}, {Account::spent, 30, 30}}},
      {"release",          part(OperationKind::release, {}),              books(balances(40, 0), hold), 40, 0,
       {{Account::available, 40, 100}, {Account::held, -40, 0}}},
      {"refund a part",    part(OperationKind::refund, 20),               books(balances(0, 25), partly), 20, 0,
       {{Account::available, 20, 95}, {Account::spent, -20, 5}}},
      {"refund the rest",  part(OperationKind::refund, {}),               books(balances(0, 25), partly), 25, 0,
       {{Account::available, 25, 100}, {Account::spent, -25, 0}}},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = decide(row.command, row.books);
    ASSERT_TRUE(got && *got) << row.what;
    EXPECT_EQ((*got)->amount, row.amount) << row.what;
    EXPECT_EQ((*got)->released, row.released) << row.what;
    EXPECT_EQ((*got)->entries, row.entries) << row.what;
  }
}

TEST(Decide, AnswersARepetitionWithoutAPosting) {
  for (const Command& command : {whole(OperationKind::credit, 7), whole(OperationKind::debit, 700), part(OperationKind::capture, {}, true)}) {
    const auto got = decide(command, books({}, {}, done(command)));
    ASSERT_TRUE(got);
    EXPECT_FALSE(got->has_value());
  }
}

TEST(Decide, TakesEveryDifferenceForAnotherOperation) {
  const Command made = part(OperationKind::capture, 5);
  std::vector<Command> others(6, made);
  others[0].kind = OperationKind::refund;
  others[1].user_id = "v";
  others[2].amount = 6;
  others[3].charge_id = operation_id(2).text();
  others[4].keep_rest = true;
  others[5].reason = "another";
  for (const Command& other : others) {
    const auto got = decide(other, books(balances(40, 0), held(40), done(made)));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().why, Refusal::reference_reused);
  }
}

TEST(Explain, SaysWhatThereIs) {
  const Error error = explain({Refusal::insufficient_credit}, whole(OperationKind::debit, 61), books(balances(40, 0)));
  EXPECT_EQ(error.detail, "The user has 0.60 USD available, and 0.61 USD are needed. Add credit, or take less.");
  EXPECT_EQ(error.metadata.at("available"), "60");
}

TEST(Words, ReadWhatTheyWrite) {
  for (const auto kind :
       {OperationKind::credit, OperationKind::debit, OperationKind::hold, OperationKind::capture, OperationKind::release, OperationKind::refund})
    EXPECT_EQ(parse_kind(text(kind)), kind);
  for (const Account account : all_accounts) EXPECT_EQ(parse_account(text(account)), account);
  EXPECT_FALSE(parse_kind("credit"));
  EXPECT_FALSE(parse_account(""));
}

// A second, dumber model beside the books: every entry is kept and added up anew.
struct Shop {
  struct Line {
    std::string user;
    Currency currency;
    Entry entry;
  };
  std::map<std::string, Operation> operations{};
  std::map<std::string, Charge> charges{};
  std::vector<Line> journal{};
  int next = 1;

  std::int64_t sum(const std::string& user, Currency currency, Account account) const {
    std::int64_t total = 0;
    for (const Line& line : journal)
      if (line.currency == currency && line.entry.account == account && (!is_users(account) || line.user == user)) total += line.entry.amount;
    return total;
  }
  Balances balances(const std::string& user, Currency currency) const {
    Balances all;
    for (const Account account : all_accounts) all.of(account) = sum(user, currency, account);
    return all;
  }
  Books books_for(const Command& command) const {
    Books known{.currency = command.currency.value_or(usd)};
    if (const auto made = operations.find(command.reference); made != operations.end()) known.earlier = made->second;
    if (const auto named = charges.find(command.charge_id); named != charges.end() && named->second.user_id == command.user_id)
      known.charge = named->second;
    if (known.charge) known.currency = known.charge->amount.currency;
    known.balances = balances(command.user_id, known.currency);
    return known;
  }
  // Whether anything was posted.
  bool apply(const Command& command) {
    const Books known = books_for(command);
    const auto decided = decide(command, known);
    if (!decided || !*decided) return false;
    RC_ASSERT(sums_to_zero((*decided)->entries));
    RC_ASSERT((*decided)->entries.size() >= 2u);
    const Operation operation = operation_of(operation_id(next++), "mer", command, known, **decided, now);
    for (const Entry& entry : (*decided)->entries) journal.push_back({command.user_id, known.currency, entry});
    for (const Entry& entry : (*decided)->entries) RC_ASSERT(entry.balance_after == sum(command.user_id, known.currency, entry.account));
    RC_ASSERT(operation.available_after == sum(command.user_id, known.currency, Account::available));
    RC_ASSERT(operation.held_after == sum(command.user_id, known.currency, Account::held));
    if (const auto charge = charge_after(operation, known, **decided, now)) charges.insert_or_assign(charge->id.text(), *charge);
    operations.emplace(command.reference, operation);
    return true;
  }
};

Command any_command(const Shop& shop) {
  const auto kind = *rc::gen::element(OperationKind::credit, OperationKind::debit, OperationKind::hold, OperationKind::capture,
                                      OperationKind::release, OperationKind::refund);
  Command command{.kind = kind, .reference = "r" + std::to_string(*rc::gen::inRange(0, 60)), .user_id = *rc::gen::element<std::string>("u", "v")};
  if (kind == OperationKind::credit || kind == OperationKind::debit || kind == OperationKind::hold) {
    command.currency = *rc::gen::element(usd, jpy);
    command.amount = *rc::gen::inRange<std::int64_t>(-2, 100);
  } else {
    if (kind != OperationKind::release && *rc::gen::arbitrary<bool>()) command.amount = *rc::gen::inRange<std::int64_t>(0, 60);
    command.keep_rest = kind == OperationKind::capture && *rc::gen::arbitrary<bool>();
    if (!shop.charges.empty()) command.charge_id = std::next(shop.charges.begin(), *rc::gen::inRange<int>(0, int(shop.charges.size())))->first;
  }
  return command;
}

RC_GTEST_PROP(Journal, BalancesWhateverIsAsked, ()) {
  Shop shop;
  const int steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) shop.apply(any_command(shop));
  for (const Currency currency : {usd, jpy}) {
    std::int64_t all = 0;
    for (const std::string user : {"u", "v"}) {
      RC_ASSERT(balances_hold(shop.balances(user, currency)));
      all += shop.sum(user, currency, Account::available) + shop.sum(user, currency, Account::held);
    }
    RC_ASSERT(all + shop.sum("", currency, Account::issued) + shop.sum("", currency, Account::spent) == 0);
  }
  // What is held is what the open holds say, and what is spent is what was taken and not given back.
  for (const Currency currency : {usd, jpy}) {
    std::int64_t left = 0, spent = 0;
    for (const auto& [id, charge] : shop.charges) {
      RC_ASSERT(charge_holds(charge));
      if (charge.amount.currency != currency) continue;
      spent += charge.refundable();
      left += charge.kind == OperationKind::hold ? charge.left() : 0;
    }
    RC_ASSERT(left == shop.sum("u", currency, Account::held) + shop.sum("v", currency, Account::held));
    RC_ASSERT(spent == shop.sum("", currency, Account::spent));
  }
}

RC_GTEST_PROP(Journal, IsNotMovedByARepetition, ()) {
  Shop shop;
  std::vector<Command> asked;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const Command command = any_command(shop);
    if (shop.apply(command)) asked.push_back(command);
  }
  const std::size_t lines = shop.journal.size();
  for (const Command& command : asked) {
    const auto again = decide(command, shop.books_for(command));
    RC_ASSERT(again && !again->has_value());
    RC_ASSERT(!shop.apply(command));
  }
  RC_ASSERT(shop.journal.size() == lines);
}

}  // namespace
}  // namespace purser::wallet
