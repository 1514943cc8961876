"""Check and request: sign-up and first request in one form."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import queries as accounts
from kikao.accounts import rules as people
from kikao.accounts.acting import ActedFor, people_of
from kikao.accounts.actions import give_consent
from kikao.accounts.signing_up import first_password, sign_up
from kikao.availability.queries import Place, Slot, Wanted, free, places_of
from kikao.availability.rules import IN_PERSON
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core import crypto, i18n, money
from kikao.core.actor import Actor
from kikao.core.answers import of_field, sentence
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotSignedIn, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.phone import Contact
from kikao.core.practice import Snapshot
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, network, read, read_form, see_other
from kikao.directory import queries as directory
from kikao.directory.queries import Profile, Rate
from kikao.directory.rules import MODE_CODES, TYPE_CODES, code_of, mode_code
from kikao.sessions import actions, booking, calling, clocks, for_whom, queries, rivals, rules, words
from kikao.sessions.terms import current_tiers


class Asked(msgspec.Struct, frozen=True):
    """What the request page is about: with whom, which type at what rate, when, how and where."""

    profile: Profile
    rate: Rate
    start: datetime | None
    practice: Snapshot
    mode: str = "Online"
    place: Place | None = None


def read_start(text: str | None) -> datetime | None:
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat((text or "").replace(" ", "+"))
        # Near the ends of the calendar even the terms cannot be worked out.
        return moment if moment.tzinfo and 2000 < moment.year < 3000 else None
    return None


Given = Callable[[str], str]


async def _asked(conn: Conn, kit: Kit, actor: Actor, now: datetime, slug: str, given: Given) -> Asked:
    practice = await kit.numbers(conn, actor, now)
    profile = await directory.one(conn, slug, now, practice)
    people = await people_of(conn, actor.person_id, now) if actor.person_id and given("for") else []
    # Nobody is shown what was agreed with somebody whom they do not act for, and nothing was with somebody new.
    own = actor.person_id if given("for") != for_whom.NEW else None
    whose = next((one.person_id for one in people if str(one.person_id) == given("for")), own)
    profile = await directory.for_client(conn, profile, whose, now)
    rate = profile.rate(TYPE_CODES.get(given("k"), "")) or profile.rates[0]
    mode = MODE_CODES.get(given("m"), "Online")
    asked = Asked(profile, rate, read_start(given("start")), practice, mode)
    if mode != IN_PERSON or asked.start is None or not booking.near(asked.start, now):
        return asked
    # The place that was shown, once it was; before, the one that the hours say.
    typed = read_id(given("place"))
    slots = [Slot(profile.id, asked.start, mode, typed)] if typed else await free(
        conn, [Wanted(profile.id, rate.minutes)], asked.start, asked.start + timedelta(minutes=1), now=now,
        numbers=practice.of(CalendarNumbers), modes=(mode,),
    )
    return msgspec.structs.replace(asked, place=next(iter((await places_of(conn, slots)).values()), None))


async def _request_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, asked: Asked, *,
    form: Form | None = None, refusal: Refusal | None = None,
) -> Response[str]:
    async with kit.db.connection() as conn:
        tiers = await current_tiers(conn, now)
        text = await accounts.consent_text(conn, actor.language)
        people = await people_of(conn, actor.person_id, now) if actor.person_id else []
        agreed = actor.person_id is not None and await accounts.has_consent(conn, actor.person_id, now)
        lost = asked.start if isinstance(refusal, actions.SlotTaken) else None
        others = await _others(conn, actor, now, asked) if lost else []
        rung = await _can_be_rung(conn, actor, people, asked)
    start = asked.start
    needs_number = not rung or (actor.signed_in and lacks_number(refusal))
    theirs = agreed and for_whom.lacks_consent(refusal)
    chosen_for = form["for"] if form else (request.query_params.get("for") or "")
    address = f"/t/{asked.profile.slug}/request"
    deadlines = rules.deadlines(tiers, start, asked.rate.amount) if start and asked.rate.amount else ()
    back = urlencode({"k": code_of(asked.rate.session_type), "m": mode_code(asked.mode)})
    query = {"k": code_of(asked.rate.session_type), "m": mode_code(asked.mode),
             "start": start.isoformat() if start else ""}
    here = f"{address}?{urlencode(query)}"
    return page(
        request, kit, actor, "sessions/request.html", status=refusal.status if refusal else 200,
        chosen=_chosen(asked, actor, kit.time_zone, lost=lost is not None),
        terms=None if lost else words.terms_of(deadlines, actor.time_zone, now, mine=True),
        lost=i18n.when(lost, actor.time_zone) if lost else None, zone_line=i18n.times_are(now, actor.time_zone),
        back_url=f"/t/{asked.profile.slug}?{back}#times",
        url=address, hidden=_hidden(asked, kept=not lost) | (_carried(form) if lost else {}), values=_values(form),
        errors=for_whom.told(errors(None if lost or needs_number else refusal), refusal, chosen_for, theirs=theirs),
        own_url="/me" if isinstance(refusal, actions.TooManyOpen) and actor.signed_in else None,
        rings=asked.mode == calling.PHONE, needs_number=needs_number,
        alternatives=others, sign_up=not actor.signed_in, sign_in_url=f"/sign-in?{urlencode({'next': here})}",
        note_max=actions.LONGEST_TEXT, asks_first=asked.profile.takes != "everyone at once",
        **for_whom.parts(actor, people, form or Form({}), chosen_for, refusal is not None),
        agree_for=theirs or (form is not None and form.ticked("agreeFor")), agreed=agreed,
        consent={"text_id": str(text.id), "lines": text.lines, "more_url": None},
    )


async def _can_be_rung(conn: Conn, actor: Actor, people: list[ActedFor], asked: Asked) -> bool:
    """Where that matters; who is not signed in yet gives a number with the request."""
    if asked.mode != calling.PHONE or actor.person_id is None:
        return True
    return await calling.can_be_rung(conn, [actor.person_id, *(one.person_id for one in people)])


def lacks_number(refusal: Refusal | None) -> bool:
    return refusal is not None and any(one.code == "no_number" for one in refusal.fields)


async def _others(conn: Conn, actor: Actor, now: datetime, asked: Asked) -> list[dict[str, Any]]:
    assert asked.start is not None
    starts = await booking.nearest(
        conn, asked.profile.id, asked.rate.minutes, asked.profile.licensed_until, asked.start, now, asked.practice,
        actor.person_id, asked.mode,
    )
    zone = actor.time_zone
    return [
        {"label": f"{i18n.short_day(at, zone)} {i18n.clock(at, zone)}", "value": at.isoformat()}
        for at in starts
    ]


def _carried(form: Form | None) -> dict[str, str]:
    """What was typed, for the page of another time; a password is typed once more."""
    given = form or Form({})
    return {name: given[name] for name in _TYPED if given[name]}


_TYPED = ("name", "contact", "note", "for", *for_whom.FIELDS, "forConsent", "consent", "agreeFor", "consent_text")


def _chosen(asked: Asked, actor: Actor, practice_zone: str, *, lost: bool) -> list[tuple[str, str]]:
    """A time that is lost stands above, and no more among what is chosen."""
    rows = [(_("With"), asked.profile.name)]
    if asked.start and not lost:
        rows.append((_("When"), i18n.when(asked.start, actor.time_zone)))
        there = practice_zone if asked.place else asked.profile.time_zone
        rows += clocks.others(asked.start, actor.time_zone, there, practice_zone)
    kind = _("%(type)s, %(minutes)s minutes") % {"type": _(asked.rate.session_type), "minutes": asked.rate.minutes}
    rows += [(_("Kind"), kind), (_("How"), _(asked.mode))]
    if asked.place:
        rows.append((_("Where"), f"{asked.place.name}, {asked.place.address}"))
    return [*rows, (_("Price"), money.shown(asked.rate.amount))]


def _hidden(asked: Asked, *, kept: bool) -> dict[str, str]:
    hidden = {"k": code_of(asked.rate.session_type), "m": mode_code(asked.mode),
              "shown": booking.as_shown(asked.rate.amount, asked.rate.minutes)}
    if asked.place and kept:
        hidden["place"] = str(asked.place.id)
    if asked.start and kept:
        hidden["start"] = asked.start.isoformat()
    return hidden


def _values(form: Form | None) -> dict[str, Any]:
    given = form or Form({})
    texts = {name: given[name] for name in ("name", "contact", "note")}
    return {**texts, "consent": given.ticked("consent"), "agreeFor": given.ticked("agreeFor")}


def errors(refusal: Refusal | None) -> list[dict[str, str]]:
    """What was refused, field by field, for `p.error_summary`."""
    if refusal is None:
        return []
    if refusal.fields:
        return [{"field": error.field, "detail": of_field(refusal, error)} for error in refusal.fields]
    return [{"field": "", "detail": sentence(refusal)}]


@read("/t/{slug:str}/request")
async def ask_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    slug: FromPath[str],
) -> Response[Any]:
    query = request.query_params
    async with kit.db.connection() as conn:
        asked = await _asked(conn, kit, actor, now, slug, lambda name: query.get(name) or "")
    if asked.start is None:
        return see_other(f"/t/{slug}")
    return await _request_page(request, kit, actor, now, asked)


@post("/t/{slug:str}/request")
async def ask(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    slug: FromPath[str],
) -> Response[Any]:
    """Sign-up and first request in one form; the code is asked for on the next page. `look`: a time that is offered
    instead of one that was lost, to be seen with its terms and all that was typed before it is asked for."""
    form = await read_form(request)
    if not actor.signed_in and form.values and "contact" not in form.values:
        raise NotSignedIn  # they were when they opened it: it did not ask who they are
    async with kit.db.connection() as conn:
        asked = await _asked(
            conn, kit, actor, now, slug, lambda name: (name == "start" and form["look"]) or form[name])
    if form["look"] and asked.start is not None:
        return await _request_page(request, kit, actor, now, asked, form=form)
    try:
        if asked.start is None:
            raise Invalid.field("start", "missing", "Please choose a time.")
        if actor.signed_in:
            return await _ask_signed_in(request, kit, actor, now, asked, form)
        return await _ask_and_sign_up(request, kit, actor, now, asked, form)
    except booking.OtherPrice as refusal:
        asked = msgspec.structs.replace(asked, rate=msgspec.structs.replace(asked.rate, **refusal.facts))
        return await _request_page(request, kit, actor, now, asked, form=form, refusal=refusal)
    except Refusal as refusal:
        return await _request_page(request, kit, actor, now, asked, form=form, refusal=refusal)


def _check_consent(form: Form) -> None:
    if not form.ticked("consent"):
        raise Invalid.field("consent", "missing", "Please read what is kept about you, and agree to it first.")


def _wanted(asked: Asked, form: Form, client_id: UUID, asker_id: UUID, *, proved: bool) -> booking.Request:
    assert asked.start is not None
    return booking.Request(
        psychologist_id=asked.profile.id, session_type=asked.rate.session_type, starts_at=asked.start,
        client_id=client_id, asker_id=asker_id, proved=proved, note=form["note"],
        mode=asked.mode, place_id=asked.place.id if asked.place else None,
    )


async def _ask_signed_in(
    request: Req, kit: Kit, actor: Actor, now: datetime, asked: Asked, form: Form
) -> Response[Any]:
    assert actor.person_id is not None
    own = actor.person_id
    if lacks := for_whom.check(form, now):
        async with kit.db.connection() as conn:
            agreed = await accounts.has_consent(conn, own, now)
        raise all_of(lacks, None if agreed else refused(lambda: _check_consent(form))) or lacks
    new = for_whom.read(form, now)
    known = None if new else for_whom.named(form, own)

    async def verb(conn: Conn) -> str:
        if not await accounts.has_consent(conn, own, now):
            _check_consent(form)
            text_id = read_id(form["consent_text"])
            if text_id is not None:
                await give_consent(conn, actor, text_id, own, now)
        client_id = await for_whom.client_of(conn, actor, own, form, new, now)
        wanted = _wanted(asked, form, client_id, own, proved=True)
        booked = await booking.request(conn, wanted, now, asked.practice, kit.vault)
        await booking.check_shown(conn, booked, form["shown"])
        session = await queries.visible(conn, actor, booked.session_id, now)
        return f"/s/{session.reference}"

    assert asked.start is not None
    async with rivals.after_whoever_asks(asked.profile.id, asked.start) as behind:
        if behind and known is not None:
            wanted = _wanted(asked, form, known, own, proved=True)
            if (await rivals.weigh(kit.db, wanted, now, asked.practice)).lost:
                raise actions.SlotTaken
        return await form_once(request, kit, actor, now, verb)


async def _ask_and_sign_up(
    request: Req, kit: Kit, actor: Actor, now: datetime, asked: Asked, form: Form
) -> Response[Any]:
    found = _checked_together(form, now, asked)
    new = for_whom.read(form, now)
    password_hash = await first_password(kit.db, form.raw("password"), now, network=network(request))
    text_id = read_id(form["consent_text"])

    async def verb(conn: Conn) -> str:
        assert text_id is not None
        made = await sign_up(
            conn, kit.vault, name=form["name"], contact=found, password_hash=password_hash, consent_text_id=text_id,
            language=actor.language, now=now, time_zone=kit.time_zone, numbers=asked.practice.of(people.Numbers),
        )
        who = msgspec.structs.replace(
            actor, account_id=made.account_id, person_id=made.person_id, roles=frozenset({"client"}))
        client_id = await for_whom.client_of(conn, who, made.person_id, Form({}), new, now)
        wanted = _wanted(asked, form, client_id, made.person_id, proved=False)
        booked = await booking.request(conn, wanted, now, asked.practice, kit.vault)
        await booking.check_shown(conn, booked, form["shown"])
        reference = await queries.reference_of(conn, booked.session_id)
        return f"/code/{made.verification_id}?{urlencode({'next': f'/s/{reference}'})}"

    assert asked.start is not None
    async with rivals.after_whoever_asks(asked.profile.id, asked.start):
        return await form_once(request, kit, actor, now, verb)


def _contact(form: Form, asked: Asked) -> Contact:
    """A number, where that is what will be rung. Raises Invalid."""
    found = people.contact(form["contact"])
    if asked.mode == calling.PHONE and found.kind != "phone":
        raise Invalid.field("contact", "no_number", "You are to be rung at this time: please give a phone number.")
    return found


def _checked_together(form: Form, now: datetime, asked: Asked) -> Contact:
    """The contact; raises Invalid with every field that cannot be used, so that one correction is enough."""
    found: list[Contact] = []
    wrong = all_of(
        refused(lambda: people.called(form["name"])),
        refused(lambda: found.append(_contact(form, asked))),
        refused(lambda: crypto.check_new_password(form.raw("password"))),
        refused(lambda: _check_consent(form)),
        for_whom.check(form, now),
        refused(lambda: booking.check_note(form["note"])),
    )
    if wrong:
        raise wrong
    return found[0]


pages: list[Any] = [ask_page, ask]
