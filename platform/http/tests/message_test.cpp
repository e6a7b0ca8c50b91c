#include "platform/http/message.hpp"

#include <gtest/gtest.h>

#include "platform/http/response_head.hpp"

namespace purser::http {
namespace {

using namespace std::string_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("X-Many", "one");
  headers.add("x-many", "two");
  EXPECT_EQ(headers.find("content-TYPE"), "text/plain");
  EXPECT_EQ(headers.find("X-MANY"), "one");
  EXPECT_EQ(headers.find("X-Man"), std::nullopt);
  EXPECT_EQ(headers.find(""), std::nullopt);
}

TEST(Headers, SetReplacesEveryEarlierOne) {
  Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  headers.set("A", headers.all().back().value);
  ASSERT_EQ(headers.all().size(), 2u);
  EXPECT_EQ(headers.find("a"), "3");
  EXPECT_EQ(headers.find("b"), "2");
}

TEST(Target, Splits) {
  struct Row {
    std::string_view target;
    std::string path;
    Fields query;
  };
  const Row rows[] = {
      // clang-format off
      {"/",                           "/",          {}},
      {"",                            "/",          {}},
      {"*",                           "*",          {}},
      {"/orders/ord_1",               "/orders/ord_1", {}},
      {"/orders?limit=2&status=",     "/orders",    {{"limit", "2"}, {"status", ""}}},
      {"/a?",                         "/a",         {}},
      {"/a?&&b&",                     "/a",         {{"b", ""}}},
      {"/a?b=1&b=2",                  "/a",         {{"b", "1"}, {"b", "2"}}},
      {"/a?b=c=d?e",                  "/a",         {{"b", "c=d?e"}}},
      {"/a%20b+c?d+e=f+g%2B",         "/a b+c",     {{"d e", "f g+"}}},
      {"/%C3%bc",                     "/\xc3\xbc",  {}},
      {"/a%00b?c=%00",                "/a\0b"s,     {{"c", "\0"s}}},
      {"/a#fragment?b=1",             "/a",         {}},
      {"http://shop.example/a?b=1",   "/a",         {{"b", "1"}}},
      {"http://shop.example",         "/",          {}},
      {"http://shop.example?b=1",     "/",          {{"b", "1"}}},
      {"/go?to=http://shop.example/", "/go",        {{"to", "http://shop.example/"}}},
      // clang-format on
  };
  for (const Row& row : rows) {
    const Target got = parse_target(row.target);
    EXPECT_TRUE(got.valid) << row.target;
    EXPECT_EQ(got.path, row.path) << row.target;
    EXPECT_EQ(got.query, row.query) << row.target;
  }
}

// A path is split as it was sent: what is encoded is never a border between segments.
TEST(Target, IsSplitBeforeItIsDecoded) {
  struct Row {
    std::string_view target;
    std::vector<std::string> segments;
  };
  const Row rows[] = {
      // clang-format off
      {"",                          {""}},
      {"/",                         {""}},
      {"*",                         {"*"}},
      {"/a",                        {"a"}},
      {"/a/",                       {"a", ""}},
      {"//a",                       {"", "a"}},
      {"/a%2Fb/c",                  {"a/b", "c"}},
      {"/a/%2f",                    {"a", "/"}},
      {"%2Fa",                      {"/a"}},
      {"/a%252Fb",                  {"a%2Fb"}},
      {"/a/b%3Fc?d=/e",             {"a", "b?c"}},
      {"http://shop.example/a%2Fb", {"a/b"}},
      {"http://shop.example",       {""}},
      // clang-format on
  };
  for (const Row& row : rows) EXPECT_EQ(parse_target(row.target).segments, row.segments) << row.target;
}

TEST(Target, BrokenEncodingIsNotValid) {
  for (const std::string_view target : {"/%", "/%4", "/%zz", "/%4g", "/a?b=%", "/a?%2=1", "/a?b=%z1", "/a?ok=1&b=%-1", "/%%41"}) {
    EXPECT_FALSE(parse_target(target).valid) << target;
  }
}

TEST(Form, Reads) {
  EXPECT_EQ(parse_form(""), Fields());
  EXPECT_EQ(parse_form("&&"), Fields());
  EXPECT_EQ(parse_form("a=1&b=&c&=d"), (Fields{{"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}}));
  EXPECT_EQ(parse_form("metadata[order]=a%26b+c"), (Fields{{"metadata[order]", "a&b c"}}));
  EXPECT_EQ(parse_form("a=%00"), (Fields{{"a", "\0"s}}));
  for (const std::string_view body : {"a=%", "%zz=1", "a=1&b=%1", "a=1&b=%G0"}) EXPECT_EQ(parse_form(body), std::nullopt) << body;
}

TEST(Form, WritesWhatItReads) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  const Fields fields{{"plain", "a-b_c.d~e"}, {"metadata[k]", "  & = + %  "}, {"", ""}, {every_byte, every_byte}};
  EXPECT_EQ(parse_form(write_form(fields)), fields);
  EXPECT_EQ(write_form({{"a b", "c+d"}, {"e", "\xc3\xbc"}}), "a+b=c%2Bd&e=%C3%BC");
  EXPECT_EQ(write_form({}), "");
}

TEST(PercentEncode, KeepsOnlyTheUnreserved) {
  EXPECT_EQ(percent_encode("Az09-._~"), "Az09-._~");
  EXPECT_EQ(percent_encode(" /?&=+%\"\n\xff"s + '\0'), "%20%2F%3F%26%3D%2B%25%22%0A%FF%00");
}

TEST(ResponseHead, NoHeaderEndsItsLineOrMovesTheBody) {
  Response response{.status = 201, .body = "12345"};
  response.headers.add("Location", "/a\r\nX-Forged: 1\n"s + '\0' + "b");
  response.headers.add("content-LENGTH", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Connection", "upgrade");
  response.headers.add("Bad Name\r\nX-Forged", "1");
  response.headers.add("", "1");
  std::string head;
  append_head(head, response, Persistence::implied);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 201 Created\r\nDate: ")) << head;
  EXPECT_TRUE(head.ends_with(" GMT\r\nContent-Length: 5\r\nLocation: /aX-Forged: 1b\r\n\r\n")) << head;
}

TEST(ResponseHead, SaysWhatBecomesOfTheConnection) {
  const auto head = [](int status, Persistence persistence) {
    std::string text;
    append_head(text, Response{.status = status}, persistence);
    return text;
  };
  EXPECT_EQ(head(200, Persistence::implied).find("Connection"), std::string::npos);
  EXPECT_NE(head(200, Persistence::stated).find("Connection: keep-alive\r\n"), std::string::npos);
  EXPECT_NE(head(200, Persistence::close).find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(head(204, Persistence::implied).find("Content-Length"), std::string::npos);
  EXPECT_EQ(head(304, Persistence::implied).find("Content-Length"), std::string::npos);
  EXPECT_TRUE(head(299, Persistence::implied).starts_with("HTTP/1.1 299 Status\r\n"));
}

}  // namespace
}  // namespace purser::http
