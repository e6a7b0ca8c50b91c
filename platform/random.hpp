// The randomness port, and what is made from it: ids and secrets.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "kernel/id.hpp"
#include "kernel/time.hpp"

namespace purser {

// The last id of one line of ids: its time and its count within that millisecond.
struct LastId {
  std::int64_t unix_ms = -1;
  std::uint32_t count = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;  // any thread; never fails (a failing CSPRNG is a bug: abort)
  virtual LastId& last_id();                             // the line that new ids continue: the calling thread's
};

// OpenSSL's CSPRNG, buffered per thread.
Random& system_random();

// A UUIDv7 (RFC 9562): the millisecond, then 12 bits that count up within it, then 62 random bits. Ids made on one thread
// ascend even when the clock steps back.
Uuid make_uuid_v7(Instant now, Random& random);

template <class SomeId>
SomeId make_id(Instant now, Random& random) {
  return SomeId{make_uuid_v7(now, random)};
}

// `bytes` random bytes in base62-free URL-safe text (base64url without padding): keys, cursors, webhook secrets.
std::string make_secret(std::size_t bytes, Random& random);

}  // namespace purser
