"""What one press of a button, or one call, does to a session: the same for a page's form and for a JSON body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden
from kikao.core.practice import Snapshot
from kikao.core.web import Form, Kit
from kikao.sessions import absence, actions, checking, meeting, rules
from kikao.sessions.actions import Reason
from kikao.sessions.queries import Session


class Press(msgspec.Struct, frozen=True):
    """By whom, on which session, with what typed: by the names of the form, whichever door it came in by."""

    conn: Conn
    actor: Actor
    session: Session
    now: datetime
    kit: Kit
    typed: Form

    async def numbers(self) -> Snapshot:
        return await self.kit.numbers(self.conn, self.actor, self.now)

    def may(self, verb: str) -> None:
        """Before anything that was typed is judged. Raises Forbidden, NotPossible."""
        rules.step(verb, self.session.status, self.session.parties)

    def why(self, verb: str) -> Reason:
        """Raises Forbidden, NotPossible; then Invalid where no reason was typed."""
        self.may(verb)
        return actions.read_reason(self.typed["reason"], needed=True)

    def saying(self, **more: str) -> Press:
        return msgspec.structs.replace(self, typed=Form(self.typed.values | more))


Door = Callable[[Press], Awaitable[Any]]


async def approve(on: Press) -> None:
    await actions.approve(on.conn, on.actor, on.session, on.now, await on.numbers())


async def decline(on: Press) -> None:
    await actions.decline(on.conn, on.actor, on.session, on.why("decline"), on.now, on.kit.vault)


async def cancel(on: Press) -> int:
    """Answers the shillings that come back."""
    reason = actions.read_reason(on.typed["reason"], needed=actions.acts_for_practice(on.session))
    return await actions.cancel(on.conn, on.actor, on.session, reason, on.now, on.kit.vault)


async def submit_code(on: Press) -> None:
    numbers = await on.numbers()
    await checking.submit_code(on.conn, on.actor, on.session, on.typed["transaction_code"], on.now, numbers)


async def reject_code(on: Press) -> None:
    await checking.answers_late(on.conn, "reject the code", on.session, on.now)
    reason, numbers = actions.read_reason(on.typed["reason"], needed=True), await on.numbers()
    await checking.reject_code(on.conn, on.actor, on.session, reason, on.now, numbers, on.kit.vault)


async def waive(on: Press) -> None:
    await checking.waive(on.conn, on.actor, on.session, on.why("waive"), on.now, on.kit.vault)


async def extend(on: Press) -> None:
    reason, numbers = on.why("extend"), await on.numbers()
    await meeting.extend(on.conn, on.actor, on.session, reason, on.now, numbers, on.kit.vault)


async def start(on: Press) -> None:
    await meeting.start(on.conn, on.actor, on.session, on.now, await on.numbers())


async def end_call(on: Press) -> None:
    await meeting.end_call(on.conn, on.actor, on.session, on.now)


async def complete(on: Press) -> None:
    await meeting.complete(on.conn, on.actor, on.session, on.now)


async def break_off(on: Press) -> None:
    await meeting.break_off(on.conn, on.actor, on.session, on.why("break off"), on.now, on.kit.vault)


async def set_link(on: Press) -> None:
    if rules.PSYCHOLOGIST not in on.session.parties:
        raise Forbidden
    link = meeting.read_link(on.typed["link"])
    await meeting.set_link(on.conn, on.actor, on.session, link, on.now, on.kit.vault)


async def no_show(on: Press) -> None:
    """That `who` did not come; by default the side which the viewer is not on."""
    who = absence.read_who(on.typed["who"], on.session)
    await absence.no_show(on.conn, on.actor, on.session, who, on.now, await on.numbers(), on.kit.vault)


async def object_to(on: Press) -> None:
    reason, numbers = on.why("object"), await on.numbers()
    await absence.object_to(on.conn, on.actor, on.session, reason, on.now, numbers, on.kit.vault)


async def decide(on: Press) -> None:
    await absence.decide(on.conn, on.actor, on.session, on.typed["who"], on.why("decide"), on.now, on.kit.vault)


async def correct(on: Press) -> None:
    reason = absence.read_why(on.session, on.typed["reason"])
    to, who, numbers = on.typed["to"], on.typed["who"], await on.numbers()
    await absence.correct(on.conn, on.actor, on.session, to, who, reason, on.now, numbers, on.kit.vault)
