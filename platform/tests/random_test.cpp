#include "platform/random.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "platform/clock.hpp"

namespace purser {
namespace {

std::int64_t time_of(const Uuid& uuid) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | uuid[i];
  return ms;
}

// Each on a thread of its own: the last id is remembered per thread, and tests must not see each other's.
template <class Body>
void on_new_thread(Body body) {
  std::thread(body).join();
}

class OnesRandom final : public Random {
  void fill(std::span<std::uint8_t> bytes) override { std::ranges::fill(bytes, std::uint8_t{0xFF}); }
};

TEST(UuidV7, HasTimeVersionAndVariant) {
  on_new_thread([] {
    OnesRandom ones;
    const Uuid uuid = make_uuid_v7({0x0123456789AB}, ones);
    EXPECT_EQ(time_of(uuid), 0x0123456789AB);
    EXPECT_EQ(uuid[6], 0x77);  // version 7, and a first count in the lower half
    EXPECT_EQ(uuid[7], 0xFF);
    EXPECT_EQ(uuid[8], 0xBF);  // variant 10
  });
}

TEST(UuidV7, AscendsWithinOneMillisecond) {
  on_new_thread([] {
    constexpr Instant now{1'790'000'000'000};
    Uuid last = make_uuid_v7(now, system_random());
    for (int i = 0; i < 100'000; ++i) {
      const Uuid next = make_uuid_v7(now, system_random());
      ASSERT_LT(last, next) << i;
      last = next;
    }
    EXPECT_LT(time_of(last) - now.unix_ms, 100);  // ran ahead by a millisecond for each 2048 ids at most
  });
}

TEST(UuidV7, AscendsWhileTheClockStepsBack) {
  on_new_thread([] {
    std::int64_t now = 1'790'000'000'000;
    Uuid last{};
    for (int i = 0; i < 100'000; ++i) {
      now += i % 1000 == 999 ? -5000 : i % 3;
      const Uuid next = make_uuid_v7({now}, system_random());
      ASSERT_LT(last, next) << i;
      last = next;
    }
  });
}

TEST(UuidV7, FollowsTheClockAgainOnceItHasCaughtUp) {
  on_new_thread([] {
    (void)make_uuid_v7({2000}, system_random());
    EXPECT_EQ(time_of(make_uuid_v7({1000}, system_random())), 2000);
    EXPECT_EQ(time_of(make_uuid_v7({2001}, system_random())), 2001);
  });
}

TEST(UuidV7, IsUniqueAcrossThreads) {
  constexpr int threads_count = 4, ids_each = 25'000;
  std::vector<std::vector<Uuid>> made(threads_count);
  std::vector<std::thread> threads;
  for (auto& ids : made)
    threads.emplace_back([&ids] {
      for (int i = 0; i < ids_each; ++i) ids.push_back(make_uuid_v7({1'790'000'000'000}, system_random()));
    });
  for (std::thread& thread : threads) thread.join();

  std::set<Uuid> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), std::size_t{threads_count * ids_each});
}

TEST(Secret, IsBase64UrlWithoutPadding) {
  class Bytes final : public Random {
    void fill(std::span<std::uint8_t> bytes) override {
      constexpr std::uint8_t pattern[] = {0xFB, 0xFF, 0xBF, 0x00, 0x10};
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern[i % 5];
    }
  } bytes;
  EXPECT_EQ(make_secret(0, bytes), "");
  EXPECT_EQ(make_secret(1, bytes), "-w");
  EXPECT_EQ(make_secret(2, bytes), "-_8");
  EXPECT_EQ(make_secret(3, bytes), "-_-_");
  EXPECT_EQ(make_secret(5, bytes), "-_-_ABA");
  EXPECT_EQ(make_secret(32, system_random()).size(), 43U);
}

TEST(SystemRandom, NeverGivesTheSameBytesTwice) {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    system_random().fill(bytes);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
}

TEST(SystemRandom, FillsMoreThanItsBuffer) {
  std::vector<std::uint8_t> bytes(100'000);
  system_random().fill(bytes);
  EXPECT_GT(std::set<std::uint8_t>(bytes.begin(), bytes.end()).size(), 250U);
  EXPECT_TRUE(std::any_of(bytes.end() - 64, bytes.end(), [](std::uint8_t byte) { return byte != 0; }));
}

TEST(SystemRandom, AForkedChildDrawsOtherBytesThanItsParent) {
  std::array<std::uint8_t, 16> ours{}, theirs{};
  system_random().fill(ours);  // the buffer is filled before the fork
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    system_random().fill(theirs);
    _exit(write(ends[1], theirs.data(), theirs.size()) == 16 ? 0 : 1);
  }
  system_random().fill(ours);
  ASSERT_EQ(read(ends[0], theirs.data(), theirs.size()), 16);
  EXPECT_NE(ours, theirs);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  close(ends[0]), close(ends[1]);
}

}  // namespace
}  // namespace purser
