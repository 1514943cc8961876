-- directory: who offers what, for how much.
create schema directory;

create table directory.psychologist (
    id uuid primary key references accounts.person,
    slug text not null constraint slug_once unique
        -- Figures and consonants: an address on a shared phone names nobody.
        constraint slug_says_nothing check (slug ~ '^[0-9bcfghjkmnpqrstvwxz]{6,12}$'),
    status text not null default 'waiting'
        constraint psychologist_status check (status in ('waiting', 'listed', 'refused', 'disabled')),
    title text not null,
    board text not null,
    registration_number text not null,
    licence_number text,
    licence_until date,
    licence_grace_until date,            -- while a renewal is under way: 31 days more at most, with the reason
    licence_grace_reason text,
    checked_at timestamptz,
    checked_by uuid,
    public_yes_at timestamptz,           -- their own yes to be listed
    supervisor_id uuid references directory.psychologist,
    bio text not null default '',
    gender text,
    specialities text[] not null default '{}',
    languages text[] not null default '{}',
    sees text[] not null default '{adults}',
    session_types text[] not null default '{Individual}' constraint offered_types
        check (session_types <@ array['Individual', 'Couples', 'Family', 'Group']),
    modes text[] not null default '{Online}' constraint offered_modes
        check (modes <@ array['Online', 'In Person', 'Phone']),
    takes text not null default 'asks first'
        constraint takes_word check (takes in ('asks first', 'known clients at once', 'everyone at once')),
    desk_may_answer boolean not null default false,
    meeting_link text constraint meeting_link_https check (meeting_link ~ '^https://'),
    created_at timestamptz not null,
    constraint checked_by_somebody check ((checked_at is null) = (checked_by is null)),
    constraint listed_when_checked check
        (status <> 'listed' or (checked_at is not null and licence_until is not null and public_yes_at is not null)),
    constraint grace_has_a_reason check ((licence_grace_until is null) = (licence_grace_reason is null)),
    constraint grace_is_a_month check (licence_grace_until <= licence_until + 31)
);
create index psychologist_by_name on directory.psychologist (status, slug);

-- What one psychologist asks for one type. Never edited: a new one follows it.
create table directory.rate (
    id uuid primary key,
    psychologist_id uuid not null references directory.psychologist,
    session_type text not null constraint rate_type check (session_type in ('Individual', 'Couples', 'Family', 'Group')),
    amount integer not null constraint rate_amount check (amount between 0 and 250000),
    minutes smallint not null constraint rate_minutes check (minutes between 15 and 240),
    from_at timestamptz not null,
    set_by uuid not null,
    constraint rate_once_at_a_time unique (psychologist_id, session_type, from_at)
);
create trigger rate_is_never_edited before update on directory.rate
    for each row execute function core.refuse_change();

-- What one psychologist and one client have agreed. Nobody else is shown it.
create table directory.relation (
    psychologist_id uuid not null references directory.psychologist,
    client_id uuid not null references accounts.person,
    known_since timestamptz,             -- met before there was Kikao; a completed session says the same
    at_once boolean,                     -- null: as the psychologist takes everybody
    closed_at timestamptz,
    closed_by uuid,
    primary key (psychologist_id, client_id),
    constraint closed_by_somebody check ((closed_at is null) = (closed_by is null))
);

-- A rate of their own. In a table of its own, so that no public question can find it. Never edited: a new one follows
-- it, and one without an amount gives the public rate back.
create table directory.agreed_rate (
    id uuid primary key,
    psychologist_id uuid not null references directory.psychologist,
    client_id uuid not null references accounts.person,
    session_type text not null
        constraint agreed_type check (session_type in ('Individual', 'Couples', 'Family', 'Group')),
    amount integer constraint agreed_amount check (amount between 0 and 250000),
    minutes smallint constraint agreed_minutes check (minutes between 15 and 240),
    from_at timestamptz not null,
    set_by uuid not null,
    constraint agreed_once_at_a_time unique (psychologist_id, client_id, session_type, from_at),
    constraint agreed_in_full check ((amount is null) = (minutes is null))
);
create trigger agreed_rate_is_never_edited before update on directory.agreed_rate
    for each row execute function core.refuse_change();

-- Numbers for an emergency, on every page once a person has rung them.
create table directory.emergency_line (
    id uuid primary key,
    name text not null,
    number text not null,
    for_whom text not null,
    hours text not null,
    for_whom_sw text not null default '',      -- what readers of Swahili see; empty: the same as everybody
    hours_sw text not null default '',
    position smallint not null default 1,
    invented boolean not null default false,   -- the demo's
    rung_at timestamptz,
    rung_by uuid,
    constraint rung_by_somebody check ((rung_at is null) = (rung_by is null))
);

-- Who is publicly listed, until which day.
create view directory.listed as
select id, slug, title, board, registration_number, supervisor_id, bio, gender, specialities, languages, sees,
       session_types, modes, takes, desk_may_answer, meeting_link,
       coalesce(licence_grace_until, licence_until) as licensed_until
from directory.psychologist p
-- Whoever is in training is seen by nobody while there is no supervisor who is here.
where status = 'listed' and (supervisor_id is null or exists (
    select from directory.psychologist s
    where s.id = p.supervisor_id and s.status = 'listed' and s.supervisor_id is null));

-- `gone`: an admin has said that they hold no sessions here. `unsupervised`: in training, and under nobody who is here.
create view directory.practising as
select id, slug, status, title, registration_number, licence_until, checked_at, public_yes_at, desk_may_answer,
       meeting_link, coalesce(licence_grace_until, licence_until) as licensed_until,
       status in ('disabled', 'refused') as gone,
       supervisor_id is not null and not exists (
           select from directory.psychologist s
           where s.id = p.supervisor_id and s.status = 'listed' and s.supervisor_id is null) as unsupervised
from directory.psychologist p;

-- Which psychologist sees which client no more. Nobody is told; the time is simply taken.
create view directory.closed as
select psychologist_id, client_id from directory.relation where closed_at is not null;

-- What a psychologist and a client have agreed, for the decision about a request.
create view directory.relating as
select psychologist_id, client_id, known_since, at_once from directory.relation;
