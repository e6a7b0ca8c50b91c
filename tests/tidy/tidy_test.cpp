// Reads every source file of the repository once and holds it against the rules of the house (rules.hpp), then holds the rules
// against their canaries: a rule that catches nothing is not a rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/tidy/rules.hpp"

namespace purser::tidy {
namespace {

namespace fs = std::filesystem;

fs::path root() {
  const char* set = std::getenv("PURSER_SOURCE_DIR");
  return set != nullptr ? fs::path(set) : fs::current_path();
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Not ours, or broken on purpose.
bool is_skipped(const std::string& path) {
  static const std::set<std::string> folders = {".git", "build", "data", "node_modules", ".cache", "tests/tidy/canaries", "tests/borders/sample"};
  return folders.contains(path) || path.ends_with("/node_modules");
}

bool is_text(const fs::path& file) {
  static const std::set<std::string> endings = {".cpp",  ".hpp", ".cmake", ".txt", ".proto", ".sql",  ".md", ".json",
                                                ".yaml", ".yml", ".toml",  ".mjs", ".cjs",   ".http", ".sh", ""};
  return endings.contains(file.extension().string());
}

const std::vector<Source>& tree() {
  static const std::vector<Source> sources = [] {
    std::vector<Source> found;
    for (auto at = fs::recursive_directory_iterator(root()); at != fs::recursive_directory_iterator(); ++at) {
      const std::string path = fs::relative(at->path(), root()).generic_string();
      if (at->is_directory() && is_skipped(path)) at.disable_recursion_pending();
      if (at->is_regular_file() && is_text(at->path())) found.push_back(read_source(path, read_text(at->path())));
    }
    return found;
  }();
  return sources;
}

// A canary says on its first line which file it pretends to be ("path: contexts/orders/service.cpp"); its own name is the rule it
// breaks, up to the first dot.
Source read_canary(const fs::path& file) {
  const std::string text = read_text(file);
  const std::size_t end = text.find('\n');
  constexpr std::string_view mark = "path: ";
  EXPECT_TRUE(text.starts_with(mark)) << file;
  return read_source(text.substr(mark.size(), end - mark.size()), text.substr(end + 1));
}

const TableOwners sample_owners = {{"orders", "contexts/orders"}, {"payments", "contexts/payments"}, {"outbox", "platform/events"}};

TEST(Tidy, EveryFileKeepsTheRules) {
  ASSERT_GT(tree().size(), 20u) << "set PURSER_SOURCE_DIR to the root of the repository";
  const TableOwners owners = tables_created(tree());
  for (const Source& source : tree())
    for (const Rule& rule : rules())
      for (const Finding& finding : rule.check(source, owners))
        ADD_FAILURE() << source.path << ":" << finding.line << ": " << finding.what << " [" << rule.name << "]";
}

TEST(Tidy, EveryRuleCatchesItsCanaries) {
  std::set<std::string> with_canary;
  for (const auto& entry : fs::directory_iterator(root() / "tests/tidy/canaries")) {
    const std::string file = entry.path().filename().string();
    const std::string name = file.substr(0, file.find('.'));
    if (name == "innocent") continue;
    const Source canary = read_canary(entry.path());
    const auto rule = std::ranges::find_if(rules(), [&](const Rule& candidate) { return candidate.name == name; });
    ASSERT_NE(rule, rules().end()) << file << " names no rule";
    EXPECT_FALSE(rule->check(canary, sample_owners).empty()) << file << " was not caught";
    with_canary.insert(name);
  }
  for (const Rule& rule : rules()) EXPECT_TRUE(with_canary.contains(rule.name)) << rule.name << " has no canary";
}

TEST(Tidy, InnocentSamplesPass) {
  for (const auto& entry : fs::directory_iterator(root() / "tests/tidy/canaries")) {
    if (!entry.path().filename().string().starts_with("innocent.")) continue;
    const Source sample = read_canary(entry.path());
    for (const Rule& rule : rules())
      for (const Finding& finding : rule.check(sample, sample_owners))
        ADD_FAILURE() << entry.path().filename() << ":" << finding.line << ": " << finding.what << " [" << rule.name << "]";
  }
}

TEST(Tidy, LexerKnowsLiteralsFromCode) {
  const Source source =
      read_source("x.cpp", "int a = 1'000; // rand()\nauto s = \"select \\\" a\"\n  \" from t\"; char q = '\"'; auto r = R\"(x \" y)\";\n");
  ASSERT_EQ(source.literals.size(), 2u);
  EXPECT_EQ(source.literals[0].text, "select \\\" a from t");
  EXPECT_EQ(source.literals[0].line, 2);
  EXPECT_EQ(source.literals[1].text, "x \" y");
  EXPECT_EQ(source.code.find("rand"), std::string::npos);
  EXPECT_NE(source.code.find("1'000"), std::string::npos);
}

}  // namespace
}  // namespace purser::tidy
