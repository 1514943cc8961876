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
