// Books that are in order, from every kind of traffic, and the same books with one thing wrong: each check finds its own.
#include <chrono>
#include <set>

#include "orders/v1/events.pb.h"
#include "payments/events/v1/events.pb.h"
#include "verify/card_numbers.hpp"
#include "verify/tests/shop.hpp"

namespace purser::verify {
namespace {

// What the rows below are about.
struct Books {
  std::string paid, paid_payment;          // a sale
  std::string open;                        // created, not paid
  std::string parts, parts_payment;        // authorised, captured in two parts, refunded in two
  std::string declined, declined_payment;  // not paid
  std::string other, other_payment;        // another sale
  std::string held, held_payment;          // authorised by a checkout
  std::string split, split_payment;        // paid by two cards, refunded in part
  std::string undone_payment;              // in parts, the last of which was declined
  Instant now;
};

void trade(Shop& shop, Books& books) {
  books.open = shop.order();
  shop.update(books.open, 1200).value();
  books.paid = shop.order(2500);
  books.paid_payment = shop.pay(books.paid).value().payment().id();
  books.parts = shop.order(3000);
  books.parts_payment = shop.pay(books.parts, "pm_card_visa", true).value().payment().id();
  shop.capture(books.parts_payment, 1000).value();
  shop.capture(books.parts_payment, 1500, true).value();
  shop.refund(books.parts_payment, 500).value();
  shop.refund(books.parts_payment, 700).value();
  books.declined = shop.order();
  books.declined_payment = shop.pay(books.declined, "pm_card_chargeDeclined").value().payment().id();
  books.other = shop.order(700);
  books.other_payment = shop.pay(books.other).value().payment().id();
  const auto checkout = shop.check_out().value();
  books.held = checkout.order().id();
  books.held_payment = checkout.payment().id();
  // A second try, a cancellation that releases and one that gives back, an answer that is lost, an order that expires.
  const std::string again = shop.order();
  const std::string again_payment = shop.pay(again, "pm_card_chargeDeclined").value().payment().id();
  shop.retry(again_payment).value();
  const std::string released = shop.order();
  shop.pay(released, "pm_card_visa", true).value();
  shop.cancel(released).value();
  const std::string returned = shop.order();
  shop.pay(returned).value();
  shop.cancel(returned).value();
  shop.at_processor("POST", "/_sandbox/faults", R"({"fault":"error_500_after_charge","count":1})");
  const std::string doubted = shop.order();
  shop.pay(doubted).value();
  shop.look_after(4);
  EXPECT_EQ(shop.order_status(doubted), "ORDER_STATUS_PAYMENT_DONE");
  // Store credit: given, taken at once, held and captured in parts, given back.
  shop.give_credit("gift", 1000);
  shop.refund_credit("back", shop.deduct_credit("debit", 300));
  const std::string hold = shop.hold_credit("hold", 400);
  shop.capture_credit("capture", hold, 100, true);
  shop.capture_credit("rest", hold, 200, false);
  shop.hold_credit("open", 50);
  // Paid by it: taken at once, held, held and taken in part, given back in part.
  shop.give_credit("more", 9000);
  shop.refund(shop.pay_by_credit(1000).value().payment().id(), 300).value();
  shop.pay_by_credit(1100, true).value();
  shop.capture(shop.pay_by_credit(1200, true).value().payment().id(), 400).value();
  // In parts: paid and given back in part, declined and undone, held and captured in part, released.
  books.split = shop.order(2500);
  books.split_payment = shop.pay_in_parts(books.split, {{"card", "pm_card_visa", 1500}, {"card", "pm_card_mastercard"}}).value().payment().id();
  shop.refund(books.split_payment, 1700).value();
  books.undone_payment =
      shop.pay_in_parts(shop.order(900), {{"card", "pm_card_visa", 400}, {"card", "pm_card_chargeDeclined"}}).value().payment().id();
  const std::string final = shop.pay_in_parts(shop.order(600), {{"card", "pm_card_visa", 200}, {"wallet", ""}}, true).value().payment().id();
  shop.capture(final, 150, true).value();
  shop.release(shop.pay_in_parts(shop.order(500), {{"wallet", "", 100}, {"card", "pm_card_visa"}}, true).value().payment().id()).value();
  shop.at_processor("POST", "/_sandbox/faults", R"({"fault":"error_500_after_charge","count":1})");
  const std::string doubted_split = shop.order(800);
  shop.pay_in_parts(doubted_split, {{"wallet", "", 100}, {"card", "pm_card_visa"}}).value();
  shop.look_after(6);
  EXPECT_EQ(shop.order_status(doubted_split), "ORDER_STATUS_PAYMENT_DONE");
  books.now = shop.clock.now();
}

class BooksTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<Folder>();
    books_ = std::make_unique<Books>();
    Shop shop(*folder_ / "books.db", *folder_ / "sandbox.db");
    trade(shop, *books_);
  }
  static void TearDownTestSuite() { folder_.reset(), books_.reset(); }

  static std::vector<Violation> check(const std::filesystem::path& file, Options options) {
    return look_at(file, [&](store::Tx& tx) { return check_books(tx, options); });
  }
  static Options at_rest() { return {.now = books_->now, .at_rest = true}; }

  // The books with something wrong, in a file of their own. `sql` may hold {names} of Books.
  std::filesystem::path with(std::string sql, const std::function<void(store::Connection&)>& more = {}) {
    const auto file = *folder_ / ("wrong-" + std::to_string(++copies_) + ".db");
    std::filesystem::copy_file(*folder_ / "books.db", file);
    store::Connection connection(file, store::Connection::Mode::read_write, 1000);
    const std::pair<std::string, std::string> names[] = {{"{paid}", books_->paid},
                                                         {"{paid_payment}", books_->paid_payment},
                                                         {"{open}", books_->open},
                                                         {"{parts}", books_->parts},
                                                         {"{parts_payment}", books_->parts_payment},
                                                         {"{declined}", books_->declined},
                                                         {"{other}", books_->other},
                                                         {"{other_payment}", books_->other_payment},
                                                         {"{held}", books_->held},
                                                         {"{held_payment}", books_->held_payment},
                                                         {"{split_payment}", books_->split_payment},
                                                         {"{undone_payment}", books_->undone_payment},
                                                         {"{declined_payment}", books_->declined_payment}};
    for (const auto& [name, id] : names)
      for (std::size_t at; (at = sql.find(name)) != std::string::npos;) sql.replace(at, name.size(), "'" + id + "'");
    connection.script("pragma ignore_check_constraints = on");
    connection.script(sql);
    if (more) more(connection);
    return file;
  }

  static std::unique_ptr<Folder> folder_;
  static std::unique_ptr<Books> books_;
  static int copies_;
};
std::unique_ptr<Folder> BooksTest::folder_;
std::unique_ptr<Books> BooksTest::books_;
int BooksTest::copies_ = 0;

std::set<std::string> names_of(const std::vector<Violation>& violations) {
  std::set<std::string> names;
  for (const Violation& violation : violations) names.insert(violation.check);
  return names;
}

TEST_F(BooksTest, AreInOrder) {
  const auto violations = check(*folder_ / "books.db", at_rest());
  EXPECT_TRUE(violations.empty()) << listed(violations);
  const Extent extent = look_at(*folder_ / "books.db", [](store::Tx& tx) { return extent_of(tx); });
  EXPECT_GE(extent.orders, 9);
  EXPECT_GE(extent.events, 50);
}

// One thing wrong a row. `also` are the checks that see the same wrong from another side.
TEST_F(BooksTest, WithOneThingWrongTellIt) {
  struct Row {
    const char* check;
    const char* sql;
    std::set<std::string> also{};
  };
  const Row rows[] = {
      // clang-format off
      {"one_charge_per_order_step", "drop index payments_live_for_order; update payments set order_id = {paid} where id = {other_payment}",
       {"payment_is_of_order_total", "order_and_payment_agree", "payment_events_fold_to_the_payment", "events_take_effect_once"}},
      {"one_charge_per_order_step", "drop index payment_attempts_one_charge; insert into payment_attempts (id, payment_id, merchant_id, step, number, kind, status, "
       "processor, reference, payment_method, amount, asked_by, next_check_at, created_at, updated_at) select 'att_x', payment_id, merchant_id, step, 2, kind, 'IN_DOUBT', "
       "processor, payment_id || '-1-2', payment_method, amount, asked_by, 1, created_at, updated_at from payment_attempts where payment_id = {paid_payment}",
       {"payment_status_fits", "nothing_stays_open", "payment_events_fold_to_the_payment"}},
      {"attempts_are_numbered", "update payment_attempts set reference = reference || '-again' where payment_id = {paid_payment}"},
      {"attempts_are_numbered", "update payment_attempts set number = 7, reference = payment_id || '-1-7' where payment_id = {paid_payment}"},
      {"amounts_within_bounds", "update payments set capture_pending = 1 where id = {paid_payment}", {"captures_add_up"}},
      {"amounts_within_bounds", "update payment_attempts set amount = 2400 where payment_id = {paid_payment}", {"captures_add_up"}},
      {"amounts_within_bounds", "update orders set amount_refunded = 1 where id = {held}", {"order_and_payment_agree", "order_events_fold_to_the_order"}},
      {"payment_is_of_order_total", "update orders set total = 2400 where id = {paid}; update order_items set unit_price = 2400 where order_id = {paid}",
       {"amounts_within_bounds", "order_events_fold_to_the_order"}},
      {"payment_is_of_order_total", "update orders set currency = 'EUR' where id = {paid}", {"order_events_fold_to_the_order"}},
      {"order_total_is_its_lines", "update order_items set quantity = 2 where order_id = {paid}"},
      {"captures_add_up", "delete from captures where id in (select id from captures where payment_id = {parts_payment} limit 1)", {"parts_follow_their_attempts"}},
      {"captures_add_up", "update payments set authorized = 900 where id = {held_payment}", {"payment_status_fits", "payment_events_fold_to_the_payment"}},
      {"refunds_add_up", "update refunds set amount = amount + 1 where payment_id = {parts_payment}", {"parts_follow_their_attempts"}},
      {"parts_follow_their_attempts", "update payment_attempts set status = 'ABSENT' where payment_id = {parts_payment} and kind = 'REFUND'"},
      {"parts_follow_their_attempts", "update payment_attempts set subject = 'ref_none' where payment_id = {parts_payment} and kind = 'REFUND'"},
      {"splits_add_up", "update payment_shares set amount = amount + 1 where payment_id = {split_payment} and leg = 1"},
      {"splits_add_up", "delete from payment_shares where payment_id = {split_payment} and leg = 2"},
      {"splits_add_up", "update payments set captured = captured - 1 where id = {split_payment}",
       {"payment_events_fold_to_the_payment", "order_and_payment_agree"}},
      {"splits_add_up", "update payments set currency = 'EUR' where parent_id = {split_payment} and leg = 2", {"payment_events_fold_to_the_payment"}},
      {"splits_add_up", "update payments set leg = 3 where parent_id = {split_payment} and leg = 2", {"payment_events_fold_to_the_payment"}},
      {"splits_add_up", "update payments set closed = 0 where parent_id = {undone_payment} and leg = 1", {"payment_status_fits"}},
      {"splits_add_up", "update refunds set status = 'FAILED' where payment_id = {split_payment}"},
      {"open_attempts_are_looked_after", "update payments set status = 'PROCESSING', authorized = 0, captured = 0, refunded = 0, closed = 0 where id = {split_payment}",
       {"nothing_stays_open", "order_and_payment_agree", "payment_events_fold_to_the_payment"}},
      {"nothing_stays_open", "update payments set advance_at = 1 where id = {split_payment}"},
      {"payment_status_fits", "update payments set closed = 0 where id = {paid_payment}"},
      {"payment_status_fits", "update payment_attempts set status = 'REVERSED' where payment_id = {held_payment}", {"captures_add_up"}},
      {"order_and_payment_agree", "update orders set status = 'PAYMENT_DONE' where id = {held}", {"order_history_without_gaps", "order_events_fold_to_the_order"}},
      {"order_and_payment_agree", "update orders set status = 'PAYMENT_DONE' where id = {open}", {"order_history_without_gaps", "order_events_fold_to_the_order"}},
      {"order_and_payment_agree", "update orders set payment_status = 'CAPTURED' where id = {held}", {"order_history_without_gaps", "order_events_fold_to_the_order"}},
      {"order_and_payment_agree", "update orders set amount_captured = 2400 where id = {paid}", {"order_events_fold_to_the_order"}},
      {"order_and_payment_agree", "update orders set payment_id = null, payment_status = null, amount_captured = 0 where id = {paid}",
       {"order_history_without_gaps", "order_events_fold_to_the_order"}},
      {"order_and_payment_agree", "delete from orders where id = {paid}", {"order_history_without_gaps", "order_events_fold_to_the_order", "keys_answer_what_exists"}},
      {"order_and_payment_agree", "update orders set merchant_id = 'mer_2' where id = {paid}", {"order_events_fold_to_the_order", "keys_answer_what_exists"}},
      {"order_history_without_gaps", "delete from order_history where order_id = {paid} and version = 3", {"events_take_effect_once"}},
      {"order_history_without_gaps", "update order_history set to_status = 'PAYMENT_FAILED' where order_id = {paid} and version = 2",
       {"order_transitions_are_legal"}},
      {"order_history_without_gaps", "update orders set version = version + 1 where id = {open}", {"order_events_fold_to_the_order"}},
      {"order_transitions_are_legal", "update order_history set to_status = 'EXPIRED' where order_id = {open} and version = 1;"
       "update order_history set from_status = 'EXPIRED' where order_id = {open} and version = 2"},
      {"changes_have_their_events", "update order_history set change = 'expired' where order_id = {open} and version = 2"},
      {"event_sequences_without_gaps", "update outbox set sequence = 9 where aggregate_id = {open} and sequence = 2", {"changes_have_their_events", "order_events_fold_to_the_order"}},
      {"event_sequences_without_gaps", "delete from outbox where aggregate_id = {paid_payment} and sequence = 2",
       {"events_take_effect_once", "payment_events_fold_to_the_payment"}},
      {"events_are_readable", "update outbox set payload = x'ff' where aggregate_id = {open} and sequence = 2"},
      {"events_are_readable", "update outbox set message_type = 'orders.v1.Nothing' where aggregate_id = {open} and sequence = 2"},
      {"events_are_readable", "update outbox set type = 'order.expired' where aggregate_id = {open} and sequence = 2", {"changes_have_their_events"}},
      {"order_events_fold_to_the_order", "update orders set order_type = 'gift' where id = {open}"},
      {"order_events_fold_to_the_order", "delete from outbox where aggregate_id = {open}", {"changes_have_their_events"}},
      {"payment_events_fold_to_the_payment", "update payments set user_id = 'user-2' where id = {paid_payment}"},
      {"payment_events_fold_to_the_payment", "update payment_attempts set processor_ref = 'pi_other' where payment_id = {paid_payment}"},
      {"payment_events_fold_to_the_payment", "delete from outbox where aggregate_id = {held_payment}", {"events_take_effect_once"}},
      {"events_take_effect_once", "update order_history set cause = 'request-1' where order_id = {paid} and version = 3"},
      {"events_take_effect_once", "update order_history set cause = (select cause from order_history where order_id = {paid} and version = 4) where order_id = {paid} and version = 3"},
      {"events_take_effect_once", "update order_history set cause = 'evt_none' where order_id = {open} and version = 2"},
      {"events_take_effect_once", "update order_history set actor = 'system' where order_id = {paid} and version = 3"},
      {"wallet_journal_balances", "update wallet_entries set amount = amount + 1 where account = 'HELD' and operation_id in (select id from wallet_operations where reference = 'rest')",
       {"wallet_balances_are_their_entries"}},
      {"wallet_journal_balances", "delete from wallet_entries where account = 'SPENT' and operation_id in (select id from wallet_operations where reference = 'debit')",
       {"wallet_balances_are_their_entries"}},
      {"wallet_journal_balances", "update wallet_entries set user_id = 'user-2' where user_id <> '' and operation_id in (select id from wallet_operations where reference = 'gift')",
       {"wallet_balances_are_their_entries"}},
      {"wallet_balances_are_their_entries", "update wallet_accounts set balance = balance - 1 where account = 'SPENT'"},
      {"wallet_balances_are_their_entries", "update wallet_accounts set balance = balance + 1 where account = 'AVAILABLE'", {"wallet_events_fold_to_the_wallet"}},
      {"wallet_balances_are_their_entries", "delete from wallet_accounts where account = 'SPENT'"},
      {"wallet_charges_add_up", "update wallet_charges set captured = captured - 1, refunded = 0 where kind = 'HOLD' and captured > 0", {"wallet_charges_are_their_payments"}},
      {"wallet_charges_add_up", "update wallet_charges set refunded = 0 where kind = 'DEBIT'", {"wallet_charges_are_their_payments"}},
      {"wallet_charges_add_up", "update wallet_charges set released = 0 where released > 0"},
      {"wallet_charges_add_up", "update wallet_charges set amount = amount + 1 where reference = 'open'"},
      {"wallet_charges_add_up", "delete from wallet_charges where reference = 'open'"},
      {"wallet_charges_are_their_payments", "update payment_attempts set processor_ref = 'wop_other' where processor = 'wallet' and kind = 'AUTHORIZE' and amount = 1100",
       {"payment_events_fold_to_the_payment"}},
      {"wallet_events_fold_to_the_wallet", "update wallets set version = version + 1"},
      {"wallet_events_fold_to_the_wallet", "delete from outbox where aggregate_type = 'wallet' and sequence = (select max(sequence) from outbox where aggregate_type = 'wallet')"},
      {"events_are_readable", "update outbox set message_type = 'orders.v1.OrderCreated' where type = 'wallet.credited' and sequence = 1"},
      {"keys_answer_what_exists", "update idempotency_keys set merchant_id = 'mer_2' where response is (select response from idempotency_keys where instr(response, cast('gift' as blob)))"},
      {"no_card_number", "update wallet_operations set reason = '4242424242424242' where reference = 'gift'"},
      {"keys_answer_what_exists", "update idempotency_keys set response = x'0a00' where key = 'key-1'"},
      {"keys_answer_what_exists", "update idempotency_keys set response = null where key = 'key-1'"},
      {"keys_answer_what_exists", "update idempotency_keys set merchant_id = 'mer_2' where key = 'key-1'"},
      {"keys_under_way_have_work", "update idempotency_keys set state = 0, created_at = 1 where key = 'key-1'", {"nothing_stays_open"}},
      {"no_card_number", "update orders set metadata = '{\"note\":\"4242 4242 4242 4242\"}' where id = {open}"},
      {"no_card_number", "update order_history set reason = '4242424242424242' where order_id = {open} and version = 1"},
      {"no_card_number", "update idempotency_keys set key = '4242424242424242' where key = 'key-1'"},
      {"nothing_stays_open", "update orders set cancel_requested = 1 where id = {paid}"},
      {"nothing_stays_open", "update orders set expires_at = 1 where id = {open}"},
      {"open_attempts_are_looked_after", "update payment_attempts set next_check_at = 1 where payment_id = {paid_payment}"},
      // clang-format on
  };
  std::set<std::string> tried;
  for (const Row& row : rows) {
    const auto violations = check(with(row.sql), at_rest());
    const auto names = names_of(violations);
    std::set<std::string> wanted = row.also;
    wanted.insert(row.check);
    EXPECT_EQ(names, wanted) << row.check << ": " << row.sql << "\n" << listed(violations);
    for (const Violation& violation : violations) EXPECT_FALSE(violation.subject.empty() || violation.detail.empty() || violation.remedy.empty());
    tried.insert(row.check);
  }
  tried.insert("payment_transitions_are_legal");  // below, where events are written anew
  for (const Check& known : book_checks()) EXPECT_TRUE(tried.contains(std::string(known.name))) << known.name << " has no row";
}

// Events with something wrong inside.
template <class Event>
void rewrite(store::Connection& connection, const std::string& id, int sequence, const std::function<void(Event&)>& change) {
  Event event;
  connection.query(
      "select payload from outbox where aggregate_id = $1 and sequence = $2",
      [&](const store::Row& row) { event.ParseFromString(std::string(row.text(0))); }, id, sequence);
  change(event);
  const std::string bytes = event.SerializeAsString();
  connection.exec("update outbox set payload = $1 where aggregate_id = $2 and sequence = $3", store::Value::blob(bytes), id, sequence);
}

TEST_F(BooksTest, WithAWrongEventTellIt) {
  using ::payments::events::v1::PaymentCaptured;
  struct Row {
    const char* check;
    std::function<void(store::Connection&)> change;
    std::set<std::string> also{};
  };
  const Row rows[] = {
      {"payment_events_fold_to_the_payment",
       [](auto& db) { rewrite<PaymentCaptured>(db, books_->paid_payment, 2, [](auto& event) { event.set_captured_now(1); }); }},
      {"payment_events_fold_to_the_payment",
       [](auto& db) { rewrite<PaymentCaptured>(db, books_->paid_payment, 2, [](auto& event) { event.mutable_payment()->set_amount_captured(1); }); }},
      {"payment_transitions_are_legal",
       [](auto& db) {
         rewrite<PaymentCaptured>(db, books_->paid_payment, 2,
                                  [](auto& event) { event.mutable_payment()->set_status(payments_api::PAYMENT_STATUS_VOIDED); });
       }},
      {"payment_transitions_are_legal",
       [](auto& db) {
         rewrite<::payments::events::v1::PaymentAuthorized>(
             db, books_->held_payment, 2, [](auto& event) { event.mutable_payment()->set_status(payments_api::PAYMENT_STATUS_IN_DOUBT); });
       },
       {"payment_events_fold_to_the_payment"}},
      {"order_events_fold_to_the_order",
       [](auto& db) { rewrite<orders_api::OrderUpdated>(db, books_->open, 2, [](auto& event) { event.mutable_order()->set_total_amount(1); }); }},
      {"order_events_fold_to_the_order",
       [](auto& db) { rewrite<orders_api::OrderCreated>(db, books_->open, 1, [](auto& event) { event.mutable_order()->set_version(3); }); }},
      {"order_transitions_are_legal",
       [](auto& db) {
         rewrite<orders_api::OrderPaymentPending>(db, books_->paid, 2,
                                                  [](auto& event) { event.mutable_order()->set_status(orders_api::ORDER_STATUS_EXPIRED); });
       }},
      {"no_card_number",
       [](auto& db) {
         rewrite<orders_api::OrderUpdated>(db, books_->open, 2, [](auto& event) { event.mutable_items(0)->set_name("5555-5555-5555-4444"); });
       }},
      {"no_card_number",
       [](auto& db) {
         orders_api::CreateOrderResponse answer;
         db.query("select response from idempotency_keys where key = 'key-1'",
                  [&](const store::Row& row) { answer.ParseFromString(std::string(row.text(0))); });
         (*answer.mutable_order()->mutable_metadata())["card"] = "4242424242424242";
         const std::string bytes = answer.SerializeAsString();
         db.exec("update idempotency_keys set response = $1 where key = 'key-1'", store::Value::blob(bytes));
       }},
  };
  for (const Row& row : rows) {
    const auto violations = check(with("select 1", row.change), at_rest());
    std::set<std::string> wanted = row.also;
    wanted.insert(row.check);
    EXPECT_EQ(names_of(violations), wanted) << listed(violations);
    EXPECT_EQ(listed(violations).find("4242424242424242"), std::string::npos) << "a report repeats no card number";
  }
}

// What is under way is a violation once it is old, and at rest always.
TEST_F(BooksTest, WithOpenWorkTellItByItsAge) {
  const auto file = with(
      "update payments set status = 'IN_DOUBT', authorized = 0, captured = 0, closed = 0 where id = {paid_payment};"
      "update payment_attempts set status = 'IN_DOUBT', next_check_at = 1 where payment_id = {paid_payment}");
  const auto stays_open = [&](Options options) { return names_of(check(file, options)).contains("nothing_stays_open"); };
  EXPECT_TRUE(stays_open({.now = books_->now, .at_rest = true}));
  EXPECT_FALSE(stays_open({.now = books_->now}));
  EXPECT_TRUE(stays_open({.now = books_->now, .settled_within = seconds(0)}));
  EXPECT_TRUE(stays_open({.now = books_->now + hours(26)}));
}

TEST_F(BooksTest, AgreeForEachOrder) {
  const auto ask = [](const std::filesystem::path& file, std::vector<std::string> ids) {
    return look_at(file, [&](store::Tx& tx) { return check_agreement(tx, ids); });
  };
  const std::vector<std::string> all = {books_->paid, books_->open, books_->parts, books_->declined, books_->other, books_->held, "ord_none"};
  EXPECT_TRUE(ask(*folder_ / "books.db", all).empty());
  const auto wrong = with("update payments set status = 'PARTIALLY_REFUNDED' where id = {other_payment}");
  EXPECT_EQ(ask(wrong, all).size(), 2u) << listed(ask(wrong, all));
  EXPECT_TRUE(ask(wrong, {books_->paid, books_->held}).empty()) << "of the orders asked for alone";
  const auto unknown = with("update orders set payment_id = null, payment_status = null, amount_captured = 0 where id = {paid}");
  EXPECT_EQ(ask(unknown, {books_->paid}).size(), 2u) << listed(ask(unknown, {books_->paid}));
}

// A new column is either read for card numbers or left out for a reason.
TEST_F(BooksTest, HaveNoColumnThatNobodyReads) {
  const auto words = [](std::string_view list) {
    std::set<std::string> all;
    for (std::size_t at = 0; at < list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      all.emplace(list.substr(at, end - at));
      at = end + 1;
    }
    return all;
  };
  std::map<std::string, std::set<std::string>> known, there;
  for (const ScannedTable& table : scanned_tables()) {
    known[std::string(table.table)] = words(table.columns);
    known[std::string(table.table)].merge(words(table.left_out));
  }
  look_at(*folder_ / "books.db", [&](store::Tx& tx) {
    tx.query(
        "select t.name, c.name from sqlite_master t join pragma_table_info(t.name) c "
        "where t.type = 'table' and lower(c.type) in ('text', 'bytea', 'blob', '') order by 1, 2",
        [&](const store::Row& row) { there[std::string(row.text(0))].emplace(row.text(1)); });
    return true;
  });
  EXPECT_EQ(known, there);
}

}  // namespace
}  // namespace purser::verify
