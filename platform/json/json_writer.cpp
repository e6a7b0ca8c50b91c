#include "platform/json/json_writer.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace purser {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// What a byte asks for: plain bytes are copied in runs, the others are looked at one by one.
enum class Byte : std::uint8_t { plain, escaped, multibyte };

constexpr std::array<Byte, 256> byte_classes = [] {
  std::array<Byte, 256> classes{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) classes[byte] = Byte::escaped;
  for (std::size_t byte = 0x80; byte < 256; ++byte) classes[byte] = Byte::multibyte;
  classes['"'] = classes['\\'] = Byte::escaped;
  return classes;
}();

Byte class_of(char c) { return byte_classes[static_cast<unsigned char>(c)]; }

void append_escape(std::string& out, char c) {
  constexpr std::string_view short_escaped = "\"\\\b\f\n\r\t", letters = "\"\\bfnrt", hex = "0123456789abcdef";
  if (const std::size_t at = short_escaped.find(c); at != std::string_view::npos) {
    out += '\\';
    out += letters[at];
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += hex[byte >> 4];
  out += hex[byte & 15];
}

// The length of the valid UTF-8 sequence of more than one byte that `text` begins with, or 0. The second byte's bounds shut
// out overlong forms, surrogates and what lies beyond U+10FFFF (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;

  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t at = 2; at < length; ++at)
    if ((byte(at) & 0xC0) != 0x80) return 0;
  return length;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && class_of(text[end]) == Byte::plain) ++end;
    out.append(text, at, end - at);
    at = end;
    if (at == text.size()) break;

    if (class_of(text[at]) == Byte::escaped) {
      append_escape(out, text[at++]);
    } else if (const std::size_t length = sequence_length(text.substr(at)); length > 0) {
      out.append(text, at, length);
      at += length;
    } else {
      out += replacement;
      ++at;
    }
  }
  out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  string(name);
  out_ += ':';
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

JsonWriter& JsonWriter::integer_text(std::int64_t number) { return string(std::to_string(number)); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_due_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_due_) out_ += ',';
  comma_due_ = true;
}

}  // namespace purser
