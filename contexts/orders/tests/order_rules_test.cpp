#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "contexts/orders/rules/order.hpp"

namespace purser::orders {
namespace {

const Currency usd = *Currency::parse("USD");
const Currency eur = *Currency::parse("EUR");
constexpr Instant now{1'000};
const PaymentView pay{.id = "pay_1", .status = "PROCESSING"};

Order order_in(Status status, std::string payment_status = "") {
  Order order{.id = {{1}},
              .merchant_id = "mer_1",
              .user_id = "u",
              .client_reference = "",
              .order_type = "purchase",
              .total = {2500, usd},
              .draft = {.lines = {{.id = "item_1", .sku = "MUG", .name = "", .quantity = 2, .unit_price = 1250}}, .metadata = {}},
              .status = status,
              .expires_at = {5'000}};
  if (!payment_status.empty()) order.payment = PaymentView{.id = "pay_1", .status = std::move(payment_status)};
  return order;
}

constexpr Status all[] = {Status::created, Status::payment_in_progress, Status::payment_done, Status::payment_failed, Status::order_cancelled,
                          Status::expired, Status::partially_refunded,  Status::refunded};

// The lifecycle, one row a state: where it may go.
TEST(Lifecycle, AllowsTheseAndNoOthers) {
  struct Row {
    Status from;
    std::vector<Status> to;
  };
  const Row rows[] = {
      // clang-format off
      {Status::created,             {Status::payment_in_progress, Status::order_cancelled, Status::expired}},
      {Status::payment_in_progress, {Status::payment_done, Status::payment_failed}},
      {Status::payment_done,        {Status::partially_refunded, Status::refunded, Status::order_cancelled}},
      {Status::payment_failed,      {Status::payment_in_progress, Status::order_cancelled, Status::expired}},
      {Status::order_cancelled,     {}},
      {Status::expired,             {}},
      {Status::partially_refunded,  {Status::partially_refunded, Status::refunded, Status::payment_done}},
      {Status::refunded,            {Status::payment_done, Status::partially_refunded}},
      // clang-format on
  };
  for (const Row& row : rows)
    for (const Status to : all)
      EXPECT_EQ(lifecycle.allows(row.from, to), std::ranges::find(row.to, to) != row.to.end()) << text(row.from) << "→" << text(to);
}

TEST(StartPayment, RefusesInOrder) {
  Order cancelling = order_in(Status::created);
  cancelling.cancel_requested = true;
  struct Row {
    const char* why;
    Order order;
    Money amount;
    Refusal want;
  };
  const Row rows[] = {
      // clang-format off
      {"being cancelled",  cancelling,                            {1, eur},    Refusal::cancel_in_progress},
      {"other currency",   order_in(Status::payment_done),        {1, eur},    Refusal::currency_differs},
      {"paid",             order_in(Status::payment_done),        {1, usd},    Refusal::illegal_transition},
      {"being paid",       order_in(Status::payment_in_progress), {1, usd},    Refusal::illegal_transition},
      {"cancelled",        order_in(Status::order_cancelled),     {1, usd},    Refusal::illegal_transition},
      {"expired",          order_in(Status::expired),             {1, usd},    Refusal::illegal_transition},
      {"another amount",   order_in(Status::created),             {2499, usd}, Refusal::amount_differs},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = start_payment(row.order, pay, row.amount);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
  EXPECT_TRUE(start_payment(order_in(Status::created), pay, {2500, usd}));
  EXPECT_TRUE(start_payment(order_in(Status::payment_failed), pay, {2500, usd}));
}

TEST(Update, RefusesInOrder) {
  Order cancelling = order_in(Status::created);
  cancelling.cancel_requested = true;
  const Draft too_much{.lines = {{.id = "", .sku = "x", .name = "", .quantity = 2, .unit_price = std::numeric_limits<std::int64_t>::max()}},
                       .metadata = {}};
  struct Row {
    const char* why;
    Order order;
    std::int64_t version;
    Refusal want;
  };
  const Row rows[] = {
      {"stale", order_in(Status::payment_done), 0, Refusal::stale_version},
      {"paid", order_in(Status::payment_done), 1, Refusal::illegal_transition},
      {"being paid", order_in(Status::payment_in_progress), 1, Refusal::illegal_transition},
      {"being cancelled", cancelling, 1, Refusal::cancel_in_progress},
      {"overflow", order_in(Status::created), 1, Refusal::total_overflows},
  };
  for (const Row& row : rows) {
    const auto got = update(row.order, too_much, row.version);
    ASSERT_FALSE(got) << row.why;
    EXPECT_EQ(got.error().why, row.want) << row.why;
  }
}

TEST(Update, PricesTheOrderAnew) {
  const Order order = order_in(Status::payment_failed);
  const auto change =
      update(order, {.lines = {{.id = "", .sku = "CUP", .name = "", .quantity = 3, .unit_price = 100}}, .metadata = {}}, std::nullopt);
  ASSERT_TRUE(change);
  EXPECT_EQ(apply(order, *change, now).total, (Money{300, usd}));
}

// Where the money is when an order is to be cancelled, for every state.
TEST(Cancel, SendsTheMoneyBackFirst) {
  struct Row {
    Order order;
    std::optional<MoneyBack> back;
    std::optional<Refusal> refused;
  };
  const Row rows[] = {
      // clang-format off
      {order_in(Status::created),                                  MoneyBack::none,    {}},
      {order_in(Status::payment_failed, "FAILED"),                 MoneyBack::none,    {}},
      {order_in(Status::payment_done, "CAPTURED"),                 MoneyBack::refund,  {}},
      {order_in(Status::payment_in_progress, "AUTHORIZED"),        MoneyBack::release, {}},
      {order_in(Status::payment_in_progress, "REQUIRES_ACTION"),   MoneyBack::release, {}},
      {order_in(Status::payment_in_progress, "PROCESSING"),        {}, Refusal::payment_undecided},
      {order_in(Status::payment_in_progress, "IN_DOUBT"),          {}, Refusal::payment_undecided},
      {order_in(Status::payment_in_progress, "PARTIALLY_CAPTURED"),{}, Refusal::partly_captured},
      {order_in(Status::partially_refunded, "PARTIALLY_REFUNDED"), {}, Refusal::illegal_transition},
      {order_in(Status::refunded, "REFUNDED"),                     {}, Refusal::illegal_transition},
      {order_in(Status::order_cancelled),                          {}, Refusal::illegal_transition},
      {order_in(Status::expired),                                  {}, Refusal::illegal_transition},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto got = money_to_return(row.order);
    ASSERT_EQ(got.has_value(), row.back.has_value()) << text(row.order.status);
    if (got)
      EXPECT_EQ(*got, *row.back) << text(row.order.status);
    else
      EXPECT_EQ(got.error().why, *row.refused) << text(row.order.status);
  }
}

TEST(Cancel, EndsWhenAllTheMoneyIsBack) {
  Order order = order_in(Status::payment_done, "CAPTURED");
  order.cancel_requested = true;
  const auto half = refund(order, {"pay_1", "PARTIALLY_REFUNDED", 2500, 1000}, {}, "");
  ASSERT_TRUE(half);
  EXPECT_EQ(half->status, Status::payment_done);
  const auto all_of_it = refund(order, {"pay_1", "REFUNDED", 2500, 2500}, {}, "");
  ASSERT_TRUE(all_of_it);
  EXPECT_EQ(all_of_it->status, Status::order_cancelled);
}

TEST(Cancel, RefusedKeepsWhatWentBack) {
  Order order = order_in(Status::payment_done, "CAPTURED");
  order.cancel_requested = true;
  EXPECT_EQ(refuse_cancel(order, PaymentView{"pay_1", "CAPTURED", 2500, 0}, "")->status, Status::payment_done);
  EXPECT_EQ(refuse_cancel(order, PaymentView{"pay_1", "PARTIALLY_REFUNDED", 2500, 500}, "")->status, Status::partially_refunded);
  EXPECT_EQ(refuse_cancel(order_in(Status::payment_in_progress, "AUTHORIZED"), PaymentView{"pay_1", "AUTHORIZED", 0, 0}, "")->status,
            Status::payment_in_progress);
  EXPECT_EQ(refuse_cancel(order, PaymentView{"pay_2", "CAPTURED", 2500, 0}, "").error().why, Refusal::other_payment);
  const Order after = apply(order, *refuse_cancel(order, PaymentView{"pay_1", "PARTIALLY_REFUNDED", 2500, 500}, "declined"), now);
  EXPECT_FALSE(after.cancel_requested);
  EXPECT_EQ(after.payment->refunded, 500);
}

TEST(Refund, FollowsTheAmounts) {
  const Order order = order_in(Status::payment_done, "CAPTURED");
  EXPECT_EQ(refund(order, {"pay_1", "", 2500, 1}, {}, "")->status, Status::partially_refunded);
  EXPECT_EQ(refund(order, {"pay_1", "", 2500, 2500}, {}, "")->status, Status::refunded);
  EXPECT_EQ(refund(order_in(Status::payment_in_progress, "PARTIALLY_CAPTURED"), {"pay_1", "", 2500, 1}, {}, "")->status, Status::payment_in_progress);
  EXPECT_EQ(refund(order, {"pay_2", "", 2500, 1}, {}, "").error().why, Refusal::other_payment);
}

TEST(TakeBack, FollowsTheAmounts) {
  Order order = order_in(Status::refunded, "REFUNDED");
  order.payment->refunded = 2500;
  EXPECT_EQ(take_back(order, {"pay_1", "CAPTURED", 2500, 0}, "")->status, Status::payment_done);
  EXPECT_EQ(take_back(order, {"pay_1", "PARTIALLY_REFUNDED", 2500, 500}, "")->status, Status::partially_refunded);
  EXPECT_EQ(take_back(order_in(Status::payment_done, "CAPTURED"), {"pay_1", "CAPTURED", 2500, 0}, "")->status, Status::payment_done);
  EXPECT_EQ(take_back(order_in(Status::order_cancelled, "REFUNDED"), {"pay_1", "CAPTURED", 2500, 0}, "")->status, Status::order_cancelled);
}

TEST(Expire, WaitsForItsTime) {
  EXPECT_EQ(expire(order_in(Status::created), {4'999}).error().why, Refusal::not_expired_yet);
  EXPECT_EQ(expire(order_in(Status::created), {5'000})->status, Status::expired);
  EXPECT_EQ(expire(order_in(Status::payment_failed), {5'000})->status, Status::expired);
  EXPECT_EQ(expire(order_in(Status::payment_in_progress), {5'000}).error().why, Refusal::illegal_transition);
}

TEST(Explain, NamesTheStateAndWhatIsAllowed) {
  const Error error = explain({Refusal::illegal_transition, Status::payment_in_progress}, order_in(Status::payment_done));
  EXPECT_EQ(error.kind, Kind::conflict);
  EXPECT_EQ(error.code, "illegal_transition");
  EXPECT_EQ(error.metadata.at("state"), "PAYMENT_DONE");
  EXPECT_EQ(error.metadata.at("allowed"), "PARTIALLY_REFUNDED,REFUNDED,ORDER_CANCELLED");
}

// Who pays twice is told which payment pays the order, and what to do with it.
TEST(Explain, NamesThePaymentThatPaysTheOrder) {
  struct Row {
    Order order;
    const char* says;
  };
  const Row rows[] = {
      // clang-format off
      {order_in(Status::payment_in_progress, "PROCESSING"),
       "Another payment of this order, payment pay_1, holds or may hold its money. "
       "Its outcome is not known yet: read it until it is decided, and pay anew only if it fails."},
      {order_in(Status::payment_in_progress, "IN_DOUBT"),
       "Another payment of this order, payment pay_1, holds or may hold its money. "
       "Its outcome is not known yet: read it until it is decided, and pay anew only if it fails."},
      {order_in(Status::payment_in_progress, "REQUIRES_ACTION"),
       "Another payment of this order, payment pay_1, holds or may hold its money. "
       "The buyer has still to act; wait for that, or void it and pay anew."},
      {order_in(Status::payment_in_progress, "AUTHORIZED"),
       "Another payment of this order, payment pay_1, holds or may hold its money. Capture it, or void it and pay anew."},
      {order_in(Status::payment_in_progress, "PARTIALLY_CAPTURED"),
       "Another payment of this order, payment pay_1, holds or may hold its money. Capture the rest of it."},
      {order_in(Status::payment_done, "CAPTURED"),
       "The order is paid already, by payment pay_1. There is nothing more to pay."},
      {order_in(Status::partially_refunded, "PARTIALLY_REFUNDED"),
       "The order was paid by payment pay_1 and refunded. To sell it again, make a new order."},
      {order_in(Status::refunded, "REFUNDED"),
       "The order was paid by payment pay_1 and refunded. To sell it again, make a new order."},
      {order_in(Status::order_cancelled, "REFUNDED"),
       "The order is ORDER_CANCELLED and can no longer be paid. Make a new order."},
      {order_in(Status::expired, "FAILED"),
       "The order is EXPIRED and can no longer be paid. Make a new order."},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto refused = start_payment(row.order, {.id = "pay_2", .status = "PROCESSING"}, row.order.total);
    ASSERT_FALSE(refused) << row.says;
    const Error error = explain(refused.error(), row.order);
    EXPECT_EQ(error.code, "illegal_transition") << row.says;
    EXPECT_EQ(error.detail, row.says);
    EXPECT_EQ(error.metadata.at("payment_id"), "pay_1") << row.says;
    EXPECT_EQ(error.metadata.at("state"), text(row.order.status)) << row.says;
    EXPECT_EQ(error.metadata.at("wanted"), "PAYMENT_IN_PROGRESS") << row.says;
    EXPECT_TRUE(error.metadata.contains("allowed")) << row.says;
  }
}

// Random commands in random order: only edges of the lifecycle, a version for each change, a refusal changes nothing.
RC_GTEST_PROP(OrderLife, NeverLeavesItsLifecycle, ()) {
  Order order = order_in(Status::created);
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const PaymentView view{"pay_1", *rc::gen::element<std::string>("AUTHORIZED", "CAPTURED", "FAILED"), 2500,
                           *rc::gen::inRange<std::int64_t>(0, 2501)};
    const Decision<Change> decisions[] = {start_payment(order, view, order.total),
                                          progress_payment(order, view),
                                          complete_payment(order, view),
                                          fail_payment(order, view, ""),
                                          refund(order, view, {}, ""),
                                          expire(order, {*rc::gen::element(0, 9'000)}),
                                          request_cancel(order, ""),
                                          cancel(order, "")};
    const auto& decision = decisions[*rc::gen::inRange<std::size_t>(0, std::size(decisions))];
    if (!decision) continue;
    const Order next = apply(order, *decision, now);
    RC_ASSERT(next.status == order.status || lifecycle.allows(order.status, next.status));
    RC_ASSERT(next.version == order.version + 1);
    order = next;
  }
}

}  // namespace
}  // namespace purser::orders
