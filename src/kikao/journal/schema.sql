-- journal: who did what, about what, when. Ids only; nobody edits it.
create schema journal;

create table journal.entry (
    id uuid primary key,
    at timestamptz not null,
    by_account uuid not null,           -- all zeros: the system; all f: somebody who is not signed in
    verb text not null,
    noun text not null,                 -- 'session', 'charge', 'account', …
    noun_id uuid not null,
    facts jsonb                          -- ids, states, amounts; never a name, a number or free words
);
create index entry_by_noun on journal.entry (noun_id, at);
create index entry_by_age on journal.entry using brin (at);
create index entry_by_account on journal.entry (by_account, at);
create trigger entry_is_never_changed before update on journal.entry
    for each row execute function core.refuse_change();

-- What others may read: everything, since it holds ids only.
create view journal.line as select id, at, by_account, verb, noun, noun_id, facts from journal.entry;
