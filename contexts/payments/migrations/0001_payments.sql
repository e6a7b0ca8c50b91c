create table payments (
  id text primary key,
  merchant_id text not null,
  order_id text,
  user_id text not null,
  status text not null,
  capture_method text not null,
  amount bigint not null check (amount > 0),
  currency text not null,
  authorized bigint not null default 0 check (authorized >= 0 and authorized <= amount),
  captured bigint not null default 0 check (captured >= 0 and captured <= authorized),
  refunded bigint not null default 0 check (refunded >= 0 and refunded <= captured),
  capture_pending bigint not null default 0 check (capture_pending >= 0 and captured + capture_pending <= authorized),
  refund_pending bigint not null default 0 check (refund_pending >= 0 and refunded + refund_pending <= captured),
  closed bigint not null default 0,
  payment_method text not null,
  description text not null default '',
  return_url text not null default '',
  metadata text not null default '{}',
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null
);
-- An order has at most one payment that holds, or may hold, its money.
create unique index payments_live_for_order on payments (order_id) where order_id is not null and status not in ('FAILED', 'VOIDED', 'REFUNDED');
create index payments_by_merchant on payments (merchant_id, id);
create index payments_by_order on payments (merchant_id, order_id, id);

create table payment_steps (
  payment_id text not null,
  step bigint not null,
  method text not null,
  amount bigint not null check (amount > 0),
  processor text not null,
  primary key (payment_id, step)
);

create table payment_attempts (
  id text primary key,
  payment_id text not null,
  merchant_id text not null,
  step bigint not null,
  number bigint not null,
  kind text not null,
  status text not null,
  processor text not null,
  reference text not null,
  processor_ref text not null default '',
  payment_method text not null,
  amount bigint not null check (amount > 0),
  subject text not null default '',
  action_url text not null default '',
  asked_by text not null,
  failure text,
  next_check_at bigint,
  checks bigint not null default 0,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index payment_attempts_reference on payment_attempts (reference);
create unique index payment_attempts_number on payment_attempts (payment_id, number);
create index payment_attempts_due on payment_attempts (next_check_at) where next_check_at is not null;
create index payment_attempts_processor_ref on payment_attempts (processor_ref) where processor_ref <> '';
-- At most one attempt to get the money of a payment is open or has succeeded.
create unique index payment_attempts_one_charge on payment_attempts (payment_id)
  where kind in ('AUTHORIZE', 'SALE') and status in ('SENT', 'REQUIRES_ACTION', 'IN_DOUBT', 'SUCCEEDED');

create table captures (
  id text primary key,
  payment_id text not null,
  amount bigint not null check (amount > 0),
  status text not null,
  final bigint not null,
  failure text,
  created_at bigint not null
);
create index captures_by_payment on captures (payment_id);

create table refunds (
  id text primary key,
  payment_id text not null,
  merchant_id text not null,
  amount bigint not null check (amount > 0),
  status text not null,
  reason text not null default '',
  failure text,
  created_at bigint not null,
  updated_at bigint not null
);
create index refunds_by_payment on refunds (payment_id);

create table webhook_inbox (
  processor text not null,
  event_id text not null,
  type text not null,
  received_at bigint not null,
  outcome text not null,
  primary key (processor, event_id)
);
