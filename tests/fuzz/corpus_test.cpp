// The fuzzers' own corpus and a few thousand bodies made of it, the same in every run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> corpus() {
  const char* root = std::getenv("PURSER_SOURCE_DIR");
  std::vector<std::string> bodies;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(root != nullptr ? root : ".") / "tests/fuzz/corpus/external_request")) {
    std::ifstream stream(file.path(), std::ios::binary);
    bodies.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  std::ranges::sort(bodies);
  return bodies;
}

void feed(const std::string& body) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(body.data()), body.size()); }

// Bytes changed, taken away, doubled, and the end of another body put on.
std::string changed(std::string body, const std::vector<std::string>& others, std::mt19937& chance) {
  constexpr std::string_view telling = "\"{}[]:,.$ 0123456789eE-+\\u\x00\xff\xe2\x82\xac";
  for (unsigned times = 1 + chance() % 4; times > 0 && !body.empty(); --times) {
    const std::size_t at = chance() % body.size();
    switch (chance() % 5) {
      case 0:
        body[at] = telling[chance() % telling.size()];
        break;
      case 1:
        body.erase(at, 1 + chance() % 3);
        break;
      case 2:
        body.insert(at, body.substr(at, 1 + chance() % 12));
        break;
      case 3:
        body[at] = static_cast<char>(chance());
        break;
      default: {
        const std::string& other = others[chance() % others.size()];
        body = body.substr(0, at) + other.substr(std::min(other.size(), static_cast<std::size_t>(chance() % (other.size() + 1))));
      }
    }
  }
  return body;
}

TEST(Fuzz, CorpusAndWhatIsMadeOfIt) {
  const auto bodies = corpus();
  ASSERT_GE(bodies.size(), 8U);
  std::mt19937 chance(1);
  for (const std::string& body : bodies) {
    feed(body);
    for (int i = 0; i < 500; ++i) feed(changed(body, bodies, chance));
  }
}

}  // namespace
