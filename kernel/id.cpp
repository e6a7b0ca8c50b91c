#include "kernel/id.hpp"

namespace purser {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}
constexpr auto values = make_values();

}  // namespace

// 128 bits are written as 26 digits of 5 bits, the first of which holds only the top 3 bits.
std::string encode_base32(const Uuid& uuid) {
  std::string text(26, '0');
  unsigned buffer = 0, bits = 0;
  std::size_t at = 26;
  for (std::size_t i = uuid.size(); i-- > 0;) {
    buffer |= unsigned{uuid[i]} << bits;
    for (bits += 8; bits >= 5; bits -= 5, buffer >>= 5) text[--at] = alphabet[buffer & 31U];
  }
  text[0] = alphabet[buffer & 31U];
  return text;
}

std::optional<Uuid> decode_base32(std::string_view text) {
  if (text.size() != 26 || values[static_cast<unsigned char>(text[0])] > 7) return std::nullopt;
  Uuid uuid{};
  unsigned buffer = 0, bits = 0;
  std::size_t at = uuid.size();
  for (std::size_t i = text.size(); i-- > 0;) {
    const int digit = values[static_cast<unsigned char>(text[i])];
    if (digit < 0) return std::nullopt;
    buffer |= static_cast<unsigned>(digit) << bits;
    for (bits += 5; bits >= 8 && at > 0; bits -= 8, buffer >>= 8) uuid[--at] = static_cast<std::uint8_t>(buffer);
  }
  return uuid;
}

}  // namespace purser
