"""For whom a request is: oneself, somebody whom one acts for, or somebody new, who comes with the request's form."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.accounts import acting, rules
from kikao.accounts.acting import ActedFor
from kikao.accounts.acting_pages import birth_date, relations
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotFound, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.web import Form
from kikao.sessions import booking
from kikao.sessions.actions import OwnOverlap

NEW = "new"
FIELDS = ("forName", "birthDate", "relation")


class Somebody(msgspec.Struct, frozen=True):
    """Somebody new to act for, as typed and agreed for."""

    name: str
    born: date
    relation: str
    consent_text_id: UUID


def parts(actor: Actor, people: Sequence[ActedFor], form: Form, asked: str, refused: bool) -> dict[str, Any]:
    """What the form shows of it. `asked`: who is chosen; `forced`: the fields stand open whatever is chosen."""
    may_add = not actor.signed_in or actor.has("client")
    options = [{"value": "", "label": _("Myself")},
               *({"value": str(one.person_id), "label": one.name} for one in people)]
    if may_add:
        label = _("Somebody else whom I act for") if people else _("A child, or somebody I care for")
        options.append({"value": NEW, "label": label})
    return {
        "for_whom": options if len(options) > 1 else [], "for_value": asked, "for_new": may_add,
        "forced": refused and asked != NEW and bool(form["forName"]), "relations": relations(),
        "typed": {name: form[name] for name in FIELDS} | {
            "relation": form["relation"] or rules.RELATIONS[0], "forConsent": form.ticked("forConsent")},
    }


def lacks_consent(refusal: Refusal | None) -> bool:
    return refusal is not None and any(error.field == "consent" for error in refusal.fields)


def told(
    errors: list[dict[str, str]], refusal: Refusal | None, chosen: str, *, theirs: bool
) -> list[dict[str, str]]:
    """Errors of a request, where the form has their fields, and in the words of whoever asks for another. `theirs`:
    the consent that lacks is for whoever is chosen."""
    if theirs and chosen:
        return [{"field": "agreeFor", "detail": _("Please read what is kept about them, and agree to it first.")}]
    if isinstance(refusal, OwnOverlap) and chosen:
        return [{"field": "for", "detail": _("They already have a session at that time.")}]
    return [error | {"field": "for"} if error["field"] == "forPersonId" else error for error in errors]


def check(form: Form, now: datetime) -> Invalid | None:
    """Everything of somebody new that cannot be used, as one refusal; what is nobody's must not have a name."""
    if form["for"] != NEW:
        # Where a browser cannot fold the fields away, somebody may fill them in and leave "Myself" as it stands.
        return None if form["for"] or not form["forName"] else Invalid.field(
            "for", "unclear", "You gave a name, too. Please say for whom it is, or leave that name empty.")
    agreed = form.ticked("forConsent") and read_id(form["consent_text"]) is not None
    return all_of(
        refused(lambda: rules.called(form["forName"], "forName")) if form["forName"] else Invalid.field(
            "forName", "missing", "Please say what we may call them."),
        refused(lambda: rules.check_acting(birth_date(form), form["relation"], now.date())),
        None if agreed else Invalid.field(
            "forConsent", "missing", "Please read what is kept about them, and agree to it first."),
    )


def read(form: Form, now: datetime) -> Somebody | None:
    """Whoever is new; None for oneself and for those whom one acts for already. Raises Invalid."""
    wrong = check(form, now)
    if wrong is not None:
        raise wrong
    if form["for"] != NEW:
        return None
    text_id = read_id(form["consent_text"])
    assert text_id is not None
    born = rules.check_acting(birth_date(form), form["relation"], now.date())
    return Somebody(rules.called(form["forName"], "forName"), born, form["relation"], text_id)


def named(form: Form, own: UUID) -> UUID | None:
    """Whom the form chooses among those who are known; None for what is no id."""
    return read_id(form["for"]) if form["for"] else own


async def client_of(conn: Conn, actor: Actor, own: UUID, form: Form, new: Somebody | None, now: datetime) -> UUID:
    """The person whom the session is for; the booking statement says whether the actor acts for them.

    Raises Invalid, Forbidden, OutdatedConsent, TooManyPeople.
    """
    if new is None:
        client_id = named(form, own)
        if client_id is None:
            raise booking.refusal("not_yours")
        text_id = read_id(form["consent_text"]) if form["for"] and form.ticked("agreeFor") else None
        if text_id is not None:
            with suppress(NotFound):  # of whom they do not act for the booking statement says so
                await acting.agree_for(conn, actor, client_id, text_id, now)
        return client_id
    if not actor.has("client"):
        raise Forbidden
    return await acting.add_person(
        conn, actor, name=new.name, birth_date=new.born, relation=new.relation, consent_text_id=new.consent_text_id,
        now=now,
    )
