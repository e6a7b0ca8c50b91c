// Idempotency keys, as Stripe keeps them: the first status and body of a request that began to execute, whatever they were,
// answered again for 24 hours. The scope is the account, and the sandbox is one account.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"
#include "platform/store/store.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {

inline constexpr Duration key_lifetime = hours(24);
inline constexpr std::size_t key_length_max = 255;

// Endpoint and parameters, whatever their order, as one short text.
std::string fingerprint_of(std::string_view method, std::string_view path, const Form& form);

struct KeyRecord {
  std::string fingerprint;
  int status;  // 0: nothing is stored, a fault struck before anything was done
  std::string body;
};
std::optional<KeyRecord> find_key(store::Tx& tx, std::string_view key, Instant now);
void keep_key(store::Tx& tx, std::string_view key, const KeyRecord& record, Instant now);

}  // namespace purser::sandbox
