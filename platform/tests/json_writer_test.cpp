#include "platform/json/json_writer.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <limits>

namespace purser {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, EscapesText) {
  struct Row {
    const char* why;
    std::string_view text, want;
  };
  using namespace std::literals;
  const Row rows[] = {
      // clang-format off
      {"empty",                    "",                          R"("")"},
      {"plain",                    "abc/def",                   R"("abc/def")"},
      {"quote and backslash",      R"(a"b\c)",                  R"("a\"b\\c")"},
      {"short escapes",            "\b\f\n\r\t",                R"("\b\f\n\r\t")"},
      {"other control characters", "\x01\x1f\0x"sv,             R"("\u0001\u001f\u0000x")"},
      {"delete is no control",     "\x7f",                      "\"\x7f\""},
      {"two, three, four bytes",   "é€😀",                      "\"é€😀\""},
      {"line separator stays",     "\u2028\u2029",              "\"\u2028\u2029\""},
      {"highest code point",       "\xF4\x8F\xBF\xBF",          "\"\xF4\x8F\xBF\xBF\""},
      {"lone continuation",        "a\x80z",                    "\"a\uFFFDz\""},
      {"cut short",                "\xE2\x82",                  "\"\uFFFD\uFFFD\""},
      {"cut short by text",        "\xE2\x82z",                 "\"\uFFFD\uFFFDz\""},
      {"overlong slash",           "\xC0\xAF",                  "\"\uFFFD\uFFFD\""},
      {"overlong three",           "\xE0\x80\x80",              "\"\uFFFD\uFFFD\uFFFD\""},
      {"overlong four",            "\xF0\x80\x80\x80",          "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
      {"surrogate",                "\xED\xA0\x80",              "\"\uFFFD\uFFFD\uFFFD\""},
      {"beyond U+10FFFF",          "\xF4\x90\x80\x80",          "\"\uFFFD\uFFFD\uFFFD\uFFFD\""},
      {"never a lead",             "\xF5\xFF",                  "\"\uFFFD\uFFFD\""},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(written(row.text), row.want) << row.why;
}

TEST(JsonWriter, EveryPairOfBytesComesOutAsValidJson) {
  simdjson::dom::parser parser;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const auto parsed = parser.parse(simdjson::padded_string(written(text)));
      ASSERT_EQ(parsed.error(), simdjson::SUCCESS) << first << " " << second;
    }
  }
}

TEST(JsonWriter, PlacesCommas) {
  std::string out = "kept:";
  JsonWriter json(out);
  json.begin_object().key("a").begin_array().integer(1).begin_array().end_array().begin_object().end_object().end_array();
  json.key("b").boolean(true).key("c").null().key("d").raw(R"({"x":[]})").key("e").string("s").end_object();
  EXPECT_EQ(out, R"(kept:{"a":[1,[],{}],"b":true,"c":null,"d":{"x":[]},"e":"s"})");
}

TEST(JsonWriter, WritesTheEndsOfTheIntegers) {
  std::string out;
  using Limits = std::numeric_limits<std::int64_t>;
  JsonWriter(out).begin_array().integer(Limits::min()).integer(Limits::max()).integer_text(Limits::min()).boolean(false).end_array();
  EXPECT_EQ(out, R"([-9223372036854775808,9223372036854775807,"-9223372036854775808",false])");
}

}  // namespace
}  // namespace purser
