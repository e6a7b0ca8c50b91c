#include "kernel/money_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/method_name.hpp"

namespace purser {
namespace {

std::optional<Currency> in(const char* code) { return Currency::parse(code); }

TEST(MoneyText, AmountHasOneReadingOrNone) {
  struct Row {
    const char* text;
    const char* currency;  // "": none
    std::int64_t minor;
  };
  const Row rows[] = {
      // clang-format off
      // digits alone: the integer as text
      {"1250", "USD", 1250},           {"1250", "", 1250},              {" 1250 ", "USD", 1250},       {"0", "USD", 0},
      // one decimal mark
      {"12.50", "USD", 1250},          {"12.5", "USD", 1250},           {"12,50", "EUR", 1250},        {"0.50", "USD", 50},
      {"0.5", "USD", 50},              {"1234.50", "USD", 123450},      {"12.50", "KWD", 12500},       {"0.250", "KWD", 250},
      {"1250.500", "KWD", 1250500},    {"12.00", "JPY", 12},            {"1250.0", "JPY", 1250},       {"12.5000", "USD", 1250},
      // groups
      {"1,234.50", "USD", 123450},     {"1.234,50", "EUR", 123450},     {"1 234,50", "EUR", 123450},   {"1'234.50", "CHF", 123450},
      {"1,234,567.8", "USD", 123456780}, {"1.234.567,89", "EUR", 123456789}, {"1,234.500", "KWD", 1234500}, {"1,234.500", "USD", 123450},
      {"1,250", "JPY", 1250},          {"1,234,567", "JPY", 1234567},   {"1 250", "JPY", 1250},        {"1.234.567", "JPY", 1234567},
      {"1\u00a0234,50", "EUR", 123450}, {"1\u202f234,50", "EUR", 123450},
      // with its currency
      {"12.50 USD", "USD", 1250},      {"usd 12.50", "USD", 1250},      {"USD12.50", "USD", 1250},     {"12.50 USD", "", 1250},
      {"$12.50", "USD", 1250},         {"$12.50", "CAD", 1250},         {"€12,50", "EUR", 1250},       {"12,50 €", "", 1250},
      {"US$12.50", "", 1250},          {"$12.50 USD", "", 1250},        {"1250 JPY", "JPY", 1250},     {"¥1,250", "JPY", 1250},
      {"12.50 euros", "", 1250},       {"1,234.50 US dollars", "USD", 123450},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto amount = read_amount(row.text, in(row.currency));
    ASSERT_TRUE(amount) << row.text << " " << row.currency;
    EXPECT_EQ(amount->minor, row.minor) << row.text << " " << row.currency;
  }
}

TEST(MoneyText, WhatCouldBeMeantInTwoWaysIsNotRead) {
  struct Row {
    const char* text;
    const char* currency;
    AmountFault fault;
  };
  using enum AmountFault;
  const Row rows[] = {
      // clang-format off
      {"1,234", "USD", ambiguous},     {"1.234", "USD", ambiguous},     {"1.250", "KWD", ambiguous},   {"1.250", "JPY", ambiguous},
      {"12 USD", "USD", ambiguous},    {"$12", "USD", ambiguous},       {"1,234,567", "USD", ambiguous}, {"1 234", "EUR", ambiguous},
      {"12.345", "USD", ambiguous},    {"1234.567", "USD", too_precise}, {"12.5", "JPY", too_precise}, {"0.1234", "KWD", too_precise},
      {"12.50", "", currency_needed},  {"$12.50", "", currency_needed}, {"£12.50", "", currency_needed}, {"¥1250", "", currency_needed},
      {"12.50 EUR", "USD", other_currency}, {"€12.50", "USD", other_currency}, {"$12.50", "EUR", other_currency}, {"£1.50 USD", "USD", other_currency},
      {"", "USD", unreadable},         {"abc", "USD", unreadable},      {"USD", "USD", unreadable},    {"-12.50", "USD", unreadable},
      {"+12.50", "USD", unreadable},   {"1e3", "USD", unreadable},      {"0x10", "USD", unreadable},   {"007", "USD", unreadable},
      {"007.50", "USD", unreadable},   {"12.", "USD", unreadable},      {".50", "USD", unreadable},    {"12..50", "USD", unreadable},
      {"1,23.50", "USD", unreadable},  {"1,23,456.50", "INR", unreadable}, {"1.234,50.00", "USD", unreadable}, {"12.50 beans", "USD", unreadable},
      {"(12.50)", "USD", unreadable},  {"12.50 13.50", "USD", unreadable}, {"0,123.50", "USD", unreadable}, {"12_50", "USD", unreadable},
      {"١٢", "USD", unreadable},       {"99999999999999999999", "USD", too_large}, {"99999999999999999.99", "USD", too_large},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto amount = read_amount(row.text, in(row.currency));
    ASSERT_FALSE(amount) << row.text << " " << row.currency << " was read as " << amount->minor;
    EXPECT_EQ(int(amount.error()), int(row.fault)) << row.text << " " << row.currency;
  }
}

// Every amount, however it is written, is read as itself or not at all.
RC_GTEST_PROP(MoneyText, WhatIsWrittenIsWhatIsRead, (std::uint32_t number, std::uint8_t pick)) {
  const Currency currency = *in(std::array{"USD", "JPY", "KWD", "EUR"}[pick % 4]);
  const std::string text = to_text({std::int64_t{number}, currency});
  const auto amount = read_amount(text, currency);
  if (amount) RC_ASSERT(amount->minor == std::int64_t{number});
  if (currency.exponent() == 2) RC_ASSERT(amount.has_value());
}

TEST(MoneyText, CurrencyIsReadWhereOnlyOneIsCalledSo) {
  for (const auto& [text, code] : std::initializer_list<std::pair<const char*, const char*>>{
           {"usd", "USD"}, {" USD ", "USD"}, {"€", "EUR"}, {"Euros", "EUR"}, {"US Dollars", "USD"}, {"yen", "JPY"}, {"US$", "USD"}, {"Zł", "PLN"}}) {
    const auto currency = read_currency(text);
    ASSERT_TRUE(currency) << text;
    EXPECT_EQ(currency->code(), code);
  }
  for (const char* text : {"$", "dollars", "£", "¥", "kr", "Rs"}) EXPECT_EQ(read_currency(text).error(), CurrencyFault::ambiguous) << text;
  for (const char* text : {"", "ZZZ", "bitcoin", "us", "U S D"}) EXPECT_EQ(read_currency(text).error(), CurrencyFault::unknown) << text;
}

TEST(MethodName, OthersWordsAreOurs) {
  for (const auto& [said, name] : std::initializer_list<std::pair<const char*, const char*>>{{"card", "card"},
                                                                                             {"Credit Card", "card"},
                                                                                             {"credit_card", "card"},
                                                                                             {"DEBIT-CARD", "card"},
                                                                                             {"Apple Pay", "apple_pay"},
                                                                                             {"applepay", "apple_pay"},
                                                                                             {"GooglePay", "google_pay"},
                                                                                             {"G Pay", "google_pay"},
                                                                                             {" PayPal ", "paypal"},
                                                                                             {"Store Credit", "wallet"},
                                                                                             {"SEPA Debit", "sepa_debit"},
                                                                                             {"beans", "beans"}})
    EXPECT_EQ(method_name(said), name) << said;
}

}  // namespace
}  // namespace purser
