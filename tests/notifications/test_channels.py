"""The real clients against a real mail server and a real gateway on this computer."""

import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from demo_sink.server import Addresses, running
from kikao.core import outgoing
from kikao.core.crypto import Secret
from kikao.core.db import transaction_open
from kikao.core.outgoing import SecretInTheClear, SocketInsideTransaction
from kikao.notifications.channels import Failure, PermanentFailure, Sent, TemporaryFailure
from kikao.notifications.channels.email import Email, EmailChannel
from kikao.notifications.channels.sms import Sms, SmsChannel

AMINA, HER_PHONE = "amina@example.test", "+254700000001"
ROW, EARLIER = UUID(int=7), UUID(int=3)
ICS = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
KEY = Secret("an-api-key")


def a_mail(to: str = AMINA, **changed: Any) -> Email:
    given: dict[str, Any] = {
        "subject": "Karibu — K7Q2M9X4",
        "text": "Habari Amina ✓\n",
        "html": "<p>Habari <b>Amina</b> ✓</p>",
        "message_id": ROW,
        "at": datetime(2026, 3, 1, 9, tzinfo=UTC),
    }
    return Email(to=to, **(given | changed))


def mail_channel(host: str, port: int, **changed: Any) -> EmailChannel:
    given: dict[str, Any] = {
        "username": None,
        "password": None,
        "starttls": False,
        "sender": "Mti Practice <desk@practice.example.test>",
    }
    return EmailChannel(host, port, **(given | changed))


@pytest.fixture
def mail(sink: Addresses) -> EmailChannel:
    return mail_channel(sink.host, sink.smtp_port)


@pytest.fixture
async def sms(sink: Addresses) -> AsyncIterator[SmsChannel]:
    channel = SmsChannel(sink.url, "sandbox", KEY, "MTI")
    yield channel
    await channel.close()


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def in_a_transaction() -> Iterator[None]:
    token = transaction_open.set(True)
    yield
    transaction_open.reset(token)


async def order(inbox: httpx.AsyncClient, **fault: object) -> None:
    assert (await inbox.post("/api/faults", json=fault)).status_code == 204


async def received(inbox: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await inbox.get("/api/messages")).json()["messages"]
    return found


async def failure(sending: Any) -> tuple[type[Failure], str]:
    """Also: nothing of the reader or of the server's words hangs on the exception."""
    with pytest.raises(Failure) as raised:
        await sending
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert str(raised.value) == raised.value.reason_code
    return raised.type, raised.value.reason_code


# mail ---------------------------------------------------------------------------------------------


async def test_a_mail_arrives_whole(mail: EmailChannel, inbox: httpx.AsyncClient) -> None:
    files = (("K7Q2M9X4.ics", "text/calendar; method=REQUEST", ICS),)
    sent = await mail.send(a_mail(attachments=files, references=(EARLIER,)))
    [message] = await received(inbox)
    assert (message["to"], message["subject"]) == (AMINA, "Karibu — K7Q2M9X4")
    assert message["from"] == "Mti Practice <desk@practice.example.test>"
    assert message["text"] == "Habari Amina ✓\n"
    assert message["html"].strip() == "<p>Habari <b>Amina</b> ✓</p>"
    [file] = message["attachments"]
    assert (file["name"], file["type"], file["method"]) == ("K7Q2M9X4.ics", "text/calendar", "REQUEST")
    assert file["content"].encode() == ICS
    assert message["headers"] == {
        "Message-ID": f"<{ROW}@practice.example.test>",
        "In-Reply-To": f"<{EARLIER}@practice.example.test>",
        "References": f"<{EARLIER}@practice.example.test>",
        "Date": "Sun, 01 Mar 2026 09:00:00 +0000",
        "Auto-Submitted": "auto-generated",
    }
    assert sent == Sent(reference=message["headers"]["Message-ID"])


async def test_a_repeat_of_one_row_is_recognised(mail: EmailChannel, inbox: httpx.AsyncClient) -> None:
    await order(inbox, channel="email", drop=True)
    assert await failure(mail.send(a_mail())) == (TemporaryFailure, "no_answer")
    await mail.send(a_mail())
    assert len({m["headers"]["Message-ID"] for m in await received(inbox)}) == 1


@pytest.mark.parametrize(
    "fault, kind, reason",
    [
        ({"status": 451}, TemporaryFailure, "mail_put_off"),
        ({"status": 554}, PermanentFailure, "mail_refused"),
        ({"status": 421}, TemporaryFailure, "mail_put_off"),
        ({"status": 450, "stage": "rcpt"}, TemporaryFailure, "mail_put_off"),
        ({"status": 552, "stage": "rcpt"}, TemporaryFailure, "mail_put_off"),
        ({"status": 550, "stage": "rcpt", "to": AMINA}, PermanentFailure, "mail_no_such_reader"),
    ],
)
async def test_what_a_mail_servers_refusal_means(
    mail: EmailChannel, inbox: httpx.AsyncClient, fault: dict[str, Any], kind: type, reason: str
) -> None:
    await order(inbox, channel="email", **fault)
    assert await failure(mail.send(a_mail())) == (kind, reason)
    await mail.send(a_mail())
    assert len(await received(inbox)) == 1


@pytest.mark.parametrize(
    "message",
    [
        a_mail(to="amina"),
        a_mail(to=""),
        a_mail(to="amina@example.test\r\nBcc: baraka@example.test"),
        a_mail(to="amina@example.test, baraka@example.test"),
        a_mail(subject="x\r\nBcc: baraka@example.test"),
    ],
)
async def test_a_malformed_mail_goes_nowhere(
    mail: EmailChannel, inbox: httpx.AsyncClient, message: Email
) -> None:
    assert await failure(mail.send(message)) == (PermanentFailure, "mail_malformed")
    assert await received(inbox) == []


async def test_no_mail_server(nobody: int) -> None:
    channel = mail_channel("127.0.0.1", nobody)
    assert await failure(channel.send(a_mail())) == (TemporaryFailure, "no_connection")


async def test_a_mail_server_that_falls_silent(sink: Addresses, inbox: httpx.AsyncClient) -> None:
    await order(inbox, channel="email", status=451, delay=1)
    channel = mail_channel(sink.host, sink.smtp_port, answer=0.2)
    assert await failure(channel.send(a_mail())) == (TemporaryFailure, "no_answer")


async def test_a_wrong_mail_password_is_our_fault_and_not_the_readers(
    sink: Addresses, inbox: httpx.AsyncClient
) -> None:
    channel = mail_channel(sink.host, sink.smtp_port, username="kikao", password=Secret("p"))
    await order(inbox, channel="email", status=535, stage="auth", times=0)
    assert await failure(channel.send(a_mail())) == (TemporaryFailure, "mail_sign_in")
    assert TemporaryFailure("mail_sign_in").ours
    await inbox.delete("/api/faults")
    await channel.send(a_mail())


# TLS ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody but this test trusts, in one file."""
    where = tmp_path_factory.mktemp("tls")
    key, cert, both = where / "key", where / "cert", where / "both"
    made = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=sink -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*made.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)
    both.write_text(key.read_text() + cert.read_text())
    return both


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[Addresses]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    async with running(smtp_tls=server) as sink:
        yield sink


async def test_starttls_with_a_certificate_that_is_trusted(secure: Addresses, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    channel = mail_channel(
        secure.host,
        secure.smtp_port,
        starttls=True,
        tls=trusting,
        username="kikao",
        password=Secret("p"),
    )
    assert (await channel.send(a_mail())).reference


async def test_starttls_with_a_certificate_that_nobody_vouches_for(secure: Addresses) -> None:
    channel = mail_channel(secure.host, secure.smtp_port, starttls=True)
    assert await failure(channel.send(a_mail())) == (TemporaryFailure, "mail_tls")


async def test_asked_for_starttls_nothing_is_sent_without(sink: Addresses, inbox: httpx.AsyncClient) -> None:
    channel = mail_channel(sink.host, sink.smtp_port, starttls=True)
    assert await failure(channel.send(a_mail())) == (TemporaryFailure, "mail_tls")
    assert await received(inbox) == []


def test_no_secret_travels_in_the_clear() -> None:
    with pytest.raises(SecretInTheClear):
        mail_channel("mail.example.test", 25, username="kikao", password=Secret("p"))
    with pytest.raises(SecretInTheClear):
        SmsChannel("http://sms.example.test", "sandbox", KEY, None)
    mail_channel("mail.example.test", 587, username="kikao", password=Secret("p"), starttls=True)
    SmsChannel("https://sms.example.test", "sandbox", KEY, None)


# SMS ----------------------------------------------------------------------------------------------


async def test_an_sms_arrives(sms: SmsChannel, inbox: httpx.AsyncClient) -> None:
    sent = await sms.send(Sms(HER_PHONE, "Code 123 456 & karibu +1"))
    [message] = await received(inbox)
    assert (message["to"], message["from"]) == (HER_PHONE, "MTI")
    assert message["text"] == "Code 123 456 & karibu +1"
    assert sent.reference.startswith("ATXid_")


async def test_an_sms_without_a_sender_id(sink: Addresses, inbox: httpx.AsyncClient) -> None:
    channel = SmsChannel(sink.url, "sandbox", KEY, None)
    await channel.send(Sms(HER_PHONE, "x"))
    await channel.close()
    assert [m["from"] for m in await received(inbox)] == [""]


@pytest.mark.parametrize(
    "status, kind, reason",
    [
        (401, TemporaryFailure, "sms_held"),
        (402, PermanentFailure, "sms_sender_id"),
        (403, PermanentFailure, "sms_number"),
        (404, PermanentFailure, "sms_number"),
        (405, TemporaryFailure, "sms_balance"),
        (406, PermanentFailure, "sms_opted_out"),
        (407, TemporaryFailure, "sms_no_route"),
        (409, PermanentFailure, "sms_opted_out"),
        (500, TemporaryFailure, "sms_gateway"),
        (501, TemporaryFailure, "sms_gateway"),
        (502, TemporaryFailure, "sms_gateway"),
        (599, TemporaryFailure, "sms_unknown"),
    ],
)
async def test_what_a_recipients_status_code_means(
    sms: SmsChannel, inbox: httpx.AsyncClient, status: int, kind: type, reason: str
) -> None:
    await order(inbox, channel="sms", statusCode=status, to=HER_PHONE)
    assert await failure(sms.send(Sms(HER_PHONE, "x"))) == (kind, reason)
    assert await received(inbox) == []


@pytest.mark.parametrize("status", [100, 101, 102])
async def test_status_codes_of_success(sms: SmsChannel, inbox: httpx.AsyncClient, status: int) -> None:
    await order(inbox, channel="sms", statusCode=status)
    assert await sms.send(Sms(HER_PHONE, "x"))


@pytest.mark.parametrize(
    "fault, kind, reason",
    [
        ({"status": 400}, PermanentFailure, "sms_malformed"),
        ({"status": 401}, TemporaryFailure, "sms_sign_in"),
        ({"status": 302}, TemporaryFailure, "sms_gateway"),
        ({"status": 404}, TemporaryFailure, "sms_gateway"),
        ({"status": 429}, TemporaryFailure, "sms_gateway"),
        ({"status": 503}, TemporaryFailure, "sms_gateway"),
        ({"status": 200}, TemporaryFailure, "sms_unreadable"),  # a page where JSON was expected
        ({"message": "InvalidSenderId"}, PermanentFailure, "sms_sender_id"),
        ({"message": "Something new"}, TemporaryFailure, "sms_unreadable"),
        ({"drop": True}, TemporaryFailure, "no_answer"),
    ],
)
async def test_what_a_gateways_answer_means(
    sms: SmsChannel, inbox: httpx.AsyncClient, fault: dict[str, Any], kind: type, reason: str
) -> None:
    await order(inbox, channel="sms", **fault)
    assert await failure(sms.send(Sms(HER_PHONE, "x"))) == (kind, reason)


async def test_nothing_is_sent_twice_by_the_channel_itself(sms: SmsChannel, inbox: httpx.AsyncClient) -> None:
    await order(inbox, channel="sms", status=503)
    await failure(sms.send(Sms(HER_PHONE, "x")))
    assert await received(inbox) == []


@pytest.mark.parametrize("number", ["", "0700000001", "+254700000001,+254700000002", "+254 700 000 001"])
async def test_one_number_and_nothing_else(sms: SmsChannel, inbox: httpx.AsyncClient, number: str) -> None:
    assert await failure(sms.send(Sms(number, "x"))) == (PermanentFailure, "sms_number")
    assert await received(inbox) == []


async def test_no_gateway(nobody: int) -> None:
    channel = SmsChannel(f"http://127.0.0.1:{nobody}", "sandbox", KEY, None)
    assert await failure(channel.send(Sms(HER_PHONE, "x"))) == (TemporaryFailure, "no_connection")
    await channel.close()


async def test_a_gateway_that_falls_silent(sink: Addresses, inbox: httpx.AsyncClient) -> None:
    await order(inbox, channel="sms", status=503, delay=1)
    channel = SmsChannel(sink.url, "sandbox", KEY, None, answer=0.2)
    assert await failure(channel.send(Sms(HER_PHONE, "x"))) == (TemporaryFailure, "no_answer")
    await channel.close()


def test_messages_refuse_to_be_printed() -> None:
    assert repr(a_mail()) == f"Email({ROW})"
    assert str(Sms(HER_PHONE, "a text")) == "Sms(…)"


# no socket inside a transaction -------------------------------------------------------------------


@pytest.mark.usefixtures("in_a_transaction")
async def test_a_mail_is_refused_inside_a_transaction(mail: EmailChannel, inbox: httpx.AsyncClient) -> None:
    with pytest.raises(SocketInsideTransaction):
        await mail.send(a_mail())
    assert await received(inbox) == []


@pytest.mark.usefixtures("in_a_transaction")
async def test_an_sms_is_refused_inside_a_transaction(sms: SmsChannel, inbox: httpx.AsyncClient) -> None:
    with pytest.raises(SocketInsideTransaction):
        await sms.send(Sms(HER_PHONE, "x"))
    assert await received(inbox) == []


@pytest.mark.usefixtures("in_a_transaction")
async def test_without_the_guard_both_would_go_out(
    mail: EmailChannel, sms: SmsChannel, inbox: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the two tests above."""
    monkeypatch.setattr(outgoing, "refuse_inside_transaction", lambda: None)
    await mail.send(a_mail())
    await sms.send(Sms(HER_PHONE, "x"))
    assert len(await received(inbox)) == 2


async def test_every_request_is_looked_at_not_only_the_first(sink: Addresses) -> None:
    """A client that was connected before the transaction began is refused all the same."""
    client = outgoing.smtp_client(sink.host, sink.smtp_port, called="here", tls=ssl.create_default_context())
    await client.connect()
    async with outgoing.http_client(sink.url) as http:
        assert (await http.get("/health")).status_code == 200
        token = transaction_open.set(True)
        with pytest.raises(SocketInsideTransaction):
            await http.get("/health")
        with pytest.raises(SocketInsideTransaction):
            await client.sendmail("desk@example.test", [AMINA], b"x")
        with pytest.raises(SocketInsideTransaction):
            await client.data(b"x")
        transaction_open.reset(token)
        assert (await http.get("/health")).status_code == 200
    await client.quit()
