// purser-bench: a process of its own that starts the release binary, drives it over HTTP and compares it with the bare engine.
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "bench/report.hpp"

namespace purser::bench {
namespace {

// A fresh folder on the disk to measure; gone at the end, unless it is to be kept or tells what went wrong.
class RunFolder {
 public:
  explicit RunFolder(const Options& options)
      : path_(absolute(options.data_dir) / fmt::format("run-{}", ::getpid())), keep_(options.keep), thrown_(std::uncaught_exceptions()) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    struct statfs system{};
    if (::statfs(path_.c_str(), &system) != 0) throw std::runtime_error("cannot look at " + path_.string());
    if (system.f_type == TMPFS_MAGIC)
      throw std::runtime_error(path_.string() + " is in memory, where fsync costs nothing: choose a disk with --data-dir");
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder() {
    std::error_code ignored;
    if (!keep_ && std::uncaught_exceptions() == thrown_) std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path fresh(const std::string& name) const {
    std::filesystem::create_directories(path_ / name);
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
  bool keep_;
  int thrown_;
};

Report measure(const Options& options) {
  if (!std::filesystem::exists(options.binary))
    throw std::runtime_error(options.binary.string() + " does not exist: build it, or name it by --binary");
  const RunFolder folder(options);
  Report report;
  if (options.runs_own()) report.own = measure_own(options, folder.fresh("own"));
  if (options.runs_shop()) report.shop = measure_shop(options, folder.fresh("shop"));
  return report;
}

}  // namespace
}  // namespace purser::bench

int main(int argc, char** argv) {
  using namespace purser::bench;
  try {
    int status = 0;
    const auto options = read_options(argc, argv, status);
    if (!options) return status;
    const Report report = measure(*options);
    fmt::print("{}", options->json ? to_json(report) : to_table(report));
    if (!report.failed()) return 0;
    fmt::print(stderr, "purser-bench: some requests failed; the figures are worth nothing\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "purser-bench: {}\n", error.what());
  }
  return 1;
}
