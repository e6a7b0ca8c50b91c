-- What was answered about an attempt, each time: for people who ask what happened. Nothing is decided by it.
create table attempt_answers (
  payment_id text not null,
  attempt_id text not null,
  at bigint not null,
  cause text not null,
  outcome text not null,
  processor_ref text not null default '',
  failure text,
  latency_ms bigint not null default 0
);
create index attempt_answers_by_payment on attempt_answers (payment_id);
