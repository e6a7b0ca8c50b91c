// API keys: "sk_test_…" or "sk_live_…", 32 random bytes. Stored as HMAC-SHA256 under the server's secret with the first 12
// characters in clear; shown once. A revoked key stops working within one second (answers are remembered that long).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "platform/rpc/call.hpp"
#include "platform/rpc/rate_limit.hpp"
#include "platform/store/store.hpp"

namespace purser::rpc {

struct ApiKey {
  std::string id;           // "key_…"
  std::string merchant_id;  // "mer_…"
  std::string prefix;       // "sk_test_AbCd"
  std::string name;
  Scope scope = Scope::merchant;
  Instant created_at{};
  std::optional<Instant> revoked_at{};
  std::optional<Instant> last_used_at{};
};

struct CreatedKey {
  ApiKey key;
  std::string secret;  // the whole key; never to be had again
};

class KeyRing {
 public:
  // `mode` is "test" or "live": keys of the other mode are refused. `secret` is the HMAC key, at least 32 bytes.
  KeyRing(store::Store& store, const Clock& clock, Random& random, std::string mode, std::string secret);
  ~KeyRing();

  Reply<Caller> authenticate(std::string api_key);  // 401 unauthenticated, with the reason a client can act on
  Reply<CreatedKey> create(std::string merchant_id, std::string name, Scope scope);
  Reply<std::vector<ApiKey>> list();
  Reply<Done> revoke(std::string id_or_prefix);

  // What one key may ask a minute, of all faces together; 0: no limit. Set before anything is served.
  void limit(int requests_per_minute);
  RateLimiter& limiter();

  static std::vector<store::Migration> migrations();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace purser::rpc
