#include "sandbox/paypal_payment.hpp"
#include "sandbox/sandbox.hpp"

namespace purser::sandbox {

// Pairs (metadata, details) are kept form-encoded, times in milliseconds.
std::vector<store::Migration> migrations() {
  return {{.owner = "sandbox", .name = "0001_sandbox", .sql = R"(
create table sandbox_payment_intents (
  id text primary key,
  created_at bigint not null,
  status text not null,
  amount bigint not null,
  amount_capturable bigint not null,
  amount_received bigint not null,
  currency text not null,
  manual_capture bigint not null,
  multicapture bigint not null,
  client_secret text not null,
  payment_method text not null,
  latest_charge text not null,
  last_error text not null,
  authenticate_url text not null,
  return_url text not null,
  canceled_at bigint,
  cancellation_reason text not null,
  settles_at bigint,
  details text not null,
  metadata text not null,
  check (amount_received >= 0 and amount_capturable >= 0 and amount_received + amount_capturable <= amount)
);
create index sandbox_payment_intents_settling on sandbox_payment_intents (settles_at) where settles_at is not null;
create table sandbox_charges (
  id text primary key,
  payment_intent text not null,
  created_at bigint not null,
  amount bigint not null,
  amount_captured bigint not null,
  amount_refunded bigint not null,
  currency text not null,
  succeeded bigint not null,
  captured bigint not null,
  payment_method text not null,
  failure_code text not null,
  decline_code text not null,
  metadata text not null,
  check (amount_captured <= amount and amount_refunded <= amount_captured)
);
create index sandbox_charges_of_intent on sandbox_charges (payment_intent, id);
create table sandbox_refunds (
  id text primary key,
  charge text not null,
  payment_intent text not null,
  created_at bigint not null,
  amount bigint not null check (amount > 0),
  currency text not null,
  status text not null,
  reason text not null,
  failure_reason text not null,
  settles_at bigint,
  metadata text not null
);
create index sandbox_refunds_of_intent on sandbox_refunds (payment_intent, id);
create index sandbox_refunds_settling on sandbox_refunds (settles_at) where settles_at is not null;
create table sandbox_ledger (
  seq integer primary key,
  at bigint not null,
  kind text not null,
  payment_intent text not null,
  object text not null,
  amount bigint not null,
  currency text not null,
  reference text not null,
  order_id text not null,
  idempotency_key text not null
);
create index sandbox_ledger_of_intent on sandbox_ledger (payment_intent, seq);
create index sandbox_ledger_of_reference on sandbox_ledger (reference, seq) where reference <> '';
create index sandbox_ledger_of_order on sandbox_ledger (order_id, seq) where order_id <> '';
create table sandbox_idempotency (
  key text primary key,
  fingerprint text not null,
  created_at bigint not null,
  status bigint not null,
  body text not null
);
create table sandbox_events (
  id text primary key,
  type text not null,
  created_at bigint not null,
  request_id text not null,
  idempotency_key text not null,
  object text not null
);
create table sandbox_deliveries (
  id text primary key,
  event text not null,
  attempt bigint not null,
  state text not null,
  due_at bigint not null,
  sent_at bigint,
  status bigint,
  problem text not null
);
create index sandbox_deliveries_due on sandbox_deliveries (due_at, id) where state = 'pending';
create index sandbox_deliveries_of_event on sandbox_deliveries (event, id);
)"},
          {.owner = "sandbox", .name = "0002_faces", .sql = R"(
alter table sandbox_ledger add column processor text not null default 'stripe';
create index sandbox_ledger_of_processor on sandbox_ledger (processor, seq);
alter table sandbox_events add column processor text not null default 'stripe';
create table sandbox_keys (
  processor text not null,
  key text not null,
  fingerprint text not null,
  created_at bigint not null,
  status bigint not null,
  body text not null,
  primary key (processor, key)
);
insert into sandbox_keys select 'stripe', key, fingerprint, created_at, status, body from sandbox_idempotency;
drop table sandbox_idempotency;
)"},
          {.owner = "sandbox", .name = "0003_adyen", .sql = R"(
create table sandbox_adyen_payments (
  psp_reference text primary key,
  created_at bigint not null,
  merchant_account text not null,
  reference text not null,
  status text not null,
  amount bigint not null,
  captured bigint not null,
  refunded bigint not null,
  currency text not null,
  manual_capture bigint not null,
  several_captures bigint not null,
  closed bigint not null,
  method text not null,
  refusal_code text not null,
  return_url text not null,
  redirect_result text not null,
  approved bigint not null,
  settles_at bigint,
  metadata text not null,
  check (0 <= refunded and refunded <= captured and captured <= amount)
);
create index sandbox_adyen_payments_of_reference on sandbox_adyen_payments (reference, created_at);
create unique index sandbox_adyen_payments_of_redirect on sandbox_adyen_payments (redirect_result) where redirect_result <> '';
create index sandbox_adyen_payments_settling on sandbox_adyen_payments (settles_at) where settles_at is not null;
create table sandbox_adyen_modifications (
  psp_reference text primary key,
  created_at bigint not null,
  payment text not null,
  payment_reference text not null,
  merchant_account text not null,
  reference text not null,
  kind text not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  reason text not null,
  settles_at bigint,
  fault text not null,
  fault_delay_ms bigint not null
);
create index sandbox_adyen_modifications_settling on sandbox_adyen_modifications (settles_at) where settles_at is not null;
)"},
          paypal_migration()};
}

}  // namespace purser::sandbox
