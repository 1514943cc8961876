"""What a code and a reset say: the trading name and the code, nothing else; and that a contact was added."""

from __future__ import annotations

from uuid import UUID

from kikao.core import i18n
from kikao.core.crypto import Vault, new_code
from kikao.core.db import Conn, Row
from kikao.core.i18n import gettext as _
from kikao.core.phone import Contact
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools

_KIND = {"sms": "phone", "email": "email"}


async def _open(conn: Conn, post: Post, tools: Tools) -> Row | None:
    """The code that this message carries, if it is still waited for, no newer one was asked for, and its person is
    there: a code's row names no reader by whose state it could be withheld."""
    return await conn.fetchrow(
        """
        select v.id, v.account_id, v.sealed_to, v.channel, v.sealed_code, p.language
        from accounts.verification v
        left join accounts.account a on a.id = v.account_id left join accounts.person p on p.id = a.person_id
        where v.id = $1 and v.used_at is null and v.expires_at > $2 and v.sends = $3
          and (p.state is null or p.state not in ('deceased', 'erased'))
        for update of v
        """,
        post.about, tools.now, post.version,
    )


async def _code(conn: Conn, vault: Vault, row: Row) -> str:
    """Made once; the same when the message is composed again."""
    verification_id: UUID = row["id"]
    if row["sealed_code"] is not None:
        return vault.open(row["sealed_code"], "accounts.verification", "sealed_code", verification_id)
    code = new_code()
    await conn.execute(
        "update accounts.verification set sealed_code = $2 where id = $1",
        verification_id, vault.seal(code, "accounts.verification", "sealed_code", verification_id),
    )
    return code


def _address(vault: Vault, row: Row) -> Contact:
    return Contact(_KIND[row["channel"]], vault.open(row["sealed_to"], "accounts.verification", "sealed_to", row["id"]))


async def compose_code(conn: Conn, post: Post, _reader: Reader | None, tools: Tools) -> Composed | None:
    row = await _open(conn, post, tools)
    if row is None:
        return None
    code = await _code(conn, tools.vault, row)
    with i18n.speaking(row["language"]):
        return _told_code(row, code, tools)


def _told_code(row: Row, code: str, tools: Tools) -> Composed:
    sentence = _("%(name)s: your code is %(code)s. Give it to nobody.") % {"name": tools.trading_name, "code": code}
    return Composed(
        to=_address(tools.vault, row),
        language=i18n.language.get(),
        subject=_("%(name)s: your code") % {"name": tools.trading_name},
        sms=sentence,
        heading=_("Your code is %(code)s") % {"code": code},
        paragraphs=(_("It works for a few minutes. Give it to nobody."),),
        footer_lines=(_("If you did not ask for this, you need not do anything."),),
    )


async def compose_reset(conn: Conn, post: Post, _reader: Reader | None, tools: Tools) -> Composed | None:
    """By e-mail only. Nothing goes out where nobody is known: the row is there so that both answers are alike."""
    row = await _open(conn, post, tools)
    if row is None or row["account_id"] is None or row["channel"] != "email":
        return None
    code = await _code(conn, tools.vault, row)
    with i18n.speaking(row["language"]):
        return _told_reset(row, code, tools)


def _told_reset(row: Row, code: str, tools: Tools) -> Composed:
    return Composed(
        to=_address(tools.vault, row),
        language=i18n.language.get(),
        subject=_("%(name)s: your new password") % {"name": tools.trading_name},
        sms="",
        heading=_("Your code is %(code)s") % {"code": code},
        paragraphs=(_("Open the page and type this code to choose a new password. It works for one hour."),),
        button=Button(_("Choose a new password"), f"{tools.base_url}/reset/{row['id']}"),
        footer_lines=(_("If you did not ask for this, you need not do anything: your password stays as it is."),),
    )


async def compose_invitation(conn: Conn, post: Post, _reader: Reader | None, tools: Tools) -> Composed | None:
    """To somebody who works here from now on: by e-mail only, and nobody but them ever knows the password."""
    row = await _open(conn, post, tools)
    if row is None or row["account_id"] is None or row["channel"] != "email":
        return None
    code = await _code(conn, tools.vault, row)
    with i18n.speaking(row["language"]):
        return _told_invitation(row, code, tools)


def _told_invitation(row: Row, code: str, tools: Tools) -> Composed:
    name = {"name": tools.trading_name}
    return Composed(
        to=_address(tools.vault, row),
        language=i18n.language.get(),
        subject=_("%(name)s: your account") % name,
        sms="",
        heading=_("Your code is %(code)s") % {"code": code},
        paragraphs=(
            _("An account at %(name)s is open for you.") % name,
            _("Open the page and type this code to choose a password. After that you sign in with this address."),
        ),
        button=Button(_("Choose a password"), f"{tools.base_url}/reset/{row['id']}"),
        footer_lines=(_("If you do not work there, you need not do anything."),),
    )


async def compose_contact_added(conn: Conn, post: Post, _reader: Reader | None, tools: Tools) -> Composed | None:
    """To one contact that was proved before. `recipient` is that contact: a person has several, and whoever added the
    new one may have chosen it already."""
    row = await conn.fetchrow(
        """
        select c.kind, c.value, p.language from accounts.contact_point c
        join accounts.person p on p.id = c.person_id and p.state in ('active', 'blocked')
        where c.id = $1 and c.proved_at is not null
        """,
        post.recipient,
    )
    if row is None:
        return None
    with i18n.speaking(row["language"]):
        return _told_contact_added(Contact(row["kind"], row["value"]), tools)


def _told_contact_added(to: Contact, tools: Tools) -> Composed:
    said = {"name": tools.trading_name, "phone": tools.practice_phone}
    return Composed(
        to=to,
        language=i18n.language.get(),
        subject=_("%(name)s: your account") % said,
        sms=_("%(name)s: your account has one more phone number or e-mail. Was it not you? Ring %(phone)s.") % said,
        heading=_("Your account has one more phone number or e-mail."),
        paragraphs=(_("Messages can go there, and it can sign you in. If you added it, you need not do anything."),),
        footer_lines=(_("Was it not you? Ring %(phone)s.") % said,),
    )


CODE = Kind("code", compose_code, code=True)
RESET = Kind("reset", compose_reset, code=True)
INVITATION = Kind("invitation", compose_invitation, code=True)
CONTACT_ADDED = Kind("contact added", compose_contact_added, code=True)

KINDS = (CODE, RESET, INVITATION, CONTACT_ADDED)
