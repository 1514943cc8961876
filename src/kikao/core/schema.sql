-- core: what every room stands on. No word of therapy or money.
create schema core;
create extension if not exists btree_gist with schema public;

-- For tables whose rows are never edited: what was agreed, what happened, where a shilling went.
create function core.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of %.% are never changed', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation', constraint = tg_name;
end $$;

-- For tables whose rows must be kept for years: never edited, and deleted only when they are that old by this
-- database's own clock. Arguments: the column of their moment, and how many years.
create function core.keep_for_years() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
       and (to_jsonb(old) ->> tg_argv[0])::timestamptz < now() - make_interval(years => tg_argv[1]::integer) then
        return old;
    end if;
    raise exception 'rows of %.% are never changed, and kept for % years', tg_table_schema, tg_table_name, tg_argv[1]
        using errcode = 'restrict_violation', constraint = tg_name;
end $$;

-- A practice setting: never edited, the newest row that has begun counts. Its version is how many have begun.
create table core.setting (
    version bigint generated always as identity primary key,
    name text not null,
    value jsonb not null,
    from_at timestamptz not null,
    set_at timestamptz not null,
    set_by uuid not null,
    reason text not null constraint setting_has_a_reason check (length(reason) between 1 and 500)
);
create index setting_by_name on core.setting (name, from_at);
create trigger setting_is_never_changed before update or delete on core.setting
    for each row execute function core.refuse_change();

-- An idempotency key, written in the transaction of its effect: no effect, no row.
create table core.idempotency (
    account_id uuid not null,
    method text not null,
    path text not null,
    key text not null constraint key_length check (length(key) between 1 and 255),
    body_hash bytea not null,
    status smallint,
    answer jsonb,
    created_at timestamptz not null,
    primary key (account_id, key, method, path)
);
create index idempotency_by_age on core.idempotency (created_at);

-- Counters of rate limits: one row a subject and window. Subjects are plain digests: no names, but who
-- has a copy of the database can try all phone numbers. They are forgotten after two days.
create table core.counter (
    subject bytea not null,
    window_start timestamptz not null,
    hits integer not null,
    primary key (subject, window_start)
);
create index counter_by_age on core.counter (window_start);

-- The same for limits of a few: when each of the last ones was.
create table core.recent (
    subject bytea primary key,
    times timestamptz[] not null,
    newest timestamptz not null
);
create index recent_by_age on core.recent (newest);

-- The last sign of life of each program, by name.
create table core.heartbeat (
    program text primary key,
    at timestamptz not null,
    clock_offset_ms integer not null
);

create view core.sign_of_life as select program, at from core.heartbeat;
