"""Who offers what, as anyone may see it: listed psychologists only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kikao.availability.queries import Place, Wanted, next_free, places
from kikao.availability.rules import IN_PERSON, MODES
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.db import Conn, Row
from kikao.core.errors import Invalid, NotFound
from kikao.core.ids import read_id
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.core.web import EmergencyLine
from kikao.directory.rules import Numbers
from kikao.directory.sql import RATE_NOW

LOOK_AHEAD = timedelta(days=14)


class Rate(msgspec.Struct, frozen=True):
    """What one type costs now: KES and minutes."""

    session_type: str
    amount: int
    minutes: int


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A listed psychologist."""

    id: UUID
    slug: str
    name: str
    title: str
    board: str
    registration_number: str
    supervisor: str | None
    bio: str
    gender: str | None
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    sees: tuple[str, ...]
    modes: tuple[str, ...]
    places: tuple[Place, ...]
    takes: str
    time_zone: str
    licensed_until: date
    rates: tuple[Rate, ...]
    next_free: datetime | None = None
    no_times: bool = False

    def rate(self, session_type: str) -> Rate | None:
        return next((rate for rate in self.rates if rate.session_type == session_type), None)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; None: anything."""

    q: str | None = None
    speciality: str | None = None
    language: str | None = None
    session_type: str | None = None
    mode: str | None = None
    place_id: UUID | None = None
    gender: str | None = None
    sees: str | None = None
    max_price: int | None = None


# The psychologist's own day, and whoever can be booked on it: after the last day of the licence nobody can.
_TODAY = "(:now::timestamptz at time zone t.time_zone)::date"
_HERE = f"""directory.listed l join availability.timetable t on t.psychologist_id = l.id
and {_TODAY} <= l.licensed_until"""
# Where they can be met from today on.
_MET_AT = f"""(select place_id from availability.met_at
               where psychologist_id = l.id and (on_date is null or on_date >= {_TODAY}))"""
_LISTED = f"""
select l.id, l.slug, n.name, l.title, l.board, l.registration_number, s.name as supervisor, l.bio, l.gender,
       l.specialities, l.languages, l.sees, l.modes, l.takes, t.time_zone, l.licensed_until, l.session_types,
       (select coalesce(jsonb_agg(jsonb_build_array(p.id, p.name, p.address) order by p.name), '[]'::jsonb)
        from availability.places p where p.id in {_MET_AT}) as places,
       (select coalesce(jsonb_object_agg(r.session_type, jsonb_build_array(r.amount, r.minutes)), '{{}}'::jsonb)
        from (select distinct on (session_type) session_type, amount, minutes from directory.rate
              where psychologist_id = l.id and from_at <= :now::timestamptz
              order by session_type, from_at desc) r) as rates
from {_HERE}
join accounts.people n on n.id = l.id
left join accounts.people s on s.id = l.supervisor_id
"""
_ONE = Statement(f"{_LISTED} where (l.id = :id::uuid or l.slug = :slug::text)")
# Plain comparisons: what somebody types is never a pattern.
_MANY = Statement(f"""
{_LISTED}
where (:q::text is null or position(lower(:q::text) in lower(
           n.name || ' ' || l.title || ' ' || array_to_string(l.specialities, ' ') || ' ' || l.bio)) > 0)
  and (:speciality::text is null or :speciality::text = any (l.specialities))
  and (:language::text is null or :language::text = any (l.languages))
  and (:session_type::text is null or :session_type::text = any (l.session_types))
  and (:mode::text is null or :mode::text = any (l.modes))
  and (:place_id::uuid is null or :place_id::uuid in {_MET_AT})
  and (:gender::text is null or l.gender = :gender::text)
  and (:sees::text is null or :sees::text = any (l.sees))
  and (:after_name::text is null or (n.name, l.id) > (:after_name::text, :after_id::uuid))
order by n.name, l.id
""")
_CHOICES = Statement(f"""
select array(select distinct unnest(specialities) from {_HERE} order by 1) as specialities,
       array(select distinct unnest(languages) from {_HERE} order by 1) as languages,
       array(select distinct unnest(sees) from {_HERE} order by 1) as sees,
       array(select distinct gender from {_HERE} where gender is not null order by 1) as genders,
       array(select distinct unnest(modes) from {_HERE}) as modes,
       (select coalesce(jsonb_agg(jsonb_build_array(p.id, p.name, p.address) order by p.name), '[]'::jsonb)
        from availability.places p where exists (select from {_HERE} where p.id in {_MET_AT})) as places
""")
_FOR_DESK = Statement(f"select l.id, l.slug from {_HERE} where l.desk_may_answer")


def _profile(row: Row, numbers: Numbers) -> Profile:
    rates = []
    for session_type in row["session_types"]:
        amount, minutes = row["rates"].get(session_type) or numbers.default(session_type)
        rates.append(Rate(session_type, amount, minutes))
    same = {
        name: row[name]
        for name in ("id", "slug", "name", "title", "board", "registration_number", "supervisor", "bio", "gender",
                     "takes", "time_zone", "licensed_until")
    }
    lists: dict[str, Any] = {name: tuple(row[name]) for name in ("specialities", "languages", "sees", "modes")}
    return Profile(**same, **lists, places=_places(row), rates=tuple(rates))


def _places(row: Row) -> tuple[Place, ...]:
    return tuple(Place(UUID(place_id), name, address) for place_id, name, address in row["places"])


def _cheap_enough(profile: Profile, wanted: Filter) -> bool:
    if wanted.max_price is None:
        return True
    rates = [rate for rate in profile.rates if wanted.session_type in (None, rate.session_type)]
    return any(rate.amount <= wanted.max_price for rate in rates)


async def one(conn: Conn, id_or_slug: str, now: datetime, practice: Snapshot) -> Profile:
    """Raises NotFound for whoever is not listed."""
    row = await _ONE.first(conn, id=read_id(id_or_slug), slug=id_or_slug[:60], now=now)
    if row is None:
        raise NotFound("There is no such psychologist.")
    return _profile(row, practice.of(Numbers))


_FOR_CLIENT = Statement("""
select exists (select from directory.relation where psychologist_id = :psychologist_id::uuid
               and client_id = :client_id::uuid and closed_at is not null)
       or not exists (select from accounts.people where id = :client_id::uuid and state = 'active') as no_times,
       (select coalesce(jsonb_object_agg(r.session_type, jsonb_build_array(r.amount, r.minutes)), '{}'::jsonb)
        from (select distinct on (session_type) session_type, amount, minutes from directory.agreed_rate
              where psychologist_id = :psychologist_id::uuid and client_id = :client_id::uuid
                and from_at <= :now::timestamptz
              order by session_type, from_at desc) r where r.amount is not null) as agreed
""")


async def for_client(conn: Conn, profile: Profile, client_id: UUID | None, now: datetime) -> Profile:
    """As this person alone is shown it: with rates of their own, and without times where they are seen no more."""
    if client_id is None:
        return profile
    row = await _FOR_CLIENT.one(conn, psychologist_id=profile.id, client_id=client_id, now=now)
    rates = tuple(
        Rate(rate.session_type, *row["agreed"][rate.session_type]) if rate.session_type in row["agreed"] else rate
        for rate in profile.rates
    )
    return msgspec.structs.replace(
        profile, rates=rates, no_times=row["no_times"], next_free=None if row["no_times"] else profile.next_free
    )


async def times_for(conn: Conn, profiles: list[Profile], client_id: UUID | None) -> list[Profile]:
    """A list as this person is shown it: public rates, and no next time of whoever sees them no more."""
    if client_id is None:
        return profiles
    rows = await conn.fetch("select psychologist_id from directory.closed where client_id = $1", client_id)
    active = await conn.fetchval("select state = 'active' from accounts.people where id = $1", client_id)
    closed = {row["psychologist_id"] for row in rows}
    return [
        msgspec.structs.replace(one, next_free=None, no_times=True) if one.id in closed or not active else one
        for one in profiles
    ]


class Offer(msgspec.Struct, frozen=True):
    """What one listed psychologist asks somebody for one type now, and in which zone their days begin."""

    psychologist_id: UUID
    licensed_until: date
    amount: int
    minutes: int
    time_zone: str
    no_times: bool  # for this client, whom they see no more


_OFFER = Statement(f"""
select o.psychologist_id, o.licensed_until, o.amount, o.minutes, t.time_zone,
       :client_id::uuid is not null and (
           exists (select from directory.closed
                   where psychologist_id = o.psychologist_id and client_id = :client_id::uuid)
           or not exists (select from accounts.people where id = :client_id::uuid and state = 'active')) as no_times
from ({RATE_NOW}) o join availability.timetable t on t.psychologist_id = o.psychologist_id
""")


async def offer(
    conn: Conn, psychologist_id: UUID, session_type: str, client_id: UUID | None, now: datetime, practice: Snapshot
) -> Offer | None:
    """With the rate that this client has agreed on; None for whoever is not listed or does not offer the type."""
    amount, minutes = practice.of(Numbers).default(session_type)
    row = await _OFFER.first(
        conn, psychologist_id=psychologist_id, client_id=client_id, session_type=session_type, default_amount=amount,
        default_minutes=minutes, now=now,
    )
    return Offer(*row.values()) if row else None


async def listed(
    conn: Conn, wanted: Filter, now: datetime, practice: Snapshot, *,
    most: int = 20, after: tuple[str, UUID] | None = None,
) -> list[Profile]:
    """By name, with the next free time of each; one more than `most`, to know whether there is a next page."""
    after_name, after_id = after or (None, None)
    values = {name: getattr(wanted, name) for name in Filter.__struct_fields__ if name != "max_price"}
    rows = await _MANY.rows(conn, **values, after_name=after_name, after_id=after_id, now=now)
    profiles = [_profile(row, practice.of(Numbers)) for row in rows]
    page = [profile for profile in profiles if _cheap_enough(profile, wanted)][: most + 1]
    modes = (IN_PERSON,) if wanted.place_id else (wanted.mode,) if wanted.mode else MODES
    return await with_next_free(conn, page, now, practice, wanted.session_type, modes, wanted.place_id)


async def with_next_free(
    conn: Conn, profiles: Sequence[Profile], now: datetime, practice: Snapshot,
    session_type: str | None = None, modes: Sequence[str] = MODES, place_id: UUID | None = None,
) -> list[Profile]:
    """The first time within two weeks, of the shortest type where none is asked for. One query for all."""
    wanted = [Wanted(one.id, _minutes(one, session_type), one.licensed_until) for one in profiles if one.rates]
    first = await next_free(
        conn, wanted, now, now + LOOK_AHEAD, now=now, numbers=practice.of(CalendarNumbers), modes=modes,
        place_id=place_id,
    )
    return [msgspec.structs.replace(profile, next_free=first.get(profile.id)) for profile in profiles]


def _minutes(profile: Profile, session_type: str | None) -> int:
    rate = profile.rate(session_type) if session_type else None
    return rate.minutes if rate else min(rate.minutes for rate in profile.rates)


class Choices(msgspec.Struct, frozen=True):
    """What can be chosen in the filter: only what somebody listed offers."""

    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    sees: tuple[str, ...]
    genders: tuple[str, ...]
    modes: tuple[str, ...]
    places: tuple[Place, ...]


async def choices(conn: Conn, now: datetime) -> Choices:
    row = await _CHOICES.one(conn, now=now)
    found: dict[str, Any] = {name: tuple(row[name]) for name in ("specialities", "languages", "sees", "genders")}
    return Choices(**found, modes=tuple(mode for mode in MODES if mode in row["modes"]), places=_places(row))


async def for_desk(conn: Conn, now: datetime) -> dict[UUID, str]:
    """With whom the desk books, and the name that stands in their address."""
    return {row["id"]: row["slug"] for row in await _FOR_DESK.rows(conn, now=now)}


async def check_place(conn: Conn, place_id: UUID, mode: str | None = None) -> None:
    """Whether it can be looked for. Raises Invalid."""
    if mode not in (None, IN_PERSON):
        raise Invalid.field("placeId", "not_in_person", "Only times in person have a place.")
    if not any(place.id == place_id for place in await places(conn)):
        raise Invalid.field("placeId", "unknown_place", "There is no such place.")


async def emergency_lines(conn: Conn) -> tuple[EmergencyLine, ...]:
    """The numbers that a person has rung, in their order."""
    rows = await conn.fetch(
        """
        select name, number, for_whom, hours, for_whom_sw, hours_sw, invented from directory.emergency_line
        where rung_at is not null order by position, name
        """
    )
    return tuple(EmergencyLine(**dict(row)) for row in rows)
