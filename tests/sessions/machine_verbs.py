"""Each verb of the table as random histories do it, and who can be asked to do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.practice import EMPTY
from kikao.payments import claims
from kikao.sessions import absence, actions, checking, meeting, rules
from kikao.sessions.actions import Reason
from kikao.sessions.queries import Session
from sessions.conftest import VAULT
from sessions.staging import money_arrives
from support.cast import Cast, Member

WHY = Reason("it was so")


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """`says`: who did not come; `share` of what is missing or kept; `slip`: a number that nobody had before."""

    conn: Conn
    actor: Actor
    session: Session
    now: datetime
    says: str
    share: float
    slip: int


async def approve(deed: Deed) -> None:
    await actions.approve(deed.conn, deed.actor, deed.session, deed.now, EMPTY)


async def decline(deed: Deed) -> None:
    await actions.decline(deed.conn, deed.actor, deed.session, WHY, deed.now, VAULT)


async def cancel(deed: Deed) -> None:
    back = await actions.cancel(deed.conn, deed.actor, deed.session, WHY, deed.now, VAULT)
    came = await deed.conn.fetchval("select paid + verified from payments.charge where id = $1", deed.session.charge_id)
    assert 0 <= back <= came, f"{back} of {came} come back"


async def submit(deed: Deed) -> None:
    await checking.submit_code(deed.conn, deed.actor, deed.session, code(deed.slip), deed.now, EMPTY)


def code(slip: int) -> str:
    return f"UKM{slip:06d}A"


async def reject(deed: Deed) -> None:
    await checking.reject_code(deed.conn, deed.actor, deed.session, WHY, deed.now, EMPTY, VAULT)


async def verify(deed: Deed) -> int:
    """The typed code, or cash; answers what came in."""
    typed = await deed.conn.fetchval(_TYPED, deed.session.charge_id)
    method, number = ("mpesa", typed) if typed else ("cash", str(deed.slip))
    amount = max(int(deed.session.missing * deed.share), 1)
    await checking.verify(deed.conn, deed.actor, deed.session, method, number, amount, deed.now, EMPTY)
    return amount


_TYPED = "select code from payments.claim where charge_id = $1 and state = 'open'"


async def waive(deed: Deed) -> None:
    await checking.waive(deed.conn, deed.actor, deed.session, WHY, deed.now, VAULT)


async def extend(deed: Deed) -> None:
    await meeting.extend(deed.conn, deed.actor, deed.session, WHY, deed.now, EMPTY, VAULT)


async def start(deed: Deed) -> None:
    await meeting.start(deed.conn, deed.actor, deed.session, deed.now, EMPTY)


async def complete(deed: Deed) -> None:
    await meeting.complete(deed.conn, deed.actor, deed.session, deed.now)


async def break_off(deed: Deed) -> None:
    await meeting.break_off(deed.conn, deed.actor, deed.session, WHY, deed.now, VAULT)


async def no_show(deed: Deed) -> None:
    who = absence.read_who(deed.says, deed.session)
    await absence.no_show(deed.conn, deed.actor, deed.session, who, deed.now, EMPTY, VAULT)


async def object_to(deed: Deed) -> None:
    await absence.object_to(deed.conn, deed.actor, deed.session, WHY, deed.now, EMPTY, VAULT)


async def decide(deed: Deed) -> None:
    await absence.decide(deed.conn, deed.actor, deed.session, deed.says, WHY, deed.now, VAULT)


async def correct(deed: Deed) -> None:
    await absence.correct(deed.conn, deed.actor, deed.session, "", deed.says, WHY, deed.now, EMPTY, VAULT)


async def give_back_more(deed: Deed) -> None:
    total = deed.session.given_back + max(int(deed.session.kept * deed.share), 1)
    await absence.give_back_more(deed.conn, deed.actor, deed.session, total, WHY, deed.now, VAULT)


# What people do; each answers how many shillings came in by it, if any did.
DOES: dict[str, Callable[[Deed], Awaitable[int | None]]] = {
    "approve": approve, "decline": decline, "submit a payment code": submit, "reject the code": reject,
    "verify": verify, "waive": waive, "extend": extend, "start": start, "complete": complete, "break off": break_off,
    "mark a no-show": no_show, "object": object_to, "decide": decide, "correct": correct,
    "give back more": give_back_more, "cancel": cancel,
}  # fmt: skip
SIDES = (rules.CLIENT, rules.PSYCHOLOGIST, rules.DESK, rules.ADMIN)
AS = {rules.ANSWERING_DESK: rules.DESK, rules.FINANCE: rules.ADMIN}


def may(verb: str, status: str) -> list[str]:
    """The sides that the table lets do it from there."""
    lines = [line for line in rules.STEPS[verb] if status in line.come_from]
    found = {AS.get(side, side) for line in lines for side in line.by}
    return [side for side in SIDES if side in found]


def member(cast: Cast, side: str, client_id: UUID, psychologist_id: UUID) -> Member:
    """Somebody of this side of a session; for whom has no account, whoever acts for them. `stranger`: of no side."""
    if side in (rules.DESK, rules.ADMIN):
        return cast.wambui if side == rules.DESK else cast.njeri
    if side == "stranger":
        return cast.otieno if psychologist_id == cast.wanjiru.person_id else cast.wanjiru
    wanted = client_id if side == rules.CLIENT else psychologist_id
    found = next(one for one in cast.everybody if one.person_id == wanted)
    return {cast.zuri: cast.halima, cast.kamau: cast.wambui}.get(found, found)


async def receive(conn: Conn, session_id: UUID, amount: int, now: datetime) -> int:
    """Money for it; it may always arrive. A code that was typed for it is proved by it."""
    row = await conn.fetchrow(
        "select s.charge_id, c.code from sessions.session s left join payments.claim c"
        " on c.charge_id = s.charge_id and c.state = 'open' where s.id = $1", session_id)
    assert row is not None
    await money_arrives(conn, session_id, amount, now)
    if row["code"]:
        await claims.proved_by_receipt(conn, row["code"], row["charge_id"], now)
    return amount


async def prove_elsewhere(conn: Conn, session_id: UUID, charge_id: UUID, now: datetime) -> None:
    """M-Pesa says that the code which was typed for this session paid for that charge."""
    typed = await conn.fetchval(
        "select code from payments.claim where state = 'open'"
        " and charge_id = (select charge_id from sessions.session where id = $1)", session_id)
    if typed:
        await claims.proved_by_receipt(conn, typed, charge_id, now)
