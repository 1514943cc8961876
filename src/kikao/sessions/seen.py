"""What somebody may see of sessions, as SQL. Each list is read by an index of those whose it is."""

from __future__ import annotations

from kikao.core.sql import Statement
from kikao.sessions.sql import RECIPIENT

COLUMNS = f"""
s.id, s.reference, s.client_id, c.name as client_name, c.account_id as client_account,
s.psychologist_id, p.name as psychologist_name, d.slug as psychologist_slug, d.desk_may_answer, d.gone,
not exists (select from accounts.people where id = {RECIPIENT} and can_sign_in) as by_caller,
exists (select from payments.open_claim k where k.charge_id = s.charge_id) as code_open,
coalesce(d.meeting_link, '') as meeting_link,
s.requested_by, s.booked_by, s.against, s.session_type, s.mode, s.place_id, l.name as place, l.address,
s.starts_at, s.ends_at, s.first_starts_at, s.minutes, s.price, s.session_rate,
s.status, m.payment_status, m.missing, m.received, m.given_back, m.earned, m.open_until, s.hold_until, s.sent_at,
s.approved_at, s.confirmed_at, m.owed_back,
s.started_at, s.ended_at, s.absent, s.extended_at, s.corrected_at, s.objected_at, s.decided_at, s.sealed_link,
s.expired_from, s.charge_id, t.tiers, s.sealed_note is not null as has_note, s.created_at, s.updated_at,
(select jsonb_build_array(y.account_id, y.id, y.name) from accounts.people y
 where y.account_id = m.payer_account) as payer,
s.client_id in (select person_id from accounts.may_act_for
                where by_person = :person_id::uuid and ends_at > :now::timestamptz) as acted_for
"""
_WITH_OTHERS = """
join accounts.people c on c.id = s.client_id
join accounts.people p on p.id = s.psychologist_id
join directory.practising d on d.id = s.psychologist_id
join payments.charge_state m on m.id = s.charge_id
join sessions.terms t on t.id = s.terms_id
left join availability.places l on l.id = s.place_id
"""
FROM = f"from sessions.session s {_WITH_OTHERS}"
# Clients see their own and what is of those whom they act for, psychologists (as long as they are) what has reached
# them, desk and admin everything. An array is looked up in an index once, where "or" would have every row asked.
CLIENT = """
s.client_id = any (array(
    select :person_id::uuid
    union all select person_id from accounts.may_act_for
              where by_person = :person_id::uuid and ends_at > :now::timestamptz))
"""
VISIBLE = f"""
({CLIENT}
 or (s.psychologist_id = :person_id::uuid and s.sent_at is not null and :practises::boolean)
 or :sees_all::boolean)
"""

ONE = Statement(f"select {COLUMNS} {FROM} where s.id = :id::uuid and {VISIBLE}")
BY_REFERENCE = Statement(f"select {COLUMNS} {FROM} where s.reference = :reference::text and {VISIBLE}")

_STATUS_NOW = "case when s.hold_until <= :now::timestamptz then 'Expired' else s.status end"


def _mine(also: str = "true", of_role: tuple[str, str] = ("true", "true")) -> str:
    """What is one's own as a client, then as a psychologist, each by its own index; `also` is asked of every row.

    `offset 0`: one's own few are found first. By an order and a limit everybody's would be walked along instead.
    """
    as_client, as_psychologist = of_role
    return f"""
s.id = any (array(
    (select s.id from (select s.* from sessions.session s where {CLIENT} offset 0) s where {as_client} and {also})
    union all
    (select s.id from sessions.session s
     where s.psychologist_id = :person_id::uuid and s.sent_at is not null and :practises::boolean
       and {as_psychologist} and {also})))
"""


# Bounds that are always there, so that an index by start is read between them whatever is asked for.
_WANTED = f"""
(:statuses::text[] is null or {_STATUS_NOW} = any (:statuses::text[]))
and s.starts_at >= coalesce(:from_at::timestamptz, '-infinity')
and s.starts_at < coalesce(:to_at::timestamptz, 'infinity')
and s.starts_at >= coalesce(:after_at::timestamptz, '-infinity')
and (:after_at::timestamptz is null or (s.starts_at, s.id) > (:after_at::timestamptz, :after_id::uuid))
"""
_OWN = f"from (select s.* from sessions.session s where {{mine}} offset 0) s {_WITH_OTHERS}"
_NEXT = "order by s.starts_at, s.id limit :most::integer"
_IN_ROLE = ("coalesce(:role::text, 'client') = 'client'", "coalesce(:role::text, 'psychologist') = 'psychologist'")
LIST_ALL = Statement(f"select {COLUMNS} {FROM} where {_WANTED} {_NEXT}")
LIST_OWN = Statement(f"select {COLUMNS} {_OWN.format(mine=_mine(f'{_WANTED} {_NEXT}', _IN_ROLE))} {_NEXT}")
REQUESTS = Statement(f"""
select {COLUMNS} {FROM}
where s.psychologist_id = :person_id::uuid and s.status = 'Pending Approval' and s.sent_at is not null
  and s.hold_until > :now::timestamptz
  and (:after_at::timestamptz is null or (s.sent_at, s.id) > (:after_at::timestamptz, :after_id::uuid))
order by s.sent_at, s.id
limit :most::integer
""")
_LAST = "order by s.starts_at desc, s.id desc limit :most::integer"
_OVER = f"""
({_STATUS_NOW} = any (:ended::text[]) or s.ends_at <= :over::timestamptz)
and s.starts_at <= coalesce(:before_at::timestamptz, 'infinity')
and (:before_at::timestamptz is null or (s.starts_at, s.id) < (:before_at::timestamptz, :before_id::uuid))
"""
PAST = Statement(f"select {COLUMNS} {_OWN.format(mine=_mine(f'{_OVER} {_LAST}'))} {_LAST}")
# Everybody's that are over, the latest first: for those who see all.
ENDED_ALL = Statement(f"""
select {COLUMNS} {FROM}
where {_STATUS_NOW} = any (:ended::text[]) and s.starts_at < :now::timestamptz
  and s.starts_at <= coalesce(:before_at::timestamptz, 'infinity')
  and (:before_at::timestamptz is null or (s.starts_at, s.id) < (:before_at::timestamptz, :before_id::uuid))
{_LAST}
""")
AGAIN = Statement(f"""
select p.name, d.slug, s.session_type, s.mode
from sessions.session s
join directory.listed d on d.id = s.psychologist_id and s.session_type = any (d.session_types)
join accounts.people p on p.id = s.psychologist_id
where {CLIENT} and d.licensed_until >= :now::timestamptz::date and s.status in ('Confirmed', 'In Progress', 'Completed')
group by 1, 2, 3, 4 order by max(s.starts_at) desc limit :most::integer
""")
_COUNTS = f"select {_STATUS_NOW} as status, count(*) as number from sessions.session s where"
COUNTS_ALL = Statement(f"{_COUNTS} true group by 1")
COUNTS_OWN = Statement(f"{_COUNTS} {_mine()} group by 1")
OF_CLIENT = Statement(f"""
select {COLUMNS} {FROM}
where s.client_id = :client_id::uuid and {VISIBLE} and s.starts_at >= :from_at::timestamptz
order by s.starts_at, s.id limit 50
""")
