"""The one rule of when a session can begin, as parts of SQL.

What is offered (`queries.free`) and what is accepted (the booking statement of an upper room) are composed
of the same two parts, so they cannot disagree.

`OPEN_TIME` reads a CTE named `asked` that comes before it, one row a psychologist:
    psychologist_id uuid, time_zone text
    modes text[]                    that are asked for
    lower, upper timestamptz        the window that is looked at
    minutes, buffer, step integer   of the session, after it, of the grid
    earliest, latest timestamptz    by notice and horizon
    last_day date                   of the licence, null for none
and gives `open_time(psychologist_id, mode, place_id, hours)`, with a place where the mode is In Person, and
`local_day(time_zone, on_date, midnight, shift, from_at, to_at, …)`. A session lies within one of these: not half at
one place and half at another. No instant is open at two places: hours do not overlap, and extra goes before them.
`RUNS` gives all that can be booked within one stretch of open time: a query over `a` (a row of asked), `stretch`, a
range, and `barred`, a multirange of starts that are taken. `REFUSED` judges one start: an expression over `a`, `o` (its
open_time) and `start_at`. The one bounds and the other compares; `tests/availability/test_offered.py` holds both
against a clock on a wall.
"""

from collections.abc import Iterable

# Local time is UTC plus a shift that a zone keeps for months. Whole UTC days with one shift are one piece;
# a day on which it changes is cut into quarters of an hour (zones change on a quarter). So a wall time that a
# zone skips gets no instant, and one that comes twice gets both.
#
# Days are made once a zone, not once a psychologist. Hours, and days that differ, are fetched by index before
# anything is multiplied, and series are written so that the planner can count them: it would else expect a
# thousand rows at each step, and read everybody's hours.
OPEN_TIME = """
week as materialized (
    select a.psychologist_id, a.time_zone, m.mode, case m.mode when 'In Person' then h.place_id end as place_id,
           h.weekday, make_interval(mins => h.from_minute) as opens, make_interval(mins => h.until_minute) as closes
    from asked a
    join availability.hours h on h.psychologist_id = a.psychologist_id
    join unnest(a.modes) m (mode) on m.mode = any (h.modes)
),
different as materialized (
    -- Off is off in every mode and place that the week has; extra in person is off everywhere else.
    select a.psychologist_id, a.time_zone, m.mode, case m.mode when 'In Person' then e.place_id end as place_id,
           e.on_date, e.kind,
           make_interval(mins => e.from_minute) as opens, make_interval(mins => e.until_minute) as closes
    from asked a
    join availability.exception e
      on e.psychologist_id = a.psychologist_id
     -- No zone is further from UTC than a day; the last session may end on the day after `upper`.
     and e.on_date between (a.lower at time zone 'UTC')::date - 1 and (a.upper at time zone 'UTC')::date + 2
    join unnest(a.modes) m (mode) on e.kind = 'off' or m.mode = any (e.modes)
),
zone as materialized (
    -- A session that begins before `upper` may end on the UTC day after it.
    select time_zone, date_trunc('day', min(lower), 'UTC') as from_at,
           max(upper + make_interval(mins => minutes)) as to_at
    from asked group by time_zone
),
utc_day as materialized (
    select z.time_zone, t as from_at, t + interval '24 hours' as to_at,
           (t at time zone z.time_zone) - (t at time zone 'UTC') as shift,
           ((t + interval '24 hours') at time zone z.time_zone)
           - ((t + interval '24 hours') at time zone 'UTC') as shift_after
    from zone z cross join lateral generate_series(z.from_at, z.to_at, interval '24 hours') t
),
changing as materialized (
    select time_zone, from_at from utc_day where shift <> shift_after
),
piece as (
    select time_zone, from_at, to_at, shift from utc_day where shift = shift_after
    union all
    select c.time_zone, t.q, t.q + interval '15 minutes', (t.q at time zone c.time_zone) - (t.q at time zone 'UTC')
    from changing c
    cross join generate_series(0, 95) n
    cross join lateral (select c.from_at + n * interval '15 minutes' as q) t
),
-- The part of a piece that is on one local day: `midnight` is when that day began, or would have, by this shift.
local_day as materialized (
    select p.time_zone, d.day::date as on_date, extract(isodow from d.day)::smallint as weekday, m.midnight,
           p.shift,
           greatest(p.from_at, m.midnight) as from_at, least(p.to_at, m.midnight + interval '24 hours') as to_at
    from piece p
    cross join generate_series(0, 1) n
    cross join lateral (
        select date_trunc('day', (p.from_at at time zone 'UTC') + p.shift) + n * interval '24 hours' as day) d
    cross join lateral (select (d.day - p.shift) at time zone 'UTC' as midnight) m
    where m.midnight < p.to_at
),
instants as (
    select h.psychologist_id, h.mode, h.place_id, 'hours' as kind,
           greatest(d.from_at, d.midnight + h.opens) as from_at, least(d.to_at, d.midnight + h.closes) as to_at
    from week h join local_day d on d.time_zone = h.time_zone and d.weekday = h.weekday
    union all
    select e.psychologist_id, e.mode, w.place_id, w.kind,
           greatest(d.from_at, d.midnight + e.opens), least(d.to_at, d.midnight + e.closes)
    from different e
    join local_day d on d.time_zone = e.time_zone and d.on_date = e.on_date
    cross join lateral (
        select e.place_id, e.kind where e.kind = 'extra'
        union all
        select distinct h.place_id, 'off' from week h
        where h.psychologist_id = e.psychologist_id and h.mode = e.mode
          and (e.kind = 'off' or h.place_id <> e.place_id)
    ) w
),
open_time as materialized (
    select psychologist_id, mode, place_id,
           coalesce(range_agg(tstzrange(from_at, to_at)) filter (where kind = 'hours'), '{}'::tstzmultirange)
           - coalesce(range_agg(tstzrange(from_at, to_at)) filter (where kind = 'off'), '{}'::tstzmultirange)
           + coalesce(range_agg(tstzrange(from_at, to_at)) filter (where kind = 'extra'), '{}'::tstzmultirange) as hours
    from instants where from_at < to_at group by psychologist_id, mode, place_id
)
"""

# Starts that can be booked, as runs: `first_at`, how many there are, a step apart, and the `shift` of their local time
# from UTC. What they may lie between is known before there are any; what is taken is cut out; what is left is cut by
# local days, on whose midnight the grid stands. Neither stretches of open time overlap nor parts of local days: no
# start comes twice.
RUNS = """
select first_at, floor(extract(epoch from part.until - first_at) / 60 / a.step)::integer + 1 as starts, shift
from (
    select greatest(lower(stretch), a.lower, a.earliest, :now::timestamptz + interval '1 microsecond') as from_at,
           least(upper(stretch) - make_interval(mins => a.minutes), a.upper - interval '1 microsecond', a.latest)
           as until offset 0
) w
cross join lateral (
    select lower(r) as from_at, upper(r) as until
    from unnest(case when w.from_at <= w.until
        then tstzmultirange(tstzrange(w.from_at, w.until, '[]')) - coalesce(barred, '{}') end) r offset 0
) fit
cross join lateral (
    select d.midnight + make_interval(mins => (
               ceil(extract(epoch from greatest(d.from_at, fit.from_at) - d.midnight) / 60 / a.step) * a.step)::integer
           ) as first_at,
           least(d.to_at - interval '1 microsecond', fit.until) as until, d.shift
    from local_day d
    where d.time_zone = a.time_zone and d.from_at <= fit.until and d.to_at > fit.from_at
      and (a.last_day is null or d.on_date <= a.last_day)
    offset 0
) part
where first_at <= part.until
"""

# What can be said against a start, in the order in which it is said. The words are codes of the API.
_WHEN = {
    "in_the_past": "start_at <= :now::timestamptz",
    "too_soon": "start_at < a.earliest",
    "beyond_horizon": "start_at > a.latest",
    "after_licence": "(start_at at time zone a.time_zone)::date > a.last_day",
    "off_grid": "mod(date_part('epoch', (start_at at time zone a.time_zone)::time)::numeric, a.step * 60) <> 0",
    "outside_hours": """o.hours is null
      or not tstzrange(start_at, start_at + make_interval(mins => a.minutes)) <@ o.hours""",
}
# A booking by hand may go against these, and they are then written down.
YIELDING = ("too_soon", "beyond_horizon", "off_grid", "outside_hours")


def _first(reasons: Iterable[str]) -> str:
    return "case " + " ".join(f"when {_WHEN[reason]} then '{reason}'" for reason in reasons) + " end"


# The first reason against a start, or null; the first that binds everybody; all that a booking by hand may go against.
REFUSED = _first(_WHEN)
BINDING = _first(reason for reason in _WHEN if reason not in YIELDING)
AGAINST = "array_remove(array[" + ", ".join(_first((reason,)) for reason in YIELDING) + "], null)"

# The open time in which a session from `lower` to `upper` of asked lies, or any other where it lies in none.
# For one psychologist and one mode; :place_id null: at whichever place that is.
AT_PLACE = """
at_place as materialized (
    select o.psychologist_id, o.place_id, o.hours
    from open_time o join asked a on a.psychologist_id = o.psychologist_id
    where :place_id::uuid is null or o.place_id = :place_id::uuid
    order by tstzrange(a.lower, a.upper) <@ o.hours desc limit 1
)
"""

# What a psychologist's calendar says, with the practice's numbers where it is silent: columns of `asked`.
CALENDAR_NUMBERS = """
c.time_zone,
coalesce(c.buffer_minutes, :buffer_minutes::smallint)::integer as buffer,
coalesce(c.step_minutes, :step_minutes::smallint)::integer as step,
:now::timestamptz + make_interval(mins => coalesce(c.notice_minutes, :notice_minutes::integer)) as earliest,
:now::timestamptz + make_interval(days => coalesce(c.horizon_days, :horizon_days::smallint)::integer) as latest
"""
