// A bug is not an answer: where the code contradicts itself the process ends before it can do harm with money.
// On in release builds. Never for anything that came from outside.
#pragma once
#include <cstdio>
#include <cstdlib>

namespace purser {
[[noreturn]] inline void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "purser: assertion failed: %s (%s:%d)\n", what, file, line);
  std::abort();
}
}  // namespace purser

#define PURSER_ASSERT(condition) ((condition) ? void(0) : ::purser::assertion_failed(#condition, __FILE__, __LINE__))
