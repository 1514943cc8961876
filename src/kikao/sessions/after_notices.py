"""What is told around and after the meeting: kept longer, broken off, said not to have come, put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core import i18n
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.practice import load
from kikao.notifications.kinds import Composed, Kind, Post, Reader, Tools
from kikao.payments.links import pay_token
from kikao.sessions import rules
from kikao.sessions.notices import (
    Facts,
    Text,
    composed,
    facts_of,
    in_both_lengths,
    kind_of,
    of_the_gone,
    see,
    timing_of,
    to_pay,
)


def _waits(facts: Facts, now: datetime) -> bool:
    return facts.status in rules.WAITING and facts.hold_until is not None and facts.hold_until > now


def _extended(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    unpaid = facts.status == rules.APPROVED and facts.pay_until is not None
    until = i18n.short_day_and_clock((facts.pay_until if unpaid else facts.hold_until) or tools.now, reader.time_zone)
    if unpaid:
        sentence = _("%(when)s is kept longer. Pay %(amount)s by %(until)s.") % {
            "when": when, "amount": shown(facts.missing), "until": until}
        return composed(facts, tools, _("kept longer"), sentence, when, _("Pay"),
                         f"/p/{pay_token(tools.vault, facts.charge_id)}", brief=to_pay(when, facts.missing, until))
    sentence = _("%(when)s is kept longer, until %(until)s.") % {"when": when, "until": until}
    return composed(facts, tools, _("kept longer"), sentence, when, _("See it"), see(facts))


def _broken_off(facts: Facts, _reader: Reader, tools: Tools, when: str) -> Composed:
    back = _(" %(amount)s will be given back.") % {"amount": shown(facts.given_back)} if facts.given_back else ""
    sentence = _("%(when)s was broken off.") % {"when": when} + back
    return composed(facts, tools, _("broken off"), sentence, when, _("See it"), see(facts))


def _broken_off_theirs(facts: Facts, _reader: Reader, tools: Tools, when: str) -> Composed:
    sentence = _("%(when)s is noted as broken off. Nothing is earned by it.") % {"when": when}
    return composed(facts, tools, _("broken off"), sentence, when, _("See it"), see(facts))


class Ending(msgspec.Struct, frozen=True):
    """How a session is said to have ended."""

    status: str
    absent: str | None
    said_at: datetime
    objected: bool

    def against(self, reader: Reader, facts: Facts) -> bool:
        side = rules.PSYCHOLOGIST if reader.person_id == facts.psychologist_id else rules.CLIENT
        return side in rules.sides(self.absent, self.status)


async def _ending(conn: Conn, session_id: UUID) -> Ending | None:
    row = await conn.fetchrow(
        """
        select status, absent, coalesce(corrected_at, ended_at) as said_at, objected_at is not null as objected
        from sessions.session where id = $1 and status in ('Completed', 'No Show')
        """,
        session_id,
    )
    return Ending(*row.values()) if row else None


async def _told(
    conn: Conn, post: Post, reader: Reader | None, tools: Tools
) -> tuple[Facts, Reader, Ending, datetime | None] | None:
    """What both kinds need; last of it, until when this reader may object, if they may."""
    facts, ending = await facts_of(conn, post.about), await _ending(conn, post.about)
    if facts is None or reader is None or ending is None or of_the_gone(facts, reader):
        return None
    hours = (await load(conn, tools.now)).of(rules.Numbers).object_hours
    until = ending.said_at + timedelta(hours=hours)
    can = ending.against(reader, facts) and not ending.objected and tools.now < until
    return facts, reader, ending, until if can else None


async def compose_no_show(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """Only while it is said of this reader, and nobody has objected."""
    told = await _told(conn, post, reader, tools)
    if told is None:
        return None
    facts, whom, ending, until = told
    if ending.status != rules.NO_SHOW or until is None:
        return None
    text = await _says_so(conn, whom, until)
    return in_both_lengths(text, facts, whom, tools, await timing_of(conn, facts, whom, tools.now))


async def _says_so(conn: Conn, reader: Reader, until: datetime) -> Text:
    """Whoever signs in says on a page that it was not so; whoever cannot rings."""
    signs_in = await conn.fetchval("select can_sign_in from accounts.people where id = $1", reader.person_id)
    return _not_come(until) if signs_in else _not_come_by_telephone(until)


def _not_come_by_telephone(until: datetime) -> Text:
    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        facts_told = {"when": when, "until": i18n.short_day_and_clock(until, reader.time_zone),
                      "phone": tools.practice_phone}
        sentence = _("%(when)s: it was noted that you did not come. Not so? Ring %(phone)s by %(until)s.") % facts_told
        brief = _("%(when)s: noted that you did not come. Not so? Ring %(phone)s by %(until)s.") % facts_told
        return composed(facts, tools, _("not met"), sentence, when, "", "", brief=brief)

    return text


def _not_come(until: datetime) -> Text:
    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        facts_told = {"when": when, "until": i18n.short_day_and_clock(until, reader.time_zone)}
        sentence = _("%(when)s: it was noted that you did not come. Not so? Say it by %(until)s.") % facts_told
        brief = _("%(when)s: noted that you did not come. Not so? Say it by %(until)s.") % facts_told
        return composed(facts, tools, _("not met"), sentence, when, _("See it"), see(facts), brief=brief)

    return text


async def compose_corrected(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """How it stands now; to whom that is new, with how to object."""
    told = await _told(conn, post, reader, tools)
    if told is None:
        return None
    facts, whom, ending, until = told
    missed = until is not None and ending.status == rules.NO_SHOW
    text = await _says_so(conn, whom, until) if until is not None and missed else _stands(ending)
    return in_both_lengths(text, facts, whom, tools, await timing_of(conn, facts, whom, tools.now))


def _stands(ending: Ending) -> Text:
    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        sentence = {
            rules.CLIENT: _("%(when)s: it is noted that the client did not come."),
            rules.PSYCHOLOGIST: _("%(when)s: it is noted that nobody came for you. Your money comes back."),
            None: _("%(when)s: it is noted that it took place."),
        }[ending.absent]
        if ending.absent is not None and ending.against(reader, facts):
            sentence = _("%(when)s: it is noted that you did not come.")
        return composed(facts, tools, _("put right"), sentence % {"when": when}, when, _("See it"), see(facts))

    return text


KINDS = (
    kind_of("extended", _waits, _extended, _extended),
    kind_of("broken off", lambda facts, now: facts.status == rules.CANCELLED, _broken_off, _broken_off_theirs),
    Kind("no-show", compose_no_show),
    Kind("corrected", compose_corrected),
)
