"""The booking statement: it decides, and writes session, charge, journal and message, or says why not.

One statement, one round trip, and the decision and the insert see the same instant. What it cannot see (a rival
that commits at the same time) the exclusion constraints refuse: `on conflict do nothing` gives no row, and the
caller asks again. Waiting for a rival costs nothing but the wait; a plain insert would deadlock.

`BOOK` is a client's request, `BOOK_BY_HAND` what the practice books; they share all parts but those that say so.
"""

from kikao.accounts.sql import AGREED
from kikao.availability.sql import AGAINST, AT_PLACE, BINDING, CALENDAR_NUMBERS, OPEN_TIME, REFUSED
from kikao.core.sql import Statement
from kikao.directory.sql import RATE_NOW
from kikao.journal.sql import RECORD
from kikao.notifications.sql import POST
from kikao.payments.sql import OPEN_CHARGE

# Whether a psychologist takes this client at once: an expression over `w` (psychologist_id, client_id, takes).
# Known: one completed session together, or known since before there was Kikao.
TAKEN_AT_ONCE = """
coalesce(
    (select g.at_once from directory.relating g
     where g.psychologist_id = w.psychologist_id and g.client_id = w.client_id),
    case w.takes
        when 'everyone at once' then true
        when 'known clients at once' then
            exists (select from directory.relating g where g.psychologist_id = w.psychologist_id
                    and g.client_id = w.client_id and g.known_since is not null)
            or exists (select from sessions.session k where k.psychologist_id = w.psychologist_id
                       and k.client_id = w.client_id and k.status = 'Completed')
        else false
    end)
"""

# Who is told of a session `s`: whoever requested it, while they act for its client; where they are not active any more,
# another who acts (with a contact before one without); else the client.
RECIPIENT = """
case
when exists (select from accounts.people a where a.id = s.requested_by and a.state <> 'active') then coalesce((
    select f.by_person from accounts.may_act_for f join accounts.people a on a.id = f.by_person
    where f.person_id = s.client_id and f.ends_at > :now::timestamptz and a.state = 'active'
    order by exists (select from accounts.contact c where c.person_id = a.id and c.proved_at is not null) desc,
             f.since, f.by_person
    limit 1), s.client_id)
when s.requested_by <> s.client_id and exists (
    select from accounts.may_act_for f
    where f.by_person = s.requested_by and f.person_id = s.client_id and f.ends_at > :now::timestamptz)
then s.requested_by else s.client_id end
"""

_OFFERED = f"""
offer as materialized ({RATE_NOW}),
whole as materialized (
    select o.psychologist_id, o.minutes, o.licensed_until as last_day, array[:mode::text] as modes,
           :starts_at::timestamptz as lower,
           :starts_at::timestamptz + make_interval(mins => o.minutes) as upper,
           {CALENDAR_NUMBERS}
    from offer o join availability.timetable c on c.psychologist_id = o.psychologist_id
)
"""
# `room`: the minutes after the session that are kept free.
_ASKED = f"""
{_OFFERED},
asked as materialized (select w.*, w.buffer as room from whole w),
{OPEN_TIME}, {AT_PLACE}
"""
# By hand a session may come right before the next one that keeps its time: its own buffer gives way.
_ASKED_BY_HAND = f"""
{_OFFERED},
asked as materialized (
    select w.*, least(w.buffer, floor(extract(epoch from n.starts_at - w.upper) / 60)::integer) as room
    from whole w cross join lateral (
        select min(s.starts_at) as starts_at from sessions.session s
        where s.psychologist_id = w.psychologist_id and s.occupied is not null and s.starts_at >= w.upper
          and s.starts_at < w.upper + make_interval(mins => w.buffer)
          and (s.hold_until is null or s.hold_until > :now::timestamptz)) n
),
{OPEN_TIME}, {AT_PLACE}
"""

# Every session that stands in the way, live or overdue; `same` is this very request, made before.
_IN_THE_WAY = """
in_the_way as materialized (
    select s.id, s.hold_until is null or s.hold_until > :now::timestamptz as live,
           s.client_id = :client_id::uuid and s.during && tstzrange(a.lower, a.upper) as own,
           s.psychologist_id = a.psychologist_id
             and s.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.room)) as theirs,
           s.client_id = :client_id::uuid and s.psychologist_id = a.psychologist_id
             and s.starts_at = a.lower and s.session_type = :session_type::text
             and s.mode = :mode::text
             and (s.place_id is null or :place_id::uuid is null or s.place_id = :place_id::uuid)
             and s.status in ('Pending Approval', 'Approved')
             and s.requested_by = :asker_id::uuid
             and s.booked_by is not distinct from :booked_by::uuid as same,
           case when s.client_id = :client_id::uuid then s.open_no end as open_no,
           case when s.asker_waiting = :asker_id::uuid then s.asker_no end as asker_no
    from asked a
    join sessions.session s
      on (s.psychologist_id = a.psychologist_id
          and s.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.room))
          and s.starts_at > a.lower - interval '8 hours' -- for the index by start: nothing occupies more
          and s.starts_at < a.upper + make_interval(mins => a.room))
      or (s.client_id = :client_id::uuid and (s.during && tstzrange(a.lower, a.upper) or s.open_no is not null))
      or s.asker_waiting = :asker_id::uuid
)
"""
# Whether something was ever paid here: for the person, and by whoever asks.
_PAID = """
paid as materialized (
    select exists (select from sessions.session p
                   where p.client_id = :client_id::uuid and p.paid_at is not null) as for_person,
           exists (select from sessions.session p where p.requested_by = :asker_id::uuid
                   and p.paid_at is not null) as by_asker
)
"""
_PAID_BY_HAND = "paid as materialized (select true as for_person, true as by_asker)"
_SEAT = """
seat as (
    select (select min(n) from generate_series(1, case
                when for_person then :open_when_known::integer else :open_at_first::integer end) n
            where n not in (select open_no from in_the_way where open_no is not null)) as open_no,
           (select min(n) from generate_series(1, case
                when by_asker then :open_when_known::integer else :open_at_first::integer end) n
            where n not in (select asker_no from in_the_way where asker_no is not null)) as asker_no
    from paid
)
"""

# Who may ask for whom: one's own person, or somebody one acts for.
_NOT_THEIRS = """
:client_id::uuid <> :asker_id::uuid
and not exists (select from accounts.may_act_for where by_person = :asker_id::uuid
                and person_id = :client_id::uuid and ends_at > :now::timestamptz)
"""
_NO_CONSENT = f"not {AGREED}"
# Whoever took theirs back asks for nothing before they agree again, though somebody else's stands.
_TAKEN_BACK = """
exists (select from accounts.consent_taken_back where person_id = :client_id::uuid and given_by = :asker_id::uuid)
"""
_NOT_ACTIVE = """
exists (select from accounts.people where id in (:client_id::uuid, :asker_id::uuid) and state <> 'active')
"""
_START = """from asked a left join at_place o on true cross join (select :starts_at::timestamptz as start_at) s"""
_CLOSED = """
exists (select from directory.closed where psychologist_id = :psychologist_id::uuid and client_id = :client_id::uuid)
"""
# Against the hours nobody but who books can say where; at a place that is closed nobody is seen any more.
_NO_PLACE = f"""
:mode::text = 'In Person' and case when :place_id::uuid is null
    then (select 'outside_hours' = any ({AGAINST}) {_START})
    else not exists (select from availability.places where id = :place_id::uuid and closed_at is null) end
"""
_NOT_OFFERED = """
when not exists (select from directory.listed where id = :psychologist_id::uuid) then 'not_listed'
when not exists (select from asked) then 'type_not_offered'
when :client_id::uuid = :psychologist_id::uuid then 'with_oneself'
"""
_TAKEN = """
when exists (select from in_the_way where own and live) then 'own_overlap'
when exists (select from in_the_way where theirs and live) then 'slot_taken'
"""
_LATER = """
when exists (select from in_the_way where not live and (own or theirs)) then 'overdue'
when (select open_no is null or asker_no is null from seat)
then case when exists (select from in_the_way where not live) then 'overdue' else 'too_many_open' end
"""


def _judged(refused: str, against: str) -> str:
    return f"""
judged as materialized (
    select (select id from in_the_way where same and live limit 1) as same_id,
           (select array_agg(id) from in_the_way where not live) as overdue,
           (select open_no from seat) as open_no, (select asker_no from seat) as asker_no,
           ({against}) as against,
           case {refused} end as refused
)
"""


_REASONS = f"""
{_NOT_OFFERED}
when {_NOT_THEIRS} then 'not_yours'
when {_NO_CONSENT} or {_TAKEN_BACK} then 'no_consent'
when exists (select from in_the_way where same and live) then 'same'
when (select {REFUSED} {_START}) is not null then (select {REFUSED} {_START})
{_TAKEN}
when {_CLOSED} or {_NOT_ACTIVE} then 'slot_taken'
{_LATER}
"""
_JUDGED = _judged(_REASONS, "'{}'::text[]")
_JUDGED_BY_HAND = _judged(f"""
when not exists (select from accounts.people where id = :client_id::uuid) then 'no_person'
{_NOT_OFFERED}
when not :by_psychologist::boolean
     and not exists (select from directory.listed where id = :psychologist_id::uuid and desk_may_answer)
then 'not_allowed'
when exists (select from accounts.people where id = :client_id::uuid and state <> 'active') then 'not_active'
when {_NO_CONSENT} then 'no_consent'
when {_CLOSED} then 'closed'
when exists (select from in_the_way where same and live) then 'same'
when (select {BINDING} {_START}) is not null then (select {BINDING} {_START})
when {_NO_PLACE} then 'no_place'
{_TAKEN}
{_LATER}
when not :with_reason::boolean
     and (select {AGAINST} <> '{{}}' or a.room < a.buffer {_START}) then 'needs_reason'
""", f"select {AGAINST} || case when a.room < a.buffer then array['buffer'] else '{{}}' end {_START}")

_OUTCOME = f"""
outcome as materialized (
    select case when not t.at_once then 'Pending Approval' when o.amount = 0 then 'Confirmed' else 'Approved' end
               as status,
           not p.for_person and not p.by_asker as first_time
    from offer o cross join paid p
    cross join lateral (
        select :proved::boolean and {TAKEN_AT_ONCE} as at_once
        from (select o.psychologist_id, :client_id::uuid as client_id, o.takes) w) t
)
"""
_OUTCOME_BY_HAND = """
outcome as materialized (
    select case when amount = 0 then 'Confirmed' else 'Approved' end as status, false as first_time from offer
)
"""

# An end for every status that waits: :answer_until for an answer, :pay_… for money, :first_… where nothing was ever
# paid here by somebody who is taken at once.
# Of whoever asks; none of somebody whom only desk knows.
_ACCOUNT = "(select account_id from accounts.people where id = requested_by)"
_BOOKED = f"""
booked as (
    insert into sessions.session (
        id, reference, psychologist_id, client_id, requested_by, booked_by, meeting_id, session_type, mode, place_id,
        country, starts_at, ends_at, minutes, buffer_minutes, occupied_until, first_starts_at, against, sealed_against,
        rate_id, agreed_id, session_rate, price, terms_id, status, hold_until, due_at, sent_at, open_no, asker_no,
        charge_id, sealed_note, created_at, updated_at, approved_at, approved_by, confirmed_at, confirmed_by)
    select :session_id::uuid, :reference::text, a.psychologist_id, :client_id::uuid, :asker_id::uuid,
           :booked_by::uuid, :session_id::uuid, :session_type::text, :mode::text,
           case :mode::text when 'In Person' then coalesce(:place_id::uuid, (select place_id from at_place)) end,
           :country::text,
           a.lower, a.upper, a.minutes, a.room, a.upper + make_interval(mins => a.room), a.lower,
           j.against, case when j.against <> '{{}}' then :sealed_against::bytea end,
           o.rate_id, o.agreed_id, o.amount, o.amount,
           (select id from sessions.terms where from_at <= :now::timestamptz order by from_at desc limit 1),
           w.status, h.hold_until, coalesce(h.hold_until, a.upper),
           case when :proved::boolean then :now::timestamptz end,
           case when w.status <> 'Confirmed' then j.open_no end, case when w.status <> 'Confirmed' then j.asker_no end,
           :charge_id::uuid, :sealed_note::bytea, :now::timestamptz, :now::timestamptz,
           case when w.status <> 'Pending Approval' then :now::timestamptz end,
           case when w.status <> 'Pending Approval' then :taken_by::uuid end,
           case when w.status = 'Confirmed' then :now::timestamptz end,
           case when w.status = 'Confirmed' then :taken_by::uuid end
    from judged j cross join asked a join offer o on o.psychologist_id = a.psychologist_id cross join outcome w
    cross join lateral (select case
        when w.status = 'Pending Approval' then :answer_until::timestamptz
        when w.status = 'Confirmed' then null
        when w.first_time then :first_hold_until::timestamptz
        else :pay_hold_until::timestamptz end as hold_until) h
    where j.refused is null
    on conflict do nothing
    returning id, psychologist_id, client_id, charge_id, reference, requested_by, price, sent_at, status, against
),
new_charge as (
    select b.charge_id as id, 'session' as purpose, b.id as purpose_id, b.reference, {_ACCOUNT} as payer_account,
           b.price as amount, :link_hash::bytea as link_hash, :now::timestamptz as at,
           case when b.status = 'Approved' then case
               when w.first_time then :first_pay_until::timestamptz else :pay_until::timestamptz end end as open_until
    from booked b cross join outcome w
)
"""
_ENTRIES = f"""
new_entry as (
    select :entry_id::uuid as id, :now::timestamptz as at, {_ACCOUNT} as by_account, 'request' as verb,
           'session' as noun, id as noun_id, null::jsonb as facts
    from booked
    union all
    select :second_entry_id::uuid, :now::timestamptz, :taken_by::uuid, 'approve', 'session', id, '{{"atOnce": true}}'
    from booked where status <> 'Pending Approval'
)
"""
_ENTRIES_BY_HAND = """
new_entry as (
    select :entry_id::uuid as id, :now::timestamptz as at, :booked_by::uuid as by_account, 'book' as verb,
           'session' as noun, id as noun_id,
           case when against <> '{}' then jsonb_build_object('against', to_jsonb(against)) end as facts
    from booked
)
"""
# To the psychologist, and to whoever acts as the client.
_MESSAGES = """
new_message as (
    select :message_id::uuid as id,
           case status when 'Pending Approval' then 'requested' when 'Approved' then 'taken' else 'confirmed' end
               as kind, id as about, psychologist_id as recipient, 1 as version,
           :now::timestamptz as at, :now::timestamptz as due_at
    from booked where sent_at is not null and not :by_psychologist::boolean
    union all
    select :second_message_id::uuid, case status when 'Approved' then 'accepted' else 'confirmed' end,
           id, requested_by, 1,
           :now::timestamptz, :now::timestamptz
    from booked where status <> 'Pending Approval'
)
"""
_PARTS = f"charged as ({OPEN_CHARGE}), recorded as ({RECORD}), posted as ({POST})"
# What the statement below would say, without doing it.
WEIGH_BY_HAND = Statement(f"""
with {_ASKED_BY_HAND}, {_IN_THE_WAY}, {_PAID_BY_HAND}, {_SEAT}, {_JUDGED_BY_HAND}
select refused, against from judged
""")
_ANSWER = "select (select id from booked) as booked_id, j.refused, j.same_id, j.overdue, j.against from judged j"

BOOK = Statement(f"""
with {_ASKED}, {_IN_THE_WAY}, {_PAID}, {_SEAT}, {_JUDGED}, {_OUTCOME}, {_BOOKED}, {_ENTRIES}, {_MESSAGES}, {_PARTS}
{_ANSWER}
""")
BOOK_BY_HAND = Statement(f"""
with {_ASKED_BY_HAND}, {_IN_THE_WAY}, {_PAID_BY_HAND}, {_SEAT}, {_JUDGED_BY_HAND}, {_OUTCOME_BY_HAND}, {_BOOKED},
{_ENTRIES_BY_HAND}, {_MESSAGES}, {_PARTS}
{_ANSWER}
""")

# Whoever had this very time before may be sending the same request once more; what its key was answered counts then.
_HAD_IT = """
exists (select from sessions.session h where h.client_id = :client_id::uuid
        and h.psychologist_id = :psychologist_id::uuid and h.first_starts_at = :starts_at::timestamptz)
"""
_ONE = f"""
with {_ASKED}, {_IN_THE_WAY}, {_PAID}, {_SEAT}
select case when {_HAD_IT} then null else case {_REASONS} end end as refused, o.minutes, o.licensed_until,
       array(select array[lower(b.during), upper(b.during)] from sessions.busy b
             where b.client_id = :client_id::uuid and (b.hold_until is null or b.hold_until > :now::timestamptz)) as own
from (select) one
left join offer o
  on not {_CLOSED} and exists (select from accounts.people where id = :client_id::uuid and state = 'active')
"""
_OF_A_RIVAL = _ONE.replace(":client_id::uuid", "rival.client_id").replace(":asker_id::uuid", "rival.asker_id")
# What BOOK would say to each of those who ask for one time, without doing it; null where it has to be asked. And for
# somebody who has lost it: how long what they asked for would be, and when they are busy themselves; no minutes for
# whom this psychologist sees no more. One row for each, in their order.
WEIGH = Statement(f"""
select w.*
from unnest(:client_ids::uuid[], :asker_ids::uuid[]) with ordinality rival (client_id, asker_id, n)
cross join lateral ({_OF_A_RIVAL}) w
order by rival.n
""")
