"""What paying tells by message. Trading name, reference, amount and link; nothing of what is paid for."""

from __future__ import annotations

from uuid import UUID

from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools
from kikao.payments import queries, rules
from kikao.payments.links import pay_token
from kikao.payments.rules import Numbers

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
    return _composed(bill.reference, bill.missing, failed.message, tools, bill.id)


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


KINDS = (Kind("payment failed", compose_failed),)
