"""A caller on the line: find them or make them a person, then what is ahead, what is to pay, and a time.

Each look stands in the journal; contacts are masked; nothing of health is asked or kept.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import by_desk, files, queries, rules
from kikao.accounts.actions import OutdatedConsent
from kikao.accounts.by_desk import Newcomer, Reach
from kikao.accounts.codes import CodeRefused
from kikao.accounts.files import Acting, File, Found
from kikao.accounts.queries import ConsentText
from kikao.accounts.rules import Numbers
from kikao.admin import words
from kikao.admin.parts import MESSAGES, Parts, columns, link, reference, together
from kikao.admin.people_pages import look_for, pack, signs_of, unpack
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotFound, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.money import shown
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form, see_other
from kikao.journal.actions import record
from kikao.sessions import queries as sessions
from kikao.sessions.asking import errors
from kikao.sessions.queries import Session
from kikao.sessions.rules import ENDED
from kikao.sessions.words import badges

HERE = "/practice/caller"
KEPT = ("t", "day", "start")  # with whom and when, where the calendar led here
BEFORE = timedelta(days=90)
_FIELDS = ("name", "phone", "email", "birthDate", "relation", "how", "consent_text", "code")


def _kept(values: Any) -> dict[str, str]:
    return {name: text[:40] for name in KEPT if (text := values.get(name) or "")}


def _address(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}" if query else path


async def texts(conn: Conn) -> list[ConsentText]:
    """What is kept about somebody, once in each language that it is written in: whichever was read counts."""
    found = [await queries.consent_text(conn, code) for code, _name in i18n.LANGUAGES]
    return list({one.id: one for one in found}.values())


def _consent(written: list[ConsentText], form: Form) -> dict[str, Any]:
    return {
        "texts": [{"code": one.language, "language": i18n.language_name(one.language), "lines": one.lines}
                  for one in written],
        "read": [(str(one.id), i18n.language_name(one.language)) for one in written],
        "hows": [(how, _(words.HOW[how])) for how in by_desk.HEARD],
        "text_id": form["consent_text"] or str(written[0].id), "how": form["how"] or by_desk.HEARD[0],
        "agreed": form.ticked("agreed"),
    }  # fmt: skip


def _typed(form: Form) -> dict[str, str]:
    return {name: form[name] for name in _FIELDS}


# finding and making -------------------------------------------------------------------------------


@read(HERE)
async def caller(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MESSAGES)
    return await _finding(request, kit, actor, now, _kept(request.query_params))


async def _finding(
    request: Req, kit: Kit, actor: Actor, now: datetime, kept: dict[str, str], *,
    form: Form | None = None, refusal: Refusal | None = None,
) -> Response[str]:
    typed = unpack(kit, actor, request.query_params.get("f")) if form is None else ""
    unfit, found = None, list[Found]()
    async with kit.db.transaction() as conn:
        try:
            found = await look_for(conn, actor, typed, now) if typed else []
        except Invalid as wrong:
            unfit = wrong
        written = await texts(conn)
    refused = refusal or unfit
    # Figures are a number that they rang from, letters what they said that they are called.
    guess = {"phone": typed} if re.fullmatch(r"[\d\s+-]+", typed) else {"name": "" if "@" in typed else typed}
    given = form or Form(guess)
    asked = bool(typed) and unfit is None
    return page(
        request, kit, actor, "admin/caller.html", status=refused.status if refused else 200, url=HERE, typed=typed,
        kept=kept, errors=errors(unfit), new_errors=errors(refusal), values=_typed(given), today=str(now.date()),
        consent=_consent(written, given), caption=_("Contacts are masked. Opening somebody stands in the journal."),
        columns=columns(_("Name"), _("Contacts"), _("State")), rows=[_row(one, actor, now, kept) for one in found],
        asked=asked, more=len(found) == files.MOST, new_open=refusal is not None or (asked and not found),
    )


def _row(one: Found, actor: Actor, now: datetime, kept: dict[str, str]) -> list[Any]:
    signs = signs_of(one.state, one.has_account, Parts(actor, now))
    return [
        link(one.name, _address(f"{HERE}/{one.person_id}", **kept)), ", ".join(one.contacts) or "–", together(*signs)
    ]


@post(HERE)
async def find(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """A form, so that what is looked for stands in no address and no history."""
    need(actor, *MESSAGES)
    form = await read_form(request)
    typed, kept = form["who"][:80], _kept(form.values)
    return see_other(_address(HERE, **kept, **({"f": pack(kit, actor, typed)} if typed else {})))


def _heard(form: Form) -> UUID:
    """The text that was read to them, and that they agreed to. Raises Invalid, OutdatedConsent."""
    if not form.ticked("agreed"):
        raise Invalid.field("agreed", "missing", "Please read it to them, and note that they agree.")
    text_id = read_id(form["consent_text"])
    if text_id is None:
        raise OutdatedConsent
    return text_id


def _born(form: Form) -> date | None:
    try:
        return date.fromisoformat(form["birthDate"]) if form["birthDate"] else None
    except ValueError:
        raise Invalid.field("birthDate", "not_a_day", "Please write the day like 2026-11-24.") from None


def _newcomer(form: Form, time_zone: str, parent_id: UUID | None = None) -> Newcomer:
    """Raises Invalid with every field that cannot be used, OutdatedConsent."""
    contacts = [partial(rules.contact, form[field], field) for field in ("phone", "email") if form[field]]
    name, born, heard = partial(rules.called, form["name"]), partial(_born, form), partial(_heard, form)
    wrong = all_of(refused(name), *map(refused, contacts), refused(born), refused(heard))
    if wrong:
        raise wrong
    return Newcomer(
        name=name(), consent_text_id=heard(), how=form["how"], time_zone=time_zone, birth_date=born(),
        parent_id=parent_id, contacts=[contact() for contact in contacts], relation=form["relation"] or "parent",
    )


@post(f"{HERE}/new")
async def make(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, *MESSAGES)
    form = await read_form(request)
    kept = _kept(form.values)

    async def run(conn: Conn) -> str:
        person_id = await by_desk.make_person(conn, actor, _newcomer(form, kit.time_zone), now)
        return _address(f"{HERE}/{person_id}", **kept, done="made")

    try:
        return await form_once(request, kit, actor, now, run)
    except Forbidden:
        raise
    except Refusal as refusal:
        return await _finding(request, kit, actor, now, kept, form=form, refusal=refusal)


# one of them --------------------------------------------------------------------------------------


class Seen(msgspec.Struct, frozen=True):
    """A caller, as desk reads them in one look."""

    file: File
    reach: list[Reach]
    agreed: bool
    can_act: bool
    sessions: list[Session]
    written: list[ConsentText]


async def _seen(conn: Conn, actor: Actor, person_id: UUID, now: datetime) -> Seen:
    found = await files.file(conn, person_id, now)
    await record(conn, actor, "look", "person", person_id, now)
    return Seen(
        found, await by_desk.reach(conn, [person_id]), await queries.has_consent(conn, person_id, now),
        await by_desk.can_act(conn, person_id, now),
        await sessions.of_client(conn, actor, person_id, now - BEFORE, now), await texts(conn),
    )


@read(f"{HERE}/{{person_id:str}}")
async def person(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[str]:
    need(actor, *MESSAGES)
    return await _person(request, kit, actor, now, must_be_id(person_id), _kept(request.query_params))


async def _person(
    request: Req, kit: Kit, actor: Actor, now: datetime, person_id: UUID, kept: dict[str, str], *,
    form: Form | None = None, refusal: Refusal | None = None, about: str = "",
) -> Response[str]:
    """`about`: the form that was refused: "code", "agree" or "child"."""
    async with kit.db.transaction() as conn:
        seen = await _seen(conn, actor, person_id, now)
    found, given, parts, here = seen.file, form or Form({}), Parts(actor, now), f"{HERE}/{person_id}"
    ahead = [one for one in seen.sessions if one.ends_at > now and one.status not in ENDED]
    wrong, active = _wrong(refusal), found.state == "active"
    query = request.query_params
    return page(
        request, kit, actor, "admin/caller_person.html", status=refusal.status if refusal else 200, url=here,
        back_url=_address(HERE, **kept), name=found.name, kept=kept, about=about,
        book_url=_address(f"/book/{person_id}", **_to_book(kept)) if active and seen.agreed else None,
        signs=signs_of(found.state, found.account_id is not None, parts),
        facts=_facts(found, now), through=[one.name for one in _now(found.acted_by, now)],
        agreed=seen.agreed or not active, consent=_consent(seen.written, given),
        contacts=[
            {"id": str(one.id), "masked": one.masked, "proved": one.proved, "kind": one.kind} for one in seen.reach
        ],
        own_contacts=found.account_id is not None or not active, child=seen.can_act,
        values=_typed(given), contact=given["contact"], code=read_id(query.get("code") or given["sent"]),
        sent_to=query.get("to") or given["to"],
        relations=[(one, _(words.RELATIONS.get(one, one))) for one in rules.RELATIONS], today=str(now.date()),
        errors={name: wrong if name == about else [] for name in ("code", "agree", "child")},
        to_pay=_to_pay(ahead, actor), ahead=[_session(one, parts) for one in ahead],
        past=[_session(one, parts) for one in reversed(seen.sessions) if one not in ahead][:10],
        columns=columns(_("Reference"), _("When"), _("With"), _("Status")), caption=parts.zone,
        done=query.get("done") if refusal is None else None,
    )


def _wrong(refusal: Refusal | None) -> list[dict[str, str]]:
    """A code is read out to whoever reads this, and sent by them."""
    if isinstance(refusal, CodeRefused):
        said = _("This is not the code, or it is too old. Ask them to read it again, or send a new code.")
        return [{"field": "code", "detail": said}]
    return errors(refusal)


def _to_book(kept: dict[str, str]) -> dict[str, str]:
    """The day that the calendar led here from, and the moment, which is the same in every zone."""
    day = {"from": kept["day"], "day": kept["day"]} if "day" in kept else {}
    return {name: kept[name] for name in ("t", "start") if name in kept} | day


def _facts(found: File, now: datetime) -> list[tuple[str, Any]]:
    """Whose acting has ended is nobody to speak to for them."""
    born = found.birth_date
    rows: list[tuple[str, Any]] = [(_("Born"), i18n.date_of_year(born))] if born else []
    rows += [(_("Is acted for by"), link(one.name, f"{HERE}/{one.person_id}")) for one in _now(found.acted_by, now)]
    return rows + [(_("Acts for"), link(one.name, f"{HERE}/{one.person_id}")) for one in _now(found.acts_for, now)]


def _now(those: tuple[Acting, ...], now: datetime) -> list[Acting]:
    return [one for one in those if one.until is None or one.until > now]


def _to_pay(ahead: list[Session], actor: Actor) -> list[dict[str, str]]:
    text = _("%(amount)s for %(reference)s, until %(until)s")
    return [
        {"text": text % {"amount": shown(one.missing), "reference": one.reference,
                         "until": i18n.when(one.pay_until, actor.time_zone)},
         "url": f"/s/{one.reference}/money"}
        for one in ahead if one.pay_until and one.missing
    ]  # fmt: skip


def _session(one: Session, parts: Parts) -> list[Any]:
    return [
        reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), one.psychologist_name,
        parts.badges(*badges(one)),
    ]


class _Press(msgspec.Struct, frozen=True):
    """A button of a caller's page: who pressed it, about whom, with what typed."""

    conn: Conn
    kit: Kit
    actor: Actor
    whose: UUID
    form: Form
    now: datetime


Verb = Callable[[_Press], Awaitable[tuple[UUID, dict[str, str]]]]


def _button(path: str, verb: Verb) -> Any:
    """Do, and go back to their page; what is refused is said there, with what was typed. `verb` answers whose page
    comes next, and what its address says."""

    @post(f"{HERE}/{{person_id:str}}/{path}")
    async def pressed(
        request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
        person_id: FromPath[str],
    ) -> Response[Any]:
        need(actor, *MESSAGES)
        whose, form = must_be_id(person_id), await read_form(request)
        kept = _kept(form.values)

        async def run(conn: Conn) -> str:
            goes, query = await verb(_Press(conn, kit, actor, whose, form, now))
            return _address(f"{HERE}/{goes}", **kept, **query)

        try:
            return await form_once(request, kit, actor, now, run)
        except (NotFound, Forbidden):
            raise
        except Refusal as refusal:
            return await _person(request, kit, actor, now, whose, kept, form=form, refusal=refusal, about=path)

    return pressed


async def _agree(on: _Press) -> tuple[UUID, dict[str, str]]:
    await by_desk.hear_consent(on.conn, on.actor, on.whose, _heard(on.form), on.form["how"], on.now)
    return on.whose, {"done": "agreed"}


async def _child(on: _Press) -> tuple[UUID, dict[str, str]]:
    """Whoever is on the line acts for somebody: they become a person, too."""
    who = _newcomer(on.form, on.kit.time_zone, on.whose)
    return await by_desk.make_person(on.conn, on.actor, who, on.now), {"done": "made"}


async def _send_code(on: _Press) -> tuple[UUID, dict[str, str]]:
    """To one of their contacts, or to one that is new: they read the code out."""
    reach, chosen = await by_desk.reach(on.conn, [on.whose]), on.form["known"]
    contact_id = next((one.id for one in reach if str(one.id) == chosen), None) or await by_desk.add_contact(
        on.conn, on.actor, on.whose, rules.contact(on.form["contact"]), on.now)
    numbers = (await on.kit.numbers(on.conn, on.actor, on.now)).of(Numbers)
    sent = await by_desk.send_code(on.conn, on.kit.vault, on.actor, contact_id, on.now, numbers)
    return on.whose, {"to": str(contact_id), "code": str(sent)}


@post(f"{HERE}/{{person_id:str}}/read-out")
async def read_out(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[Any]:
    need(actor, *MESSAGES)
    whose, form = must_be_id(person_id), await read_form(request)
    kept = _kept(form.values)
    async with kit.db.connection() as conn:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
    try:
        # A try is counted before it is judged: two transactions, so no key of the form.
        await by_desk.read_out(kit.db, kit.vault, actor, must_be_id(form["sent"]), form["code"], now, numbers)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return await _person(request, kit, actor, now, whose, kept, form=form, refusal=refusal, about="code")
    return see_other(_address(f"{HERE}/{whose}", **kept, done="proved"))


pages: list[Any] = [
    caller, find, make, person, _button("agree", _agree), _button("child", _child), _button("code", _send_code),
    read_out,
]
