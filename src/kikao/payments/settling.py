"""Evidence becomes truth: one function for callbacks and look-ups, idempotent, in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.actor import THE_SYSTEM
from kikao.core.db import Conn, Row
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import codes, rules
from kikao.payments.actions import tell_of_failure, wake_parked
from kikao.payments.receipts import Arrival, take
from kikao.payments.rules import Evidence, Known, Numbers, Verdict


class Outcome(msgspec.Struct, frozen=True):
    """What became of evidence: settled (it moved money), noted, repeat, parked, stray (it moved nothing and is
    listed); `why` in one or two words."""

    word: str
    why: str | None = None


_WORDS = {
    rules.CREDIT: "settled", rules.CORRECT: "settled", rules.MISMATCH: "settled", rules.COMPLETE: "noted",
    rules.DECIDE: "noted", rules.NOTE: "noted", rules.REPEAT: "repeat", rules.PARK: "parked", rules.STRAY: "stray",
}  # fmt: skip
_WITH_MONEY = frozenset({rules.CREDIT, rules.COMPLETE, rules.CORRECT, rules.MISMATCH})

_ATTEMPT = """
select id, charge_id, state, amount, created_at, expires_at, rung_at, due_at, merchant_request_id,
       checkout_request_id
from payments.attempt where id = $1 for update
"""
_RECEIPT = "select id, number, amount, charge_id from payments.receipt where attempt_id = $1"


async def settle(
    conn: Conn, attempt_id: UUID, evidence: Evidence, now: datetime, numbers: Numbers
) -> Outcome:
    """Weigh evidence about one attempt and do what follows, all in the caller's transaction.

    Locks the attempt, then its charge, then (through the wire) its purpose. The same evidence again changes
    nothing. Raises NotFound for an attempt that does not exist.
    """
    attempt = await conn.fetchrow(_ATTEMPT, attempt_id)
    if attempt is None:
        return Outcome("stray", "no attempt")
    receipt = await conn.fetchrow(_RECEIPT, attempt_id)
    verdict = rules.judge(_known(attempt, receipt), evidence)
    if verdict.do in _WITH_MONEY:
        arrival = Arrival(attempt["id"], attempt["charge_id"], attempt["amount"], evidence, verdict, now)
        if not await take(conn, arrival, receipt, numbers):
            verdict = Verdict(rules.STRAY, attempt["state"], why="receipt known elsewhere", alarm=True, look_up=True)
        elif _named_otherwise(receipt, evidence, verdict):
            verdict = msgspec.structs.replace(verdict, why="another receipt", alarm=True)
    await _write(conn, attempt, evidence, verdict, now, numbers)
    await _tell(conn, attempt, receipt, evidence, verdict, now)
    return Outcome(_WORDS[verdict.do], verdict.why)


def _named_otherwise(receipt: Row | None, evidence: Evidence, verdict: Verdict) -> bool:
    """A person gave this money the number of a message, and M-Pesa gives it another: that message told of other money,
    which nobody has booked."""
    return (receipt is not None and verdict.do == rules.COMPLETE
            and receipt["number"] not in (None, evidence.receipt))  # fmt: skip


def _known(attempt: Row, receipt: Row | None) -> Known:
    return Known(
        state=attempt["state"],
        amount=attempt["amount"],
        merchant_request_id=attempt["merchant_request_id"],
        checkout_request_id=attempt["checkout_request_id"],
        receipt=receipt["number"] if receipt else None,
        received=receipt["amount"] if receipt else None,
    )


_WRITE = Statement("""
update payments.attempt
set state = :state, decided_at = coalesce(:decided_at, decided_at), due_at = :due_at,
    result_code = coalesce(:code, result_code), result_text = coalesce(:text, result_text),
    merchant_request_id = coalesce(merchant_request_id, :merchant),
    checkout_request_id = coalesce(checkout_request_id, :checkout),
    checked_at = coalesce(:checked_at, checked_at), alarm = coalesce(alarm, :alarm)
where id = :id
""")


async def _write(
    conn: Conn, attempt: Row, evidence: Evidence, verdict: Verdict, now: datetime, numbers: Numbers
) -> None:
    moved = verdict.state != attempt["state"]
    adopted = await _adopted(conn, attempt, evidence, verdict)
    await _WRITE.run(
        conn, id=attempt["id"], state=verdict.state,
        decided_at=now if moved else None,
        due_at=_due(attempt, evidence, verdict, now, numbers),
        code=evidence.code if moved else None,
        text=(evidence.text or None) if moved else None,
        merchant=evidence.merchant_request_id if adopted else None,
        checkout=adopted,
        checked_at=now if evidence.source == rules.QUERY else None,
        alarm=verdict.why if verdict.alarm else None,
    )  # fmt: skip


async def _adopted(conn: Conn, attempt: Row, evidence: Evidence, verdict: Verdict) -> str | None:
    """The id of a prompt whose own answer never came, taken from the callback on its secret path."""
    checkout = evidence.checkout_request_id
    if attempt["checkout_request_id"] or not checkout or verdict.why == "ids not known yet":
        return None
    known = await conn.fetchval("select true from payments.attempt where checkout_request_id = $1", checkout)
    return None if known else checkout


async def _tell(
    conn: Conn, attempt: Row, receipt: Row | None, evidence: Evidence, verdict: Verdict, now: datetime
) -> None:
    if verdict.alarm:
        other = {"was": receipt["number"]} if receipt and _named_otherwise(receipt, evidence, verdict) else {}
        await record(
            conn, THE_SYSTEM, "contradiction", "charge", attempt["charge_id"], now,
            attempt=attempt["id"], why=verdict.why, source=evidence.source, **other,
        )  # fmt: skip
    if verdict.state != attempt["state"]:
        if verdict.state == rules.FAILED:
            await tell_of_failure(conn, attempt["id"], now)
        await wake_parked(conn, attempt["id"], now)


def _due(
    attempt: Row, evidence: Evidence, verdict: Verdict, now: datetime, numbers: Numbers
) -> datetime | None:
    """When the worker must look this prompt up next."""
    rung = attempt["rung_at"] or attempt["created_at"]
    if verdict.look_up:
        return now
    if verdict.state != attempt["state"]:
        return _due_after_a_move(evidence, verdict, rung, attempt["expires_at"], now, numbers)
    if evidence.source == rules.CALLBACK:
        return attempt["due_at"]  # type: ignore[no-any-return]
    kind = codes.meaning(evidence.code).kind
    over = verdict.state in rules.OPEN | rules.INDEFINITE or kind not in (codes.PAID, codes.FAILED, codes.WAIT)
    return rules.next_due(verdict.state, rung, attempt["expires_at"], now, numbers) if over else None


def _due_after_a_move(
    evidence: Evidence, verdict: Verdict, rung: datetime, expires_at: datetime, now: datetime, numbers: Numbers
) -> datetime | None:
    if verdict.state in rules.SUCCESS:
        # A callback can be forged, so M-Pesa is asked as well; what M-Pesa itself answered needs no second word.
        told = evidence.source == rules.CALLBACK
        return now + timedelta(seconds=numbers.check_after_seconds) if told else None
    if verdict.state == rules.FAILED:
        known = codes.meaning(evidence.code)
        return now + timedelta(seconds=known.pause) if known.kind == codes.WAIT else None
    return rules.next_due(verdict.state, rung, expires_at, now, numbers)
