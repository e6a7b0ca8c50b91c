-- Who may be asked for a payment's money, in order, and why; what decided it.
alter table payments add column method text not null default 'card';
alter table payments add column tokens text not null default '{}';
alter table payments add column country text not null default '';
alter table payments add column card_network text not null default '';
alter table payment_steps add column candidates text not null default '';
alter table payment_steps add column reason text not null default '';
alter table payment_steps add column config_version bigint not null default 0;
alter table payment_attempts add column route_reason text not null default '';
alter table payment_attempts add column next_reason text not null default '';

create table merchant_configs (
  merchant_id text not null,
  version bigint not null check (version > 0),
  config bytea not null,
  actor text not null,
  created_at bigint not null,
  primary key (merchant_id, version)
);
