#include "kernel/method_name.hpp"

#include <algorithm>
#include <array>

#include "kernel/letters.hpp"
#include "kernel/money_text.hpp"

namespace purser {
namespace {

struct Synonym {
  std::string_view word;  // lower case, letters alone
  std::string_view name;
};
constexpr std::array synonyms = {
    Synonym{"card", "card"},
    Synonym{"cards", "card"},
    Synonym{"creditcard", "card"},
    Synonym{"debitcard", "card"},
    Synonym{"bankcard", "card"},
    Synonym{"paymentcard", "card"},
    Synonym{"creditdebitcard", "card"},
    Synonym{"applepay", "apple_pay"},
    Synonym{"googlepay", "google_pay"},
    Synonym{"gpay", "google_pay"},
    Synonym{"paypal", "paypal"},
    Synonym{"wallet", "wallet"},
    Synonym{"storecredit", "wallet"},
};

}  // namespace

std::string method_name(std::string_view said) {
  std::string name = in_lower_case(std::string(trimmed(said)));
  std::ranges::replace_if(name, [](char c) { return c == ' ' || c == '-' || c == '/'; }, '_');
  std::string letters = name;
  std::erase(letters, '_');
  const auto* found = std::ranges::find(synonyms, std::string_view(letters), &Synonym::word);
  return found == synonyms.end() ? name : std::string(found->name);
}

}  // namespace purser
