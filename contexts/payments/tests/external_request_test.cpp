// Bodies as merchants send them, and what becomes of each: the JSON its contract has and the repairs it took, or the refusal.
#include "platform/rpc/external_request.hpp"

#include <gtest/gtest.h>

#include "checkout/v1/checkout_service.pb.h"
#include "payments/v1/payment_service.pb.h"
#include "platform/rpc/json.hpp"

namespace purser::payments {
namespace {

// "amount_as_text at /amount, currency_case at /currency"
std::string told(const std::vector<rpc::Repair>& repairs) {
  std::string text;
  for (const rpc::Repair& repair : repairs) text += (text.empty() ? "" : ", ") + repair.code + " at " + repair.field;
  return text;
}
std::string told(const Error& error) {
  std::string text;
  for (const FieldError& field : error.fields) text += (text.empty() ? "" : ", ") + field.code + " at " + field.pointer;
  return text;
}

struct Row {
  std::string body, json, repairs;  // json "": refused, and `repairs` says for what
};

void expect(const google::protobuf::Descriptor& type, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto external = rpc::read_external(row.body, type);
    ASSERT_EQ(external.ok(), !row.json.empty()) << row.body << "\n" << (external.ok() ? external->json : told(external.error()));
    if (!external.ok()) {
      EXPECT_EQ(told(external.error()), row.repairs) << row.body;
      continue;
    }
    EXPECT_EQ(external->json, row.json) << row.body;
    EXPECT_EQ(told(external->repairs), row.repairs) << row.body;
    // What was repaired once needs no repair.
    const auto again = rpc::read_external(external->json, type);
    ASSERT_TRUE(again.ok()) << external->json;
    EXPECT_EQ(again->json, external->json) << row.body;
    EXPECT_EQ(told(again->repairs), "") << row.body;
  }
}

const google::protobuf::Descriptor& payment = *::payments::v1::CreatePaymentRequest::descriptor();
const google::protobuf::Descriptor& checkout = *::checkout::v1::CreateCheckoutRequest::descriptor();

TEST(ExternalRequest, WhatIsAsTheContractHasItStaysAsItIs) {
  expect(payment,
         {
             {R"({"amount":1250,"currency":"USD","payment_method":"pm_1"})", R"({"amount":1250,"currency":"USD","payment_method":"pm_1"})", ""},
             {R"({"order_id":"ord_01h455vb4pex5vsknk084sn02q"})", R"({"order_id":"ord_01h455vb4pex5vsknk084sn02q"})", ""},
             {R"({"amount":null,"metadata":{"a":"b"}})", R"({"amount":null,"metadata":{"a":"b"}})", ""},
             {R"({})", R"({})", ""},
             {R"({"capture_method":"MANUAL","method":"apple_pay"})", R"({"capture_method":"MANUAL","method":"apple_pay"})", ""},
             {R"({"description":"  two  spaces "})", R"({"description":"  two  spaces "})", ""},
             {R"({"amount":-5,"currency":"USD"})", R"({"amount":-5,"currency":"USD"})", ""},
             {R"({"processor_tokens":{"adyen":"8415"}})", R"({"processor_tokens":{"adyen":"8415"}})", ""},
         });
}

TEST(ExternalRequest, AmountsAreReadWhereTheyHaveOneReading) {
  const auto usd = [](const std::string& amount) { return R"({"amount":")" + amount + R"(","currency":"USD"})"; };
  const auto is = [](int minor, const std::string& currency = "USD") {
    return R"({"amount":)" + std::to_string(minor) + R"(,"currency":")" + currency + R"("})";
  };
  const std::string as_text = "amount_as_text at /amount";
  expect(payment,
         {
             {usd("1250"), is(1250), as_text},
             {usd(" 1250 "), is(1250), as_text},
             {usd("12.50"), is(1250), as_text},
             {usd("12.5"), is(1250), as_text},
             {usd("12,50"), is(1250), as_text},
             {usd("0.01"), is(1), as_text},
             {usd("1,234.50"), is(123450), as_text},
             {usd("1.234,50"), is(123450), as_text},
             {usd("1 234.50"), is(123450), as_text},
             {usd("1'234.50"), is(123450), as_text},
             {usd("12.50 USD"), is(1250), as_text},
             {usd("USD 12.50"), is(1250), as_text},
             {usd("$12.50"), is(1250), as_text},
             {usd("US$ 12.50"), is(1250), as_text},
             {usd("12.500000"), is(1250), as_text},
             {R"({"amount":"1,250","currency":"JPY"})", is(1250, "JPY"), as_text},
             {R"({"amount":"¥1250","currency":"JPY"})", is(1250, "JPY"), as_text},
             {R"({"amount":"12.5","currency":"KWD"})", is(12500, "KWD"), as_text},
             // The currency may stand behind the amount, in it, or in it alone.
             {R"({"currency":"EUR","amount":"12,50 €"})", R"({"currency":"EUR","amount":1250})", as_text},
             {R"({"amount":"12.50 EUR"})", R"({"amount":1250,"currency":"EUR"})", "amount_as_text at /amount, currency_from_amount at /currency"},
             {R"({"amount":"€12.50","currency":""})", R"({"amount":1250,"currency":"EUR"})",
              "amount_as_text at /amount, currency_from_amount at /currency"},
             {R"({"amount":"1250"})", R"({"amount":1250})", as_text},
         });
}

TEST(ExternalRequest, AmountsOfTwoReadingsAreRefused) {
  const auto usd = [](const std::string& amount) { return R"({"amount":)" + amount + R"(,"currency":"USD"})"; };
  expect(payment, {
                      {usd(R"("1,234")"), "", "amount_ambiguous at /amount"},
                      {usd(R"("1.234")"), "", "amount_ambiguous at /amount"},
                      {usd(R"("1,234,567")"), "", "amount_ambiguous at /amount"},
                      {usd(R"("12 USD")"), "", "amount_ambiguous at /amount"},
                      {usd(R"("$12")"), "", "amount_ambiguous at /amount"},
                      {usd(R"("1234.567")"), "", "amount_too_precise at /amount"},
                      {usd(R"("12.50 EUR")"), "", "currency_differs at /amount"},
                      {usd(R"("€12.50")"), "", "currency_differs at /amount"},
                      {usd(R"("-12.50")"), "", "amount_unreadable at /amount"},
                      {usd(R"("twelve")"), "", "amount_unreadable at /amount"},
                      {usd(R"("")"), "", "amount_unreadable at /amount"},
                      {usd(R"("1e3")"), "", "amount_unreadable at /amount"},
                      {usd(R"("99999999999999999999")"), "", "out_of_range at /amount"},
                      {usd("12.0"), "", "wrong_type at /amount"},
                      {usd("12.5"), "", "wrong_type at /amount"},
                      {usd("1e3"), "", "wrong_type at /amount"},
                      {R"({"amount":"12.50"})", "", "currency_needed at /amount"},
                      {R"({"amount":"$12.50"})", "", "currency_needed at /amount"},
                      {R"({"amount":"1.250","currency":"KWD"})", "", "amount_ambiguous at /amount"},
                      {R"({"amount":"1.250","currency":"JPY"})", "", "amount_ambiguous at /amount"},
                      {R"({"amount":"12.5","currency":"JPY"})", "", "amount_too_precise at /amount"},
                      {R"({"amount":"12.50","currency":"$"})", "", "currency_ambiguous at /currency"},
                      {R"({"amount":100,"currency":"dollars"})", "", "currency_ambiguous at /currency"},
                  });
  // Of these the contract's own checks know what to say.
  expect(payment, {
                      {R"({"amount":true,"currency":"USD"})", R"({"amount":true,"currency":"USD"})", ""},
                      {R"({"amount":[5],"currency":"USD"})", R"({"amount":[5],"currency":"USD"})", ""},
                      {R"({"amount":"12.50","currency":"ZZZ"})", R"({"amount":null,"currency":"ZZZ"})", ""},
                      {R"({"amount":5,"currency":840})", R"({"amount":5,"currency":840})", ""},
                  });
}

TEST(ExternalRequest, WordsAreReadInAnyCaseWithAnySpaces) {
  expect(
      payment,
      {
          {R"({"currency":"usd"})", R"({"currency":"USD"})", "currency_case at /currency"},
          {R"({"currency":" usd "})", R"({"currency":"USD"})", "currency_case at /currency"},
          {R"({"currency":" USD"})", R"({"currency":"USD"})", "spaces_around at /currency"},
          {R"({"currency":"€"})", R"({"currency":"EUR"})", "currency_name at /currency"},
          {R"({"currency":"Euros"})", R"({"currency":"EUR"})", "currency_name at /currency"},
          {R"({"currency":"US Dollar"})", R"({"currency":"USD"})", "currency_name at /currency"},
          {R"({"method":"Card"})", R"({"method":"card"})", "letter_case at /method"},
          {R"({"method":"credit_card"})", R"({"method":"card"})", "method_synonym at /method"},
          {R"({"method":"Credit Card"})", R"({"method":"card"})", "method_synonym at /method"},
          {R"({"method":"Apple Pay"})", R"({"method":"apple_pay"})", "method_synonym at /method"},
          {R"({"method":"applepay"})", R"({"method":"apple_pay"})", "method_synonym at /method"},
          {R"({"method":"googlePay"})", R"({"method":"google_pay"})", "method_synonym at /method"},
          {R"({"method":" PayPal "})", R"({"method":"paypal"})", "letter_case at /method"},
          {R"({"method":"store credit"})", R"({"method":"wallet"})", "method_synonym at /method"},
          {R"({"method":" beans"})", R"({"method":"beans"})", "spaces_around at /method"},
          {R"({"capture_method":"manual"})", R"({"capture_method":"MANUAL"})", "letter_case at /capture_method"},
          {R"({"capture_method":" Automatic "})", R"({"capture_method":"AUTOMATIC"})", "letter_case at /capture_method"},
          {R"({"country":"de"})", R"({"country":"DE"})", "letter_case at /country"},
          {R"({"card_network":"VISA"})", R"({"card_network":"visa"})", "letter_case at /card_network"},
          {R"({"client_ip":"2001:DB8::1 "})", R"({"client_ip":"2001:db8::1"})", "letter_case at /client_ip"},
          {R"({"order_id":" ord_01h455vb4pex5vsknk084sn02q\n"})", R"({"order_id":"ord_01h455vb4pex5vsknk084sn02q"})", "spaces_around at /order_id"},
          {R"({"order_id":"ORD_01H455VB4PEX5VSKNK084SN02Q"})", R"({"order_id":"ord_01h455vb4pex5vsknk084sn02q"})", "letter_case at /order_id"},
          {R"({"payment_method":" pm_card_visa "})", R"({"payment_method":"pm_card_visa"})", "spaces_around at /payment_method"},
          {R"({"user_id":42})", R"({"user_id":"42"})", "text_as_number at /user_id"},
          {R"({"description":true})", R"({"description":"true"})", "text_as_boolean at /description"},
          {R"({"processor_tokens":{" Adyen ":" 8415 "}})", R"({"processor_tokens":{"adyen":"8415"}})",
           "field_name at /processor_tokens/adyen, spaces_around at /processor_tokens/adyen"},
      });
  expect(payment, {{R"({"capture_method":2})", R"({"capture_method":2})", ""}, {R"({"user_id":4.5})", R"({"user_id":4.5})", ""}});
}

TEST(ExternalRequest, NamesOfFieldsAreReadInAnyHand) {
  expect(payment, {
                      {R"({"Amount":5})", R"({"amount":5})", "field_name at /amount"},
                      {R"({"orderId":"x"})", R"({"order_id":"x"})", "field_name at /order_id"},
                      {R"({"Capture-Method":"MANUAL"})", R"({"capture_method":"MANUAL"})", "field_name at /capture_method"},
                      {R"({"PAYMENT METHOD":"pm"})", R"({"payment_method":"pm"})", "field_name at /payment_method"},
                      // Given twice: for read_json() to refuse.
                      {R"({"amount":5,"AMOUNT":6})", R"({"amount":5,"amount":6})", "field_name at /amount"},
                  });
}

TEST(ExternalRequest, UnknownFieldsAreLeftOutUnlessTheyMayMeanMoney) {
  expect(payment,
         {
             {R"({"amount":5,"status":"CAPTURED"})", R"({"amount":5})", "unknown_field at /status"},
             {R"({"amount":5,"cvc":"123","merchant_id":{"a":[1]}})", R"({"amount":5})", "unknown_field at /cvc, unknown_field at /merchant_id"},
             {R"({"amount":5,"amount_details":{}})", R"({"amount":5})", "unknown_field at /amount_details"},
             {R"({"note":1,"note":2})", R"({})", "unknown_field at /note, unknown_field at /note"},
             {R"({"é":1})", R"({})", "unknown_field at "},
             {R"({"ammount":5})", "", "unknown_field at /ammount"},
             {R"({"amount_cents":5})", "", "unknown_field at /amount_cents"},
             {R"({"amount":5,"order":"ord_1"})", "", "unknown_field at /order"},
             {R"({"amount":5,"capture":false})", "", "unknown_field at /capture"},
             {R"({"amount":5,"captur_method":"MANUAL"})", "", "unknown_field at /captur_method"},
             {R"({"amount":5,"curency":"USD"})", "", "unknown_field at /curency"},
             {R"({"amount":5,"contry":"DE"})", "", "unknown_field at /contry"},
         });
  std::string many = "{";
  for (int i = 0; i < 200; ++i) many += (i > 0 ? ",\"zz" : "\"zz") + std::to_string(i) + "\":1";
  expect(payment, {{many + "}", "", "unknown_field at "}});
}

TEST(ExternalRequest, MetadataIsOfAnyShape) {
  const std::string long_text(600, 'x'), long_key(50, 'k');
  expect(payment,
         {
             {R"({"metadata":{"a":1}})", R"({"metadata":{"a":"1"}})", "text_as_number at /metadata/a"},
             {R"({"metadata":{"a":1.10}})", R"({"metadata":{"a":"1.10"}})", "text_as_number at /metadata/a"},
             {R"({"metadata":{"a":true,"b":false}})", R"({"metadata":{"a":"true","b":"false"}})",
              "text_as_boolean at /metadata/a, text_as_boolean at /metadata/b"},
             {R"({"metadata":{"a":null,"b":"c"}})", R"({"metadata":{"b":"c"}})", "metadata_left_out at /metadata/a"},
             {R"({"metadata":{"a":{"b": [1, "c"]}}})", R"({"metadata":{"a":"{\"b\":[1,\"c\"]}"}})", "text_as_json at /metadata/a"},
             {R"({"metadata":{"a/b":[]}})", R"({"metadata":{"a/b":"[]"}})", "text_as_json at /metadata/a~1b"},
             {R"({"metadata":"vip"})", R"({"metadata":{"value":"vip"}})", "metadata_as_value at /metadata"},
             {R"({"metadata":[1,2]})", R"({"metadata":{"value":"[1,2]"}})", "metadata_as_value at /metadata, text_as_json at /metadata/value"},
             {R"({"metadata":{"":"x"}})", R"({"metadata":{}})", "metadata_left_out at /metadata/"},
             {R"({"metadata":{"a":")" + long_text + R"("}})", R"({"metadata":{"a":")" + long_text.substr(0, 500) + R"("}})",
              "metadata_shortened at /metadata/a"},
             {R"({"metadata":{")" + long_key + R"(":"x"}})", R"({"metadata":{")" + long_key.substr(0, 40) + R"(":"x"}})",
              "metadata_shortened at /metadata/" + long_key},
         });
}

TEST(ExternalRequest, LinesOfACheckout) {
  const std::string line = R"({"sku":"A","quantity":1,"unit_price":5})";
  expect(checkout, {
                       {R"({"currency":"USD","items":[)" + line + "]}", R"({"currency":"USD","items":[)" + line + "]}", ""},
                       {R"({"currency":"USD","items":)" + line + "}", R"({"currency":"USD","items":[)" + line + "]}", "list_as_object at /items"},
                       {R"({"items":[{"sku":"A","quantity":"2","unitPrice":"12.50"}],"currency":"usd"})",
                        R"({"items":[{"sku":"A","quantity":2,"unit_price":1250}],"currency":"USD"})",
                        "number_as_text at /items/0/quantity, field_name at /items/0/unit_price, amount_as_text at /items/0/unit_price, "
                        "currency_case at /currency"},
                       {R"({"currency":"USD","items":[{"sku":7,"quantity":1,"unit_price":5,"color":"red"}]})",
                        R"({"currency":"USD","items":[{"sku":"7","quantity":1,"unit_price":5}]})",
                        "text_as_number at /items/0/sku, unknown_field at /items/0/color"},
                       // Whatever stands where the price should, may be it.
                       {R"({"currency":"USD","items":[{"sku":"A","quantity":1,"price":5}]})", "", "unknown_field at /items/0/price"},
                       {R"({"currency":"USD","items":[{"sku":"A","quantity":1,"cost":5}]})", "", "unknown_field at /items/0/cost"},
                       {R"({"currency":"USD","items":[{"sku":"A","quantity":1,"unit_price":null,"cost":5}]})", "", "unknown_field at /items/0/cost"},
                       {R"({"currency":"USD","items":[{"sku":"A","quantity":1,"unit_price":5.5}]})", "", "wrong_type at /items/0/unit_price"},
                       {R"({"currency":"USD","items":[{"sku":"A","qty":1,"unit_price":5},{"sku":"B","quantity":1,"unit_price":"1,234"}]})", "",
                        "amount_ambiguous at /items/1/unit_price"},
                   });
  expect(checkout, {{R"({"items":[{"quantity":1.5,"unit_price":5}]})", R"({"items":[{"quantity":1.5,"unit_price":5}]})", ""},
                    {R"({"items":[5,null]})", R"({"items":[5,null]})", ""},
                    {R"({"items":"none"})", R"({"items":"none"})", ""}});
}

// What is no JSON object goes to read_json() as it came, which says what is wrong with it.
TEST(ExternalRequest, WhatIsNoJsonIsNotTouched) {
  for (const char* body : {"{", "", "[]", "5", "{\"a\":tru}", "{\"a\":01}", "{\"a\":1} x", "{\"a\":\"\\ud800\"}", "{\"a\":1e}", "{\"a\":nul}", "\xff",
                           "{\"amount\":\"5\"}{"}) {
    const auto external = rpc::read_external(body, payment);
    ASSERT_TRUE(external.ok()) << body;
    EXPECT_EQ(external->json, body);
    ::payments::v1::CreatePaymentRequest request;
    EXPECT_FALSE(rpc::read_json(external->json, request).ok()) << body;
  }
}

TEST(ExternalRequest, WhatCameIsShownShortenedAndNeverWhatNobodyKnows) {
  const auto external =
      rpc::read_external(R"({"amount":"12.50 USD","cvc":"123","user_id":" )" + std::string(100, 'u') + R"( ","payment_method":"pm"})", payment);
  ASSERT_TRUE(external.ok());
  ASSERT_EQ(external->repairs.size(), 4U);
  EXPECT_EQ(external->repairs[0], (rpc::Repair{"/amount", "amount_as_text", "12.50 USD", "1250"}));
  EXPECT_EQ(external->repairs[1], (rpc::Repair{"/cvc", "unknown_field", "a text", ""}));
  EXPECT_EQ(external->repairs[2].received.size(), 64 + std::string("…").size());
  EXPECT_EQ(external->repairs[3].used, "USD");
}

TEST(ExternalRequest, MoreRepairsThanAreToldAreCounted) {
  std::string body = R"({"currency":"USD","items":[)";
  for (int i = 0; i < 70; ++i) body += (i > 0 ? "," : "") + std::string(R"({"sku":"A","quantity":1,"unit_price":"1.00"})");
  const auto external = rpc::read_external(body + "]}", checkout);
  ASSERT_TRUE(external.ok());
  ASSERT_EQ(external->repairs.size(), rpc::repairs_max + 1);
  EXPECT_EQ(external->repairs.back(), (rpc::Repair{"", "more_repairs", "20 more", ""}));
}

}  // namespace
}  // namespace purser::payments
