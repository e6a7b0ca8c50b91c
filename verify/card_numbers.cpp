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
    {"payments", "user_id,payment_method,description,return_url,metadata,method,tokens,country,card_network,client_ip,validation_issues",
     "id,merchant_id,order_id,status,capture_method,currency,parent_id,goal",
     "select id, user_id, payment_method, description, return_url, metadata, method, tokens, country, card_network, client_ip, validation_issues "
     "from payments order by id"},
    {"payment_steps", "method,reason", "payment_id,processor,candidates",
     "select payment_id, method, reason from payment_steps order by payment_id, step"},
    {"payment_shares", "method,payment_method,tokens", "payment_id",
     "select payment_id || ' ' || leg, method, payment_method, tokens from payment_shares order by payment_id, leg"},
    {"payment_attempts", "payment_method,subject,action_url,asked_by,failure,route_reason,next_reason",
     "id,payment_id,merchant_id,kind,status,processor,reference,processor_ref",
     "select payment_id || ' ' || reference, payment_method, subject, action_url, asked_by, failure, route_reason, next_reason from "
     "payment_attempts order by reference"},
    {"payment_day_sums", "", "merchant_id,currency,method", ""},
    {"payment_declines", "user_id,client_ip", "attempt_id,merchant_id,order_id",
     "select attempt_id, user_id, client_ip from payment_declines order by attempt_id"},
    {"merchant_configs", "config,actor", "merchant_id",
     "select merchant_id || ' ' || version, config, actor from merchant_configs order by merchant_id, version"},
    {"attempt_answers", "failure", "payment_id,attempt_id,cause,outcome,processor_ref",
     "select payment_id || ' ' || attempt_id, failure from attempt_answers where failure is not null order by payment_id, at"},
    {"captures", "failure", "id,payment_id,status,part_of",
     "select payment_id || ' ' || id, failure from captures where failure is not null order by id"},
    {"refunds", "reason,failure", "id,payment_id,merchant_id,status,part_of",
     "select payment_id || ' ' || id, reason, failure from refunds order by id"},
    {"wallets", "user_id", "id,merchant_id", "select id, user_id from wallets order by id"},
    {"wallet_accounts", "user_id", "merchant_id,currency,account",
     "select merchant_id || ' ' || currency, user_id from wallet_accounts order by merchant_id, user_id, currency, account"},
    {"wallet_operations", "user_id,reference,reason", "id,merchant_id,wallet_id,kind,currency,asked_currency,charge_id",
     "select id, user_id, reference, reason from wallet_operations order by id"},
    {"wallet_entries", "user_id", "id,operation_id,merchant_id,currency,account", "select id, user_id from wallet_entries order by id"},
    {"wallet_charges", "user_id,reference,reason", "operation_id,merchant_id,kind,currency",
     "select operation_id, user_id, reference, reason from wallet_charges order by operation_id"},
    {"webhook_inbox", "event_id,type", "processor,outcome", "select event_id, event_id, type from webhook_inbox order by processor, event_id"},
    {"outbox", "actor,correlation_id,payload", "id,merchant_id,type,aggregate_type,aggregate_id,message_type,traceparent",
     "select aggregate_id || ' ' || id, actor, correlation_id, payload, message_type from outbox order by id"},
    {"idempotency_keys", "key,response", "merchant_id,fingerprint,work_id",
     "select merchant_id || ' ' || key, key, response from idempotency_keys order by merchant_id, key"},
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

// Whether there are digits enough side by side for one. What stands in a message stands in its bytes, so that only few are decoded.
bool has_digits_for_one(std::string_view bytes) {
  constexpr int digits_min = 13;
  int digits = 0;
  bool separated = true;  // the last byte was no digit
  for (const char c : bytes) {
    const bool digit = c >= '0' && c <= '9', separator = c == ' ' || c == '-';
    if (digit && ++digits >= digits_min) return true;
    if (!digit && (!separator || separated)) digits = 0;
    separated = !digit;
  }
  return false;
}

std::string_view nth(std::string_view list, int index) {
  for (; index > 0; --index) list.remove_prefix(list.find(',') + 1);
  return list.substr(0, list.find(','));
}

bool message_holds_one(const google::protobuf::Message* message) {
  bool found = false;
  if (message) for_each_text(*message, [&](std::string_view text) { found = found || holds_card_number(text); });
  return found;
}

bool column_holds_one(const Row& row, int at, std::string_view column, int columns, MessageReader& reader) {
  if (!has_digits_for_one(row.text(at))) return false;
  if (column == "payload") return message_holds_one(reader.read(row.text(columns + 1), row.text(at)));
  if (column == "response") return message_holds_one(reader.read_answer(row.text(at)));
  return holds_card_number(row.text(at));
}

void scan(Tx& tx, const ScannedTable& scanned, MessageReader& reader, Findings& findings) {
  const int columns = 1 + static_cast<int>(std::ranges::count(scanned.columns, ','));
  tx.query(scanned.sql, [&](const Row& row) {
    for (int column = 0; column < columns; ++column)
      // The number itself is not repeated: a report is a place it must not be in either.
      if (column_holds_one(row, column + 1, nth(scanned.columns, column), columns, reader))
        findings.add(check, fmt::format("{} {}", scanned.table, holds_card_number(row.text(0)) ? "(its name)" : row.text(0)),
                     fmt::format("a card number stands in {}.{}", scanned.table, nth(scanned.columns, column)));
  });
}

}  // namespace

std::span<const ScannedTable> scanned_tables() { return tables; }

void check_card_numbers(Tx& tx, Findings& findings) {
  MessageReader reader;
  for (const ScannedTable& scanned : tables)
    if (!scanned.sql.empty()) scan(tx, scanned, reader, findings);
}

}  // namespace purser::verify
