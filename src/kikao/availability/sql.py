"""The one rule of when a session can begin, as parts of SQL.

What is offered (`queries.free`) and what is accepted (the booking statement of an upper room) are composed
of the same two parts, so they cannot disagree.

`OPEN_TIME` reads a CTE named `asked` that comes before it, one row a psychologist:
    psychologist_id uuid, time_zone text, mode text,
    lower, upper timestamptz        the window that is looked at
    minutes, buffer, step integer   of the session, after it, of the grid
    earliest, latest timestamptz    by notice and horizon
    last_day date                   of the licence, null for none
and gives `open_time(psychologist_id, hours)` and `wall(psychologist_id, day, shift, wall)`.
`REFUSED` judges one start: an expression over `a` (a row of asked), `o` (its open_time) and `start_at`.
"""

# Local time is UTC plus a shift that a zone keeps for months. Whole UTC days with one shift are one piece;
# a day on which it changes is cut into quarters of an hour (zones change on a quarter). So a wall time that a
# zone skips gets no instant, and one that comes twice gets both.
OPEN_TIME = """
utc_day as (
    select a.psychologist_id, a.time_zone, a.mode, t as from_at, t + interval '1 day' as to_at,
           (t at time zone a.time_zone) - (t at time zone 'UTC') as shift,
           ((t + interval '1 day') at time zone a.time_zone)
           - ((t + interval '1 day') at time zone 'UTC') as shift_after
    from asked a
    -- A session that begins before `upper` may end on the UTC day after it.
    cross join lateral generate_series(
        date_trunc('day', a.lower, 'UTC'), a.upper + make_interval(mins => a.minutes), interval '1 day') t
),
piece as (
    select psychologist_id, mode, from_at, to_at, shift from utc_day where shift = shift_after
    union all
    select d.psychologist_id, d.mode, q, q + interval '15 minutes',
           (q at time zone d.time_zone) - (q at time zone 'UTC')
    from utc_day d
    cross join lateral generate_series(d.from_at, d.to_at - interval '15 minutes', interval '15 minutes') q
    where d.shift <> d.shift_after
),
local_day as (
    select p.psychologist_id, p.mode, p.shift, day::date as day,
           tsrange((p.from_at at time zone 'UTC') + p.shift, (p.to_at at time zone 'UTC') + p.shift) as span
    from piece p
    cross join lateral generate_series(
        date_trunc('day', (p.from_at at time zone 'UTC') + p.shift),
        date_trunc('day', (p.to_at at time zone 'UTC') + p.shift - interval '1 microsecond'),
        interval '1 day') day
),
wall as (
    select d.psychologist_id, d.day, d.shift, 'hours' as source,
           d.span * tsrange(d.day + make_interval(mins => h.from_minute),
                            d.day + make_interval(mins => h.until_minute)) as wall
    from local_day d
    join availability.hours h
      on h.psychologist_id = d.psychologist_id and h.weekday = extract(isodow from d.day) and d.mode = any (h.modes)
    union all
    select d.psychologist_id, d.day, d.shift, e.kind,
           d.span * tsrange(d.day + make_interval(mins => e.from_minute), d.day + make_interval(mins => e.until_minute))
    from local_day d
    join availability.exception e
      on e.psychologist_id = d.psychologist_id and e.on_date = d.day and (e.kind = 'off' or d.mode = any (e.modes))
),
instants as (
    select psychologist_id, source,
           tstzrange((lower(wall) - shift) at time zone 'UTC', (upper(wall) - shift) at time zone 'UTC') as span
    from wall where not isempty(wall)
),
open_time as (
    select psychologist_id,
           coalesce(range_agg(span) filter (where source = 'hours'), '{}'::tstzmultirange)
           - coalesce(range_agg(span) filter (where source = 'off'), '{}'::tstzmultirange)
           + coalesce(range_agg(span) filter (where source = 'extra'), '{}'::tstzmultirange) as hours
    from instants group by psychologist_id
)
"""

# The first reason against a start, or null. The same words are codes of the API.
REFUSED = """
case
    when start_at <= :now::timestamptz then 'in_the_past'
    when start_at < a.earliest then 'too_soon'
    when start_at > a.latest then 'beyond_horizon'
    when (start_at at time zone a.time_zone)::date > a.last_day then 'after_licence'
    when extract(second from start_at) <> 0
      or mod((extract(hour from start_at at time zone a.time_zone) * 60
            + extract(minute from start_at at time zone a.time_zone))::integer, a.step) <> 0 then 'off_grid'
    when o.hours is null
      or not tstzrange(start_at, start_at + make_interval(mins => a.minutes)) <@ o.hours then 'outside_hours'
end
"""

# What a psychologist's calendar says, with the practice's numbers where it is silent: columns of `asked`.
CALENDAR_NUMBERS = """
c.time_zone,
coalesce(c.buffer_minutes, :buffer_minutes::smallint)::integer as buffer,
coalesce(c.step_minutes, :step_minutes::smallint)::integer as step,
:now::timestamptz + make_interval(mins => coalesce(c.notice_minutes, :notice_minutes::integer)) as earliest,
:now::timestamptz + make_interval(days => coalesce(c.horizon_days, :horizon_days::smallint)::integer) as latest
"""
