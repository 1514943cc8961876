"""What paying tells by message. Trading name, reference, amount and link; nothing of what is paid for."""

from __future__ import annotations

from uuid import UUID

import msgspec

from kikao.core import i18n
from kikao.core.db import Conn, Row
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools
from kikao.notifications.rules import Timing
from kikao.payments import queries, rules
from kikao.payments.links import pay_token
from kikao.payments.rules import Numbers
from kikao.payments.telling import COMES_BACK, GIVEN_BACK, is_unwritten
from kikao.payments.wires import page_of

_FAILED = (rules.FAILED, rules.REFUSED)


async def compose_failed(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """Only while it is the last try, nothing has come since, and it can still be paid."""
    failed = await queries.attempt(conn, post.about, tools.now, Numbers())
    if failed is None or reader is None or failed.state not in _FAILED:
        return None
    last = await queries.latest_attempt(conn, failed.charge_id, tools.now, Numbers())
    bill = await queries.bill(conn, failed.charge_id)
    if last is None or last.id != failed.id or bill is None or not bill.payable(tools.now):
        return None
    if await is_unwritten(conn, bill.id):
        return None
    made = _composed(bill.reference, bill.missing, failed.message, tools, bill.id)
    return msgspec.structs.replace(made, timing=Timing(caused_at=failed.created_at))


def _composed(reference: str, missing: int, why: str, tools: Tools, charge_id: UUID) -> Composed:
    url = f"{tools.base_url}/p/{pay_token(tools.vault, charge_id)}"
    sentence = _("Your payment of %(amount)s did not go through.") % {"amount": shown(missing)}
    return Composed(
        subject=_("%(name)s %(reference)s: not paid yet") % {"name": tools.trading_name, "reference": reference},
        sms=f"{tools.trading_name} {reference}: {sentence} {url}",
        heading=_("Not paid yet"),
        paragraphs=(sentence, _(why)),
        button=Button(_("Pay"), url),
        facts=((_("Reference"), reference), (_("Amount"), shown(missing))),
        footer_lines=(_("Questions? Ring %(phone)s.") % {"phone": tools.practice_phone},),
    )


# Money that comes back ----------------------------------------------------------------------------


async def _duty(conn: Conn, duty_id: UUID) -> Row | None:
    return await conn.fetchrow(
        """
        select d.amount, d.why, d.until_at, d.done_at, c.reference, c.purpose, c.id as charge_id from payments.duty d
        left join payments.receipt r on r.id = d.receipt_id
        left join payments.attempt a on a.id = r.attempt_id
        join payments.charge c on c.id = coalesce(d.charge_id, a.charge_id)
        where d.id = $1
        """,
        duty_id,
    )


def _why(why: str) -> tuple[str, ...]:
    words = {"twice": _("It was paid twice."), "too much": _("It was more than was owed."),
             "late": _("It came after the time had run out.")}
    return (words[why],) if why in words else ()


async def compose_comes_back(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    """Until it is back."""
    duty = await _duty(conn, post.about)
    if duty is None or reader is None or duty["done_at"] is not None:
        return None
    said = {"amount": shown(duty["amount"]), "until": i18n.short_when(duty["until_at"], reader.time_zone)}
    sentence = _("%(amount)s comes back to you by %(until)s.") % said
    return await _money_back(conn, duty, tools, _("money comes back"), sentence, _why(duty["why"]))


async def compose_given_back(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    duty = await _duty(conn, post.about)
    if duty is None or reader is None or duty["done_at"] is None:
        return None
    said = {"amount": shown(duty["amount"]), "when": i18n.short_when(duty["done_at"], reader.time_zone)}
    sentence = _("%(amount)s was given back, %(when)s.") % said
    return await _money_back(conn, duty, tools, _("money given back"), sentence)


async def _money_back(
    conn: Conn, duty: Row, tools: Tools, what: str, sentence: str, more: tuple[str, ...] = ()
) -> Composed:
    """Whoever paid has to know, also where the person has died whom it was for; then somebody rings them."""
    url = tools.base_url + page_of[duty["purpose"]].format(reference=duty["reference"])
    return Composed(
        subject=f"{tools.trading_name} {duty['reference']}: {what}",
        sms=f"{tools.trading_name} {duty['reference']}: {sentence} {url}",
        heading=what,
        paragraphs=(sentence, *more),
        button=Button(_("See it"), url),
        facts=((_("Reference"), duty["reference"]), (_("Amount"), shown(duty["amount"]))),
        footer_lines=(_("Questions? Ring %(phone)s.") % {"phone": tools.practice_phone},),
        spoken=await is_unwritten(conn, duty["charge_id"]),
    )


KINDS = (
    Kind("payment failed", compose_failed),
    Kind(COMES_BACK, compose_comes_back),
    Kind(GIVEN_BACK, compose_given_back),
)
