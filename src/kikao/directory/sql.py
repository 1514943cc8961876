"""What a listed psychologist asks for a type now, as a part: one row, or none when it is not offered.

Gives psychologist_id, licensed_until, rate_id (null: the practice's default), amount, minutes.
Parameters: :psychologist_id, :session_type, :default_amount, :default_minutes, :now.
"""

RATE_NOW = """
select p.id as psychologist_id, coalesce(p.licence_grace_until, p.licence_until) as licensed_until, p.takes,
       r.id as rate_id, coalesce(r.amount, :default_amount::integer) as amount,
       coalesce(r.minutes, :default_minutes::smallint)::integer as minutes
from directory.psychologist p
left join lateral (
    select id, amount, minutes from directory.rate
    where psychologist_id = p.id and session_type = :session_type::text and from_at <= :now::timestamptz
    order by from_at desc limit 1
) r on true
where p.id = :psychologist_id::uuid and p.status = 'listed' and :session_type::text = any (p.session_types)
"""
