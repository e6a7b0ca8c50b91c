// Idempotency keys: the first status and body of a request that began to execute, whatever they were, answered again for as long as the
// face keeps them. The scope is the face's account, and each face is one account.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"
#include "platform/store/store.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {

// Endpoint and parameters, whatever their order, as one short text.
std::string fingerprint_of(std::string_view method, std::string_view path, const Form& form);

struct KeyRecord {
  std::string fingerprint;
  int status;  // 0: nothing is stored, a fault struck before anything was done
  std::string body;
};
struct KeyScope {
  std::string_view processor;
  std::string_view key;
};
// What was kept after `since`.
std::optional<KeyRecord> find_key(store::Tx& tx, const KeyScope& scope, Instant since);
void keep_key(store::Tx& tx, const KeyScope& scope, const KeyRecord& record, Instant now);

}  // namespace purser::sandbox
