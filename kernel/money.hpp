// Money: a whole number of minor units of one ISO 4217 currency. Never floating point; every sum is checked.
// Amounts of two currencies do not compare, add or convert. Exponents: reference ISO 4217 (0: JPY…, 3: KWD…, else 2).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

class Currency {
 public:
  // "usd", "USD": any case. Nothing if it is not a currency in use.
  static std::optional<Currency> parse(std::string_view code);
  std::string_view code() const { return {code_.data(), 3}; }  // "USD"
  int exponent() const;                                        // digits after the point: 0, 2 or 3
  bool operator==(const Currency&) const = default;

 private:
  explicit Currency(std::string_view code);
  std::array<char, 3> code_;
};

struct Money {
  std::int64_t minor;
  Currency currency;
  bool operator==(const Money&) const = default;
};

// Nothing on overflow; add() and subtract() of two currencies give nothing too.
std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b);
std::optional<Money> add(Money a, Money b);
std::optional<Money> subtract(Money a, Money b);
std::optional<Money> multiply(Money a, std::int64_t times);

// Splits by weight so that the parts sum to the whole, the left-over units going to the largest remainders (first among
// equals). Nothing if no weight is positive, one is negative, or the total is negative.
std::optional<std::vector<Money>> split(Money whole, const std::vector<std::int64_t>& weights);

// "12.50 USD", "1250 JPY": for people.
std::string to_text(Money money);

}  // namespace purser
