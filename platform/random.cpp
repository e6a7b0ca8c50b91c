#include "platform/random.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>

#include "kernel/assert.hpp"

namespace purser {
namespace {

// A forked child must not hand out the bytes its parent will: it drops every buffer filled before the fork.
std::atomic<unsigned> forks{0};
const int fork_handler = pthread_atfork(nullptr, nullptr, [] { forks.fetch_add(1, std::memory_order_relaxed); });

void fill_from_openssl(std::span<std::uint8_t> bytes) { PURSER_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1); }

// Given bytes are wiped, so that a later look at the memory does not tell a secret.
struct Buffer {
  std::array<std::uint8_t, 2048> bytes{};
  std::size_t used = sizeof bytes;
  unsigned filled_at_fork = 0;

  void take(std::span<std::uint8_t> wanted) {
    const unsigned fork = forks.load(std::memory_order_relaxed);
    if (bytes.size() - used < wanted.size() || filled_at_fork != fork) {
      fill_from_openssl(bytes);
      used = 0, filled_at_fork = fork;
    }
    std::copy_n(bytes.data() + used, wanted.size(), wanted.data());
    OPENSSL_cleanse(bytes.data() + used, wanted.size());
    used += wanted.size();
  }
};

class SystemRandom final : public Random {
 public:
  SystemRandom() { PURSER_ASSERT(fork_handler == 0); }

  void fill(std::span<std::uint8_t> bytes) override {
    thread_local Buffer buffer;
    if (bytes.size() > buffer.bytes.size() / 4) return fill_from_openssl(bytes);
    buffer.take(bytes);
  }
};

constexpr std::uint32_t count_max = 0xFFF, first_count_max = 0x7FF;

// RFC 9562 section 6.2, method 1. A new millisecond begins at a random count in the lower half, which leaves at least 2048
// ids; beyond them, and while the clock is behind the last id, the ids' own time runs ahead.
void advance(LastId& last, std::int64_t now_ms, std::uint32_t chance) {
  if (now_ms > last.unix_ms) {
    last = {now_ms, chance & first_count_max};
  } else if (++last.count > count_max) {
    last = {last.unix_ms + 1, chance & first_count_max};
  }
}

}  // namespace

LastId& Random::last_id() {
  thread_local LastId last;
  return last;
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

Uuid make_uuid_v7(Instant now, Random& random) {
  LastId& last = random.last_id();
  std::array<std::uint8_t, 10> chance{};
  random.fill(chance);
  advance(last, now.unix_ms, static_cast<std::uint32_t>(chance[8]) << 8 | chance[9]);

  Uuid uuid{};
  for (std::size_t i = 0; i < 6; ++i) uuid[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(last.unix_ms) >> (40 - 8 * i));
  uuid[6] = static_cast<std::uint8_t>(0x70 | last.count >> 8);
  uuid[7] = static_cast<std::uint8_t>(last.count & 0xFF);
  std::copy_n(chance.begin(), 8, uuid.begin() + 8);
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3F) | 0x80);
  return uuid;
}

std::string make_secret(std::size_t bytes, Random& random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string chance(bytes, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(chance.data()), chance.size()});

  std::string text;
  text.reserve((bytes * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : chance) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6;) text += alphabet[bits >> (held -= 6) & 0x3F];
  }
  if (held > 0) text += alphabet[bits << (6 - held) & 0x3F];
  OPENSSL_cleanse(chance.data(), chance.size());
  return text;
}

}  // namespace purser
