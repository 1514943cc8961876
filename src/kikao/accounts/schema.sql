-- accounts: people apart from accounts, contacts, sign-ins, consent.
create schema accounts;

-- Who is seen, perhaps without an account.
create table accounts.person (
    id uuid primary key,
    name text not null constraint person_has_a_name check (length(name) between 1 and 80),
    birth_date date,
    state text not null default 'active'
        constraint person_state check (state in ('active', 'blocked', 'deceased', 'erased')),
    language text not null default 'en',
    time_zone text not null default 'Africa/Nairobi'
        constraint person_zone check (timezone(time_zone, timestamp '2000-01-01') is not null),
    created_at timestamptz not null
);

-- How a person's state came to be: never edited. The newest one stands in the person's row as well.
create table accounts.standing (
    id uuid primary key,
    person_id uuid not null references accounts.person on delete cascade,
    state text not null constraint standing_state check (state in ('active', 'blocked', 'deceased', 'erased')),
    sealed_reason bytea not null,
    at timestamptz not null,
    by_account uuid not null
);
create index standing_by_person on accounts.standing (person_id, at);
create trigger standing_is_never_changed before update on accounts.standing
    for each row execute function core.refuse_change();

-- A way to sign in; belongs to one person, one person has one at most.
create table accounts.account (
    id uuid primary key,
    person_id uuid not null constraint one_account_a_person unique references accounts.person,
    password_hash text not null,
    created_at timestamptz not null,
    proved_at timestamptz,               -- when its first contact was proved; before that it cannot sign in
    disabled_at timestamptz,
    disabled_by uuid,
    wrong_tries smallint not null default 0,
    locked_until timestamptz,
    constraint disabled_by_somebody check ((disabled_at is null) = (disabled_by is null))
);
create index account_never_proved on accounts.account (created_at) where proved_at is null;

-- What an account signs in with: a proved contact, or a name of one's own choosing. One account a name.
create table accounts.login (
    name text primary key constraint login_lower check (name = lower(name) and length(name) between 3 and 254),
    account_id uuid not null references accounts.account on delete cascade,
    since timestamptz not null
);
create index login_by_account on accounts.login (account_id);

create table accounts.role (
    account_id uuid not null references accounts.account on delete cascade,
    role text not null constraint role_word check (role in ('client', 'psychologist', 'desk', 'finance', 'admin')),
    granted_at timestamptz not null,
    granted_by uuid not null,
    primary key (account_id, role)
);

-- A phone number or e-mail of a person. One value may belong to many people.
create table accounts.contact_point (
    id uuid primary key,
    person_id uuid not null references accounts.person on delete cascade,
    kind text not null constraint contact_kind check (kind in ('phone', 'email')),
    value text not null,
    proved_at timestamptz,
    created_at timestamptz not null,
    chosen_at timestamptz,               -- messages go here first; the newest choice counts
    constraint contact_once_a_person unique (person_id, value),
    constraint chosen_when_proved check (chosen_at is null or proved_at is not null)
);
create index contact_by_value on accounts.contact_point (value);

-- Who may act for whom (a parent for a child): people, whether or not they can sign in.
create table accounts.acts_for (
    by_person uuid not null references accounts.person,
    person_id uuid not null references accounts.person,
    relation text not null constraint acts_for_relation check (relation in ('parent', 'guardian', 'carer')),
    since timestamptz not null,
    until timestamptz,
    primary key (by_person, person_id),
    constraint acts_for_another check (by_person <> person_id)
);
create index acts_for_person on accounts.acts_for (person_id);

create table accounts.consent_text (
    id uuid primary key,
    language text not null,
    version integer not null,
    text text not null,
    from_at timestamptz not null,
    constraint consent_text_once unique (language, version)
);

create table accounts.consent (
    id uuid primary key,
    text_id uuid not null references accounts.consent_text,
    person_id uuid not null references accounts.person on delete cascade,   -- for whom
    given_by uuid not null references accounts.person on delete cascade,    -- by whom; who heard it is in the journal
    how text not null constraint consent_how check (how in ('page', 'paper', 'voice')),
    given_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawn_by uuid,
    constraint withdrawn_by_somebody check ((withdrawn_at is null) = (withdrawn_by is null))
);
create index consent_by_person on accounts.consent (person_id);

-- Being signed in: an opaque token, kept as a hash, that can be revoked.
create table accounts.sign_in (
    id uuid primary key,
    token_hash bytea not null constraint sign_in_token unique,
    account_id uuid not null references accounts.account on delete cascade,
    kind text not null constraint sign_in_kind check (kind in ('page', 'api')),
    created_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    idle_minutes integer,                -- null: no idle limit ("my own phone")
    ended_at timestamptz
);
create index sign_in_by_account on accounts.sign_in (account_id) where ended_at is null;

-- A code that was sent to a contact: to prove it (at sign-up or later), or to set a new password.
create table accounts.verification (
    id uuid primary key,
    purpose text not null constraint verification_purpose check (purpose in ('sign_up', 'contact', 'reset')),
    contact_id uuid references accounts.contact_point on delete cascade,
    account_id uuid references accounts.account on delete cascade,
    sealed_to bytea not null,            -- the address, sealed: also where there is no account, so that both answers are alike
    channel text not null constraint verification_channel check (channel in ('email', 'sms')),
    sealed_code bytea,                   -- null until it is sent
    sends smallint not null default 1,   -- how many codes were asked for; each is a message of its own
    tries smallint not null default 0,   -- of the code that was sent last
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index verification_by_age on accounts.verification (expires_at);

-- What others may read.
create view accounts.contact as
select c.id, c.person_id, c.kind, c.value, c.proved_at, c.chosen_at from accounts.contact_point c;

create view accounts.people as
select p.id, p.name, p.state, p.birth_date, p.language, p.time_zone, a.id as account_id,
       (p.birth_date + interval '18 years') at time zone p.time_zone as of_age_at,
       a.proved_at is not null and a.disabled_at is null as can_sign_in
from accounts.person p left join accounts.account a on a.person_id = p.id;

create view accounts.roles as select account_id, role from accounts.role;

-- Whoever acts for a child does so until its eighteenth birthday, whatever is stored: `ends_at`, perhaps infinity.
create view accounts.may_act_for as
select f.by_person, f.person_id, f.relation, f.since, f.until,
       coalesce(least(f.until, case when b.of_age_at > f.since then b.of_age_at end), 'infinity') as ends_at
from accounts.acts_for f
join accounts.person p on p.id = f.person_id
cross join lateral (select (p.birth_date + interval '18 years') at time zone p.time_zone as of_age_at) b;

create view accounts.valid_consent as
select person_id, given_by, text_id, given_at from accounts.consent where withdrawn_at is null;

-- Whose consent for whom was taken back, and not given again.
create view accounts.consent_taken_back as
select c.person_id, c.given_by from accounts.consent c
where c.withdrawn_at is not null and not exists (
    select from accounts.consent n
    where n.person_id = c.person_id and n.given_by = c.given_by and n.withdrawn_at is null);
