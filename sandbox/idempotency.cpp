#include "sandbox/idempotency.hpp"

#include <algorithm>

#include "platform/digest.hpp"

namespace purser::sandbox {

std::string fingerprint_of(std::string_view method, std::string_view path, const Form& form) {
  Pairs fields = form.fields();
  std::ranges::sort(fields);
  std::string text = std::string(method) + ' ' + std::string(path) + '\n' + http::write_form(fields);
  return hex(sha256(text));
}

std::optional<KeyRecord> find_key(store::Tx& tx, const KeyScope& scope, Instant since) {
  return tx.first(
      "select fingerprint, status, body from sandbox_keys where processor = $1 and key = $2 and created_at > $3",
      [](const store::Row& row) { return KeyRecord{std::string(row.text(0)), static_cast<int>(row.integer(1)), std::string(row.text(2))}; },
      scope.processor, scope.key, since);
}

void keep_key(store::Tx& tx, const KeyScope& scope, const KeyRecord& record, Instant now) {
  tx.exec(
      "insert into sandbox_keys (processor, key, fingerprint, created_at, status, body) values ($1, $2, $3, $4, $5, $6) on conflict (processor, key) "
      "do update set fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = excluded.status, body = excluded.body",
      scope.processor, scope.key, record.fingerprint, now, record.status, record.body);
}

}  // namespace purser::sandbox
