#include "kernel/money_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "kernel/letters.hpp"

namespace purser {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view dollars =
    "USD AUD BBD BMD BND BSD BZD CAD CLP COP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD ARS SBD SGD SRD TTD TWD UYU XCD CUP CVE NIO";
constexpr std::string_view pounds = "GBP EGP FKP GIP LBP SDG SHP SSP SYP", rupees = "INR LKR MUR NPR PKR SCR", yens = "JPY CNY";

struct Word {
  std::string_view word;   // lower case
  std::string_view codes;  // of all that go by it
};
constexpr std::array words = {
    Word{"€", "EUR"},
    Word{"euro", "EUR"},
    Word{"euros", "EUR"},
    Word{"$", dollars},
    Word{"dollar", dollars},
    Word{"dollars", dollars},
    Word{"us$", "USD"},
    Word{"us dollar", "USD"},
    Word{"us dollars", "USD"},
    Word{"ca$", "CAD"},
    Word{"can$", "CAD"},
    Word{"canadian dollar", "CAD"},
    Word{"a$", "AUD"},
    Word{"canadian dollars", "CAD"},
    Word{"au$", "AUD"},
    Word{"australian dollar", "AUD"},
    Word{"nz$", "NZD"},
    Word{"australian dollars", "AUD"},
    Word{"hk$", "HKD"},
    Word{"s$", "SGD"},
    Word{"sg$", "SGD"},
    Word{"nt$", "TWD"},
    Word{"mx$", "MXN"},
    Word{"r$", "BRL"},
    Word{"c$", "CAD NIO"},
    Word{"£", pounds},
    Word{"pound", pounds},
    Word{"pounds", pounds},
    Word{"pound sterling", "GBP"},
    Word{"pounds sterling", "GBP"},
    Word{"british pound", "GBP"},
    Word{"british pounds", "GBP"},
    Word{"¥", yens},
    Word{"yen", "JPY"},
    Word{"japanese yen", "JPY"},
    Word{"yuan", "CNY"},
    Word{"renminbi", "CNY"},
    Word{"rmb", "CNY"},
    Word{"swiss franc", "CHF"},
    Word{"swiss francs", "CHF"},
    Word{"₹", "INR"},
    Word{"indian rupee", "INR"},
    Word{"indian rupees", "INR"},
    Word{"rs", rupees},
    Word{"rs.", rupees},
    Word{"rupee", rupees},
    Word{"rupees", rupees},
    Word{"kr", "DKK ISK NOK SEK"},
    Word{"zł", "PLN"},
    Word{"zloty", "PLN"},
    Word{"kč", "CZK"},
    Word{"₽", "RUB"},
    Word{"₩", "KRW KPW"},
    Word{"₪", "ILS"},
    Word{"₺", "TRY"},
    Word{"₴", "UAH"},
    Word{"₫", "VND"},
    Word{"₦", "NGN"},
    Word{"₱", "PHP"},
    Word{"₸", "KZT"},
    Word{"₾", "GEL"},
    Word{"₼", "AZN"},
    Word{"฿", "THB"},
    Word{"₲", "PYG"},
    Word{"₡", "CRC"},
    Word{"₵", "GHS"},
    Word{"₮", "MNT"},
    Word{"₭", "LAK"},
    Word{"usd$", "USD"},
    Word{"$usd", "USD"},
};

using Currencies = std::vector<Currency>;

// Those that go by this word; none where nobody does.
Currencies currencies_called(std::string_view said) {
  if (const auto code = Currency::parse(said)) return {*code};
  const std::string lower = in_lower_case(std::string(said));
  const auto* found = std::ranges::find(words, std::string_view(lower), &Word::word);
  Currencies all;
  if (found == words.end()) return all;
  for (std::string_view codes = found->codes; codes.size() >= 3; codes.remove_prefix(std::min<std::size_t>(4, codes.size())))
    all.push_back(*Currency::parse(codes.substr(0, 3)));
  return all;
}

constexpr std::array spaces = {" "sv, "\t"sv, "\n"sv, "\r"sv, "\u00a0"sv, "\u2009"sv, "\u202f"sv};

std::size_t space_at_begin(std::string_view text) {
  for (const std::string_view space : spaces)
    if (text.starts_with(space)) return space.size();
  return 0;
}
std::size_t space_at_end(std::string_view text) {
  for (const std::string_view space : spaces)
    if (text.ends_with(space)) return space.size();
  return 0;
}

// Every kind of space as the one that ASCII has.
std::string with_plain_spaces(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const std::size_t space = space_at_begin(text);
    plain += space > 0 ? ' ' : text.front();
    text.remove_prefix(std::max<std::size_t>(space, 1));
  }
  return plain;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_zeros(std::string_view digits) { return digits.find_first_not_of('0') == std::string_view::npos; }

// What stands around the number: before its first digit and after its last.
struct Parts {
  std::string_view before, number, after;
};
std::optional<Parts> parts_of(std::string_view text) {
  const auto first = std::ranges::find_if(text, is_digit);
  if (first == text.end()) return std::nullopt;
  const auto begin = static_cast<std::size_t>(first - text.begin());
  std::size_t end = text.size();
  while (!is_digit(text[end - 1])) --end;
  return Parts{trimmed(text.substr(0, begin)), text.substr(begin, end - begin), trimmed(text.substr(end))};
}

// The currencies that all of what was said about it allows; `said` is empty where nothing was.
struct Named {
  Currencies said{};
  bool nothing = true;
};
std::optional<Named> named_by(const Parts& parts) {
  Named named;
  for (const std::string_view word : {parts.before, parts.after}) {
    if (word.empty()) continue;
    Currencies called = currencies_called(word);
    if (called.empty()) return std::nullopt;
    if (!named.nothing) std::erase_if(called, [&](Currency one) { return std::ranges::find(named.said, one) == named.said.end(); });
    named.said = std::move(called);
    named.nothing = false;
  }
  return named;
}

std::expected<std::int64_t, AmountFault> number_of(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc()) return std::unexpected(AmountFault::too_large);
  return number;
}

// Groups of three, the first of one to three and not beginning with 0.
bool is_grouped(std::string_view number, char mark) {
  const std::size_t first = number.find(mark);
  if (first == 0 || first > 3 || number.front() == '0') return false;
  for (std::size_t at = first; at < number.size(); at += 4) {
    if (number[at] != mark || at + 4 > number.size()) return false;
    if (!std::ranges::all_of(number.substr(at + 1, 3), is_digit)) return false;
  }
  return true;
}

std::string without(std::string_view number, char mark) {
  std::string rest(number);
  std::erase(rest, mark);
  return rest;
}

// Major units as minor ones: what is beyond the currency's decimals may be zeros alone.
std::expected<std::int64_t, AmountFault> in_minor_units(std::string digits, std::string_view decimals, int exponent) {
  const auto kept = std::min(decimals.size(), static_cast<std::size_t>(exponent));
  if (!all_zeros(decimals.substr(kept))) return std::unexpected(AmountFault::too_precise);
  digits += decimals.substr(0, kept);
  digits.append(static_cast<std::size_t>(exponent) - kept, '0');
  return number_of(digits);
}

bool has_leading_zero(std::string_view digits) { return digits.size() > 1 && digits.front() == '0'; }

// A number whose groups are proved and that has no decimals: a count of what, minor or major units, only a currency without minor units says.
std::expected<std::int64_t, AmountFault> grouped_whole(std::string_view number, char mark, int exponent) {
  if (!is_grouped(number, mark)) return std::unexpected(AmountFault::unreadable);
  if (exponent > 0) return std::unexpected(AmountFault::ambiguous);
  return number_of(without(number, mark));
}

// One mark, once: "12.50", "1,234", "1 234".
std::expected<std::int64_t, AmountFault> with_one_mark(std::string_view number, char mark, int exponent) {
  if (mark == ' ' || mark == '\'') return grouped_whole(number, mark, exponent);
  const std::size_t at = number.find(mark);
  const std::string_view whole = number.substr(0, at), decimals = number.substr(at + 1);
  // Three digits behind the only mark: thousands to one, decimals to another. A comma in a currency without decimals can only group;
  // a point there may be what a computer made of a fraction.
  if (is_grouped(number, mark)) {
    if (exponent == 0 && mark == ',') return grouped_whole(number, mark, exponent);
    return std::unexpected(AmountFault::ambiguous);
  }
  if (has_leading_zero(whole)) return std::unexpected(AmountFault::unreadable);
  return in_minor_units(std::string(whole), decimals, exponent);
}

// "1,234.50", "1.234,50", "1 234,50": the last mark is the decimal one, the others group.
std::expected<std::int64_t, AmountFault> with_two_marks(std::string_view number, int exponent) {
  const std::size_t at = number.find_last_of(".,");
  if (at == std::string_view::npos || number.find_first_of(".,' ", at + 1) != std::string_view::npos) return std::unexpected(AmountFault::unreadable);
  const std::string_view whole = number.substr(0, at);
  const char group = whole[whole.find_first_of(".,' ")];
  if (!is_grouped(whole, group)) return std::unexpected(AmountFault::unreadable);
  return in_minor_units(without(whole, group), number.substr(at + 1), exponent);
}

std::expected<std::int64_t, AmountFault> read_number(std::string_view number, int exponent, bool names_currency) {
  std::string marks;  // each kind once
  for (const char c : number) {
    if (is_digit(c)) continue;
    if (!".,' "sv.contains(c)) return std::unexpected(AmountFault::unreadable);
    if (!marks.contains(c)) marks += c;
  }
  if (marks.empty()) {
    if (has_leading_zero(number)) return std::unexpected(AmountFault::unreadable);
    if (names_currency && exponent > 0) return std::unexpected(AmountFault::ambiguous);
    return number_of(number);
  }
  if (marks.size() == 2) return with_two_marks(number, exponent);
  if (marks.size() > 2) return std::unexpected(AmountFault::unreadable);
  if (std::ranges::count(number, marks.front()) > 1) return grouped_whole(number, marks.front(), exponent);
  return with_one_mark(number, marks.front(), exponent);
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (const std::size_t space = space_at_begin(text)) text.remove_prefix(space);
  while (const std::size_t space = space_at_end(text)) text.remove_suffix(space);
  return text;
}

std::expected<ForeignAmount, AmountFault> read_amount(std::string_view text, std::optional<Currency> currency) {
  const std::string plain = with_plain_spaces(trimmed(text));
  const auto parts = parts_of(plain);
  if (!parts) return std::unexpected(AmountFault::unreadable);
  const auto named = named_by(*parts);
  if (!named) return std::unexpected(AmountFault::unreadable);
  if (!named->nothing && currency && std::ranges::find(named->said, *currency) == named->said.end())
    return std::unexpected(AmountFault::other_currency);
  ForeignAmount amount;
  if (named->said.size() == 1) amount.named = named->said.front();
  const std::optional<Currency> meant = currency ? currency : amount.named;
  const bool digits_alone = std::ranges::all_of(parts->number, is_digit);
  if (!meant && (!named->nothing || !digits_alone)) {
    const bool a_number = std::ranges::all_of(parts->number, [](char c) { return is_digit(c) || ".,' "sv.contains(c); });
    return std::unexpected(a_number ? AmountFault::currency_needed : AmountFault::unreadable);
  }
  const auto minor = read_number(parts->number, meant ? meant->exponent() : 0, !named->nothing);
  if (!minor) return std::unexpected(minor.error());
  amount.minor = *minor;
  return amount;
}

std::expected<Currency, CurrencyFault> read_currency(std::string_view text) {
  const Currencies called = currencies_called(trimmed(text));
  if (called.empty()) return std::unexpected(CurrencyFault::unknown);
  if (called.size() > 1) return std::unexpected(CurrencyFault::ambiguous);
  return called.front();
}

}  // namespace purser
