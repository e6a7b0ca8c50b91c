#include "kernel/money.hpp"

#include <algorithm>
#include <numeric>

#include "kernel/letters.hpp"

namespace purser {
namespace {

using namespace std::string_view_literals;

// ISO 4217 codes in use, in order, so that they can be searched.
constexpr std::array currencies = {
    "AED"sv, "AFN"sv, "ALL"sv, "AMD"sv, "ANG"sv, "AOA"sv, "ARS"sv, "AUD"sv, "AWG"sv, "AZN"sv, "BAM"sv, "BBD"sv, "BDT"sv, "BGN"sv, "BHD"sv, "BIF"sv,
    "BMD"sv, "BND"sv, "BOB"sv, "BRL"sv, "BSD"sv, "BTN"sv, "BWP"sv, "BYN"sv, "BZD"sv, "CAD"sv, "CDF"sv, "CHF"sv, "CLP"sv, "CNY"sv, "COP"sv, "CRC"sv,
    "CUP"sv, "CVE"sv, "CZK"sv, "DJF"sv, "DKK"sv, "DOP"sv, "DZD"sv, "EGP"sv, "ERN"sv, "ETB"sv, "EUR"sv, "FJD"sv, "FKP"sv, "GBP"sv, "GEL"sv, "GHS"sv,
    "GIP"sv, "GMD"sv, "GNF"sv, "GTQ"sv, "GYD"sv, "HKD"sv, "HNL"sv, "HTG"sv, "HUF"sv, "IDR"sv, "ILS"sv, "INR"sv, "IQD"sv, "IRR"sv, "ISK"sv, "JMD"sv,
    "JOD"sv, "JPY"sv, "KES"sv, "KGS"sv, "KHR"sv, "KMF"sv, "KPW"sv, "KRW"sv, "KWD"sv, "KYD"sv, "KZT"sv, "LAK"sv, "LBP"sv, "LKR"sv, "LRD"sv, "LSL"sv,
    "LYD"sv, "MAD"sv, "MDL"sv, "MGA"sv, "MKD"sv, "MMK"sv, "MNT"sv, "MOP"sv, "MRU"sv, "MUR"sv, "MVR"sv, "MWK"sv, "MXN"sv, "MYR"sv, "MZN"sv, "NAD"sv,
    "NGN"sv, "NIO"sv, "NOK"sv, "NPR"sv, "NZD"sv, "OMR"sv, "PAB"sv, "PEN"sv, "PGK"sv, "PHP"sv, "PKR"sv, "PLN"sv, "PYG"sv, "QAR"sv, "RON"sv, "RSD"sv,
    "RUB"sv, "RWF"sv, "SAR"sv, "SBD"sv, "SCR"sv, "SDG"sv, "SEK"sv, "SGD"sv, "SHP"sv, "SLE"sv, "SOS"sv, "SRD"sv, "SSP"sv, "STN"sv, "SVC"sv, "SYP"sv,
    "SZL"sv, "THB"sv, "TJS"sv, "TMT"sv, "TND"sv, "TOP"sv, "TRY"sv, "TTD"sv, "TWD"sv, "TZS"sv, "UAH"sv, "UGX"sv, "USD"sv, "UYU"sv, "UZS"sv, "VES"sv,
    "VND"sv, "VUV"sv, "WST"sv, "XAF"sv, "XCD"sv, "XOF"sv, "XPF"sv, "YER"sv, "ZAR"sv, "ZMW"sv, "ZWL"sv};
static_assert(std::ranges::is_sorted(currencies));

constexpr std::array exponent_0 = {"BIF"sv, "CLP"sv, "DJF"sv, "GNF"sv, "ISK"sv, "JPY"sv, "KMF"sv, "KRW"sv,
                                   "PYG"sv, "RWF"sv, "UGX"sv, "VND"sv, "VUV"sv, "XAF"sv, "XOF"sv, "XPF"sv};
constexpr std::array exponent_3 = {"BHD"sv, "IQD"sv, "JOD"sv, "KWD"sv, "LYD"sv, "OMR"sv, "TND"sv};

}  // namespace

Currency::Currency(std::string_view code) : code_{code[0], code[1], code[2]} {}

std::optional<Currency> Currency::parse(std::string_view code) {
  if (code.size() != 3) return std::nullopt;
  const std::string upper = in_upper_case(std::string(code));
  if (!std::ranges::binary_search(currencies, std::string_view(upper))) return std::nullopt;
  return Currency(upper);
}

int Currency::exponent() const {
  if (std::ranges::binary_search(exponent_0, code())) return 0;
  if (std::ranges::binary_search(exponent_3, code())) return 3;
  return 2;
}

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

std::optional<Money> add(Money a, Money b) {
  if (a.currency != b.currency) return std::nullopt;
  const auto sum = checked_add(a.minor, b.minor);
  return sum ? std::optional(Money{*sum, a.currency}) : std::nullopt;
}

std::optional<Money> subtract(Money a, Money b) {
  std::int64_t rest = 0;
  if (a.currency != b.currency || __builtin_sub_overflow(a.minor, b.minor, &rest)) return std::nullopt;
  return Money{rest, a.currency};
}

std::optional<Money> multiply(Money a, std::int64_t times) {
  const auto product = checked_multiply(a.minor, times);
  return product ? std::optional(Money{*product, a.currency}) : std::nullopt;
}

std::optional<std::vector<Money>> split(Money whole, const std::vector<std::int64_t>& weights) {
  __extension__ using Wide = __int128;
  const bool negative = std::ranges::any_of(weights, [](std::int64_t weight) { return weight < 0; });
  const Wide sum = std::accumulate(weights.begin(), weights.end(), Wide{0});
  if (negative || sum <= 0 || whole.minor < 0) return std::nullopt;

  std::vector<Money> parts;
  std::vector<std::pair<Wide, std::size_t>> remainders;
  std::int64_t left = whole.minor;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Wide share = Wide{whole.minor} * weights[i];
    parts.push_back({static_cast<std::int64_t>(share / sum), whole.currency});
    remainders.emplace_back(share % sum, i);
    left -= parts.back().minor;
  }
  std::ranges::sort(remainders, [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  for (std::size_t i = 0; left > 0; ++i, --left) ++parts[remainders[i].second].minor;
  return parts;
}

std::string to_text(Money money) {
  std::string digits = std::to_string(money.minor);
  const bool negative = digits.front() == '-';
  if (negative) digits.erase(0, 1);
  const auto exponent = static_cast<std::size_t>(money.currency.exponent());
  if (exponent > 0) {
    if (digits.size() <= exponent) digits.insert(0, exponent + 1 - digits.size(), '0');
    digits.insert(digits.size() - exponent, ".");
  }
  return (negative ? "-" : "") + digits + " " + std::string(money.currency.code());
}

}  // namespace purser
