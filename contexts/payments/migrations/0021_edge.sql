-- What in a payment's request was repaired; where its buyer asked from.
alter table payments add column validation_issues text not null default '';
alter table payments add column client_ip text not null default '';

-- What a day came to so far, one row for each limit that was asked for it. It is made from the payments when a limit is first asked.
create table payment_day_sums (
  merchant_id text not null,
  currency text not null,
  method text not null,
  day bigint not null,
  amount bigint not null check (amount >= 0),
  primary key (merchant_id, currency, method, day)
);

-- Attempts that were declined lately, and those under way of merchants who limit declines.
create table payment_declines (
  attempt_id text primary key,
  merchant_id text not null,
  order_id text not null,
  user_id text not null,
  client_ip text not null,
  at bigint not null,
  declined bigint not null
);
create index payment_declines_of_order on payment_declines (merchant_id, order_id, at) where order_id <> '';
create index payment_declines_of_user on payment_declines (merchant_id, user_id, at) where user_id <> '';
create index payment_declines_of_address on payment_declines (merchant_id, client_ip, at) where client_ip <> '';
create index payment_declines_by_time on payment_declines (at);
