// Each row of the kit, asked of each processor; the table of what was found; and the document that has to show the same.
#include "tests/processors/conformance.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "platform/log.hpp"

namespace purser::conformance {
namespace {

const std::vector<Row>& all_rows() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all;
    for (auto some : {operation_rows(), doubt_rows(), answer_rows(), webhook_rows()}) all.insert(all.end(), some.begin(), some.end());
    return all;
  }();
  return rows;
}

bool applies(const Row& row, const Description& description) { return description.http || !row.on_the_wire; }

// What the table says of a row and a processor: by what the adapter declares, before anything is tested.
std::string cell(const Row& row, World& world) {
  if (!applies(row, world.is)) return "no wire";
  return row.offered(world) ? "tested" : "not offered";
}

template <class Cell>
std::string table(Cell cell_of) {
  std::string text = "| |", line = "| --- |";
  for (const Description& description : descriptions()) text += " " + description.name + " |", line += " --- |";
  text += "\n" + line + "\n";
  for (const Row& row : all_rows()) {
    text += "| " + row.words + " |";
    for (const Description& description : descriptions()) text += " " + cell_of(row, description) + " |";
    text += "\n";
  }
  return text;
}

// What came of each test that was run.
std::map<std::pair<std::string, std::string>, std::string>& found() {
  static std::map<std::pair<std::string, std::string>, std::string> cells;
  return cells;
}

class PrintsTheTable final : public testing::Environment {
  void TearDown() override {
    if (found().empty()) return;
    std::cout << "\n"
              << table([](const Row& row, const Description& description) -> std::string {
                   if (!applies(row, description)) return "no wire";
                   const auto cell = found().find({row.name, description.name});
                   return cell == found().end() ? "not run" : cell->second;
                 });
  }
};
const auto* const printer = testing::AddGlobalTestEnvironment(new PrintsTheTable);

using Param = std::tuple<std::size_t, std::size_t>;  // a row, a processor
std::string name_of(const testing::TestParamInfo<Param>& info) {
  return all_rows()[std::get<0>(info.param)].name + "_" + descriptions()[std::get<1>(info.param)].name;
}

class Conformance : public testing::TestWithParam<Param> {};

TEST_P(Conformance, Holds) {
  const Row& row = all_rows()[std::get<0>(GetParam())];
  const Description& description = descriptions()[std::get<1>(GetParam())];
  if (!applies(row, description)) return;
  const log::Capture quiet(log::Level::debug, [](log::Level, std::string_view) {});
  const auto world = description.make(description);
  const bool offered = row.offered(*world);
  row.check(*world, offered);
  found()[{row.name, description.name}] = HasFailure() ? "FAILED" : offered ? "tested" : "not offered";
}

INSTANTIATE_TEST_SUITE_P(Kit, Conformance,
                         testing::Combine(testing::Range(std::size_t{0}, all_rows().size()), testing::Range(std::size_t{0}, descriptions().size())),
                         name_of);

constexpr std::string_view document = "docs/processors/README.md", begins = "<!-- conformance -->\n", ends = "<!-- /conformance -->";

std::string text_of_document() {
  const char* root = std::getenv("PURSER_SOURCE_DIR");
  std::ifstream in((root == nullptr ? "." : std::string(root)) + "/" + std::string(document));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(ConformanceTable, StandsInTheDocument) {
  const std::string text = text_of_document();
  const std::size_t begin = text.find(begins), end = text.find(ends);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << document << " holds no table between " << begins << " and " << ends;
  std::map<std::string, std::unique_ptr<World>> worlds;
  for (const Description& description : descriptions()) worlds[description.name] = description.make(description);
  const std::size_t from = begin + begins.size();
  EXPECT_EQ(text.substr(from, end - from), table([&](const Row& row, const Description& of) { return cell(row, *worlds[of.name]); }))
      << "copy the table above into " << document;
}

}  // namespace
}  // namespace purser::conformance
