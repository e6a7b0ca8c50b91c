create table orders (
  id text primary key,
  merchant_id text not null,
  user_id text not null,
  client_reference text,
  order_type text not null,
  status text not null,
  fulfillment_status text not null,
  currency text not null,
  total bigint not null check (total >= 0),
  payment_id text,
  payment_status text,
  amount_captured bigint not null default 0 check (amount_captured >= 0 and amount_captured <= total),
  amount_refunded bigint not null default 0 check (amount_refunded >= 0 and amount_refunded <= amount_captured),
  cancel_requested bigint not null default 0,
  cancel_reason text not null default '',
  cancel_version bigint not null default 0,
  metadata text not null default '{}',
  expires_at bigint not null,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null
);
create unique index orders_client_reference on orders (merchant_id, client_reference) where client_reference is not null;
create index orders_by_merchant on orders (merchant_id, id);
create index orders_by_user on orders (merchant_id, user_id, id);
create index orders_unpaid on orders (expires_at) where status in ('CREATED', 'PAYMENT_FAILED');
create index orders_cancelling on orders (updated_at) where cancel_requested = 1;

create table order_items (
  order_id text not null,
  position bigint not null,
  id text not null,
  sku text not null,
  name text not null,
  quantity bigint not null check (quantity > 0),
  unit_price bigint not null check (unit_price >= 0),
  primary key (order_id, position)
);

create table order_history (
  id text primary key,
  order_id text not null,
  merchant_id text not null,
  version bigint not null,
  change text not null,
  from_status text,
  to_status text not null,
  payment_status text,
  actor text not null,
  cause text not null,
  reason text not null default '',
  at bigint not null
);
create unique index order_history_by_order on order_history (order_id, version);
