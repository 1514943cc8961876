"""What the clock tells of sessions: a request still to answer, money still to come, what is near, what is tomorrow.

Rows are posted by planning.py when their moment has come; here is whether they are still true, and what they say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core import i18n
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.i18n import ngettext
from kikao.core.money import shown
from kikao.core.practice import load
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools
from kikao.notifications.rules import Numbers, Timing, reminder_at
from kikao.payments.links import pay_token
from kikao.sessions import rules
from kikao.sessions.notices import Facts, Text, composed, facts_of, in_both_lengths, see, timing_of, to_pay
from kikao.sessions.rules import APPROVED, CONFIRMED, PENDING_APPROVAL, Deadline, Tier

STILL_TO_ANSWER, ANSWER_SOON, UNPAID = "still to answer", "answer soon", "unpaid"
REMINDER, SOON, TOMORROW = "reminder", "soon", "tomorrow"

# A request's last nudge comes so long before the end of its wait; a short wait has one nudge only.
ANSWER_WITHIN = timedelta(hours=2)


class Money(msgspec.Struct, frozen=True):
    """What is still to be paid, and whether a phone is ringing for it just now."""

    missing: int
    ringing: bool


async def _money(conn: Conn, facts: Facts) -> Money:
    row = await conn.fetchrow(
        """
        select missing, exists (select from payments.open_attempt a where a.charge_id = c.id) as ringing
        from payments.charge_state c where id = $1
        """,
        facts.charge_id,
    )
    assert row is not None
    return Money(row["missing"], row["ringing"])


async def next_deadline(conn: Conn, facts: Facts, now: datetime) -> Deadline | None:
    """Until when what comes back is what it is now; None when nothing comes back any more."""
    row = await conn.fetchrow(
        """
        select s.first_starts_at, t.tiers, c.received from sessions.session s
        join sessions.terms t on t.id = s.terms_id join payments.charge_state c on c.id = s.charge_id where s.id = $1
        """,
        facts.id,
    )
    assert row is not None
    tiers = msgspec.convert(row["tiers"], list[Tier])
    counted = rules.counted_from(facts.starts_at, row["first_starts_at"])
    ahead = [line for line in rules.deadlines(tiers, counted, row["received"]) if line.until > now and line.refund]
    return min(ahead, key=lambda line: line.until, default=None)


def _of_one_away(facts: Facts, reader: Reader) -> bool:
    """What the clock tells of somebody who is deceased, erased or blocked goes to nobody who acts for them. That a
    session of who is blocked was cancelled, and that money comes back, is told."""
    return facts.client_state != "active" and reader.person_id != facts.psychologist_id


# requests -----------------------------------------------------------------------------------------


def _waits_for_answer(facts: Facts, now: datetime) -> bool:
    return facts.status == PENDING_APPROVAL and facts.hold_until is not None and facts.hold_until > now


def _nudge(name: str, true_when: Callable[[Facts, datetime], bool], text: Text) -> Kind:
    async def compose(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
        facts = await facts_of(conn, post.about)
        if facts is None or reader is None or not _waits_for_answer(facts, tools.now) or _of_one_away(facts, reader):
            return None
        if not true_when(facts, tools.now):
            return None
        return in_both_lengths(text, facts, reader, tools, await timing_of(conn, facts, reader, tools.now))

    return Kind(name, compose)


def _more_than_the_last_hours(facts: Facts, now: datetime) -> bool:
    """Else the other nudge says it better. A short wait has this one only."""
    assert facts.hold_until is not None
    return facts.hold_until - now > ANSWER_WITHIN or facts.hold_until - facts.changed_at <= 2 * ANSWER_WITHIN


def _still_to_answer(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    until = i18n.short_day_and_clock(facts.hold_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("still to answer"),
        _("%(when)s waits for your answer until %(until)s.") % {"when": when, "until": until},
        when, _("Answer"), see(facts),
    )


def _answer_soon(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    until = i18n.short_day_and_clock(facts.hold_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("please answer soon"),
        _("%(when)s is free again at %(until)s unless you answer.") % {"when": when, "until": until},
        when, _("Answer"), see(facts),
    )


# money --------------------------------------------------------------------------------------------


async def compose_unpaid(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """Not while a phone rings for it: whoever holds that phone knows."""
    facts = await facts_of(conn, post.about)
    if facts is None or reader is None or facts.status != APPROVED or facts.pay_until is None:
        return None
    if _of_one_away(facts, reader):
        return None
    money = await _money(conn, facts)
    if facts.pay_until <= tools.now or not money.missing or money.ringing:
        return None

    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        until = i18n.short_day_and_clock(facts.pay_until or tools.now, reader.time_zone)
        return composed(
            facts, tools, _("not paid yet"),
            _("%(when)s is kept for you until %(until)s. %(amount)s to pay.")
            % {"when": when, "until": until, "amount": shown(money.missing)},
            when, _("Pay"), f"/p/{pay_token(tools.vault, facts.charge_id)}", brief=to_pay(when, money.missing, until),
        )

    timing = await timing_of(conn, facts, reader, tools.now)
    return in_both_lengths(text, facts, reader, tools, msgspec.structs.replace(timing, lapses_at=facts.pay_until))


# reminders ----------------------------------------------------------------------------------------


async def _ahead(conn: Conn, post: Post, reader: Reader | None, now: datetime) -> Facts | None:
    """Confirmed, not begun, and not moved since this was posted; with somebody who is here."""
    facts = await facts_of(conn, post.about)
    if facts is None or reader is None or facts.status != CONFIRMED or facts.starts_at <= now or facts.gone:
        return None
    return facts if post.version == facts.moved + 1 and not _of_one_away(facts, reader) else None


async def compose_reminder(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """A day ahead, with the hour from which less comes back. Too late for it, the last reminder is enough."""
    facts = await _ahead(conn, post, reader, tools.now)
    if facts is None or reader is None:
        return None
    numbers = (await load(conn, tools.now)).of(Numbers)
    last = reminder_at(facts.starts_at, timedelta(minutes=numbers.last_reminder_minutes), reader.time_zone, numbers)
    if tools.now >= last:
        return None
    line = await next_deadline(conn, facts, tools.now)

    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        sentence = brief = _("%(when)s.") % {"when": when}
        if line is not None:
            until = i18n.short_day_and_clock(line.until, reader.time_zone)
            told = _("Cancelling gives %(amount)s back until %(until)s, then less.")
            sentence = f"{sentence} {told % {'amount': shown(line.refund), 'until': until}}"
        return composed(facts, tools, _("a reminder"), sentence, when, _("See it"), see(facts), brief=brief)

    timing = Timing(lapses_at=line.until if line else facts.starts_at)
    return in_both_lengths(text, facts, reader, tools, timing)


async def compose_soon(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    facts = await _ahead(conn, post, reader, tools.now)
    if facts is None or reader is None:
        return None

    def text(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
        sentence = _("It begins %(when)s.") % {"when": when}
        return composed(facts, tools, _("soon"), sentence, when, _("See it"), see(facts))

    return in_both_lengths(text, facts, reader, tools, Timing(lapses_at=facts.starts_at))


# tomorrow -----------------------------------------------------------------------------------------


def day_number(day: date) -> int:
    """A day as the version of its list: 20261126."""
    return day.year * 10_000 + day.month * 100 + day.day


async def compose_tomorrow(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """What is confirmed for that day, by reference and hour, as long as some of it lies ahead."""
    if reader is None or reader.person_id != post.about:
        return None
    found = await _of_day(conn, post.about, post.version, reader.time_zone)
    ahead = [(start, reference) for start, reference in found if start > tools.now]
    if not ahead:
        return None
    first, last, zone = ahead[0][0], ahead[-1][0], reader.time_zone
    number = ngettext("%(number)s session", "%(number)s sessions", len(ahead)) % {"number": len(ahead)}
    url = f"{tools.base_url}/me"
    said = {"number": number, "day": i18n.short_day(first, zone), "from": i18n.clock(first, zone),
            "last": i18n.clock(last, zone), "zone": i18n.short_zone(first, zone)}
    sms = (_("%(day)s: %(number)s, from %(from)s to %(last)s %(zone)s.") if len(ahead) > 1
           else _("%(day)s: %(number)s, %(from)s %(zone)s.")) % said
    return Composed(
        subject=f"{tools.trading_name}: {i18n.short_day(first, zone)}",
        sms=f"{tools.trading_name}: {sms} {url}",
        heading=i18n.day(first, zone),
        paragraphs=(f"{number}. {i18n.zone_name(first, zone)}.",),
        button=Button(_("See them"), url),
        facts=tuple((i18n.clock(start, zone), reference) for start, reference in ahead),
        footer_lines=(_("Questions? Ring %(phone)s.") % {"phone": tools.practice_phone},),
        timing=Timing(lapses_at=first),
    )


async def _of_day(conn: Conn, psychologist_id: UUID, day: int, zone: str) -> list[tuple[datetime, str]]:
    """What is confirmed for a day of this zone, by time."""
    rows = await conn.fetch(
        """
        select starts_at, reference from sessions.session
        where psychologist_id = $1 and status = 'Confirmed'
          and not exists (select from directory.practising where id = $1 and gone)
          and starts_at >= timezone($3, to_date($2, 'YYYYMMDD')::timestamp)
          and starts_at < timezone($3, to_date($2, 'YYYYMMDD')::timestamp + interval '1 day')
        order by starts_at
        """,
        psychologist_id, str(day), zone,
    )
    return [(row["starts_at"], row["reference"]) for row in rows]


def _always(_facts: Facts, _now: datetime) -> bool:
    return True


KINDS = (
    _nudge(STILL_TO_ANSWER, _more_than_the_last_hours, _still_to_answer),
    _nudge(ANSWER_SOON, _always, _answer_soon),
    Kind(UNPAID, compose_unpaid),
    Kind(REMINDER, compose_reminder),
    Kind(SOON, compose_soon),
    Kind(TOMORROW, compose_tomorrow),
)
