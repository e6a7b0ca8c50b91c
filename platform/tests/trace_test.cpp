#include "platform/trace.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace purser::trace {
namespace {

constexpr std::string_view good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string with(std::size_t at, std::string_view text) { return std::string(good).replace(at, text.size(), text); }

TEST(Traceparent, TakesExactlyWhatW3CCallsValid) {
  struct Row {
    const char* why;
    std::string header;
    bool valid;
    bool sampled = true;
  };
  const Row rows[] = {
      // clang-format off
      {"the standard's example",              std::string(good),                  true},
      {"not sampled",                         with(53, "00"),                     true, false},
      {"other flags are ignored",             with(53, "ff"),                     true},
      {"other flags, not sampled",            with(53, "fe"),                     true, false},
      {"later version",                       with(0, "01"),                      true},
      {"later version with more behind",      with(0, "cc") + "-what-comes",      true},
      {"later version, dash and no more",     with(0, "cc") + "-",                true},
      {"later version, no dash before more",  with(0, "cc") + "more",             false},
      {"version 00 with more behind",         std::string(good) + "-more",        false},
      {"version 00 with a dash behind",       std::string(good) + "-",            false},
      {"version ff",                          with(0, "ff"),                      false},
      {"version upper case",                  with(0, "CC"),                      false},
      {"version no hex",                      with(0, "0x"),                      false},
      {"all-zero trace id",                   with(3, std::string(32, '0')),      false},
      {"all-zero span id",                    with(36, std::string(16, '0')),     false},
      {"upper case trace id",                 with(3, "0AF7"),                    false},
      {"upper case span id",                  with(36, "B7AD"),                   false},
      {"trace id no hex",                     with(10, "g"),                      false},
      {"span id no hex",                      with(40, "z"),                      false},
      {"flags upper case",                    with(53, "0A"),                     false},
      {"flags no hex",                        with(53, "0."),                     false},
      {"first dash",                          with(2, "_"),                       false},
      {"second dash",                         with(35, "_"),                      false},
      {"third dash",                          with(52, "_"),                      false},
      {"one digit short",                     std::string(good.substr(0, 54)),    false},
      {"no flags",                            std::string(good.substr(0, 52)),    false},
      {"empty",                               "",                                 false},
      {"space before",                        " " + std::string(good),            false},
      {"space behind",                        std::string(good) + " ",            false},
      {"a zero byte within",                  with(20, std::string(1, '\0')),     false},
      // clang-format on
  };
  for (const Row& row : rows) {
    const auto context = parse_traceparent(row.header);
    ASSERT_EQ(context.has_value(), row.valid) << row.why;
    if (context) EXPECT_EQ(context->sampled, row.sampled) << row.why;
  }
}

TEST(Traceparent, PrintsWhatItRead) {
  EXPECT_EQ(parse_traceparent(good)->traceparent(), good);
  EXPECT_EQ(parse_traceparent(with(53, "00"))->traceparent(), with(53, "00"));
  EXPECT_EQ(parse_traceparent(with(0, "cc") + "-more")->traceparent(), good);
  EXPECT_EQ(parse_traceparent(good)->trace_id_text(), "0af7651916cd43dd8448eb211c80319c");
}

TEST(TraceContext, AChildKeepsTheTraceAndTheSampling) {
  const auto parent = parse_traceparent(with(53, "00"));
  const Context child = child_of(parent, system_random());
  EXPECT_EQ(child.trace_id, parent->trace_id);
  EXPECT_NE(child.span_id, parent->span_id);
  EXPECT_FALSE(child.sampled);
  EXPECT_TRUE(child.valid());
}

TEST(TraceContext, WithoutAValidParentANewTraceBegins) {
  for (const std::optional<Context>& parent : {std::optional<Context>{}, std::optional(Context{})}) {
    const Context first = child_of(parent, system_random()), second = child_of(parent, system_random());
    EXPECT_TRUE(first.valid());
    EXPECT_TRUE(first.sampled);
    EXPECT_NE(first.trace_id, second.trace_id);
  }
}

TEST(TraceContext, AnIdIsNeverAllZero) {
  class ZeroAtFirst final : public Random {
    void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, static_cast<std::uint8_t>(calls_++ % 2)); }
    int calls_ = 0;
  } random;
  EXPECT_TRUE(child_of(std::nullopt, random).valid());
}

TEST(OtlpJson, HasTheShapeCollectorsRead) {
  Span root{.context = *parse_traceparent(good),
            .name = "POST /orders",
            .kind = SpanKind::server,
            .begin = {1'790'000'000'123},
            .end = {1'790'000'000'150}};
  root.attributes = {{"http.request.method", "POST"}, {"note", "quote \" and \n"}, {"card", "4242424242424242"}};
  Span call = root;
  call.parent_span_id = root.context.span_id;
  call.kind = SpanKind::client;
  call.failed = true;
  call.attributes.clear();

  simdjson::dom::parser parser;
  const std::string body = otlp_json({root, call}, "1.2.3");
  const auto json = parser.parse(body).value();
  const auto resource = json.at_pointer("/resourceSpans/0").value();
  EXPECT_EQ(resource.at_pointer("/resource/attributes/0/key").get_string().value(), "service.name");
  EXPECT_EQ(resource.at_pointer("/resource/attributes/0/value/stringValue").get_string().value(), "purser");
  EXPECT_EQ(resource.at_pointer("/resource/attributes/1/value/stringValue").get_string().value(), "1.2.3");
  EXPECT_EQ(resource.at_pointer("/scopeSpans/0/scope/name").get_string().value(), "purser");

  const auto first = resource.at_pointer("/scopeSpans/0/spans/0").value();
  EXPECT_EQ(first["traceId"].get_string().value(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(first["spanId"].get_string().value(), "b7ad6b7169203331");
  EXPECT_EQ(first["parentSpanId"].error(), simdjson::NO_SUCH_FIELD);
  EXPECT_EQ(first["name"].get_string().value(), "POST /orders");
  EXPECT_EQ(first["kind"].get_int64().value(), 2);
  EXPECT_EQ(first["startTimeUnixNano"].get_string().value(), "1790000000123000000");
  EXPECT_EQ(first["endTimeUnixNano"].get_string().value(), "1790000000150000000");
  EXPECT_EQ(first.at_pointer("/attributes/0/key").get_string().value(), "http.request.method");
  EXPECT_EQ(first.at_pointer("/attributes/0/value/stringValue").get_string().value(), "POST");
  EXPECT_EQ(first.at_pointer("/attributes/1/value/stringValue").get_string().value(), "quote \" and \n");
  EXPECT_EQ(first.at_pointer("/attributes/2/value/stringValue").get_string().value(), "[refused]");
  EXPECT_EQ(first.at_pointer("/status/code").error(), simdjson::NO_SUCH_FIELD);

  const auto second = resource.at_pointer("/scopeSpans/0/spans/1").value();
  EXPECT_EQ(second["parentSpanId"].get_string().value(), "b7ad6b7169203331");
  EXPECT_EQ(second["kind"].get_int64().value(), 3);
  EXPECT_EQ(second.at_pointer("/status/code").get_int64().value(), 2);
}

TEST(OtlpJson, WithoutSpansIsStillARequest) {
  simdjson::dom::parser parser;
  const std::string body = otlp_json({}, "");
  EXPECT_EQ(parser.parse(body).value().at_pointer("/resourceSpans/0/scopeSpans/0/spans").get_array().size(), 0U);
}

}  // namespace
}  // namespace purser::trace
