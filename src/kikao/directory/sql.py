"""What a listed psychologist asks this client for a type now, as a part: one row, or none when it is not offered.

Gives psychologist_id, licensed_until, takes, rate_id (null: the practice's default), agreed_id (null: no rate of their
own), amount, minutes.
Parameters: :psychologist_id, :client_id, :session_type, :default_amount, :default_minutes, :now.
"""

RATE_NOW = """
select p.id as psychologist_id, coalesce(p.licence_grace_until, p.licence_until) as licensed_until, p.takes,
       r.id as rate_id, case when g.amount is not null then g.id end as agreed_id,
       coalesce(g.amount, r.amount, :default_amount::integer) as amount,
       coalesce(g.minutes, r.minutes, :default_minutes::smallint)::integer as minutes
from directory.psychologist p
left join lateral (
    select id, amount, minutes from directory.rate
    where psychologist_id = p.id and session_type = :session_type::text and from_at <= :now::timestamptz
    order by from_at desc limit 1
) r on true
left join lateral (
    select id, amount, minutes from directory.agreed_rate
    where psychologist_id = p.id and client_id = :client_id::uuid and session_type = :session_type::text
      and from_at <= :now::timestamptz
    order by from_at desc limit 1
) g on true
where p.id = :psychologist_id::uuid and p.status = 'listed' and :session_type::text = any (p.session_types)
"""
