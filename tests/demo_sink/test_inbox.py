from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from demo_sink.server import Addresses

SMS = {"username": "sandbox", "to": "+254700000001", "message": "Habari, your code is 123 456."}
KEY = {"apiKey": "k", "Accept": "application/json"}


def a_mail(to: str = "amina@example.test") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Kikao <desk@example.test>", to, "Karibu — K7Q2M9X4"
    mail["Message-ID"] = "<outbox-1@example.test>"
    mail.set_content("Habari Amina ✓")
    mail.add_alternative("<p>Habari <b>Amina</b> ✓</p>", subtype="html")
    mail.add_attachment(
        b"BEGIN:VCALENDAR\r\n",
        maintype="text",
        subtype="calendar",
        filename="K7Q2M9X4.ics",
        params={"method": "REQUEST"},
    )
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="../a.pdf")
    return mail


async def post(sink: Addresses, mail: EmailMessage) -> None:
    await aiosmtplib.send(mail, hostname=sink.host, port=sink.smtp_port)


async def test_mail_comes_in_and_is_read_as_json(sink: Addresses, http: httpx.AsyncClient) -> None:
    await post(sink, a_mail())
    [message] = (await http.get("/api/messages")).json()["messages"]
    assert (message["channel"], message["to"]) == ("email", "amina@example.test")
    assert message["from"] == "Kikao <desk@example.test>"
    assert message["subject"] == "Karibu — K7Q2M9X4"
    assert message["text"] == "Habari Amina ✓\n"
    assert "<b>Amina</b> ✓" in message["html"]
    assert message["headers"]["Message-ID"] == "<outbox-1@example.test>"
    ics, pdf = message["attachments"]
    assert (ics["name"], ics["type"], ics["method"]) == ("K7Q2M9X4.ics", "text/calendar", "REQUEST")
    assert (ics["content"], ics["size"]) == ("BEGIN:VCALENDAR\r\n", 17)
    assert (pdf["name"], pdf["encoding"], pdf["content"]) == (".._a.pdf", "base64", "AAE=")


async def test_sms_comes_in_and_is_read_as_json(http: httpx.AsyncClient) -> None:
    answer = await http.post("/version1/messaging", data=SMS | {"from": "KIKAO"}, headers=KEY)
    assert answer.status_code == 201
    data = answer.json()["SMSMessageData"]
    assert data["Message"] == "Sent to 1/1 Total Cost: KES 0.8000"
    [recipient] = data["Recipients"]
    assert (recipient["statusCode"], recipient["number"]) == (101, "+254700000001")
    [message] = (await http.get("/api/messages", params={"to": "+254700000001"})).json()["messages"]
    assert (message["channel"], message["from"], message["text"]) == ("sms", "KIKAO", SMS["message"])


async def test_sms_without_an_api_key_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.post("/version1/messaging", data=SMS)
    assert answer.status_code == 401
    assert (await http.get("/api/messages")).json() == {"messages": []}


@pytest.mark.parametrize("field", ["username", "to", "message"])
async def test_sms_needs_its_fields(http: httpx.AsyncClient, field: str) -> None:
    answer = await http.post("/version1/messaging", data=SMS | {field: ""}, headers=KEY)
    assert (answer.status_code, field in answer.text) == (400, True)


async def test_a_client_that_forgets_accept_gets_xml(http: httpx.AsyncClient) -> None:
    answer = await http.post("/version1/messaging", data=SMS, headers={"apiKey": "k"})
    assert answer.headers["content-type"].startswith("application/xml")


async def test_a_number_that_is_none_is_refused_beside_one_that_is(http: httpx.AsyncClient) -> None:
    numbers = {"to": "+254700000001,0700"}
    data = (await http.post("/version1/messaging", data=SMS | numbers, headers=KEY)).json()["SMSMessageData"]
    assert [r["statusCode"] for r in data["Recipients"]] == [101, 403]
    assert data["Message"].startswith("Sent to 1/2")


async def test_newest_first_and_only_for_the_one_asked_for(sink: Addresses, http: httpx.AsyncClient) -> None:
    await post(sink, a_mail("halima@example.test"))
    await post(sink, a_mail("Amina@example.test"))
    await http.post("/version1/messaging", data=SMS, headers=KEY)
    everything = (await http.get("/api/messages")).json()["messages"]
    assert [m["channel"] for m in everything] == ["sms", "email", "email"]
    [amina] = (await http.get("/api/messages?to=amina@EXAMPLE.test")).json()["messages"]
    assert amina["to"] == "Amina@example.test"
    # a plus in a query string arrives as a space
    assert len((await http.get("/api/messages?to=+254700000001")).json()["messages"]) == 1


async def test_deleting_empties_the_inbox(http: httpx.AsyncClient) -> None:
    await http.post("/version1/messaging", data=SMS, headers=KEY)
    assert (await http.get("/health")).json() == {"status": "ok", "messages": 1, "newest": 1}
    assert (await http.delete("/api/messages")).status_code == 204
    assert (await http.get("/health")).json()["messages"] == 0
