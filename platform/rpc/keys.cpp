#include "platform/rpc/keys.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <mutex>

#include "kernel/assert.hpp"
#include "platform/digest.hpp"
#include "platform/log.hpp"

namespace purser::rpc {
namespace {

constexpr Duration remembered_for = seconds(1), refreshed_after = milliseconds(500), use_noted_every = minutes(1);
constexpr std::size_t remembered_max = 10'000;
constexpr std::size_t secret_bytes = 32, secret_min = 32, prefix_length = 12, key_length_max = 128;

Error refused(std::string detail) { return {.kind = Kind::unauthenticated, .code = "unauthenticated", .detail = std::move(detail)}; }

ApiKey read_key(const store::Row& row) {
  return {.id = std::string(row.text(0)),
          .merchant_id = std::string(row.text(1)),
          .prefix = std::string(row.text(2)),
          .name = std::string(row.text(3)),
          .scope = static_cast<Scope>(row.integer(4)),
          .created_at = row.instant(5),
          .revoked_at = row.maybe_instant(6),
          .last_used_at = row.maybe_instant(7)};
}

struct Found {
  ApiKey key;
  std::string hash;
};

constexpr std::string_view select_by_hash =
    "select id, merchant_id, prefix, name, scope, created_at, revoked_at, last_used_at, hash from api_keys where hash = $1";

// What authenticate() answered, for a moment: a caller, or why not.
struct Remembered {
  std::optional<Caller> caller;
  std::string refusal;
  Instant until{}, refresh_at{};
};

class Memory {
 public:
  // Once an answer is half its life old, one asker is sent to look again while the others still get it, so that a busy key's end
  // does not send all its requests to the store at once.
  std::optional<Remembered> recall(const std::string& hash, Instant now) {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(hash);
    if (found == answers_.end() || now >= found->second.until || now < found->second.refresh_at - refreshed_after) return std::nullopt;
    if (now >= found->second.refresh_at) {
      found->second.refresh_at = found->second.until;
      return std::nullopt;
    }
    return found->second;
  }

  void remember(const std::string& hash, Remembered answer, Instant asked_at) {
    const std::lock_guard lock(mutex_);
    if (answers_.size() >= remembered_max) std::erase_if(answers_, [&](const auto& entry) { return asked_at >= entry.second.until; });
    if (answers_.size() >= remembered_max) answers_.clear();
    answer.until = asked_at + remembered_for;
    answer.refresh_at = asked_at + refreshed_after;
    answers_[hash] = std::move(answer);
  }

  void forget_all() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Remembered> answers_;  // by hash
};

// On its own, behind the request that caused it.
Task<void> note_use(store::Store* store, std::string id, Instant now) {
  auto done = co_await store->transact([&](store::Tx& tx) -> Result<Done> {
    tx.exec("update api_keys set last_used_at = $1 where id = $2", now, id);
    return Done{};
  });
  if (!done.ok()) log::warn("an API key's last use was not noted", {{"api_key_id", id}, {"error", done.error().detail}});
}

}  // namespace

struct KeyRing::State {
  store::Store& store;
  const Clock& clock;
  Random& random;
  std::string mode, secret;
  Memory memory{};
  RateLimiter limiter{0};

  std::string hash(std::string_view api_key) const { return hmac_sha256(secret, api_key); }

  std::string other_mode() const { return mode == "test" ? "live" : "test"; }
};

KeyRing::KeyRing(store::Store& store, const Clock& clock, Random& random, std::string mode, std::string secret)
    : state_(new State{store, clock, random, std::move(mode), std::move(secret)}) {
  PURSER_ASSERT(state_->secret.size() >= secret_min);
  PURSER_ASSERT(state_->mode == "test" || state_->mode == "live");
}

KeyRing::~KeyRing() = default;

void KeyRing::limit(int requests_per_minute) { state_->limiter.set(requests_per_minute); }
RateLimiter& KeyRing::limiter() { return state_->limiter; }

Reply<Caller> KeyRing::authenticate(std::string api_key) {
  State& state = *state_;
  const std::string other = state.other_mode();
  if (api_key.starts_with("sk_" + other + "_"))
    co_return refused("This is a key for " + other + " mode; this server runs in " + state.mode + " mode and takes sk_" + state.mode + "_… keys.");
  if (!api_key.starts_with("sk_" + state.mode + "_") || api_key.size() > key_length_max)
    co_return refused("This is no API key; one begins with sk_" + state.mode + "_.");

  const std::string hash = state.hash(api_key);
  const Instant now = state.clock.now();
  if (auto answer = state.memory.recall(hash, now)) {
    if (answer->caller) co_return *std::move(answer->caller);
    co_return refused(answer->refusal);
  }

  CO_TRY(auto found, co_await state.store.read([&](store::Tx& tx) -> Result<std::optional<Found>> {
    return tx.first(select_by_hash, [](const store::Row& row) { return Found{read_key(row), std::string(row.text(8))}; }, store::Value::blob(hash));
  }));
  Remembered answer;
  // The index has found the row already; comparing again without a shortcut costs nothing and trusts nobody's index.
  if (!found || !same_secret(found->hash, hash)) {
    answer.refusal = "This API key is not known here.";
  } else if (found->key.revoked_at) {
    answer.refusal = "This API key was revoked.";
  } else {
    answer.caller = Caller{.merchant_id = found->key.merchant_id, .actor = found->key.id, .scope = found->key.scope};
  }
  state.memory.remember(hash, answer, now);
  if (!answer.caller) co_return refused(answer.refusal);
  if (!found->key.last_used_at || now - *found->key.last_used_at >= use_noted_every)
    boost::asio::co_spawn(co_await boost::asio::this_coro::executor, note_use(&state.store, found->key.id, now), boost::asio::detached);
  co_return *std::move(answer.caller);
}

Reply<CreatedKey> KeyRing::create(std::string merchant_id, std::string name, Scope scope) {
  State& state = *state_;
  const Instant now = state.clock.now();
  std::string secret = "sk_" + state.mode + "_" + make_secret(secret_bytes, state.random);
  const ApiKey key{.id = make_id<ApiKeyId>(now, state.random).text(),
                   .merchant_id = std::move(merchant_id),
                   .prefix = secret.substr(0, prefix_length),
                   .name = std::move(name),
                   .scope = scope,
                   .created_at = now};
  const CreatedKey created{.key = key, .secret = std::move(secret)};
  const std::string hash = state.hash(created.secret);
  co_return co_await state.store.transact([&](store::Tx& tx) -> Result<CreatedKey> {
    tx.exec("insert into api_keys (id, merchant_id, name, scope, prefix, hash, created_at) values ($1, $2, $3, $4, $5, $6, $7)", created.key.id,
            created.key.merchant_id, created.key.name, static_cast<std::int64_t>(scope), created.key.prefix, store::Value::blob(hash), now);
    return created;
  });
}

Reply<std::vector<ApiKey>> KeyRing::list() {
  co_return co_await state_->store.read([](store::Tx& tx) -> Result<std::vector<ApiKey>> {
    std::vector<ApiKey> keys;
    tx.query("select id, merchant_id, prefix, name, scope, created_at, revoked_at, last_used_at from api_keys order by created_at, id",
             [&](const store::Row& row) { keys.push_back(read_key(row)); });
    return keys;
  });
}

Reply<Done> KeyRing::revoke(std::string id_or_prefix) {
  const Instant now = state_->clock.now();
  auto done = co_await state_->store.transact([&](store::Tx& tx) -> Result<Done> {
    std::vector<std::string> ids;
    tx.query(
        "select id from api_keys where id = $1 or prefix = $1 order by id", [&](const store::Row& row) { ids.emplace_back(row.text(0)); },
        id_or_prefix);
    if (ids.empty()) return Error{.kind = Kind::not_found, .code = "api_key_not_found", .detail = "No API key has this id or prefix."};
    if (ids.size() > 1)
      return Error{.kind = Kind::conflict, .code = "api_key_ambiguous", .detail = "Several API keys have this prefix; name one by its id."};
    tx.exec("update api_keys set revoked_at = $1 where id = $2 and revoked_at is null", now, ids.front());
    return Done{};
  });
  state_->memory.forget_all();
  co_return done;
}

std::vector<store::Migration> KeyRing::migrations() {
  return {{"api_keys", "0001_api_keys",
           R"(create table api_keys (
  id text not null primary key,
  merchant_id text not null,
  name text not null,
  scope bigint not null,
  prefix text not null,
  hash bytea not null unique,
  created_at bigint not null,
  revoked_at bigint,
  last_used_at bigint
);
create index api_keys_prefix on api_keys (prefix))"}};
}

}  // namespace purser::rpc
