// Idempotency: a key, what it was used for, and what was answered, in the same transaction as the effect
// (IETF draft httpapi-idempotency-key-header; Stripe's rules). Keys belong to the merchant.
//
// A command that is one transaction wraps its body in once(). A command that calls the world in between begins with
// begin() in its first transaction, which names the work under way, and ends with finish() in the one that settles that work,
// whoever runs it: the handler, a webhook, or recovery after a crash. Until then the key answers 409 `idempotency_key_in_use`.
#pragma once
#include <optional>
#include <string>

#include "kernel/assert.hpp"
#include "platform/rpc/call.hpp"
#include "platform/rpc/service.hpp"
#include "platform/store/store.hpp"

namespace purser::rpc {

std::vector<store::Migration> idempotency_migrations();

// The serialized answer that was stored under this key, nothing if the key is new (it is then claimed as work under way under
// `work_id`), or a refusal: 422 `idempotency_key_reused` (another request), 409 `idempotency_key_in_use`.
Result<std::optional<std::string>> claim(store::Tx& tx, const Call& call, const Message& request, const std::string& work_id, Instant now);

// Stores the answer under the claimed key. finish_work() does so for every key that was claimed for this work. A key that has its
// answer keeps it: both then do nothing.
void finish(store::Tx& tx, const Call& call, const Message& response, Instant now);
void finish_work(store::Tx& tx, const std::string& work_id, const Message& response, Instant now);

// The work under way is another's from now on: whoever finishes `to` finishes every key that was claimed for `from`.
void pass_work_on(store::Tx& tx, const std::string& from, const std::string& to);

// Gives every key that was claimed for this work and is not finished back, as if it had never been used: for work that ended in a
// refusal with nothing done.
void release_work(store::Tx& tx, const std::string& work_id);

// Forgets what was finished before `now - retention`. Says how many, at most `rows_max`.
std::int64_t forget_finished(store::Tx& tx, Instant now, Duration retention, int rows_max);

template <class Response>
Response parse_stored(const std::string& bytes, const Call& call) {
  Response response;
  PURSER_ASSERT(response.ParseFromString(bytes));
  call.notes->replayed = true;
  return response;
}

// The same without claiming anything, for a command that must know before it begins: the stored answer, nothing (the key is new,
// or its work is under way), or 422 `idempotency_key_reused`.
Result<std::optional<std::string>> peek(store::Tx& tx, const Call& call, const Message& request);

// What this call's key answers by now: nothing while its work is under way, or where there is no key.
std::optional<std::string> stored_answer(store::Tx& tx, const Call& call);

// A whole command in one transaction: the stored answer, or the body's, then stored. A refusal is not stored.
template <class Response, class Body>
Result<Response> once(store::Tx& tx, const Call& call, const Message& request, Instant now, Body&& body) {
  TRY(auto stored, claim(tx, call, request, "", now));
  if (stored) return parse_stored<Response>(*stored, call);
  TRY(Response response, body());
  finish(tx, call, response, now);
  return response;
}

// The first half of a command that calls the world: the stored answer, or nothing (go on; `work_id` will finish it).
template <class Response>
Result<std::optional<Response>> begin(store::Tx& tx, const Call& call, const Message& request, const std::string& work_id, Instant now) {
  TRY(auto stored, claim(tx, call, request, work_id, now));
  if (!stored) return std::optional<Response>();
  return std::optional<Response>(parse_stored<Response>(*stored, call));
}

}  // namespace purser::rpc
