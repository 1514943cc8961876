"""Mail comes in by SMTP."""

import asyncio
import re
import ssl
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult

from demo_sink.faults import Fault, Faults
from demo_sink.store import Attachment, Message, Store

LARGEST_MAIL = 2 * 1024 * 1024
KEPT_HEADERS = ("Message-ID", "In-Reply-To", "References", "Date", "Auto-Submitted", "List-Unsubscribe")


class Handler:
    """What aiosmtpd calls; its types are its own."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store = store
        self.faults = faults

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        """Any name and password will do, but for an ordered fault."""
        fault = self.faults.take("email", stage="auth")
        if fault is None:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=reply(fault))

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if fault := self.faults.take("email", address, stage="rcpt"):
            await asyncio.sleep(fault.delay)
            if fault.status:
                return reply(fault)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        fault = self.faults.take("email", *envelope.rcpt_tos)
        if fault:
            await asyncio.sleep(fault.delay)
            if fault.status:
                return reply(fault)
        for address in envelope.rcpt_tos:
            self.store.add(read_mail(address, envelope.mail_from or "", envelope.content))
        if fault and fault.drop:
            server.transport.abort()
        return "250 OK, kept in the demo inbox"


def reply(fault: Fault) -> str:
    return f"{fault.status} an ordered fault"


def read_mail(to: str, envelope_from: str, raw: bytes) -> Message:
    mail = message_from_bytes(raw, _class=EmailMessage, policy=default)
    text = html = ""
    attachments: list[Attachment] = []
    for part in cast("list[EmailMessage]", [p for p in mail.walk() if not p.is_multipart()]):
        kind = part.get_content_type()
        if kind == "text/plain" and not text and not part.is_attachment():
            text = decoded(part)
        elif kind == "text/html" and not html and not part.is_attachment():
            html = decoded(part)
        else:
            attachments.append(read_attachment(part))
    return Message(
        channel="email",
        to=to,
        sender=str(mail.get("From", envelope_from)),
        subject=str(mail.get("Subject", "")),
        text=text,
        html=html,
        attachments=tuple(attachments),
        headers={name: str(mail[name]) for name in KEPT_HEADERS if name in mail},
    )


def payload(part: EmailMessage) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def decoded(part: EmailMessage) -> str:
    charset = part.get_content_charset("utf-8")
    try:
        text = payload(part).decode(charset, "replace")
    except LookupError:  # a character set that Python has never heard of
        text = payload(part).decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def read_attachment(part: EmailMessage) -> Attachment:
    kind = part.get_content_type()
    return Attachment(
        name=re.sub(r"[^\w.\- ]", "_", part.get_filename() or "unnamed"),
        type=kind if re.fullmatch(r"[\w.+-]+/[\w.+-]+", kind, re.ASCII) else "application/octet-stream",
        content=payload(part),
        method=str(part.get_param("method", "")),
    )


@asynccontextmanager
async def listening(
    store: Store, faults: Faults, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Gives the port. STARTTLS is offered only when a context is given."""
    loop = asyncio.get_running_loop()
    handler = Handler(store, faults)
    open_connections: weakref.WeakSet[Any] = weakref.WeakSet()

    def connection() -> Any:
        protocol = SMTP(
            handler,
            hostname="demo-sink",
            ident="Demo inbox",
            loop=loop,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            authenticator=handler.authenticate,
            auth_require_tls=tls is not None,
            tls_context=tls,
        )
        open_connections.add(protocol)
        return protocol

    server = await loop.create_server(connection, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for protocol in open_connections:
            if protocol.transport is not None:
                protocol.transport.abort()
        await server.wait_closed()
