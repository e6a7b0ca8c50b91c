// Finds payment card numbers in text, so that they can be refused at the edge and never stored or logged (PCI DSS 3.5.1):
// 13 to 19 digits, spaces or dashes allowed between them, that pass the Luhn check and begin as a card of their length can.
#pragma once
#include <string_view>

namespace purser {

bool passes_luhn(std::string_view digits);
bool contains_card_number(std::string_view text);

}  // namespace purser
