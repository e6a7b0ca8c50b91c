// Adyen's notifications: which are genuine, and what they mean.
#include "contexts/payments/processors/adyen_notification.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "contexts/payments/processors/adyen.hpp"
#include "kernel/card_number.hpp"

namespace purser::payments {
namespace {

// Key, fields and signature of the example that Adyen publishes.
const std::string hex_key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
const std::string published_signature = "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=";

std::string published(const std::string& signature = published_signature, const std::string& value = "1130",
                      const std::string& reference = "TestPayment-1407325143704", const std::string& more = "") {
  return R"({"live":"false","notificationItems":[{"NotificationRequestItem":{"additionalData":{"hmacSignature":")" + signature +
         R"("},"amount":{"value":)" + value +
         R"(,"currency":"EUR"},"pspReference":"7914073381342284","merchantAccountCode":"TestMerchant","merchantReference":")" + reference +
         R"(","eventCode":"AUTHORISATION","success":"true")" + more + "}}]}";
}

std::string code_of(const Result<Notice>& notice) { return notice.ok() ? "genuine" : notice.error().code; }

// A notification signed as Adyen signs it.
std::string signed_item(const std::string& event, const std::string& success, const std::string& reason = "") {
  constexpr std::array<unsigned char, 2> key = {0xAB, 0xCD};
  const std::string text = "PSP:ORIG:Shop:pay_1-1-2:500:EUR:" + event + ":" + success;
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), key.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  std::array<unsigned char, 48> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), 32);
  return R"({"notificationItems":[{"NotificationRequestItem":{"additionalData":{"hmacSignature":")" +
         std::string(reinterpret_cast<const char*>(base64.data())) +
         R"("},"amount":{"value":500,"currency":"EUR"},"pspReference":"PSP","originalReference":"ORIG","merchantAccountCode":"Shop",)" +
         R"("merchantReference":"pay_1-1-2","reason":")" + reason + R"(","eventCode":")" + event + R"(","success":")" + success + R"("}}]})";
}

TEST(AdyenNotification, OnlyAGenuineOneIsRead) {
  const std::string both = R"({"notificationItems":[{"NotificationRequestItem":{}},{"NotificationRequestItem":{}}]})";
  struct Row {
    const char* what;
    std::string body;
    std::string key;
    const char* code;
  };
  const Row rows[] = {
      // clang-format off
      {"as published",               published(),                                                hex_key,  "genuine"},
      {"another signature",          published("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),  hex_key,  "signature_invalid"},
      {"another amount",             published(published_signature, "1131"),                     hex_key,  "signature_invalid"},
      {"another reference",          published(published_signature, "1130", "mine"),             hex_key,  "signature_invalid"},
      {"an original of its own",     published(published_signature, "1130", "TestPayment-1407325143704", R"(,"originalReference":"x")"),
                                                                                                 hex_key,  "signature_invalid"},
      {"what is not signed",         published(published_signature, "1130", "TestPayment-1407325143704", R"(,"reason":"x")"),
                                                                                                 hex_key,  "genuine"},
      {"unsigned",                   published(""),                                              hex_key,  "signature_malformed"},
      {"another key",                published(),                                                "00",     "signature_invalid"},
      {"no key",                     published(),                                                "",       "signature_invalid"},
      {"a key that is no hex",       published(),                                                "secret", "signature_invalid"},
      {"several items",              both,                                                       hex_key,  "webhook_several_items"},
      {"no item",                    R"({"notificationItems":[]})",                              hex_key,  "webhook_unreadable"},
      {"a list",                     "[]",                                                       hex_key,  "webhook_unreadable"},
      {"nothing",                    "",                                                         hex_key,  "webhook_unreadable"},
      {"no JSON",                    "live=false",                                               hex_key,  "webhook_unreadable"},
      {"an item of another kind",    R"({"notificationItems":[1]})",                             hex_key,  "webhook_unreadable"},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(code_of(parse_adyen_notification(row.body, row.key, "TestMerchant")), row.code) << row.what;
}

TEST(AdyenNotification, SaysWhatItIsAbout) {
  const auto notice = parse_adyen_notification(published(), hex_key, "TestMerchant");
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->about, Notice::About::money);
  EXPECT_EQ(notice->type, "AUTHORISATION");
  EXPECT_EQ(notice->reference, "TestPayment-1407325143704");
  EXPECT_EQ(notice->processor_ref, "7914073381342284");
  EXPECT_EQ(notice->amount, (Money{1130, *Currency::parse("EUR")}));
  EXPECT_EQ(notice->outcome.end, End::succeeded);
  EXPECT_EQ(parse_adyen_notification(published(), hex_key, "Other")->about, Notice::About::nothing);
}

TEST(AdyenNotification, MeansForTheirEvents) {
  using About = Notice::About;
  struct Row {
    const char* event;
    const char* success;
    About about;
    End end;
    const char* reference;
    const char* processor_ref;  // of the outcome
    bool has_amount;
  };
  const Row rows[] = {
      // clang-format off
      {"AUTHORISATION",     "true",  About::money,   End::succeeded, "pay_1-1-2", "PSP",  true},
      {"AUTHORISATION",     "false", About::money,   End::declined,  "pay_1-1-2", "PSP",  true},
      {"CAPTURE",           "true",  About::capture, End::succeeded, "pay_1-1-2", "ORIG", true},
      {"CAPTURE",           "false", About::capture, End::declined,  "pay_1-1-2", "ORIG", true},
      {"CAPTURE_FAILED",    "true",  About::capture, End::declined,  "pay_1-1-2", "ORIG", true},
      {"REFUND",            "true",  About::refund,  End::succeeded, "pay_1-1-2", "PSP",  true},
      {"REFUND",            "false", About::refund,  End::declined,  "pay_1-1-2", "PSP",  true},
      {"REFUND_FAILED",     "true",  About::refund,  End::declined,  "pay_1-1-2", "PSP",  true},
      {"REFUNDED_REVERSED", "true",  About::refund,  End::declined,  "pay_1-1-2", "PSP",  true},
      {"CANCELLATION",      "true",  About::money,   End::released,  "",          "ORIG", false},
      {"CANCELLATION",      "false", About::release, End::declined,  "pay_1-1-2", "ORIG", false},
      {"TECHNICAL_CANCEL",  "true",  About::money,   End::released,  "pay_1-1-2", "ORIG", false},
      {"TECHNICAL_CANCEL",  "false", About::nothing, End::in_doubt,  "pay_1-1-2", "",     false},
      {"CANCEL_OR_REFUND",  "true",  About::refund,  End::succeeded, "pay_1-1-2", "ORIG", false},
      {"CANCEL_OR_REFUND",  "false", About::refund,  End::declined,  "pay_1-1-2", "ORIG", false},
      {"CHARGEBACK",        "true",  About::nothing, End::in_doubt,  "pay_1-1-2", "",     false},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto notice = parse_adyen_notification(signed_item(row.event, row.success, "Not enough balance"), "ABCD", "Shop");
    ASSERT_TRUE(notice.ok()) << row.event;
    EXPECT_EQ(notice->about, row.about) << row.event << row.success;
    EXPECT_EQ(notice->outcome.end, row.end) << row.event << row.success;
    EXPECT_EQ(notice->reference, row.reference) << row.event << row.success;
    EXPECT_EQ(notice->outcome.processor_ref, row.processor_ref) << row.event << row.success;
    EXPECT_EQ(notice->amount.has_value(), row.has_amount) << row.event << row.success;
  }
  EXPECT_EQ(parse_adyen_notification(signed_item("AUTHORISATION", "false", "Not enough balance"), "ABCD", "Shop")->outcome.failure->decline_code,
            "insufficient_funds");
  EXPECT_EQ(code_of(parse_adyen_notification(signed_item("CAPTURE", "maybe"), "ABCD", "Shop")), "webhook_unreadable");
}

TEST(AdyenNotification, SubscribesToWhatItReads) {
  for (const std::string& event : adyen_webhook_types())
    EXPECT_NE(parse_adyen_notification(signed_item(event, "true"), "ABCD", "Shop")->about, Notice::About::nothing) << event;
}

// Sixteen digits may pass for a card's number, and would be refused where events are kept.
TEST(AdyenNotification, ItsIdIsNobodysCardNumber) {
  const auto notice = parse_adyen_notification(published(), hex_key, "TestMerchant");
  EXPECT_EQ(notice->event_id, "79140733_81342284_AUTHORISATION_true");
  EXPECT_TRUE(contains_card_number("4111111111111111"));
  EXPECT_FALSE(contains_card_number("41111111_11111111_CAPTURE_true"));
}

}  // namespace
}  // namespace purser::payments
