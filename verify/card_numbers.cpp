#include "verify/card_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/card_number.hpp"
#include "kernel/id.hpp"
#include "verify/findings.hpp"
#include "verify/message_reader.hpp"

namespace purser::verify {
namespace {

using store::Row;
using store::Tx;

constexpr const char* check = "no_card_number";

// processor_ref, and what a bank calls a refund, are numbers of the processor's own: long, random, and not refused when they come.
constexpr ScannedTable tables[] = {
    {"orders", "user_id,client_reference,order_type,cancel_reason,metadata",
     "id,merchant_id,status,fulfillment_status,currency,payment_id,payment_status",
     "select id, user_id, client_reference, order_type, cancel_reason, metadata from orders order by id"},
    {"order_items", "sku,name", "order_id,id", "select order_id || ' ' || id, sku, name from order_items order by order_id, position"},
    {"order_history", "actor,cause,reason", "id,order_id,merchant_id,change,from_status,to_status,payment_status",
     "select order_id || ' ' || id, actor, cause, reason from order_history order by order_id, version"},
    {"payments", "user_id,payment_method,description,return_url,metadata", "id,merchant_id,order_id,status,capture_method,currency",
     "select id, user_id, payment_method, description, return_url, metadata from payments order by id"},
    {"payment_steps", "method", "payment_id,processor", "select payment_id, method from payment_steps order by payment_id, step"},
    {"payment_attempts", "payment_method,subject,action_url,asked_by,failure",
     "id,payment_id,merchant_id,kind,status,processor,reference,processor_ref",
     "select payment_id || ' ' || reference, payment_method, subject, action_url, asked_by, failure from payment_attempts order by reference"},
    {"captures", "failure", "id,payment_id,status", "select payment_id || ' ' || id, failure from captures where failure is not null order by id"},
    {"refunds", "reason,failure", "id,payment_id,merchant_id,status", "select payment_id || ' ' || id, reason, failure from refunds order by id"},
    {"webhook_inbox", "event_id,type", "processor,outcome", "select event_id, event_id, type from webhook_inbox order by processor, event_id"},
    {"outbox", "actor,correlation_id", "id,merchant_id,type,aggregate_type,aggregate_id,message_type,payload,traceparent",
     "select aggregate_id || ' ' || id, actor, correlation_id from outbox order by id"},
    {"idempotency_keys", "key", "merchant_id,fingerprint,work_id,response",
     "select merchant_id, key from idempotency_keys order by merchant_id, key"},
    {"api_keys", "name", "id,merchant_id,hash,prefix", "select id, name from api_keys order by id"},
    {"schema_migrations", "", "owner,name,digest", ""},
};

// An id made here may begin a text: its 26 characters hold digits that mean nothing.
std::string_view without_own_id(std::string_view text) {
  constexpr std::size_t encoded = 26, prefix_max = 6;
  const std::size_t underscore = text.find('_');
  if (underscore == std::string_view::npos || underscore > prefix_max || text.size() < underscore + 1 + encoded) return text;
  return decode_base32(text.substr(underscore + 1, encoded)) ? text.substr(underscore + 1 + encoded) : text;
}
bool holds_card_number(std::string_view text) { return contains_card_number(without_own_id(text)); }

std::string_view nth(std::string_view list, int index) {
  for (; index > 0; --index) list.remove_prefix(list.find(',') + 1);
  return list.substr(0, list.find(','));
}

void scan_columns(Tx& tx, const ScannedTable& scanned, Findings& findings) {
  const int columns = scanned.columns.empty() ? 0 : 1 + static_cast<int>(std::ranges::count(scanned.columns, ','));
  if (columns == 0) return;
  tx.query(scanned.sql, [&](const Row& row) {
    for (int column = 0; column < columns; ++column)
      // The number itself is not repeated: a report is a place it must not be in either.
      if (holds_card_number(row.text(column + 1)))
        findings.add(check, fmt::format("{} {}", scanned.table, holds_card_number(row.text(0)) ? "(its name)" : row.text(0)),
                     fmt::format("a card number stands in {}.{}", scanned.table, nth(scanned.columns, column)));
  });
}

void scan_message(const google::protobuf::Message& message, std::string_view where, std::string subject, Findings& findings) {
  bool found = false;
  for_each_text(message, [&](std::string_view text) { found = found || holds_card_number(text); });
  if (found) findings.add(check, std::move(subject), fmt::format("a card number stands in {}", where));
}

void scan_messages(Tx& tx, Findings& findings) {
  MessageReader reader;
  tx.query("select aggregate_id, id, message_type, payload from outbox order by id", [&](const Row& row) {
    const auto* event = reader.read(row.text(2), row.text(3));
    if (event) scan_message(*event, "outbox.payload", fmt::format("outbox {} {}", row.text(0), row.text(1)), findings);
  });
  tx.query("select merchant_id, key, response from idempotency_keys where response is not null order by merchant_id, key", [&](const Row& row) {
    const std::string_view key = holds_card_number(row.text(1)) ? "(its key)" : row.text(1);
    const auto* answer = reader.read_answer(row.text(2));
    if (answer) scan_message(*answer, "idempotency_keys.response", fmt::format("idempotency_keys {} {}", row.text(0), key), findings);
  });
}

}  // namespace

std::span<const ScannedTable> scanned_tables() { return tables; }

void check_card_numbers(Tx& tx, Findings& findings) {
  for (const ScannedTable& scanned : tables) scan_columns(tx, scanned, findings);
  scan_messages(tx, findings);
}

}  // namespace purser::verify
