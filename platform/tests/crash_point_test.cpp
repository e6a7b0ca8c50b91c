#include "platform/crash_point.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace purser {
namespace {

// The variable is read when the program starts, so each of these starts it anew.
class CrashPoint : public testing::Test {
 protected:
  CrashPoint() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  ~CrashPoint() override { unsetenv("PURSER_CRASH_AT"); }
  static void crash_at(const char* number) { setenv("PURSER_CRASH_AT", number, 1); }
};
using CrashPointDeathTest = CrashPoint;

void pass_three() {
  pass_crash_point("first");
  pass_crash_point("second");
  pass_crash_point("third");
}
void pass_three_and_end() {
  pass_three();
  std::_Exit(0);
}

TEST_F(CrashPointDeathTest, TheNthIsTheLastAndSaysItsName) {
  crash_at("2");
  EXPECT_EXIT(pass_three(), testing::KilledBySignal(SIGKILL), "^crash point 2: second\n$");
}

TEST_F(CrashPointDeathTest, CountsOverAllThreads) {
  crash_at("4");
  EXPECT_EXIT(std::thread(pass_three).join(); pass_three(), testing::KilledBySignal(SIGKILL), "crash point 4: first");
}

TEST_F(CrashPointDeathTest, LivesOnWhereItIsNotReached) {
  crash_at("4");
  EXPECT_EXIT(pass_three_and_end(), testing::ExitedWithCode(0), "^$");
}

TEST_F(CrashPointDeathTest, LivesOnWithoutANumber) {
  for (const char* text : {"", "0", "-1", "2x", "x"}) {
    crash_at(text);
    EXPECT_EXIT(pass_three_and_end(), testing::ExitedWithCode(0), "^$") << text;
  }
}

}  // namespace
}  // namespace purser
