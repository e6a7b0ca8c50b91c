#include "platform/rpc/idempotency.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <openssl/sha.h>

#include <array>

namespace purser::rpc {
namespace {

// `state` of a row.
constexpr std::int64_t under_way = 0, finished = 1;  // the partial index needs the 0 in the statement itself

// Equal messages must give equal bytes: protobuf writes a map in no particular order unless told to.
std::string deterministic_bytes(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// The type's name is part of it, so that one key cannot be used at two endpoints whose messages look alike.
std::string fingerprint(const Message& request) {
  const std::string text = request.GetDescriptor()->full_name() + '\0' + deterministic_bytes(request);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {digest.begin(), digest.end()};
}

struct Stored {
  std::string fingerprint, response;
  std::int64_t state;
};

std::optional<Stored> find_stored(store::Tx& tx, const Call& call) {
  return tx.first(
      "select fingerprint, response, state from idempotency_keys where merchant_id = $1 and key = $2",
      [](const store::Row& row) { return Stored{std::string(row.text(0)), std::string(row.text(1)), row.integer(2)}; }, call.caller.merchant_id,
      call.idempotency_key);
}

Error reused() {
  return {.kind = Kind::invalid,
          .code = "idempotency_key_reused",
          .detail = "This Idempotency-Key was used for another request. Use a new key for a new request."};
}

Error in_use() {
  return {.kind = Kind::conflict,
          .code = "idempotency_key_in_use",
          .detail = "A request with this Idempotency-Key is still being worked on. Ask again shortly.",
          .retry_after_seconds = 1};
}

}  // namespace

std::vector<store::Migration> idempotency_migrations() {
  return {{"idempotency", "0001_idempotency_keys",
           R"(create table idempotency_keys (
  merchant_id text not null,
  key text not null,
  fingerprint bytea not null,
  work_id text not null,
  state bigint not null,
  response bytea,
  created_at bigint not null,
  finished_at bigint,
  primary key (merchant_id, key)
);
create index idempotency_keys_under_way on idempotency_keys (work_id) where state = 0;
create index idempotency_keys_finished on idempotency_keys (finished_at))"}};
}

Result<std::optional<std::string>> claim(store::Tx& tx, const Call& call, const Message& request, const std::string& work_id, Instant now) {
  if (call.idempotency_key.empty()) return std::optional<std::string>();
  const std::string print = fingerprint(request);
  const auto claimed = tx.exec(
      "insert into idempotency_keys (merchant_id, key, fingerprint, work_id, state, created_at) values ($1, $2, $3, $4, $5, $6) "
      "on conflict do nothing",
      call.caller.merchant_id, call.idempotency_key, store::Value::blob(print), work_id, under_way, now);
  if (claimed == 1) return std::optional<std::string>();

  const auto stored = find_stored(tx, call);
  if (!stored) return in_use();  // forgotten between the two statements: the client asks again
  if (stored->fingerprint != print) return reused();
  if (stored->state != finished) return in_use();
  return std::optional(stored->response);
}

Result<std::optional<std::string>> peek(store::Tx& tx, const Call& call, const Message& request) {
  const auto stored = call.idempotency_key.empty() ? std::nullopt : find_stored(tx, call);
  if (!stored) return std::optional<std::string>();
  if (stored->fingerprint != fingerprint(request)) return reused();
  return stored->state == finished ? std::optional(stored->response) : std::nullopt;
}

// Work that was settled once keeps its first answer.
void finish(store::Tx& tx, const Call& call, const Message& response, Instant now) {
  if (call.idempotency_key.empty()) return;
  const std::string bytes = response.SerializeAsString();
  tx.exec("update idempotency_keys set state = $1, response = $2, finished_at = $3 where merchant_id = $4 and key = $5 and state = $6", finished,
          store::Value::blob(bytes), now, call.caller.merchant_id, call.idempotency_key, under_way);
}

void finish_work(store::Tx& tx, const std::string& work_id, const Message& response, Instant now) {
  if (work_id.empty()) return;
  const std::string bytes = response.SerializeAsString();
  tx.exec("update idempotency_keys set state = $1, response = $2, finished_at = $3 where work_id = $4 and state = 0", finished,
          store::Value::blob(bytes), now, work_id);
}

void pass_work_on(store::Tx& tx, const std::string& from, const std::string& to) {
  tx.exec("update idempotency_keys set work_id = $1 where work_id = $2 and state = 0", to, from);
}

void release_work(store::Tx& tx, const std::string& work_id) {
  if (work_id.empty()) return;
  tx.exec("delete from idempotency_keys where work_id = $1 and state = 0", work_id);
}

std::optional<std::string> stored_answer(store::Tx& tx, const Call& call) {
  if (call.idempotency_key.empty()) return std::nullopt;
  return tx.first(
      "select response from idempotency_keys where merchant_id = $1 and key = $2 and state = 1",
      [](const store::Row& row) { return std::string(row.text(0)); }, call.caller.merchant_id, call.idempotency_key);
}

std::int64_t forget_finished(store::Tx& tx, Instant now, Duration retention, int rows_max) {
  return tx.exec(
      "delete from idempotency_keys where (merchant_id, key) in "
      "(select merchant_id, key from idempotency_keys where finished_at < $1 order by finished_at limit $2)",
      now - retention, rows_max);
}

}  // namespace purser::rpc
