-- sessions: what is booked with a psychologist.
create schema sessions;

-- What a cancellation gives back. Never edited: new ones follow.
create table sessions.terms (
    id uuid primary key,
    tiers jsonb not null,                -- [{"hours": 48, "percent": 100}, …], falling; less notice than the last: nothing
    from_at timestamptz not null constraint terms_once_at_a_time unique,
    set_at timestamptz not null default now(),
    set_by uuid not null,
    reason text not null
);
create trigger terms_are_never_edited before update or delete on sessions.terms
    for each row execute function core.refuse_change();

create table sessions.session (
    id uuid primary key,
    reference text not null constraint session_reference unique
        constraint reference_form check (reference ~ '^[2-9A-HJKMNP-Z]{8}$'),
    psychologist_id uuid not null references directory.psychologist,
    client_id uuid not null references accounts.person,      -- who is seen
    requested_by uuid references accounts.person,            -- who acts as the client; null: forgotten
    booked_by uuid,                                          -- who booked it by hand
    meeting_id uuid not null,                                -- rows of one meeting (seats of a group) share it
    session_type text not null
        constraint session_type_word check (session_type in ('Individual', 'Couples', 'Family', 'Group')),
    mode text not null constraint session_mode check (mode in ('Online', 'In Person', 'Phone')),
    place_id uuid references availability.place,
    country text constraint session_country check (country ~ '^[A-Z]{2}$'),

    -- The time, and what it was made under.
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    minutes smallint not null,
    buffer_minutes smallint not null constraint session_buffer check (buffer_minutes between 0 and 240),
    occupied_until timestamptz not null,
    first_starts_at timestamptz not null,                    -- before it was ever moved
    moved smallint not null default 0,
    against text[] not null default '{}',                    -- rules that a booking by hand went against
    sealed_against bytea,                                    -- and why
    rate_id uuid references directory.rate,                  -- null: the practice's own rate of that day
    agreed_id uuid references directory.agreed_rate,         -- a rate of their own, which then counts instead
    session_rate integer not null constraint session_rate_range check (session_rate between 0 and 250000),
    price integer not null constraint session_price check (price between 0 and session_rate),
    terms_id uuid not null references sessions.terms,

    status text not null constraint session_status check (status in (
        'Pending Approval', 'Approved', 'Payment Submitted', 'Confirmed', 'In Progress',
        'Completed', 'Declined', 'Cancelled', 'Expired', 'No Show')),
    hold_until timestamptz,
    extended_at timestamptz,                                 -- once
    extended_by uuid,
    sent_at timestamptz,                                     -- reached its psychologist (a contact was proved)
    open_no smallint,                                        -- which of the person's few unpaid ones this is
    asker_no smallint,                                       -- and which of whoever asked
    charge_id uuid not null,

    sealed_note bytea,
    sealed_reason bytea,                                     -- of a decline or cancellation
    sealed_link bytea,

    created_at timestamptz not null,
    updated_at timestamptz not null,
    approved_at timestamptz,
    approved_by uuid,
    confirmed_at timestamptz,
    confirmed_by uuid,
    paid_at timestamptz,                                     -- Confirmed, and money had come for it: not by waiving alone
    started_at timestamptz,
    started_by uuid,
    ended_at timestamptz,                                    -- completed, declined, cancelled, expired, not come
    ended_by uuid,
    expired_from text,
    absent text constraint absent_word check (absent in ('client', 'psychologist')),
    corrected_at timestamptz,                                -- what its end is called was changed
    corrected_by uuid,
    objected_at timestamptz,                                 -- the other side says that it was not so
    objected_by uuid,
    decided_at timestamptz,                                  -- … and somebody of the practice has decided
    decided_by uuid,

    -- A row is due when something must happen to it by the clock.
    due_at timestamptz,
    tries smallint not null default 0,
    taken_until timestamptz,
    last_error text,

    -- The five statuses that keep the time.
    occupied tstzrange generated always as (
        case when status in ('Pending Approval', 'Approved', 'Payment Submitted', 'Confirmed', 'In Progress')
             then tstzrange(starts_at, occupied_until) end) stored,
    during tstzrange generated always as (
        case when status in ('Pending Approval', 'Approved', 'Payment Submitted', 'Confirmed', 'In Progress')
             then tstzrange(starts_at, ends_at) end) stored,
    asker_waiting uuid generated always as (
        case when status in ('Pending Approval', 'Approved', 'Payment Submitted') then requested_by end) stored,
    must_be_settled boolean generated always as (
        case when status in ('Confirmed', 'In Progress', 'Completed', 'No Show') then true end) stored,

    constraint no_two_at_one_time_for_a_psychologist
        -- In this order: with the meeting second, each look would read all that a psychologist has ahead.
        exclude using gist (psychologist_id with =, occupied with &&, meeting_id with <>) where (occupied is not null),
    constraint no_two_at_one_time_for_a_client
        exclude using gist (client_id with =, during with &&) where (during is not null),
    constraint settled_before_confirmed
        foreign key (charge_id, must_be_settled) references payments.charge (id, settled),
    constraint session_has_a_charge foreign key (charge_id) references payments.charge (id),
    constraint few_open_at_once unique (client_id, open_no),
    constraint few_asked_at_once unique (asker_waiting, asker_no),
    constraint not_with_oneself check (client_id <> psychologist_id),
    constraint session_length check (extract(epoch from ends_at - starts_at) = minutes * 60 and minutes between 15 and 240),
    constraint session_occupied check (extract(epoch from occupied_until - ends_at) = buffer_minutes * 60),
    constraint hold_while_waiting check
        ((status in ('Pending Approval', 'Approved', 'Payment Submitted')) = (hold_until is not null)),
    constraint counted_while_waiting check
        ((status in ('Pending Approval', 'Approved', 'Payment Submitted')) = (open_no is not null)),
    -- Its number is free as soon as the session does not wait any more: the generated column is null then.
    constraint counted_by_asker_while_waiting check (
        status not in ('Pending Approval', 'Approved', 'Payment Submitted')
        or requested_by is null or asker_no is not null),
    constraint asked_for_by_somebody check (requested_by is not null or booked_by is not null),
    constraint against_by_hand_with_a_reason check
        (against = '{}' or (booked_by is not null and sealed_against is not null)),
    constraint place_only_in_person check ((place_id is not null) = (mode = 'In Person')),
    constraint approved_by_somebody check ((approved_at is null) = (approved_by is null)),
    constraint confirmed_by_somebody check ((confirmed_at is null) = (confirmed_by is null)),
    constraint started_by_somebody check ((started_at is null) = (started_by is null)),
    constraint ended_by_somebody check ((ended_at is null) = (ended_by is null)),
    constraint ended_when_over check
        ((status in ('Completed', 'Declined', 'Cancelled', 'Expired', 'No Show')) = (ended_at is not null)),
    constraint extended_by_somebody check ((extended_at is null) = (extended_by is null)),
    constraint corrected_by_somebody check ((corrected_at is null) = (corrected_by is null)),
    constraint objected_by_somebody check ((objected_at is null) = (objected_by is null)),
    constraint decided_by_somebody check ((decided_at is null) = (decided_by is null)),
    constraint corrected_an_end check (corrected_at is null or status in ('Completed', 'No Show')),
    constraint objected_to_an_end check (objected_at is null or status in ('Completed', 'No Show')),
    constraint decided_after_an_objection check (decided_at is null or objected_at is not null),
    constraint no_money_during_an_objection check (objected_at is null or decided_at is not null or due_at is null),
    constraint ends_by_the_clock check (status not in ('Confirmed', 'In Progress') or due_at is not null),
    constraint absent_when_no_show check ((status = 'No Show') = (absent is not null)),
    constraint expired_from_somewhere check ((status = 'Expired') = (expired_from is not null))
);
create index session_of_psychologist on sessions.session (psychologist_id, starts_at);
create index session_of_client on sessions.session (client_id, starts_at);
create index session_by_start on sessions.session (starts_at);
create index session_by_charge on sessions.session (charge_id);
create index session_paid_by_asker on sessions.session (requested_by) where paid_at is not null;
create index session_to_decide on sessions.session (objected_at) where objected_at is not null and decided_at is null;
create index session_due on sessions.session (due_at) where due_at is not null;

-- Why somebody did what they did, in their own words: of verbs that can follow each other. Never edited, but
-- forgotten with a person.
create table sessions.reason (
    id uuid primary key,
    session_id uuid not null references sessions.session,
    verb text not null,
    sealed_text bytea not null,
    at timestamptz not null,
    by_account uuid not null
);
create index reason_of_session on sessions.reason (session_id, at);
create trigger reasons_are_never_edited before update on sessions.reason
    for each row execute function core.refuse_change();

-- When a psychologist is taken. An overdue hold is over, worker or not: the reader compares `hold_until`.
create view sessions.busy as
select psychologist_id, client_id, occupied, during, hold_until, meeting_id, id as session_id, reference, mode,
       starts_at, place_id
from sessions.session where occupied is not null;

-- Whether somebody has paid here before, and has been seen.
create view sessions.known as
select psychologist_id, client_id, status, confirmed_at, starts_at, sent_at from sessions.session;

-- For the practice's figures: no person, no words.
create view sessions.overview as
select id, psychologist_id, reference, status, hold_until, sent_at, starts_at, charge_id, absent, objected_at,
       objected_at is not null and decided_at is null as to_decide, due_at from sessions.session;

-- Which sessions are whose, for an admin who looks at a person.
create view sessions.of_person as
select id, reference, psychologist_id, client_id, requested_by, starts_at, status, hold_until, charge_id
from sessions.session;

-- What became of sessions, for the practice's pictures: no client, no words.
create view sessions.outcome as
select psychologist_id, starts_at, minutes, status, hold_until, sent_at, approved_at, confirmed_at, ended_at
from sessions.session;
