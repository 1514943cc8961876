"""What sessions tell by message: whether it is still true, and what it says.

Nothing here names what the session is about, with whom, or where: trading name, reference, day, hour, zone, link.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core import i18n
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.practice import load
from kikao.notifications.calendar_file import cancellation, invitation
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools, one_sms
from kikao.notifications.rules import JUST_DONE, Timing
from kikao.payments.links import pay_token
from kikao.sessions import rules
from kikao.sessions.booking import nearest

GONE = ("deceased", "erased")


class Facts(msgspec.Struct, frozen=True):
    """What a message may know of a session."""

    id: UUID
    reference: str
    status: str
    hold_until: datetime | None
    starts_at: datetime
    ends_at: datetime
    price: int
    charge_id: UUID
    psychologist_id: UUID
    time_zone: str
    pay_until: datetime | None
    given_back: int
    owed_back: int
    missing: int
    receipt: str | None
    client_state: str
    moved: int
    changed_at: datetime
    gone: bool  # its psychologist, and an admin has to decide what becomes of it
    others: tuple[datetime, ...] = ()


async def facts_of(conn: Conn, session_id: UUID) -> Facts | None:
    row = await conn.fetchrow(
        """
        select s.id, s.reference, s.status, s.hold_until, s.starts_at, s.ends_at, s.price, s.charge_id,
               s.psychologist_id, t.time_zone, m.open_until,
               (select coalesce(sum(amount), 0) from payments.owed_back d
                where d.charge_id = s.charge_id) as given_back,
               (select coalesce(sum(amount), 0) from payments.owed_back d
                where d.charge_id = s.charge_id and d.done_at is null) as owed_back, m.missing,
               (select number from payments.money_in r
                where r.charge_id = s.charge_id order by received_at limit 1) as receipt,
               c.state as client_state, s.moved, s.updated_at, d.gone
        from sessions.session s
        join directory.practising d on d.id = s.psychologist_id
        join availability.timetable t on t.psychologist_id = s.psychologist_id
        join payments.charge_state m on m.id = s.charge_id
        join accounts.people c on c.id = s.client_id
        where s.id = $1
        """,
        session_id,
    )
    return Facts(*row.values()) if row else None


async def other_times(conn: Conn, facts: Facts, tools: Tools) -> tuple[datetime, ...]:
    """Three free times near the one that was lost, that suit this client."""
    row = await conn.fetchrow("select client_id, minutes, mode from sessions.session where id = $1", facts.id)
    if row is None:
        return ()
    last_day = await conn.fetchval(
        """
        select licensed_until from directory.listed l where id = $1 and not exists (
            select from directory.closed where psychologist_id = l.id and client_id = $2)
        """,
        facts.psychologist_id, row["client_id"],
    )
    if last_day is None:
        return ()
    practice = await load(conn, tools.now)
    return tuple(await nearest(
        conn, facts.psychologist_id, row["minutes"], last_day, facts.starts_at, tools.now, practice, row["client_id"],
        row["mode"],
    ))


async def came_late(conn: Conn, facts: Facts, at: datetime) -> int:
    """What came at that moment and bought nothing, in shillings; where that is not known, what is owed in all."""
    found = await conn.fetchval(
        """
        select coalesce(sum(amount) filter (where why = 'late'), sum(amount)) from payments.owed_back
        where charge_id = $1 and created_at = $2
        """,
        facts.charge_id, at,
    )
    return int(found or facts.owed_back or facts.given_back or facts.price)


Text = Callable[[Facts, Reader, Tools, str], Composed]


def kind_of(name: str, true_when: Callable[[Facts, datetime], bool], to_client: Text, to_psychologist: Text) -> Kind:
    async def compose(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
        facts = await facts_of(conn, post.about)
        if facts is None or reader is None or not true_when(facts, tools.now):
            return None
        if of_the_gone(facts, reader):
            return None
        if name == "paid too late":
            came = await came_late(conn, facts, post.created_at)
            facts = msgspec.structs.replace(facts, others=await other_times(conn, facts, tools), owed_back=came)
        text = to_psychologist if reader.person_id == facts.psychologist_id else to_client
        return in_both_lengths(text, facts, reader, tools, await timing_of(conn, facts, reader, tools.now))

    return Kind(name, compose)


def of_the_gone(facts: Facts, reader: Reader) -> bool:
    """A mother is not told of a time for the child that she lost."""
    return facts.client_state in GONE and reader.person_id != facts.psychologist_id


def in_both_lengths(text: Text, facts: Facts, reader: Reader, tools: Tools, timing: Timing) -> Composed:
    """The mail has the day in full, the SMS in short: with its link it must fit into one."""
    mail = text(facts, reader, tools, when_for(facts, reader))
    short = text(facts, reader, tools, i18n.short_when(facts.starts_at, reader.time_zone))
    return msgspec.structs.replace(mail, sms=short.sms, timing=timing)


async def timing_of(conn: Conn, facts: Facts, reader: Reader, now: datetime) -> Timing:
    """What may not wait for the morning. A phone that was rung for this charge is in the hand of who pays."""
    caused_at = await conn.fetchval(
        """
        select max(l.at) from journal.line l
        where l.noun_id in ($1, $2) and l.at > $4
          and (l.by_account = (select account_id from accounts.people where id = $3)
               or (l.verb = 'ask to pay' and $3 <> $5))
        """,
        facts.id, facts.charge_id, reader.person_id, now - JUST_DONE, facts.psychologist_id,
    )
    return Timing(lapses_at=facts.hold_until, starts_at=facts.starts_at, caused_at=caused_at)


def when_for(facts: Facts, reader: Reader) -> str:
    """The start in the reader's zone, with its name."""
    return i18n.when(facts.starts_at, reader.time_zone)


def composed(facts: Facts, tools: Tools, what: str, sentence: str, when: str, label: str, path: str,
              *, brief: str = "", also: str = "", attachments: tuple[tuple[str, str, bytes], ...] = ()) -> Composed:
    """`also` is for the mail only: an SMS has no room for it. `brief` is for the SMS, where the sentence with a long
    name or a long address of the practice would not go as one. No path: who reads it could not open it."""
    url, head = f"{tools.base_url}{path}" if path else "", f"{tools.trading_name} {facts.reference}:"
    return Composed(
        subject=f"{tools.trading_name} {facts.reference}: {what}",
        sms=one_sms(*(f"{head} {said} {url}".rstrip() for said in (sentence, brief or sentence))),
        heading=what,
        paragraphs=(sentence, also) if also else (sentence,),
        button=Button(label, url) if url else None,
        facts=((_("Reference"), facts.reference), (_("When"), when)),
        footer_lines=(_("Questions? Ring %(phone)s.") % {"phone": tools.practice_phone},),
        attachments=attachments,
    )


def to_pay(when: str, amount: int, until: str) -> str:
    """As short as it can be said."""
    return _("%(when)s: pay %(amount)s by %(until)s.") % {"when": when, "amount": shown(amount), "until": until}


def see(facts: Facts) -> str:
    return f"/s/{facts.reference}"


def _requested(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    until = i18n.short_day_and_clock(facts.hold_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("a new request"),
        _("Someone asks for %(when)s. Please answer by %(until)s.") % {"when": when, "until": until},
        when, _("Answer"), see(facts),
    )


def _taken(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    until = i18n.short_day_and_clock(facts.pay_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("a time is taken"),
        _("%(when)s is taken, and kept until %(until)s while it is being paid.") % {"when": when, "until": until},
        when, _("See it"), see(facts), brief=_("%(when)s is taken until %(until)s.") % {"when": when, "until": until},
    )


def _accepted(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    until = i18n.short_day_and_clock(facts.pay_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("your time is accepted"),
        _("%(when)s is kept for you. Pay %(amount)s by %(until)s.")
        % {"when": when, "amount": shown(facts.missing), "until": until},
        when, _("Pay"), f"/p/{pay_token(tools.vault, facts.charge_id)}", brief=to_pay(when, facts.missing, until),
    )


def _confirmed(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    receipt = _(" Receipt %(number)s.") % {"number": facts.receipt} if facts.receipt else ""
    return composed(
        facts, tools, _("confirmed"),
        _("%(when)s is confirmed.") % {"when": when} + receipt, when, _("See it"), see(facts),
        attachments=(_calendar(facts, reader, tools),),
    )


def _declined(facts: Facts, _reader: Reader, tools: Tools, when: str) -> Composed:
    return composed(
        facts, tools, _("not possible this time"),
        _("%(when)s cannot be kept. Nothing was charged; other times are free.") % {"when": when},
        when, _("Choose another time"), "/team",
    )


def _cancelled(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    back = (
        _(" %(amount)s will be given back.") % {"amount": shown(facts.given_back)} if facts.given_back else ""
    )
    return composed(
        facts, tools, _("cancelled"), _("%(when)s is cancelled.") % {"when": when} + back,
        when, _("See it"), see(facts), attachments=(_calendar(facts, reader, tools, cancelled=True),),
    )


def _cancelled_theirs(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    return composed(
        facts, tools, _("cancelled"), _("%(when)s is cancelled. The time is free again.") % {"when": when},
        when, _("See it"), see(facts), attachments=(_calendar(facts, reader, tools, cancelled=True),),
    )


def _expired(facts: Facts, _reader: Reader, tools: Tools, when: str) -> Composed:
    return composed(
        facts, tools, _("no longer kept"),
        _("%(when)s is no longer kept for you. You can choose another time.") % {"when": when},
        when, _("Choose another time"), "/team",
    )


def _expired_theirs(facts: Facts, _reader: Reader, tools: Tools, when: str) -> Composed:
    return composed(
        facts, tools, _("no longer kept"), _("%(when)s is free again.") % {"when": when},
        when, _("See it"), see(facts),
    )


def _code_rejected(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    if facts.status != rules.APPROVED:
        sentence = _("No money was found for the code that was typed for %(when)s. If it was paid, please ring us.")
        brief = _("No money was found for your payment code. If it was paid, please ring us.")
        return composed(facts, tools, _("your payment code"), sentence % {"when": when}, when, _("See it"), see(facts),
                        brief=brief)
    until = i18n.short_day_and_clock(facts.pay_until or tools.now, reader.time_zone)
    return composed(
        facts, tools, _("your payment code"),
        _("The code did not fit. Nothing is lost: please pay or type another by %(until)s.") % {"until": until},
        when, _("Pay"), f"/p/{pay_token(tools.vault, facts.charge_id)}",
        brief=_("The code did not fit. Please pay by %(until)s.") % {"until": until},
    )


def _too_late(facts: Facts, reader: Reader, tools: Tools, when: str) -> Composed:
    others = ", ".join(i18n.short_day_and_clock(start, reader.time_zone) for start in facts.others)
    also = _("Free at present: %(times)s.") % {"times": others} if others else ""
    sentence = (_("%(when)s was no longer kept. %(amount)s will be given back.") if facts.status == rules.EXPIRED else
                _("%(when)s had been called off. %(amount)s will be given back."))
    return composed(
        facts, tools, _("your payment came late"),
        sentence % {"when": when, "amount": shown(facts.owed_back)},
        when, _("Choose another time"), see(facts), also=also,
    )


def _calendar(facts: Facts, reader: Reader, tools: Tools, *, cancelled: bool = False) -> tuple[str, str, bytes]:
    make = cancellation if cancelled else invitation
    return make(
        session_id=facts.id, reference=facts.reference, trading_name=tools.trading_name, base_url=tools.base_url,
        starts_at=facts.starts_at, ends_at=facts.ends_at, now=tools.now, sequence=2 * facts.moved + cancelled,
        organizer=tools.mail_sender, attendee=reader.email,
    )


def _live(status: str) -> Callable[[Facts, datetime], bool]:
    return lambda facts, now: facts.status == status and facts.hold_until is not None and facts.hold_until > now


def _of_a_code(facts: Facts, now: datetime) -> bool:
    """While another can be typed, and to whom thinks to have paid for what has ended unpaid."""
    return _live(rules.APPROVED)(facts, now) or facts.status in (rules.EXPIRED, rules.CANCELLED)


def _is(*statuses: str) -> Callable[[Facts, datetime], bool]:
    return lambda facts, now: facts.status in statuses


KINDS = (
    kind_of("requested", _live(rules.PENDING_APPROVAL), _requested, _requested),
    kind_of("taken", _live(rules.APPROVED), _taken, _taken),
    kind_of("accepted", _live(rules.APPROVED), _accepted, _accepted),
    kind_of("confirmed", _is(rules.CONFIRMED, rules.IN_PROGRESS), _confirmed, _confirmed),
    kind_of("paid", _is(rules.CONFIRMED, rules.IN_PROGRESS), _confirmed, _confirmed),
    kind_of("code rejected", _of_a_code, _code_rejected, _code_rejected),
    kind_of("declined", _is(rules.DECLINED), _declined, _declined),
    kind_of("paid too late", _is(rules.EXPIRED, rules.CANCELLED, rules.DECLINED), _too_late, _too_late),
    kind_of("cancelled", _is(rules.CANCELLED), _cancelled, _cancelled_theirs),
    kind_of("expired", _is(rules.EXPIRED), _expired, _expired_theirs),
)
