#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <numeric>

#include "kernel/card_number.hpp"
#include "kernel/id.hpp"
#include "kernel/money.hpp"
#include "kernel/time.hpp"

namespace purser {
namespace {

Money money(std::int64_t minor, std::string_view code) { return {minor, *Currency::parse(code)}; }

TEST(Money, ReadsCurrenciesInAnyCaseAndRefusesOthers) {
  EXPECT_EQ(Currency::parse("eur")->code(), "EUR");
  for (const char* bad : {"", "EU", "EURO", "XXX", "E R", "123"}) EXPECT_FALSE(Currency::parse(bad)) << bad;
}

TEST(Money, WritesMinorUnitsByExponent) {
  EXPECT_EQ(to_text(money(1250, "USD")), "12.50 USD");
  EXPECT_EQ(to_text(money(5, "USD")), "0.05 USD");
  EXPECT_EQ(to_text(money(-5, "USD")), "-0.05 USD");
  EXPECT_EQ(to_text(money(1250, "JPY")), "1250 JPY");
  EXPECT_EQ(to_text(money(1250, "KWD")), "1.250 KWD");
}

TEST(Money, NeverOverflowsNorMixesCurrencies) {
  const auto max = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(add(money(max, "USD"), money(1, "USD")));
  EXPECT_FALSE(subtract(money(-2, "USD"), money(max, "USD")));
  EXPECT_FALSE(multiply(money(max, "USD"), 2));
  EXPECT_FALSE(add(money(1, "USD"), money(1, "EUR")));
}

RC_GTEST_PROP(Money, SplitConservesEveryMinorUnit, ()) {
  const auto total = *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
  const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1'000'000)));
  const auto parts = split(money(total, "USD"), weights);
  if (std::accumulate(weights.begin(), weights.end(), std::int64_t{0}) == 0) {
    RC_ASSERT(!parts);
    return;
  }
  std::int64_t sum = 0;
  for (const Money& part : *parts) sum += part.minor;
  RC_ASSERT(sum == total);
}

RC_GTEST_PROP(TypeId, ReadsWhatItWrote, (const std::array<std::uint8_t, 16>& uuid)) {
  const OrderId id{uuid};
  RC_ASSERT(OrderId::parse(id.text()) == id);
  RC_ASSERT(!PaymentId::parse(id.text()));
}

TEST(TypeId, WritesTheSpecificationsExample) {
  const Uuid uuid{0x01, 0x88, 0xba, 0xc7, 0x4a, 0xfa, 0x78, 0xaa, 0xbc, 0x3b, 0xbd, 0x1e, 0xef, 0x28, 0xd8, 0x81};
  EXPECT_EQ(encode_base32(uuid), "01h2xcejqtf2nbrexx3vqjhp41");
}

TEST(TypeId, RefusesWhatIsNotOne) {
  for (const char* bad : {"", "ord", "ord_", "ord_01h2xcejqtf2nbrexx3vqjhp4", "ord_01H2XCEJQTF2NBREXX3VQJHP41", "ord_81h2xcejqtf2nbrexx3vqjhp41",
                          "pay_01h2xcejqtf2nbrexx3vqjhp41", "ord_01h2xcejqtf2nbrexx3vqjhp4u", "ord_01h2xcejqtf2nbrexx3vqjhp411"})
    EXPECT_FALSE(OrderId::parse(bad)) << bad;
}

TEST(Time, WritesAndReadsRfc3339) {
  EXPECT_EQ(rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339({-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_rfc3339("2026-11-21T10:24:35.123Z"), (Instant{1795256675123}));
  EXPECT_EQ(parse_rfc3339("2026-11-21T11:24:35.1239+01:00"), (Instant{1795256675123}));
  for (const char* bad : {"", "2026-11-21", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T10:24:35", "2026-11-21T10:24:35.Z",
                          "2026-11-21T10:24:35+1:00", "2026-11-21 10:24:35Z "})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

RC_GTEST_PROP(Time, ReadsWhatItWrote, ()) {
  const Instant at{*rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000)};
  RC_ASSERT(parse_rfc3339(rfc3339(at)) == at);
}

TEST(CardNumber, IsFoundHoweverItIsWritten) {
  for (const char* text :
       {"4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "my card is 378282246310005, thanks", "order-4242424242424242",
        "PAN4242424242424242", "\"6011000990139424\"", "1 4242 4242 4242 4242", "4242 4242 4242 4242 12/30"})
    EXPECT_TRUE(contains_card_number(text)) << text;
}

TEST(CardNumber, LeavesOtherTextAlone) {
  for (const char* text :
       {"", "4242424242424241", "424242424242", "550e8400-e29b-41d4-8716-446655440000", "00000000-0000-4000-8716-446655440000", "pm_card_visa",
        "1763725540001", "20261121102435", "1763725540000001", "ord_01h2xcejqtf2nbrexx3vqjhp41", "2026-11-21T10:24:35.123Z"})
    EXPECT_FALSE(contains_card_number(text)) << text;
}

}  // namespace
}  // namespace purser
