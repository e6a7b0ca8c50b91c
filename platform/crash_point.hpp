// Named places at which a process can be made to die as `kill -9` would end it, so that a test can strike between any two steps
// that matter: with PURSER_CRASH_AT=n in the environment the n-th place passed, counted over all threads, is the last. It says on
// standard error which one it was ("crash point 7: after commit"); nothing is flushed, no destructor runs.
//
// Without the variable a place costs one relaxed load. It never changes what the code around it does.
#pragma once
#include <atomic>
#include <cstdint>

namespace purser {

namespace crash {
// Places still to pass, the last one included; 0: none will be the last.
extern std::atomic<std::int64_t> left;
[[gnu::cold]] void count_down(const char* name) noexcept;
}  // namespace crash

// `name` says what has just happened or is about to; it is the same at every place where the same is lost.
inline void pass_crash_point(const char* name) noexcept {
  if (crash::left.load(std::memory_order_relaxed) != 0) [[unlikely]]
    crash::count_down(name);
}

}  // namespace purser
