"""The buttons around and after the meeting, for whoever looks. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kikao.core import i18n
from kikao.core.errors import Refusal
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.sessions import rules
from kikao.sessions.queries import Session, may_object
from kikao.sessions.reasons import Said
from kikao.sessions.rules import (
    ADMIN,
    CALLERS_DESK,
    CLIENT,
    COMPLETED,
    DECLINED,
    LEFT_TO_ADMIN,
    NO_SHOW,
    PSYCHOLOGIST,
    Numbers,
)
from kikao.sessions.words import dialog, for_nothing

Action = dict[str, Any]


def _can(session: Session, verb: str) -> bool:
    return rules.can(verb, session.status, session.parties)


def meeting_actions(session: Session, now: datetime, numbers: Numbers) -> list[Action]:
    """What to do now, first: begin, say that it is over, or that it was not so."""
    found: list[Action] = []
    address = f"/s/{session.reference}"
    begun = session.status == rules.IN_PROGRESS
    if _can(session, "start") and rules.may_start(session.starts_at, now, numbers):
        label = _("Back to the meeting") if begun else _("Begin")
        found.append({"label": label, "url": f"{address}/start", "kind": "plain" if begun else "main"})
    if session.parties & {PSYCHOLOGIST, LEFT_TO_ADMIN} and _can(session, "complete") and (
            begun or now >= session.starts_at):
        text = (_("It is noted as completed.") if for_nothing(session)
                else _("It is noted as completed. What was paid is yours after a day.")
                if PSYCHOLOGIST in session.parties
                else _("It is noted as completed. What was paid is its psychologist's after a day."))  # fmt: skip
        theirs = PSYCHOLOGIST in session.parties
        found.insert(0 if begun else 1, dialog(
            _("It is over…") if theirs else _("It took place…"), f"{address}/complete",
            "main" if theirs and (begun or not found) else "plain",
            _("Did it take place?"), text, _("It took place"), None,
        ))
    return [*found, *_objecting(session, now, numbers), *_deciding(session)]


def after_actions(session: Session, zone: str, now: datetime, numbers: Numbers) -> list[Action]:
    """What can be done as well."""
    correcting = [] if _decides(session) else _correcting(session, now, numbers)
    return [*_longer(session, zone, numbers), *_breaking(session), *_missed(session, now, numbers), *correcting]


def _longer(session: Session, zone: str, numbers: Numbers) -> list[Action]:
    until = session.pay_until or session.hold_until
    if not _can(session, "extend") or session.extended_at is not None or until is None:
        return []
    later = rules.extended(until, session.starts_at, numbers)
    if later <= until:
        return []
    theirs = PSYCHOLOGIST in session.parties
    return [dialog(
        _("Keep it longer…"), f"/s/{session.reference}/extend", "link", _("Keep this time longer?"),
        _("It is kept until %(until)s then. This is possible once.") % {"until": i18n.when(later, zone)},
        _("Keep it longer"),
        _("Why? The client can read this.") if theirs else _("Why? The client and the psychologist can read this."),
    )]


def _breaking(session: Session) -> list[Action]:
    if not _can(session, "break off"):
        return []
    text = (_("Nothing was paid, and nothing is earned.") if for_nothing(session)
            else _("All of the money goes back, and nothing is earned."))  # fmt: skip
    return [dialog(
        _("Break off…"), f"/s/{session.reference}/break-off", "link", _("Break this session off?"), text,
        _("Break it off"), _("Why? The client reads this."),
    )]


def _missed(session: Session, now: datetime, numbers: Numbers) -> list[Action]:
    if not _can(session, "mark a no-show") or not rules.may_be_missed(session.starts_at, now, numbers):
        return []
    address = f"/s/{session.reference}/no-show"
    hours = {"hours": numbers.object_hours}
    if CLIENT in session.parties:
        text = (_("The psychologist may object for %(hours)s hours.") if for_nothing(session) else
                _("All of your money comes back. It moves after %(hours)s hours, while the psychologist may object."))
        return [dialog(_("My psychologist did not come…"), address, "link", _("Did your psychologist not come?"),
                       text % hours, _("The psychologist did not come"), None)]
    text = (_("The client may object for %(hours)s hours.") if for_nothing(session) else
            _("It is paid in full. No money moves for %(hours)s hours, while the client may object."))
    found = [dialog(_("The client did not come…"), address, "link", _("Did the client not come?"), text % hours,
                    _("The client did not come"), None)]
    if CALLERS_DESK not in session.parties:
        return found
    text = (_("Say this when the client has rung. The psychologist may object for %(hours)s hours.")
            if for_nothing(session) else
            _("Say this when the client has rung. All of the money comes back. It moves after %(hours)s hours, while"
              " the psychologist may object."))  # fmt: skip
    theirs = dialog(_("The psychologist did not come…"), f"{address}?who=psychologist", "link",
                    _("Did the psychologist not come?"), text % hours, _("The psychologist did not come"), None)
    return [*found, theirs | {"hidden": {"who": PSYCHOLOGIST}}]


def objects_until(session: Session, numbers: Numbers) -> datetime | None:
    """Until when this viewer may object; None when they may not, or somebody has."""
    if not may_object(session) or session.said_at is None:
        return None
    return session.said_at + timedelta(hours=numbers.object_hours)


def _objecting(session: Session, now: datetime, numbers: Numbers) -> list[Action]:
    until = objects_until(session, numbers)
    if until is None or now >= until:
        return []
    title = _("Did it not take place?") if session.status == COMPLETED else _("Were you there?")
    if CALLERS_DESK in session.parties and not session.parties & {CLIENT, PSYCHOLOGIST}:
        title = _("Has the client rung to object?")
    text = (_("Somebody of the practice decides. They may ring you both.") if for_nothing(session)
            else _("No money moves until somebody of the practice has decided. They may ring you both."))  # fmt: skip
    return [dialog(_("Object…"), f"/s/{session.reference}/object", "plain", title, text, _("Object"),
                   _("Why do you object? The practice reads this."))]


def _decides(session: Session) -> bool:
    return _can(session, "decide") and session.to_decide


def _deciding(session: Session) -> list[Action]:
    """All that an objection can be answered with, by what is noted then; what is noted already stands first."""
    if not _decides(session):
        return []
    stands = session.absent or ""
    other = {CLIENT: PSYCHOLOGIST, PSYCHOLOGIST: CLIENT}.get(stands)
    address = f"/s/{session.reference}"
    found = [_noting(session, f"{address}/decide/as-said", stands, _("It stays as it was noted."))]
    if other is not None:
        found.append(_noting(session, f"{address}/decide/{other}", other))
    if not (session.earned or session.given_back):
        ways = [CLIENT, PSYCHOLOGIST] if other is None else [""]
        found += [_noting(session, f"{address}/correct/{way or 'completed'}", way) for way in ways]
    return found


def _noting(session: Session, url: str, absent: str, first: str = "") -> Action:
    """`absent`: who did not come; blank where it took place."""
    why = _("Why? Both sides can read this.")
    label, title, done = {
        CLIENT: (_("The client did not come…"), _("Did the client not come?"), _("The client did not come")),
        PSYCHOLOGIST: (_("The psychologist did not come…"), _("Did the psychologist not come?"),
                       _("The psychologist did not come")),
        "": (_("It took place…"), _("Did it take place?"), _("It took place")),
    }[absent]  # fmt: skip
    money = {
        CLIENT: _("It is paid in full."), PSYCHOLOGIST: _("All of the money goes back, and nothing is earned."),
        "": _("It is paid in full."),
    }[absent]  # fmt: skip
    text = [first, *([] if for_nothing(session) else [money]), _("The objection is answered. Both sides are told.")]
    return dialog(label, url, "plain", title, " ".join(filter(None, text)), done, why)


def _correcting(session: Session, now: datetime, numbers: Numbers) -> list[Action]:
    if not _can(session, "correct") or session.ended_at is None:
        return []
    address, why = f"/s/{session.reference}/correct", _("Why? Both sides can read this.")
    if session.status == DECLINED:
        wait = timedelta(minutes=numbers.correct_answer_minutes)
        if now >= session.ended_at + wait or now >= session.starts_at:
            return []
        text = _("It waits for your answer again. The client had no message yet; their page may have told them.")
        return [dialog(_("Undo declining…"), f"{address}/request", "plain", _("Was this declined by mistake?"), text,
                       _("Undo it"), why)]
    admin = ADMIN in session.parties and not (session.earned or session.given_back)
    theirs = (PSYCHOLOGIST in session.parties and session.absent != PSYCHOLOGIST and not session.to_decide
              and now < session.ended_at + timedelta(hours=numbers.correct_hours))
    text = _("Both sides are told.")
    if session.status == NO_SHOW:
        return [dialog(_("It took place…"), f"{address}/completed", "link", _("Did it take place after all?"), text,
                       _("It took place"), why)] if admin or theirs else []
    found = []
    if admin or theirs:
        found.append(dialog(_("The client did not come…"), f"{address}/client", "link", _("Did the client not come?"),
                            text, _("The client did not come"), why))
    if admin:
        found.append(dialog(_("The psychologist did not come…"), f"{address}/psychologist", "link",
                            _("Did the psychologist not come?"), text, _("The psychologist did not come"), why))
    return found


def after_lines(
    session: Session, zone: str, now: datetime, numbers: Numbers, objection: str | None
) -> list[dict[str, Any]]:
    """What stands above the buttons: an objection that waits, until when one is possible, what will be whose."""
    found = []
    if session.to_decide:
        says = [_("Decide here.") if _decides(session) else _("Somebody of the practice decides."),
                *([] if for_nothing(session) else [_("No money moves meanwhile.")])]  # fmt: skip
        found.append(_notice(_("There is an objection"), " ".join(says)) | {"quote": objection})
    until = objects_until(session, numbers)
    if until is not None and now < until and session.status == NO_SHOW:
        text = _("You can object here until %(until)s.") % {"until": i18n.when(until, zone)}
        found.append(_notice(_("Is that not so?"), text))
    if session.kept and session.status == NO_SHOW and CLIENT in session.parties and session.absent == PSYCHOLOGIST:
        text = _("%(amount)s comes back, a day after it was noted.") % {"amount": shown(session.kept)}
        found.append(_notice(_("Your money comes back"), text))
    return found


def _notice(title: str, text: str) -> dict[str, Any]:
    return {"tone": "info", "title": title, "text": text}


def link_form(session: Session, refusal: Refusal | None, typed: str) -> dict[str, Any] | None:
    """For its psychologist, while it lies ahead or is on: a link of this session's own; by phone nobody needs one."""
    if PSYCHOLOGIST not in session.parties or session.status not in rules.HOLDING or session.mode == "Phone":
        return None
    error = next((one.detail for one in refusal.fields if one.field == "meetingLink"), None) if refusal else None
    value = typed if error else session.meeting_link or ""
    return {"url": f"/s/{session.reference}/link", "value": value, "error": error and _(error)}


def objection(said: list[Said], session: Session) -> str | None:
    """What was written with an objection that waits."""
    return next((one.text for one in said if one.verb == "object"), None) if session.to_decide else None


def reasons(said: list[Said], quoted: str | None) -> list[dict[str, str]]:
    """`quoted` stands above already."""
    labels = {
        "extend": _("Why it was kept longer"), "object": _("The objection"), "decide": _("Why it was decided so"),
        "correct": _("Why it was put right"), "give back more": _("Why more was given back"),
    }
    return [{"label": labels.get(one.verb, _("Why")), "text": one.text} for one in said
            if one.verb != "object" or quoted is None]
