#include "platform/rpc/validate.hpp"

#include <gtest/gtest.h>

#include "checkout/v1/checkout_service.pb.h"
#include "orders/v1/order_service.pb.h"
#include "payments/v1/payment_service.pb.h"

namespace purser::rpc {
namespace {

using orders::v1::CreateOrderRequest;

CreateOrderRequest good_order() {
  CreateOrderRequest request;
  request.set_user_id("u");
  request.set_currency("usd");
  auto* line = request.add_items();
  line->set_sku("a");
  line->set_quantity(1);
  return request;
}

payments::v1::CreatePaymentRequest good_payment() {
  payments::v1::CreatePaymentRequest request;
  request.set_payment_method("pm_card_visa");
  return request;
}

// "pointer code" of every broken rule.
std::vector<std::string> broken(const Message& request) {
  std::vector<std::string> rules;
  const auto done = validate(request);
  if (done.ok()) return rules;
  EXPECT_EQ(done.error().kind, Kind::invalid);
  for (const FieldError& field : done.error().fields) {
    rules.push_back(field.pointer + " " + field.code);
    EXPECT_TRUE(field.detail.ends_with('.')) << field.detail;
    EXPECT_LT(field.detail.size(), 150u) << field.detail;
  }
  return rules;
}
using Rules = std::vector<std::string>;

TEST(Validate, TakesWhatKeepsTheRules) {
  EXPECT_EQ(broken(good_order()), Rules());
  EXPECT_EQ(broken(good_payment()), Rules());
  auto order = good_order();
  order.set_user_id(std::string(128, 'x'));
  for (int i = 0; i < 128; ++i) order.mutable_client_reference()->append("\u20ac");  // characters count, not bytes
  order.mutable_items(0)->set_quantity(1'000'000);
  (*order.mutable_metadata())[std::string(40, 'k')] = std::string(500, 'v');
  EXPECT_EQ(broken(order), Rules());
}

TEST(Validate, TellsEveryBrokenRuleOfAnOrder) {
  EXPECT_EQ(broken(CreateOrderRequest()), (Rules{"/user_id required", "/currency required", "/items too_few_items"}));

  auto order = good_order();
  order.set_user_id(std::string(129, 'x'));
  order.set_currency("XXX1");
  order.mutable_items(0)->set_quantity(0);
  order.add_items()->set_quantity(-1);
  order.mutable_items(1)->set_unit_price(-5);
  order.mutable_items(1)->set_sku("s");
  order.add_items()->set_quantity(1'000'001);
  EXPECT_EQ(broken(order), (Rules{"/user_id too_long", "/currency unknown_currency", "/items/0/quantity too_small", "/items/1/quantity too_small",
                                  "/items/1/unit_price too_small", "/items/2/sku required", "/items/2/quantity too_large"}));
}

TEST(Validate, BoundsListsAndMaps) {
  auto order = good_order();
  while (order.items_size() < 500) *order.add_items() = order.items(0);
  for (int i = 0; i < 50; ++i) (*order.mutable_metadata())["k" + std::to_string(i)] = "v";
  EXPECT_EQ(broken(order), Rules());
  *order.add_items() = order.items(0);
  (*order.mutable_metadata())["one more"] = "v";
  EXPECT_EQ(broken(order), (Rules{"/items too_many_items", "/metadata too_many_items"}));

  order = good_order();
  (*order.mutable_metadata())["a/b"] = std::string(501, 'v');
  EXPECT_EQ(broken(order), (Rules{"/metadata/a~1b too_long"}));
  order.clear_metadata();
  (*order.mutable_metadata())[std::string(41, 'k')] = "v";
  EXPECT_EQ(broken(order), (Rules{"/metadata/" + std::string(41, 'k') + " too_long"}));
  order.clear_metadata();
  (*order.mutable_metadata())[std::string(5000, 'k')] = "v";
  EXPECT_EQ(broken(order), (Rules{"/metadata too_long"}));
  order.clear_metadata();
  (*order.mutable_metadata())[""] = "v";
  EXPECT_EQ(broken(order), (Rules{"/metadata/ too_short"}));
}

TEST(Validate, KnowsIdsUrlsAndEnums) {
  auto payment = good_payment();
  for (const char* id : {"ord_01h455vb4pex5vsknk084sn02q"}) {
    payment.set_order_id(id);
    EXPECT_EQ(broken(payment), Rules()) << id;
  }
  for (const char* id : {"x", "ord_", "ord", "pay_01h455vb4pex5vsknk084sn02q", "ord_01H455VB4PEX5VSKNK084SN02Q", "ord_01h455vb4pex5vsknk084sn02qx",
                         "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz"}) {
    payment.set_order_id(id);
    EXPECT_EQ(broken(payment), Rules{"/order_id invalid_id"}) << id;
  }
  payment = good_payment();
  for (const char* url : {"https://shop.example/done?x=1#y", "http://127.0.0.1:8080", "https://[::1]/"}) {
    payment.set_return_url(url);
    EXPECT_EQ(broken(payment), Rules()) << url;
  }
  for (const char* url : {"shop.example", "javascript://x", "https://", "https:///x", "https://a b", "ftp://x", "https://u:p@x", "https://:80",
                          "https://x\n", "https://\xc3\xa9"}) {
    payment.set_return_url(url);
    EXPECT_EQ(broken(payment), Rules{"/return_url invalid_url"}) << url;
  }
  payment = good_payment();
  payment.set_capture_method(static_cast<payments::v1::CaptureMethod>(9));
  EXPECT_EQ(broken(payment), Rules{"/capture_method invalid_enum"});
}

TEST(Validate, RefusesTheZeroCharacter) {
  auto order = good_order();
  order.set_client_reference(std::string("a\0b", 3));
  (*order.mutable_metadata())["k"] = std::string("\0", 1);
  EXPECT_EQ(broken(order), (Rules{"/client_reference invalid_character", "/metadata/k invalid_character"}));
}

TEST(Validate, RefusesCardNumbersBeforeAllElseAndNeverRepeatsThem) {
  const std::string card = "4242-4242-4242-4242";
  std::vector<std::pair<CreateOrderRequest, std::string>> rows;
  const auto add = [&](std::string pointer) -> CreateOrderRequest& { return rows.emplace_back(CreateOrderRequest(), std::move(pointer)).first; };
  add("/user_id").set_user_id("my card: " + card);
  add("/items/1/name").add_items();
  rows.back().first.add_items()->set_name(card);
  add("/items/0/quantity").add_items()->set_quantity(4242424242424242);
  (*add("/metadata/k").mutable_metadata())["k"] = card;
  (*add("/metadata").mutable_metadata())[card] = "v";
  for (const auto& [request, pointer] : rows) {
    const auto done = validate(request);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().kind, Kind::invalid);
    EXPECT_EQ(done.error().code, "card_number_refused");
    ASSERT_EQ(done.error().fields.size(), 1u);
    EXPECT_EQ(done.error().fields[0].pointer, pointer);
    EXPECT_EQ(done.error().fields[0].code, "card_number_refused");
    EXPECT_EQ((done.error().detail + done.error().fields[0].detail).find("4242"), std::string::npos);
  }
  checkout::v1::CreateCheckoutRequest checkout;
  checkout.add_items()->set_sku(card);
  EXPECT_EQ(broken(checkout), Rules{"/items/0/sku card_number_refused"});
}

TEST(Validate, NeverRepeatsWhatIsLong) {
  auto order = good_order();
  order.set_user_id(std::string(100'000, 'x'));
  order.set_currency(std::string(100'000, 'y'));
  EXPECT_EQ(broken(order), (Rules{"/user_id too_long", "/currency unknown_currency"}));  // broken() looks at the details' length
  for (int i = 0; i < 1000; ++i) order.add_items();
  EXPECT_EQ(broken(order).size(), 20u);
}

}  // namespace
}  // namespace purser::rpc
