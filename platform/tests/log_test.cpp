#include "platform/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "kernel/time.hpp"
#include "platform/metrics.hpp"

namespace purser::log {
namespace {

// Standard error is another descriptor while this lives.
class StandardErrorTo {
 public:
  explicit StandardErrorTo(int descriptor) : kept_(dup(STDERR_FILENO)) {
    flush();
    dup2(descriptor, STDERR_FILENO);
  }
  ~StandardErrorTo() {
    flush();
    dup2(kept_, STDERR_FILENO);
    close(kept_);
  }

 private:
  int kept_;
};

// What `body` writes to standard error.
template <class Body>
std::string captured(Body body) {
  char path[] = "/tmp/purser-log-XXXXXX";
  const int file = mkstemp(path);
  unlink(path);
  {
    const StandardErrorTo to(file);
    body();
  }
  std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  close(file);
  return text;
}

simdjson::dom::element parse(simdjson::dom::parser& parser, const std::string& line) { return parser.parse(line).value(); }

TEST(Log, WritesOneJsonObjectALine) {
  const std::string line =
      captured([] { info("order created", {{"order_id", "ord_1"}, {"amount_minor", 1250}, {"replayed", true}, {"version", std::uint32_t{7}}}); });
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);

  simdjson::dom::parser parser;
  const auto json = parse(parser, line);
  EXPECT_TRUE(parse_rfc3339(json["time"].get_string().value()));
  EXPECT_EQ(json["level"].get_string().value(), "info");
  EXPECT_EQ(json["msg"].get_string().value(), "order created");
  EXPECT_EQ(json["order_id"].get_string().value(), "ord_1");
  EXPECT_EQ(json["amount_minor"].get_int64().value(), 1250);
  EXPECT_TRUE(json["replayed"].get_bool().value());
  EXPECT_EQ(json["version"].get_int64().value(), 7);
}

TEST(Log, AnyTextStaysOneValidLine) {
  const std::string_view texts[] = {"quote \" backslash \\", "line\nbreak\r\n", std::string_view("\0\x1b[31m", 6), "\xFF\xC0\xAF", "é😀"};
  for (const std::string_view text : texts) {
    const std::string line = captured([&] { error(text, {{"value", text}}); });
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    simdjson::dom::parser parser;
    ASSERT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;
  }
}

TEST(Log, RefusesCardNumbersInEveryPlace) {
  const std::string lines = captured([] {
    warn("paid with 4242424242424242");
    warn("m", {{"text", "card 4242 4242 4242 4242 declined"}});
    warn("m", {{"string", std::string("5555-5555-5555-4444")}});
    warn("m", {{"number", 378282246310005}});
    warn("m", {{"harmless", "4242424242424241"}, {"order_id", "ord_01h455vb4pex5vsknk084sn02q"}});
  });
  for (const char* secret : {"4242424242424242", "4242 4242", "5555-5555", "378282246310005"})
    EXPECT_EQ(lines.find(secret), std::string::npos) << secret;
  for (const char* kept : {R"("msg":"[refused]")", R"("text":"[refused]")", R"("string":"[refused]")", R"("number":"[refused]")",
                           R"("harmless":"4242424242424241")", R"("order_id":"ord_01h455vb4pex5vsknk084sn02q")"})
    EXPECT_NE(lines.find(kept), std::string::npos) << kept;
}

TEST(Log, LevelDecidesWhatIsWritten) {
  const std::string lines = captured([] {
    debug("hidden");
    set_level(Level::debug);
    debug("shown");
    set_level(Level::error);
    warn("hidden too");
    error("always");
    set_level(Level::info);
  });
  EXPECT_EQ(lines.find("hidden"), std::string::npos);
  EXPECT_NE(lines.find("shown"), std::string::npos);
  EXPECT_NE(lines.find("always"), std::string::npos);
  EXPECT_TRUE(enabled(Level::info));
  EXPECT_FALSE(enabled(Level::debug));
}

TEST(Log, LinesOfManyThreadsDoNotMix) {
  constexpr int threads_count = 4, lines_each = 500;
  const std::string lines = captured([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i)
      threads.emplace_back([] {
        for (int n = 0; n < lines_each; ++n) info("line", {{"padding", std::string(200, 'x')}, {"n", n}});
      });
    for (std::thread& thread : threads) thread.join();
  });
  simdjson::dom::parser parser;
  int count = 0;
  for (std::size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1, ++count)
    ASSERT_EQ(parser.parse(lines.data() + at, end - at).error(), simdjson::SUCCESS);
  EXPECT_EQ(count, threads_count * lines_each);
}

TEST(Log, DropsRatherThanBlocksAndSaysSo) {
  constexpr int lines_written = 20'000;  // of 1 kB: several times what may wait
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::string received;
  std::thread reader;
  {
    const StandardErrorTo to(ends[1]);
    for (int n = 0; n < lines_written; ++n) info("flood", {{"padding", std::string(1000, 'x')}});  // nobody reads yet
    reader = std::thread([&] {
      char bytes[1 << 16];
      for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(count));
    });
    flush();
    info("after the flood");
  }
  close(ends[1]);
  reader.join();
  close(ends[0]);

  const auto lines_received = std::count(received.begin(), received.end(), '\n');
  EXPECT_GT(lines_received, 1000);
  EXPECT_LT(lines_received, lines_written);
  EXPECT_NE(received.find("after the flood"), std::string::npos);
  EXPECT_NE(received.find(R"("msg":"log lines were dropped","dropped":)"), std::string::npos);
  EXPECT_NE(metrics::exposition().find("purser_log_lines_dropped_total "), std::string::npos);
}

TEST(Log, SurvivesAReaderThatLeft) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  {
    const StandardErrorTo to(ends[1]);
    info("nobody hears this");
  }
  close(ends[1]);
  const std::string lines = captured([] { info("this is heard"); });
  EXPECT_NE(lines.find("this is heard"), std::string::npos);
  EXPECT_NE(lines.find("log lines were dropped"), std::string::npos);
}

}  // namespace
}  // namespace purser::log
