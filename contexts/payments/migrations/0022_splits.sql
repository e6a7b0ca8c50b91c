-- A payment in parts is a whole (goal is set), which has no attempts, and a leg for each of its shares (parent_id and leg are set), which is a
-- payment as any other but pays no order by itself.
alter table payments add column parent_id text;
alter table payments add column leg bigint not null default 0 check (leg >= 0);
alter table payments add column goal text not null default '' check (goal in ('', 'PAY', 'UNDO', 'RELEASE'));
alter table payments add column advance_at bigint;
create unique index payments_one_leg_a_step on payments (parent_id, leg) where parent_id is not null;
create index payments_to_advance on payments (advance_at) where advance_at is not null;

-- Of a leg: the whole's capture or refund that it is a part of.
alter table captures add column part_of text not null default '';
alter table refunds add column part_of text not null default '';
create index captures_by_whole on captures (part_of) where part_of <> '';
create index refunds_by_whole on refunds (part_of) where part_of <> '';

-- How a payment was to be made up. Each share begins where the one before it ended, and the last one ends at the total: they sum to it.
create table payment_shares (
  payment_id text not null,
  leg bigint not null check (leg > 0),
  method text not null,
  payment_method text not null,
  tokens text not null default '{}',
  amount bigint not null check (amount > 0),
  begins_at bigint not null check (begins_at >= 0),
  ends_at bigint not null,
  total bigint not null,
  is_last bigint not null check (is_last in (0, 1)),
  primary key (payment_id, leg),
  check (ends_at = begins_at + amount),
  check (ends_at <= total),
  check ((is_last = 1) = (ends_at = total)),
  check ((leg = 1) = (begins_at = 0))
);
create unique index payment_shares_begin on payment_shares (payment_id, begins_at);
create unique index payment_shares_end on payment_shares (payment_id, ends_at);
create unique index payment_shares_last on payment_shares (payment_id) where is_last = 1;
