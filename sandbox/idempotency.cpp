#include "sandbox/idempotency.hpp"

#include <algorithm>

#include "sandbox/signature.hpp"

namespace purser::sandbox {

std::string fingerprint_of(std::string_view method, std::string_view path, const Form& form) {
  Pairs fields = form.fields();
  std::ranges::sort(fields);
  std::string text = std::string(method) + ' ' + std::string(path) + '\n' + http::write_form(fields);
  return sha256_hex(text);
}

std::optional<KeyRecord> find_key(store::Tx& tx, std::string_view key, Instant now) {
  return tx.first(
      "select fingerprint, status, body from sandbox_idempotency where key = $1 and created_at > $2",
      [](const store::Row& row) { return KeyRecord{std::string(row.text(0)), static_cast<int>(row.integer(1)), std::string(row.text(2))}; }, key,
      now - key_lifetime);
}

void keep_key(store::Tx& tx, std::string_view key, const KeyRecord& record, Instant now) {
  tx.exec(
      "insert into sandbox_idempotency (key, fingerprint, created_at, status, body) values ($1, $2, $3, $4, $5) on conflict (key) do update "
      "set fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status, body = excluded.body",
      key, record.fingerprint, now, record.status, record.body);
}

}  // namespace purser::sandbox
