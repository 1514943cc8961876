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

-- notifications: the outbox. Rows hold ids; the text is made when it is sent.
create schema notifications;

create table notifications.outbox (
    id uuid primary key,
    kind text not null,
    about uuid not null,                 -- the row that the message is about, in the room of its kind
    recipient uuid not null,             -- a person, or a contact for codes
    version integer not null default 1,  -- a moved session tells again
    created_at timestamptz not null,
    due_at timestamptz,                  -- null: sent, or dropped
    tries smallint not null default 0,
    taken_until timestamptz,
    last_error text,
    sent_at timestamptz,
    channel text constraint outbox_channel check (channel in ('email', 'sms')),
    dropped_at timestamptz,
    dropped_why text,
    told_at timestamptz,                 -- by telephone, when no channel could reach its reader
    told_by uuid,
    constraint message_once unique (about, kind, recipient, version),
    constraint sent_or_dropped_or_due check (num_nonnulls(due_at, sent_at, dropped_at) = 1),
    constraint sent_by_a_channel check ((sent_at is null) or (channel is not null)),
    constraint dropped_with_a_reason check ((dropped_at is null) = (dropped_why is null)),
    constraint told_by_somebody check ((told_at is null) = (told_by is null)),
    constraint told_when_nothing_else_did check (told_at is null or dropped_at is not null)
);
-- Whom somebody has to ring: short, however much was dropped because it was true no longer.
create index outbox_untold on notifications.outbox (dropped_at, id)
    where dropped_at is not null and told_at is null and dropped_why not in
        ('no longer true', 'reader is blocked', 'reader is deceased', 'reader is erased');
create index outbox_due on notifications.outbox (due_at) where due_at is not null;

-- Since when a way out fails, whoever the message is for: the first failure after its last success.
create table notifications.way (
    channel text primary key constraint way_word check (channel in ('email', 'sms')),
    failing_since timestamptz not null,
    reason text not null                 -- a channel's own word, never an address or a text
);

create view notifications.message as
select id, kind, about, recipient, version, created_at, due_at, tries, last_error, sent_at, channel, dropped_at,
       dropped_why, told_at
from notifications.outbox;

create view notifications.failing as select channel, failing_since, reason from notifications.way;

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

-- payments: payer, payee, purpose, amount. Nothing of what is paid for.
create schema payments;

-- What one payer owes for one purpose. Several payers of one purpose stand in a chain: the first is
-- settled only when it and all that follow are.
create table payments.charge (
    id uuid primary key,
    purpose text not null,               -- 'session'
    purpose_id uuid not null,
    reference text not null,             -- what M-Pesa shows as the account, and people read out
    payer_account uuid references accounts.account,
    payer_contact uuid references accounts.contact_point,
    amount integer not null constraint charge_amount check (amount between 0 and 250000),
    paid integer not null default 0 constraint charge_paid check (paid >= 0),              -- M-Pesa said so
    verified integer not null default 0 constraint charge_verified check (verified >= 0),  -- a person vouches
    covered integer not null default 0 constraint charge_covered check (covered >= 0),     -- a sponsor, or credit
    waived integer not null default 0 constraint charge_waived check (waived >= 0),
    given_back integer not null default 0 constraint charge_given_back check (given_back >= 0),
    taken_back integer not null default 0 constraint charge_taken_back check (taken_back >= 0),
    earned integer not null default 0 constraint charge_earned check (earned >= 0),        -- passed on: payee and practice
    next_id uuid,
    next_settled boolean,
    settled boolean not null generated always as
        (paid + verified + covered + waived - taken_back >= amount and (next_id is null or coalesce(next_settled, false))) stored,
    open_until timestamptz,              -- null: not asked for (yet, or any more)
    link_hash bytea not null constraint charge_link unique,
    created_at timestamptz not null,
    closed_at timestamptz,               -- its purpose ended: what still comes is given back
    constraint charge_can_be_referred_to unique (id, settled),
    constraint charge_chain foreign key (next_id, next_settled) references payments.charge (id, settled),
    -- Nor is a shilling both given back and earned.
    constraint no_more_back_than_came check (given_back + taken_back + earned <= paid + verified + covered)
);
create index charge_by_purpose on payments.charge (purpose_id);
create index charge_by_reference on payments.charge (reference);
create index charge_before on payments.charge (next_id) where next_id is not null;
create index charge_by_payer on payments.charge (payer_account, created_at);

-- One try to pay a charge by a prompt on a phone.
create table payments.attempt (
    id uuid primary key,
    charge_id uuid not null references payments.charge,
    phone text constraint attempt_phone check (phone ~ '^\+254[17][0-9]{8}$'),
    amount integer not null constraint attempt_amount check (amount between 1 and 250000),
    state text not null constraint attempt_state check (state in (
        'created', 'submitting', 'accepted', 'refused', 'not_sent', 'failed',
        'submit_unknown', 'unknown', 'paid', 'paid_no_receipt', 'amount_mismatch')),
    started_by uuid,                     -- an account; null: somebody with the pay link
    created_at timestamptz not null,
    expires_at timestamptz not null,     -- by then decided, or unknown
    rung_at timestamptz,
    decided_at timestamptz,
    token_hash bytea constraint attempt_token unique,   -- of its secret callback path
    merchant_request_id text,
    checkout_request_id text constraint attempt_checkout unique,
    result_code text,
    result_text text,
    looked_up smallint not null default 0,
    checked_at timestamptz,              -- the last look-up after its final word
    alarm text,                          -- M-Pesa contradicts itself here: somebody should look
    letters smallint not null default 0 constraint letters_a_token check (letters <= 50),
    due_at timestamptz,
    tries smallint not null default 0,
    taken_until timestamptz,
    last_error text,
    open boolean not null generated always as (state in ('created', 'submitting', 'accepted')) stored,
    -- Null: it brought nothing, and whose it was is erased.
    constraint phone_unless_it_brought_nothing check (phone is not null or state in ('refused', 'not_sent', 'failed')),
    constraint rung_with_a_token check (state in ('created', 'not_sent') or token_hash is not null),
    constraint accepted_with_ids check (state <> 'accepted' or checkout_request_id is not null)
);
create unique index one_open_prompt_a_charge on payments.attempt (charge_id) where open;
create unique index one_open_prompt_a_phone on payments.attempt (phone) where open;
create index attempt_due on payments.attempt (due_at) where due_at is not null;
create index attempt_alarm on payments.attempt (created_at) where alarm is not null;
create index attempt_by_charge on payments.attempt (charge_id, created_at);
create index attempt_by_phone on payments.attempt (phone, created_at);

-- A callback from outside, stored as it came before anyone reads it.
create table payments.letter (
    id uuid primary key,
    attempt_id uuid references payments.attempt,
    sealed_body bytea not null,
    from_address inet,
    received_at timestamptz not null,
    due_at timestamptz,
    tries smallint not null default 0,
    taken_until timestamptz,
    last_error text,
    read_at timestamptz,
    outcome text constraint letter_outcome check (outcome in ('settled', 'noted', 'repeat', 'parked', 'stray')),
    why text,
    constraint read_with_an_outcome check ((read_at is null) = (outcome is null))
);
create index letter_due on payments.letter (due_at) where due_at is not null;
create index letter_by_time on payments.letter (received_at);
create index letter_by_attempt on payments.letter (attempt_id);

-- Evidence that money arrived. One credit a receipt, one receipt an attempt.
create table payments.receipt (
    id uuid primary key,
    channel text not null constraint receipt_channel check (channel in ('mpesa', 'cash', 'bank', 'card')),
    number text constraint receipt_number check (number = upper(number)),   -- null: paid by a look-up, number to come
    attempt_id uuid constraint one_receipt_an_attempt unique references payments.attempt,
    charge_id uuid references payments.charge,         -- null: in suspense
    amount integer not null constraint receipt_amount check (amount > 0),
    method text not null constraint receipt_method check (method in ('callback', 'query', 'person')),
    by_account uuid,
    paid_at timestamptz,                                -- as the provider says
    received_at timestamptz not null,
    constraint one_credit_a_receipt unique (channel, number),
    constraint number_or_attempt check (number is not null or attempt_id is not null),
    constraint vouched_by_somebody check ((method = 'person') = (by_account is not null))
);
create index receipt_by_charge on payments.receipt (charge_id);
create index receipt_by_time on payments.receipt (received_at);

-- A code that somebody typed in. It never stands in the way of evidence.
create table payments.claim (
    id uuid primary key,
    charge_id uuid not null references payments.charge,
    code text not null constraint claim_code check (code ~ '^[A-Z0-9]{10}$'),
    state text not null constraint claim_state check (state in ('open', 'verified', 'rejected')),
    made_at timestamptz not null,
    made_by uuid not null,
    decided_at timestamptz,
    decided_by uuid,
    sealed_reason bytea,
    constraint decided_by_somebody check ((decided_at is null) = (decided_by is null)),
    constraint decided_when_not_open check ((state = 'open') = (decided_at is null))
);
create index claim_open on payments.claim (made_at) where state = 'open';
create index claim_by_charge on payments.claim (charge_id);
create unique index one_claim_a_code on payments.claim (code) where state in ('open', 'verified');

-- The ledger: every shilling's way. A move goes from one account to another, so it balances by construction.
create table payments.ledger_account (
    id uuid primary key,
    kind text not null constraint ledger_kind check (kind in
        ('utility', 'charge', 'suspense', 'desk', 'duty', 'earned', 'share', 'reversed')),
    owner uuid not null,                 -- a charge; a person who earned; all zeros: the practice
    constraint ledger_account_once unique (kind, owner)
);

create table payments.move (
    id uuid primary key,
    from_account uuid not null references payments.ledger_account,
    to_account uuid not null references payments.ledger_account,
    amount integer not null constraint move_amount check (amount > 0),
    receipt_id uuid references payments.receipt,
    why text not null,
    at timestamptz not null,
    constraint move_goes_somewhere check (from_account <> to_account)
);
create index move_by_from on payments.move (from_account);
create index move_by_to on payments.move (to_account);
create unique index one_arrival_a_receipt on payments.move (receipt_id) where why = 'arrived';
create trigger move_is_never_changed before update or delete on payments.move
    for each row execute function core.keep_for_years('at', '7');

-- Money that has to be given back.
create table payments.duty (
    id uuid primary key,
    charge_id uuid references payments.charge,
    receipt_id uuid references payments.receipt,
    amount integer not null constraint duty_amount check (amount > 0),
    why text not null constraint duty_why check (why in
        ('cancelled', 'late', 'twice', 'too much', 'suspense', 'broken off', 'not come', 'goodwill')),
    created_at timestamptz not null,
    until_at timestamptz not null,
    done_at timestamptz,
    done_by uuid,
    constraint done_by_somebody check ((done_at is null) = (done_by is null))
);
create index duty_open on payments.duty (until_at) where done_at is null;
create index duty_by_receipt on payments.duty (receipt_id);
create index duty_by_charge on payments.duty (charge_id);
create index duty_by_end on payments.duty (done_at) where done_at is not null;

-- What was kept of a charge is its payee's, less the practice's share. Promised first; it is theirs once it was moved.
create table payments.earning (
    id uuid primary key,
    charge_id uuid not null constraint one_earning_a_charge unique references payments.charge,
    payee uuid not null references accounts.person,
    percent smallint not null constraint earning_percent check (percent between 0 and 100),  -- the practice's
    payable_at timestamptz not null,
    promised_at timestamptz not null,
    promised_by uuid not null,
    moved_at timestamptz,
    moved_by uuid,
    amount integer constraint earning_amount check (amount >= 0),  -- the payee's
    share integer constraint earning_share check (share >= 0),     -- the practice's
    constraint moved_by_somebody check ((moved_at is null) = (moved_by is null)),
    constraint moved_with_amounts check
        ((moved_at is null) = (amount is null) and (moved_at is null) = (share is null) and amount + share > 0),
    constraint never_moved_too_early check (moved_at >= payable_at)
);
create index earning_of_payee on payments.earning (payee, payable_at);
create trigger what_is_earned_is_never_changed before update or delete on payments.earning
    for each row when (old.moved_at is not null) execute function core.keep_for_years('moved_at', '7');

-- Money that had come and that M-Pesa took back: until somebody has made it good, an admin has to decide.
create table payments.reversal (
    id uuid primary key,
    receipt_id uuid not null constraint one_reversal_a_receipt unique references payments.receipt,
    charge_id uuid not null references payments.charge,
    amount integer not null constraint reversal_amount check (amount > 0),
    made_good integer not null default 0 constraint reversal_made_good check (made_good between 0 and amount),
    noted_at timestamptz not null,
    noted_by uuid not null,
    decided_at timestamptz,
    decided_by uuid,
    sealed_reason bytea,
    constraint decided_by_somebody check ((decided_at is null) = (decided_by is null)),
    constraint decided_when_made_good check ((decided_at is null) = (made_good < amount))
);
create index reversal_open on payments.reversal (noted_at) where decided_at is null;
create index reversal_by_charge on payments.reversal (charge_id);

-- M-Pesa's access token: one for all programs, since a new one ends the one before. `lease_until`: who refreshes it.
create table payments.provider_token (
    provider text primary key,
    sealed_token bytea,
    row_id uuid not null,
    expires_at timestamptz,
    lease_until timestamptz,
    lease_by uuid
);

-- What others may read.
create view payments.charge_state as
select c.id, c.purpose, c.purpose_id, c.reference, c.amount, c.settled, c.open_until, c.closed_at, c.next_id,
       c.payer_account, c.paid + c.verified + c.covered - c.taken_back as received, c.waived, c.given_back,
       c.earned,
       case when c.given_back > 0 then (
           select coalesce(sum(d.amount), 0)::integer from payments.duty d where d.charge_id = c.id and d.done_at is null
       ) else 0 end as owed_back,
       greatest(c.amount - c.paid - c.verified - c.covered - c.waived + c.taken_back, 0) as missing,
       case
           when c.taken_back > 0 or exists (select from payments.reversal v where v.charge_id = c.id) then 'Reversed'
           when c.given_back > 0 and c.given_back < c.paid + c.verified + c.covered then 'Partially Refunded'
           when c.given_back > 0 then 'Refunded'
           when c.settled and c.amount = c.waived then 'Waived'
           when c.settled and c.verified > 0 then 'Verified'
           when c.settled and c.covered > 0 then 'Covered'
           when c.settled then 'Paid'
           when last.state in ('created', 'submitting', 'accepted', 'submit_unknown', 'unknown') then 'Processing'
           when exists (select from payments.claim k where k.charge_id = c.id and k.state = 'open') then 'Submitted'
           when c.paid + c.verified + c.covered > 0 then 'Part Paid'
           when last.state in ('refused', 'failed', 'not_sent') then 'Failed'
           else 'Pending'
       end as payment_status
from payments.charge c
left join lateral (
    select a.state from payments.attempt a where a.charge_id = c.id order by a.created_at desc limit 1
) last on true;

create view payments.money_in as
select r.id, r.channel, r.number, r.charge_id, r.amount, r.method, r.paid_at, r.received_at, r.attempt_id from payments.receipt r;

create view payments.owed_back as
select id, charge_id, receipt_id, amount, why, created_at, until_at, done_at from payments.duty;

-- What M-Pesa took back, but for what had to go back anyway: a duty that was done with it is counted there.
create view payments.went_by_itself as
select v.id, v.noted_at, v.amount - coalesce((
    select sum(d.amount) from payments.duty d where d.charge_id = v.charge_id and d.done_at = v.noted_at
), 0)::integer as amount
from payments.reversal v;

-- Who earns what, from when. While it is promised only, the amounts are what would be theirs as things stand;
-- `waits`: a duty of its charge is open, or M-Pesa took money back and nobody has decided. Nothing is passed on then.
create view payments.earning_state as
select e.id, e.charge_id, c.purpose, c.purpose_id, c.reference, e.payee, e.percent, e.payable_at, e.promised_at,
       e.moved_at, coalesce(e.amount, k.kept - (k.kept * e.percent + 50) / 100) as amount,
       coalesce(e.share, (k.kept * e.percent + 50) / 100) as share,
       case when e.moved_at is not null then 'earned'
            when exists (select from payments.duty d where d.charge_id = c.id and d.done_at is null) then 'waits'
            when exists (select from payments.reversal v where v.charge_id = c.id and v.decided_at is null) then 'waits'
            else 'promised' end as state
from payments.earning e join payments.charge c on c.id = e.charge_id
cross join lateral (select c.paid + c.verified + c.covered - c.taken_back - c.given_back - c.earned as kept) k;

create view payments.letter_log as
select id, attempt_id, received_at, due_at, tries, last_error, read_at, outcome, why from payments.letter;

create view payments.open_claim as
select id, charge_id, code, made_at from payments.claim where state = 'open';

create view payments.open_attempt as
select id, charge_id, state, expires_at from payments.attempt where open;

-- availability: when a psychologist can be met. Times of day are local to the psychologist's zone.
create schema availability;

-- A room in which people are seen. A session keeps its place, so a place is closed, never deleted.
create table availability.place (
    id uuid primary key,
    name text not null constraint place_name_length check (length(name) between 1 and 60),
    address text not null constraint place_address_length check (length(address) between 1 and 200),
    created_at timestamptz not null,
    closed_at timestamptz
);
create unique index place_name_once on availability.place (lower(name)) where closed_at is null;

-- One row a psychologist. Null: the practice's number counts.
create table availability.calendar (
    psychologist_id uuid primary key references accounts.person,
    time_zone text not null default 'Africa/Nairobi'
        constraint calendar_zone check (timezone(time_zone, timestamp '2000-01-01') is not null),
    buffer_minutes smallint constraint buffer_range check (buffer_minutes between 0 and 240),
    notice_minutes integer constraint notice_range check (notice_minutes between 0 and 43200),
    horizon_days smallint constraint horizon_range check (horizon_days between 1 and 365),
    step_minutes smallint constraint step_range check (step_minutes between 5 and 240)
);

-- Weekly hours. Minutes past local midnight: `until` may be 1440, the end of the day.
create table availability.hours (
    id uuid primary key,
    psychologist_id uuid not null references availability.calendar,
    weekday smallint not null constraint weekday_range check (weekday between 1 and 7),   -- Monday is 1
    from_minute smallint not null,
    until_minute smallint not null,
    modes text[] not null constraint hours_modes
        check (modes <> '{}' and modes <@ array['Online', 'In Person', 'Phone']),
    place_id uuid references availability.place,
    constraint hours_within_a_day check (from_minute >= 0 and from_minute < until_minute and until_minute <= 1440),
    constraint place_for_in_person check ((place_id is not null) = ('In Person' = any (modes))),
    constraint hours_do_not_overlap
        exclude using gist (psychologist_id with =, weekday with =, int4range(from_minute, until_minute) with &&)
);

-- A day, or a part of one, that differs from the week.
create table availability.exception (
    id uuid primary key,
    psychologist_id uuid not null references availability.calendar,
    on_date date not null,
    from_minute smallint not null default 0,
    until_minute smallint not null default 1440,
    kind text not null constraint exception_kind check (kind in ('off', 'extra')),
    modes text[] not null default '{Online}' constraint exception_modes
        check (modes <> '{}' and modes <@ array['Online', 'In Person', 'Phone']),
    place_id uuid references availability.place,
    created_at timestamptz not null,
    created_by uuid not null,
    constraint exception_within_a_day check (from_minute >= 0 and from_minute < until_minute and until_minute <= 1440),
    constraint place_for_extra_in_person
        check ((place_id is not null) = (kind = 'extra' and 'In Person' = any (modes))),
    -- Nobody is at two places at once; hours that overlap are refused anyway, and extra goes before them.
    constraint extra_at_one_place exclude using gist (
        psychologist_id with =, on_date with =, int4range(from_minute, until_minute) with &&, place_id with <>)
        where (place_id is not null)
);
create index exception_by_day on availability.exception (psychologist_id, on_date);

create view availability.timetable as
select psychologist_id, time_zone, buffer_minutes, notice_minutes, horizon_days, step_minutes from availability.calendar;

-- Who can be met where: each week, or on the day that stands beside it.
create view availability.met_at as
select psychologist_id, place_id, null::date as on_date from availability.hours where place_id is not null
union all
select psychologist_id, place_id, on_date from availability.exception where place_id is not null;

-- Where sessions are held; closed ones, too, for those that were held there.
create view availability.places as
select id, name, address, closed_at from availability.place;

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
