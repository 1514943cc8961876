"""The booking statement: it decides, and writes session, charge, journal and message, or says why not.

One statement, one round trip, and the decision and the insert see the same instant. What it cannot see (a rival
that commits at the same time) the exclusion constraints refuse: `on conflict do nothing` gives no row, and the
caller asks again. Waiting for a rival costs nothing but the wait; a plain insert would deadlock.
"""

from kikao.availability.sql import CALENDAR_NUMBERS, OPEN_TIME, REFUSED
from kikao.core.sql import Statement
from kikao.directory.sql import RATE_NOW
from kikao.journal.sql import RECORD
from kikao.notifications.sql import POST
from kikao.payments.sql import OPEN_CHARGE

_ASKED = f"""
offer as materialized ({RATE_NOW}),
asked as materialized (
    select o.psychologist_id, o.minutes, o.licensed_until as last_day, :mode::text as mode,
           :starts_at::timestamptz as lower,
           :starts_at::timestamptz + make_interval(mins => o.minutes) as upper,
           {CALENDAR_NUMBERS}
    from offer o join availability.timetable c on c.psychologist_id = o.psychologist_id
),
{OPEN_TIME}
"""

# Every session that stands in the way, live or overdue; `same` is this very request, made before.
_IN_THE_WAY = """
in_the_way as materialized (
    select s.id, s.hold_until is null or s.hold_until > :now::timestamptz as live,
           s.client_id = :client_id::uuid and s.during && tstzrange(a.lower, a.upper) as own,
           s.psychologist_id = a.psychologist_id
             and s.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.buffer)) as theirs,
           s.client_id = :client_id::uuid and s.psychologist_id = a.psychologist_id
             and s.starts_at = a.lower and s.session_type = :session_type::text
             and s.status = 'Pending Approval' as same,
           case when s.client_id = :client_id::uuid then s.open_no end as open_no
    from asked a
    join sessions.session s
      on (s.psychologist_id = a.psychologist_id
          and s.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.buffer))
          and s.starts_at > a.lower - interval '8 hours' -- for the index by start: nothing occupies more
          and s.starts_at < a.upper + make_interval(mins => a.buffer))
      or (s.client_id = :client_id::uuid and (s.during && tstzrange(a.lower, a.upper) or s.open_no is not null))
),
seat as (
    select min(n) as open_no
    from generate_series(1, case
        when exists (select from sessions.session p
                     where p.client_id = :client_id::uuid and p.confirmed_at is not null and p.price > 0)
        then :open_when_known::integer else :open_at_first::integer end) n
    where n not in (select open_no from in_the_way where open_no is not null)
)
"""

_JUDGED = f"""
judged as materialized (
    select (select id from in_the_way where same and live) as same_id,
           (select array_agg(id) from in_the_way where not live) as overdue,
           (select open_no from seat) as open_no,
           case
               when not exists (select from directory.listed where id = :psychologist_id::uuid) then 'not_listed'
               when not exists (select from asked) then 'type_not_offered'
               when :client_id::uuid = :psychologist_id::uuid then 'with_oneself'
               when not exists (select from accounts.valid_consent where person_id = :client_id::uuid) then 'no_consent'
               when exists (select from in_the_way where same and live) then 'same'
               when (select {REFUSED} from asked a left join open_time o on true
                     cross join (select :starts_at::timestamptz as start_at) s) is not null
               then (select {REFUSED} from asked a left join open_time o on true
                     cross join (select :starts_at::timestamptz as start_at) s)
               when exists (select from in_the_way where own and live) then 'own_overlap'
               when exists (select from in_the_way where theirs and live) then 'slot_taken'
               when exists (select from directory.closed
                            where psychologist_id = :psychologist_id::uuid and client_id = :client_id::uuid)
                 or exists (select from accounts.people
                            where (id = :client_id::uuid or account_id = :account_id::uuid) and state <> 'active')
               then 'slot_taken'
               when exists (select from in_the_way where not live and (own or theirs)) then 'overdue'
               when (select open_no from seat) is null
               then case when exists (select from in_the_way where not live) then 'overdue' else 'too_many_open' end
           end as refused
)
"""

_WRITES = f"""
booked as (
    insert into sessions.session (
        id, reference, psychologist_id, client_id, requested_by, meeting_id, session_type, mode, country,
        starts_at, ends_at, minutes, buffer_minutes, occupied_until, first_starts_at,
        rate_id, session_rate, price, terms_id, status, hold_until, due_at, sent_at, open_no, charge_id, sealed_note,
        created_at, updated_at)
    select :session_id::uuid, :reference::text, a.psychologist_id, :client_id::uuid, :account_id::uuid,
           :session_id::uuid, :session_type::text, a.mode, :country::text,
           a.lower, a.upper, a.minutes, a.buffer, a.upper + make_interval(mins => a.buffer), a.lower,
           o.rate_id, o.amount, o.amount,
           (select id from sessions.terms where from_at <= :now::timestamptz order by from_at desc limit 1),
           'Pending Approval', :hold_until::timestamptz, :hold_until::timestamptz,
           case when :proved::boolean then :now::timestamptz end,
           j.open_no, :charge_id::uuid, :sealed_note::bytea, :now::timestamptz, :now::timestamptz
    from judged j, asked a join offer o on o.psychologist_id = a.psychologist_id
    where j.refused is null
    on conflict do nothing
    returning id, psychologist_id, charge_id, reference, requested_by, price, sent_at
),
new_charge as (
    select charge_id as id, 'session' as purpose, id as purpose_id, reference, requested_by as payer_account,
           price as amount, :link_hash::bytea as link_hash, :now::timestamptz as at
    from booked
),
new_entry as (
    select :entry_id::uuid as id, :now::timestamptz as at, requested_by as by_account, 'request' as verb,
           'session' as noun, id as noun_id, null::jsonb as facts
    from booked
),
new_message as (
    select :message_id::uuid as id, 'requested' as kind, id as about, psychologist_id as recipient, 1 as version,
           :now::timestamptz as at, :now::timestamptz as due_at
    from booked where sent_at is not null
),
charged as ({OPEN_CHARGE}),
recorded as ({RECORD}),
posted as ({POST})
"""

BOOK = Statement(f"""
with {_ASKED}, {_IN_THE_WAY}, {_JUDGED}, {_WRITES}
select (select id from booked) as booked_id, j.refused, j.same_id, j.overdue from judged j
""")
