"""Mail by SMTP, one connection a message."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from uuid import UUID

import aiosmtplib
import msgspec

from kikao.core import outgoing
from kikao.core.crypto import Secret
from kikao.notifications.channels import Failure, PermanentFailure, Sent, TemporaryFailure

MAILBOX_FULL = 552


class Email(msgspec.Struct, frozen=True):
    """`message_id` is the outbox row's id, so every try of one row carries the same Message-ID.
    `attachments` are (file name, type, bytes), the type with its parameters:
    `text/calendar; method=REQUEST`. `references` are rows sent before that this one belongs to."""

    to: str
    subject: str
    text: str
    html: str
    message_id: UUID
    at: datetime
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    references: tuple[UUID, ...] = ()

    def __repr__(self) -> str:  # a struct would print its reader and its text into a log
        return f"Email({self.message_id})"


class EmailChannel:
    """`sender` is "Name <address>". Certificates are always checked, against `tls` where one is given.
    Raises SecretInTheClear when a password would leave this computer unencrypted."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        username: str | None,
        password: Secret | None,
        starttls: bool,
        sender: str,
        tls_at_once: bool = False,
        tls: ssl.SSLContext | None = None,
        answer: float = outgoing.ANSWER,
    ) -> None:
        if username and not (starttls or tls_at_once or outgoing.is_this_computer(host)):
            raise outgoing.SecretInTheClear("a mail password needs STARTTLS or TLS")
        name, address = parseaddr(sender)
        self._sender = Address(display_name=name, addr_spec=address)
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._starttls, self._tls_at_once = starttls, tls_at_once
        self._tls = tls or ssl.create_default_context()
        self._answer = answer

    async def send(self, message: Email) -> Sent:
        """Raises TemporaryFailure or PermanentFailure."""
        # Raised outside of every `except`: what the server said may quote the address, and a chained
        # exception would carry it into the log.
        failure = await self._try(message)
        if failure is not None:
            raise failure
        return Sent(reference=self._message_id(message.message_id))

    async def _try(self, message: Email) -> Failure | None:
        try:
            mail = self._compose(message)
        except (ValueError, IndexError, MessageError):
            return PermanentFailure("mail_malformed")
        client = outgoing.smtp_client(
            self._host,
            self._port,
            called=self._sender.domain,
            tls=self._tls,
            at_once=self._tls_at_once,
            answer=self._answer,
        )
        try:
            return await self._open(client) or await self._hand_over(client, mail, message.to)
        finally:
            client.close()

    async def _open(self, client: aiosmtplib.SMTP) -> Failure | None:
        reason = "no_connection"
        try:
            await client.connect()
            if self._starttls:
                reason = "mail_tls"
                await client.starttls()
            if self._username and self._password:
                reason = "mail_sign_in"
                await client.login(self._username, self._password.reveal())
        except (aiosmtplib.SMTPException, OSError):
            return TemporaryFailure(reason)
        return None

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: EmailMessage, to: str) -> Failure | None:
        try:
            await client.send_message(mail, sender=self._sender.addr_spec, recipients=[to])
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _judge(error)
        # The message was taken; how they say goodbye is theirs.
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit()
        return None

    def _compose(self, message: Email) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = Address(addr_spec=message.to)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = self._message_id(message.message_id)
        mail["Auto-Submitted"] = "auto-generated"
        if message.references:
            earlier = [self._message_id(one) for one in message.references]
            mail["In-Reply-To"], mail["References"] = earlier[-1], " ".join(earlier)
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        for name, kind, content in message.attachments:
            _attach(mail, name, kind, content)
        return mail

    def _message_id(self, row: UUID) -> str:
        return f"<{row}@{self._sender.domain}>"


def _attach(mail: EmailMessage, name: str, kind: str, content: bytes) -> None:
    read = Message()
    read["Content-Type"] = kind
    parameters = {key: str(value) for key, value in (read.get_params() or [])[1:]}
    if read.get_content_maintype() == "text":
        parameters.setdefault("charset", "utf-8")
    mail.add_attachment(
        content,
        maintype=read.get_content_maintype(),
        subtype=read.get_content_subtype(),
        filename=name,
        params=parameters,
    )


def _judge(error: Exception) -> Failure:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _of_a_reader(error.recipients[0].code)
        case aiosmtplib.SMTPRecipientRefused():
            return _of_a_reader(error.code)
        case aiosmtplib.SMTPSenderRefused():
            return TemporaryFailure("mail_sender" if error.code >= 500 else "mail_put_off")
        case aiosmtplib.SMTPResponseException() if error.code >= 500:
            return PermanentFailure("mail_refused")
        case aiosmtplib.SMTPResponseException():
            return TemporaryFailure("mail_put_off")
        case aiosmtplib.SMTPNotSupported() | ValueError():
            return PermanentFailure("mail_malformed")
    return TemporaryFailure("no_answer")


def _of_a_reader(code: int) -> Failure:
    if code >= 500 and code != MAILBOX_FULL:
        return PermanentFailure("mail_no_such_reader")
    return TemporaryFailure("mail_put_off")
