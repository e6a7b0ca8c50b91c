create table wallets (
  id text primary key,
  merchant_id text not null,
  user_id text not null check (user_id <> ''),
  version bigint not null check (version > 0),
  created_at bigint not null,
  updated_at bigint not null
);
create unique index wallets_by_user on wallets (merchant_id, user_id);

-- The merchant's own accounts, ISSUED and SPENT, are nobody's: their user_id is empty.
create table wallet_accounts (
  merchant_id text not null,
  user_id text not null,
  currency text not null,
  account text not null,
  balance bigint not null,
  primary key (merchant_id, user_id, currency, account),
  check ((account in ('AVAILABLE', 'HELD') and user_id <> '' and balance >= 0) or (account = 'SPENT' and user_id = '' and balance >= 0)
    or (account = 'ISSUED' and user_id = '' and balance <= 0))
);

create table wallet_operations (
  id text primary key,
  merchant_id text not null,
  wallet_id text not null,
  user_id text not null,
  reference text not null,
  kind text not null,
  currency text not null,
  amount bigint not null check (amount > 0),
  released bigint not null default 0 check (released >= 0),
  asked_currency text,
  asked_amount bigint,
  charge_id text,
  keep_rest bigint not null default 0,
  reason text not null default '',
  available_after bigint not null check (available_after >= 0),
  held_after bigint not null check (held_after >= 0),
  created_at bigint not null
);
create unique index wallet_operations_reference on wallet_operations (merchant_id, reference);
create index wallet_operations_by_wallet on wallet_operations (wallet_id, id);

create table wallet_entries (
  id text primary key,
  operation_id text not null,
  merchant_id text not null,
  user_id text not null,
  currency text not null,
  account text not null,
  amount bigint not null check (amount <> 0),
  balance_after bigint not null,
  created_at bigint not null
);
create unique index wallet_entries_by_operation on wallet_entries (operation_id, account);
create index wallet_entries_by_user on wallet_entries (merchant_id, user_id, id);

-- Debits and holds, with what became of them.
create table wallet_charges (
  operation_id text primary key,
  merchant_id text not null,
  user_id text not null,
  reference text not null,
  kind text not null check (kind in ('DEBIT', 'HOLD')),
  currency text not null,
  amount bigint not null check (amount > 0),
  captured bigint not null check (captured >= 0),
  released bigint not null check (released >= 0),
  refunded bigint not null check (refunded >= 0 and refunded <= captured),
  reason text not null default '',
  created_at bigint not null,
  updated_at bigint not null,
  check (captured + released <= amount)
);
