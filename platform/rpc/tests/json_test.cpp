#include "platform/rpc/json.hpp"

#include <gtest/gtest.h>

#include "events/v1/event_service.pb.h"
#include "orders/v1/events.pb.h"
#include "orders/v1/order_service.pb.h"
#include "payments/v1/payment_service.pb.h"

namespace purser::rpc {
namespace {

using orders::v1::CreateOrderRequest;

std::string written(const Message& message) {
  std::string out;
  write_json(message, out);
  return out;
}

CreateOrderRequest read(std::string_view json) {
  CreateOrderRequest request;
  const auto done = read_json(json, request);
  EXPECT_TRUE(done.ok()) << json << ": " << (done.ok() ? "" : done.error().detail);
  return request;
}

TEST(ReadJson, TakesEveryKindOfField) {
  const auto request = read(R"( {"user_id":"u\u00e9\n","currency":"usd","metadata":{"b":"2","a/b":"1"},
      "items":[{"sku":"S","quantity":2,"unit_price":0},{"quantity":9223372036854775807}]} )");
  EXPECT_EQ(request.user_id(), "u\u00e9\n");
  EXPECT_EQ(request.metadata().at("a/b"), "1");
  ASSERT_EQ(request.items_size(), 2);
  EXPECT_EQ(request.items(0).quantity(), 2);
  EXPECT_EQ(request.items(1).quantity(), INT64_MAX);

  payments::v1::CreatePaymentRequest payment;
  ASSERT_TRUE(read_json(R"({"capture_method":"MANUAL"})", payment).ok());
  EXPECT_EQ(payment.capture_method(), payments::v1::CAPTURE_METHOD_MANUAL);

  orders::v1::Order order;
  ASSERT_TRUE(read_json(R"({"cancel_requested":true,"created_at":"1969-12-31T23:59:59.999Z"})", order).ok());
  EXPECT_TRUE(order.cancel_requested());
  EXPECT_EQ(order.created_at().seconds(), -1);
  EXPECT_EQ(order.created_at().nanos(), 999'000'000);
}

TEST(ReadJson, NullMeansNotGiven) {
  EXPECT_EQ(read(R"({"user_id":null,"items":null,"metadata":null})").SerializeAsString(), "");
  EXPECT_EQ(read("{}").SerializeAsString(), "");
}

TEST(ReadJson, RefusesWhatIsNoJson) {
  const std::string texts[] = {
      "",
      " ",
      "{",
      "}",
      "[",
      "nope",
      "{\"user_id\"}",
      "{\"user_id\":}",
      "{\"user_id\":\"a\",}",
      "{\"user_id\":\"a\" \"currency\":\"b\"}",
      "{'user_id':'a'}",
      "{\"user_id\":\"a\"} x",
      "{\"user_id\":\"a\"}{}",
      "{\"user_id\":\"a\"}}",
      "{\"user_id\":\"a",
      "{\"user_id\":tru}",
      "{\"user_id\":nul}",
      "{\"items\":[}",
      "{\"items\":[{}",
      "{\"items\":[{},]}",
      "{\"items\":[,]}",
      "{\"items\":[{} {}]}",
      "{\"items\":[{\"quantity\":01}]}",
      "{\"items\":[{\"quantity\":+1}]}",
      "{\"items\":[{\"quantity\":1.}]}",
      "{\"items\":[{\"quantity\":-}]}",
      "{\"items\":[{\"quantity\":NaN}]}",
      "{\"items\":[{\"quantity\":0x10}]}",
      "{\"nobody\":[1,,2]}",
      "{\"nobody\":{\"a\" 1}}",
      "{\"nobody\":01}",
      "\xEF\xBB\xBF{}",
      "{\"user_id\":\"\xff\"}",
      "{\"user_id\":\"\xed\xa0\x80\"}",
      "{\"user_id\":\"\\ud800\"}",
      "{\"user_id\":\"\\udc00\"}",
      "{\"user_id\":\"\\ud800\\ud800\"}",
      "{\"\\udc00\":1}",
      "{\"metadata\":{\"\\udc00\":\"a\"}}",
      "{\"user_id\":\"\\x\"}",
      "{\"user_id\":\"a\nb\"}",
      std::string("{\"user_id\":\"a\0b\"}", 17),
      "[1,]",
      "[1] 2",
      "nul",
      "tru",
      "// {}",
      "{} //",
  };
  for (const auto& text : texts) {
    CreateOrderRequest request;
    const auto done = read_json(text, request);
    ASSERT_FALSE(done.ok()) << text;
    EXPECT_EQ(done.error().kind, Kind::malformed) << text;
    EXPECT_EQ(done.error().code, "malformed_json") << text;
  }
}

TEST(ReadJson, SaysWhichFieldIsWrong) {
  struct Row {
    const char* json;
    const char* pointer;
    const char* code;
  };
  const Row rows[] = {
      {R"([])", "", "wrong_type"},
      {R"("a")", "", "wrong_type"},
      {R"(null)", "", "wrong_type"},
      {R"(5)", "", "wrong_type"},
      {R"({"nobody":1})", "/nobody", "unknown_field"},
      {R"({"User_id":"a"})", "/User_id", "unknown_field"},
      {R"({"userId":"a"})", "/userId", "unknown_field"},
      {R"({"nobody":99999999999999999999999})", "/nobody", "unknown_field"},
      {R"({"user_id":"a","user_id":"a"})", "/user_id", "duplicate_field"},
      {R"({"user_id":"a","user\u005fid":"a"})", "/user_id", "duplicate_field"},
      {R"({"metadata":{"k":"1","k":"2"}})", "/metadata/k", "duplicate_field"},
      {R"({"metadata":{"a/b~c":1}})", "/metadata/a~1b~0c", "wrong_type"},
      {R"({"metadata":{"k":null}})", "/metadata/k", "wrong_type"},
      {R"({"metadata":[]})", "/metadata", "wrong_type"},
      {R"({"user_id":5})", "/user_id", "wrong_type"},
      {R"({"user_id":{"a":[1]}})", "/user_id", "wrong_type"},
      {R"({"user_id":true})", "/user_id", "wrong_type"},
      {R"({"items":{}})", "/items", "wrong_type"},
      {R"({"items":[null]})", "/items/0", "wrong_type"},
      {R"({"items":[{},5]})", "/items/1", "wrong_type"},
      {R"({"items":[{},{"quantity":"2"}]})", "/items/1/quantity", "wrong_type"},
      {R"({"items":[{"quantity":5.0}]})", "/items/0/quantity", "wrong_type"},
      {R"({"items":[{"quantity":1e3}]})", "/items/0/quantity", "wrong_type"},
      {R"({"items":[{"quantity":9223372036854775808}]})", "/items/0/quantity", "out_of_range"},
      {R"({"items":[{"quantity":-9223372036854775809}]})", "/items/0/quantity", "out_of_range"},
      {R"({"items":[{"quantity":999999999999999999999999999999}]})", "/items/0/quantity", "out_of_range"},
      {R"({"items":[{"quantity":true}]})", "/items/0/quantity", "wrong_type"},
  };
  for (const Row& row : rows) {
    CreateOrderRequest request;
    const auto done = read_json(row.json, request);
    ASSERT_FALSE(done.ok()) << row.json;
    EXPECT_EQ(done.error().kind, Kind::invalid) << row.json << done.error().detail;
    ASSERT_EQ(done.error().fields.size(), 1u) << row.json;
    EXPECT_EQ(done.error().fields[0].pointer, row.pointer) << row.json;
    EXPECT_EQ(done.error().fields[0].code, row.code) << row.json;
  }
}

TEST(ReadJson, TellsAllMistakesAtOnceAndReadsOnBehindThem) {
  CreateOrderRequest request;
  const auto done = read_json(R"({"user_id":{"a":{}},"items":[{"quantity":1.5,"sku":[[]]},{"bogus":[{"x":1}]}],"currency":7})", request);
  ASSERT_FALSE(done.ok());
  std::vector<std::string> pointers;
  for (const auto& field : done.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/user_id", "/items/0/quantity", "/items/0/sku", "/items/1/bogus", "/currency"}));
}

TEST(ReadJson, NamesTheValuesOfAnEnum) {
  payments::v1::CreatePaymentRequest request;
  for (const char* text : {"manual", "UNSPECIFIED", "CAPTURE_METHOD_MANUAL", "", "1"}) {
    const auto done = read_json(std::string(R"({"capture_method":")") + text + "\"}", request);
    ASSERT_FALSE(done.ok()) << text;
    EXPECT_EQ(done.error().fields[0].code, "invalid_enum");
    EXPECT_EQ(done.error().detail, "This must be one of AUTOMATIC, MANUAL.");
  }
  EXPECT_FALSE(read_json(R"({"capture_method":2})", request).ok());
}

TEST(ReadJson, NeverRepeatsACardNumberOrALongName) {
  for (const std::string& name : {std::string("4242424242424242"), std::string(5000, 'x'), std::string("a\x01")}) {
    CreateOrderRequest request;
    std::string json = R"({"metadata":{")" + (name == "a\x01" ? "a\\u0001" : name) + R"(":1},")" + (name == "a\x01" ? "a\\u0001" : name) + R"(":1})";
    const auto done = read_json(json, request);
    ASSERT_FALSE(done.ok());
    ASSERT_EQ(done.error().fields.size(), 2u);
    for (const auto& field : done.error().fields) {
      EXPECT_EQ(field.pointer.find(name), std::string::npos);
      EXPECT_EQ(field.detail.find(name), std::string::npos);
    }
  }
}

TEST(ReadJson, LimitsNesting) {
  const auto nested = [](int depth) {
    return "{\"nobody\":" + std::string(static_cast<std::size_t>(depth - 1), '[') + std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
  };
  CreateOrderRequest request;
  EXPECT_EQ(read_json(nested(json_depth_max), request).error().kind, Kind::invalid);
  EXPECT_EQ(read_json(nested(json_depth_max + 1), request).error().kind, Kind::malformed);
  EXPECT_EQ(read_json(std::string(1'000'000, '['), request).error().kind, Kind::malformed);
  EXPECT_TRUE(read_json("{\"user_id\":\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"}", request).ok());
}

TEST(WriteJson, WritesNumbersAndBooleansAlwaysAndEmptyThingsNever) {
  orders::v1::OrderItem item;
  EXPECT_EQ(written(item), R"({"quantity":0,"unit_price":0,"total":0})");
  orders::v1::Order order;
  order.set_status(orders::v1::ORDER_STATUS_PAYMENT_DONE);
  order.set_total(INT64_MIN);
  EXPECT_EQ(written(order),
            R"({"status":"PAYMENT_DONE","total":-9223372036854775808,"amount_captured":0,"amount_refunded":0,"cancel_requested":false,"version":0})");
}

TEST(WriteJson, WritesTextTimesMapsAndLists) {
  orders::v1::Order order;
  order.set_user_id("a\"\\\n\x01\u20ac");
  order.set_status(orders::v1::ORDER_STATUS_ORDER_CANCELLED);
  (*order.mutable_metadata())["b"] = "2";
  (*order.mutable_metadata())["a\""] = "";
  order.add_items()->set_sku("S");
  order.add_items()->set_sku("T");
  order.mutable_created_at()->set_seconds(1763720675);
  order.mutable_created_at()->set_nanos(123'999'999);
  EXPECT_EQ(written(order),
            "{\"user_id\":\"a\\\"\\\\\\n\\u0001\u20ac\",\"status\":\"ORDER_CANCELLED\",\"total\":0,\"amount_captured\":0,\"amount_refunded\":0,"
            "\"items\":[{\"sku\":\"S\",\"quantity\":0,\"unit_price\":0,\"total\":0},{\"sku\":\"T\",\"quantity\":0,\"unit_price\":0,\"total\":0}],"
            "\"cancel_requested\":false,\"metadata\":{\"a\\\"\":\"\",\"b\":\"2\"},\"version\":0,\"created_at\":\"2025-11-21T10:24:35.123Z\"}");
}

TEST(WriteJson, AnyIsItsMessage) {
  events::v1::Event event;
  orders::v1::OrderExpired expired;
  expired.mutable_order()->set_order_id("ord_1");
  event.mutable_data()->PackFrom(expired);
  EXPECT_NE(written(event).find(R"("data":{"order":{"order_id":"ord_1","total_amount":0)"), std::string::npos) << written(event);
  event.mutable_data()->set_type_url("type.googleapis.com/nobody.v1.Knows");
  EXPECT_NE(written(event).find(R"("data":{}})"), std::string::npos);
}

TEST(WriteJson, ReadsBackWhatItWrote) {
  CreateOrderRequest request =
      read(R"({"user_id":"u","currency":"JPY","items":[{"sku":"a","name":"\u0000\u001f/\ud83d\ude00","quantity":3}],"metadata":{"k":"v"}})");
  EXPECT_EQ(read(written(request)).SerializeAsString(), request.SerializeAsString());
}

TEST(SetField, TakesWhatPathsAndQueriesGive) {
  orders::v1::ListOrdersRequest request;
  EXPECT_TRUE(set_field(request, "page_size", "5").ok());
  EXPECT_TRUE(set_field(request, "status", "PAYMENT_DONE").ok());
  EXPECT_EQ(request.page_size(), 5);
  EXPECT_EQ(request.status(), orders::v1::ORDER_STATUS_PAYMENT_DONE);
  EXPECT_EQ(set_field(request, "page_size", "5.0").error().fields[0].code, "wrong_type");
  EXPECT_EQ(set_field(request, "page_size", "99999999999").error().fields[0].code, "out_of_range");
  EXPECT_EQ(set_field(request, "page_size", "").error().fields[0].pointer, "/page_size");
  EXPECT_EQ(set_field(request, "user_id", "\xff").error().fields[0].code, "wrong_type");
  EXPECT_EQ(set_field(request, "nobody", "1").error().fields[0].code, "unknown_field");
  EXPECT_EQ(set_field(request, "user_id.x", "1").ok(), false);

  events::v1::GetEventResponse dotted;
  EXPECT_TRUE(set_field(dotted, "event.occurred_at", "2026-11-21T10:24:35+01:00").ok());
  EXPECT_EQ(written(dotted), R"({"event":{"sequence":0,"occurred_at":"2026-11-21T09:24:35.000Z"}})");
  EXPECT_FALSE(set_field(dotted, "event", "x").ok());
}

TEST(EnumText, IsTheNameWithoutItsPrefix) {
  EXPECT_EQ(enum_text(*orders::v1::OrderStatus_descriptor()->FindValueByNumber(2)), "PAYMENT_IN_PROGRESS");
}

}  // namespace
}  // namespace purser::rpc
