"""What a random history looks at after each step, in one statement, and whether the journal tells how it came to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.sessions import rules
from sessions.test_invariants import ALL, found


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A session as it stands: `word` changes with anything of it but `due_at`, `verbs` are its lines in the journal.
    `kept`: shillings that are with its charge."""

    id: UUID
    status: str
    client_id: UUID
    psychologist_id: UUID
    charge_id: UUID
    starts_at: datetime
    hold_until: datetime | None
    absent: str | None
    to_decide: bool
    objected: bool
    sent: bool
    kept: int
    word: str
    verbs: list[str]


_SESSIONS = """
select coalesce(jsonb_agg(jsonb_build_array(
           s.id, s.status, s.client_id, s.psychologist_id, s.charge_id, s.starts_at, s.hold_until, s.absent,
           s.objected_at is not null and s.decided_at is null, s.objected_at is not null, s.sent_at is not null,
           c.paid + c.verified + c.covered - c.given_back - c.earned, md5((to_jsonb(s) - 'due_at')::text),
           (select jsonb_agg(verb order by at, id) from journal.line where noun_id = s.id)
       ) order by s.created_at, s.id), '[]') from sessions.session s
join payments.charge c on c.id = s.charge_id
"""
# All that a refusal must leave as it was.
_WORD = """
select md5(concat_ws('|',
    (select string_agg(s::text, '|' order by id) from sessions.session s),
    (select string_agg(c::text, '|' order by id) from payments.charge c),
    (select string_agg(concat_ws(' ', id, state), '|' order by id) from payments.claim),
    (select count(*) from payments.move), (select count(*) from payments.earning),
    (select count(*) from sessions.reason), (select count(*) from notifications.outbox),
    (select count(*) from journal.line)))
"""
# Where the money is: it never becomes more or less.
_MONEY = """
select (select coalesce(sum(paid + verified + covered - given_back), 0) from payments.charge)
       + (select coalesce(sum(amount), 0) from payments.duty)
"""
_LOOK = f"select ({_SESSIONS}) as sessions, ({_WORD}) as word, ({_MONEY}) as money, q.* from ({ALL}) q"


class Look(msgspec.Struct, frozen=True):
    sessions: dict[UUID, Seen]
    word: str
    money: int
    wrong: dict[str, int]


async def look(conn: Conn) -> Look:
    row = await conn.fetchrow(_LOOK)
    assert row is not None
    sessions, word, money, *counted = row.values()
    return Look({one.id: one for one in msgspec.convert(sessions, list[Seen])}, word, money, found(counted))


async def word_now(conn: Conn) -> str:
    word: str = await conn.fetchval(_WORD)
    return word


_BEGINS = {"request": rules.PENDING_APPROVAL, "book": rules.APPROVED}


def walk(came_from: str | None, verbs: Sequence[str], lived: Counter[tuple[str, str]]) -> set[str | None]:
    """Where the lines of the journal can have led; counts each verb with the status that it was done from."""
    at = {came_from}
    for verb, then in zip(verbs, [*verbs[1:], None], strict=True):
        if verb in _BEGINS:
            lived[verb, ""] += 1
            at = {_BEGINS[verb]}
        elif verb in rules.STEPS:
            lived.update({(verb, status or "") for status in at if may_from(verb, status)})
            at = {to for status in at for to in _leads(verb, then, status)}
    return at


def may_from(verb: str, status: str | None) -> bool:
    return any(status in line.come_from for line in rules.STEPS[verb])


def _leads(verb: str, then: str | None, status: str | None) -> set[str | None]:
    """What settles it is told as "be paid", after the money was seen; a part makes it payable again."""
    if verb == "verify" and may_from(verb, status):
        return {status} if then == "be paid" else {rules.APPROVED}
    return {status if line.to == rules.SAME else line.to for line in rules.STEPS[verb] if status in line.come_from}


def judge(before: Look | None, after: Look, lived: Counter[tuple[str, str]]) -> None:
    """Every change of a session has its lines in the journal, and they lead from where it was to where it is."""
    for session_id, now in after.sessions.items():
        was = before.sessions.get(session_id) if before else None
        if was is not None and was.word == now.word and was.verbs == now.verbs:
            continue
        told = len(was.verbs) if was else 0
        assert was is None or now.verbs[:told] == was.verbs, "the journal only grows"
        new = now.verbs[told:]
        assert new, f"changed without a line in the journal: {was} {now}"
        assert now.status in walk(was.status if was else None, new, lived), f"{was and was.status} {new} {now.status}"
