import aiosmtplib
import httpx
import pytest

from demo_sink.faults import Fault, Faults
from demo_sink.server import Addresses
from demo_sink.store import Attachment, Message, Store

MAIL = b"Subject: x\r\n\r\ny\r\n"
SMS = {"username": "sandbox", "to": "+254700000001", "message": "x"}
KEY = {"apiKey": "k", "Accept": "application/json"}


async def order(http: httpx.AsyncClient, **fault: object) -> None:
    assert (await http.post("/api/faults", json=fault)).status_code == 204


async def mail(sink: Addresses, to: str = "amina@example.test", **more: str) -> None:
    await aiosmtplib.send(
        MAIL,
        sender="desk@example.test",
        recipients=[to],
        hostname=sink.host,
        port=sink.smtp_port,
        start_tls=False,
        username=more.get("username"),
        password=more.get("password"),
    )


async def sms(http: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await http.post("/version1/messaging", data=SMS | form, headers=KEY)


async def held(http: httpx.AsyncClient) -> int:
    return len((await http.get("/api/messages")).json()["messages"])


async def test_a_status_is_given_as_often_as_ordered(http: httpx.AsyncClient) -> None:
    await order(http, channel="sms", status=503, times=3)
    assert [(await sms(http)).status_code for _ in range(4)] == [503, 503, 503, 201]
    assert await held(http) == 1


async def test_a_status_code_hits_one_number(http: httpx.AsyncClient) -> None:
    await order(http, channel="sms", statusCode=406, to="+254700000001", times=0)
    for _ in range(2):
        data = (await sms(http, to="+254700000001,+254700000002")).json()["SMSMessageData"]
        assert [(r["statusCode"], r["status"]) for r in data["Recipients"]] == [
            (406, "UserInBlacklist"),
            (101, "Success"),
        ]
    await http.delete("/api/faults")
    assert (await sms(http)).json()["SMSMessageData"]["Recipients"][0]["statusCode"] == 101


async def test_a_message_comes_without_recipients(http: httpx.AsyncClient) -> None:
    await order(http, channel="sms", message="InvalidSenderId")
    assert (await sms(http)).json() == {"SMSMessageData": {"Message": "InvalidSenderId", "Recipients": []}}
    assert await held(http) == 0


async def test_dropped_after_it_was_taken(sink: Addresses, http: httpx.AsyncClient) -> None:
    await order(http, channel="sms", drop=True)
    await order(http, channel="email", drop=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await sms(http)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await mail(sink)
    assert await held(http) == 2


async def test_mail_is_put_off_and_then_taken(sink: Addresses, http: httpx.AsyncClient) -> None:
    await order(http, channel="email", status=451)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await mail(sink)
    assert refused.value.code == 451
    await mail(sink)
    assert await held(http) == 1


async def test_one_address_is_refused(sink: Addresses, http: httpx.AsyncClient) -> None:
    await order(http, channel="email", status=550, stage="rcpt", to="amina@example.test")
    await mail(sink, "halima@example.test")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await mail(sink)
    assert await held(http) == 1


async def test_a_wrong_password(sink: Addresses, http: httpx.AsyncClient) -> None:
    # a client that is refused by one way of signing in tries the next
    await order(http, channel="email", status=535, stage="auth", times=0)
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await mail(sink, username="kikao", password="wrong")
    await http.delete("/api/faults")
    await mail(sink, username="kikao", password="right")


@pytest.mark.parametrize(
    "fault",
    [
        [],
        {"status": 503},
        {"channel": "sms"},
        {"channel": "fax", "status": 503},
        {"channel": "sms", "status": "503"},
        {"channel": "sms", "statsu": 503},
        {"channel": "sms", "status": 503, "times": -1},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(http: httpx.AsyncClient, fault: object) -> None:
    assert (await http.post("/api/faults", json=fault)).status_code == 400


async def test_another_sites_page_cannot_order_faults(http: httpx.AsyncClient) -> None:
    answer = await http.post("/clear", headers={"Origin": "http://example.test"})
    assert answer.status_code == 403
    assert (await http.post("/clear", headers={"Origin": str(http.base_url)})).status_code == 303


def test_the_store_forgets_the_oldest() -> None:
    store = Store(most_messages=2)
    for text in "abc":
        store.add(Message("sms", "+254700000001", "", text))
    assert [m.text for m in store.newest_first()] == ["c", "b"]


def test_the_store_never_holds_more_than_fits() -> None:
    store = Store(most_bytes=10)
    for size in (6, 4, 4, 11):
        store.add(
            Message("email", "a@example.test", "", "", attachments=(Attachment("a", "a/b", b"x" * size),))
        )
    assert len(store) == 0
    store.add(Message("email", "a@example.test", "", "x" * 10))
    assert len(store) == 1


def test_a_fault_for_one_does_not_hit_another() -> None:
    faults = Faults()
    faults.order(Fault("sms", status=503, to="+254700000001"))
    assert faults.take("sms", "+254700000002") is None
    assert faults.take("email", "+254700000001") is None
    assert faults.take("sms", "+254700000001") is not None
    assert faults.take("sms", "+254700000001") is None
