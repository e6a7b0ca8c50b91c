#include "kernel/card_number.hpp"

#include <array>
#include <cstddef>

namespace purser {
namespace {

constexpr std::size_t digits_min = 13, digits_max = 19, uuid_length = 36;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_separator(char c) { return c == ' ' || c == '-'; }

// Which numbers of a length can be cards at all (ISO/IEC 7812: 13 digits are old Visas, 14 Diners Club; 0 and 1 begin none longer
// than 15). Without it every tenth timestamp in milliseconds would pass for a card.
bool could_be_issued(std::string_view digits) {
  switch (digits.size()) {
    case 13:
      return digits[0] == '4';
    case 14:
      return digits[0] == '3';
    case 15:
      return digits[0] != '0';
    default:
      return digits[0] > '1';
  }
}

// A run of digits joined by single separators is judged at each length a card number can have, from each place it can
// begin: at the run's start or behind a separator, and ending where the digits end or a separator follows.
bool run_holds_card_number(std::string_view run) {
  for (std::size_t begin = 0; begin < run.size(); ++begin) {
    if (!is_digit(run[begin]) || (begin > 0 && is_digit(run[begin - 1]))) continue;
    std::array<char, digits_max> digits{};
    std::size_t count = 0;
    for (std::size_t at = begin; at < run.size() && count < digits_max; ++at) {
      if (is_digit(run[at])) digits[count++] = run[at];
      const bool ends = at + 1 == run.size() || !is_digit(run[at + 1]);
      const std::string_view number(digits.data(), count);
      if (ends && count >= digits_min && could_be_issued(number) && passes_luhn(number)) return true;
    }
  }
  return false;
}

// A UUID's all-digit groups would pass for a card number once in some 20,000; clients send them as keys all day.
bool begins_uuid(std::string_view text, std::size_t at) {
  if (text.size() - at < uuid_length || (at > 0 && is_hex(text[at - 1]))) return false;
  for (std::size_t i = 0; i < uuid_length; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[at + i] != '-' : !is_hex(text[at + i])) return false;
  }
  return at + uuid_length == text.size() || !is_hex(text[at + uuid_length]);
}

}  // namespace

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    int digit = digits[i] - '0';
    if (twice) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool contains_card_number(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (begins_uuid(text, at)) {
      at += uuid_length;
      continue;
    }
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (is_digit(text[end]) || (is_separator(text[end]) && end + 1 < text.size() && is_digit(text[end + 1])))) ++end;
    if (run_holds_card_number(text.substr(at, end - at))) return true;
    at = end;
  }
  return false;
}

}  // namespace purser
