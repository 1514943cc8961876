import asyncio
import re
import signal
import sys
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest

import demo_sink
from demo_sink.server import Addresses

EVIL = "<head></head><script>top.location='http://example.test'</script><img src=http://example.test/x>"


async def mail(sink: Addresses, html: str, subject: str = "Karibu") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.test", "amina@example.test", subject
    message.set_content("Habari <b>\nhttp://127.0.0.1:8000/p/abc")
    message.add_alternative(html, subtype="html")
    message.add_attachment("BEGIN:VCALENDAR", subtype="calendar", filename="K7Q2M9X4.ics")
    await aiosmtplib.send(message, hostname=sink.host, port=sink.smtp_port)


async def sms(http: httpx.AsyncClient, text: str) -> None:
    form = {"username": "sandbox", "to": "+254700000001", "message": text}
    await http.post("/version1/messaging", data=form, headers={"apiKey": "k"})


async def test_an_empty_inbox_says_so(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert "Demo inbox: nothing here was really sent" in page.text
    assert "Nothing has come in yet" in page.text


async def test_mail_and_sms_are_shown_newest_first(sink: Addresses, http: httpx.AsyncClient) -> None:
    await mail(sink, "<p>hi</p>", "First <mail>")
    await sms(http, "code 123 456 http://127.0.0.1:8000/s/K7Q2M9X4")
    page = (await http.get("/")).text
    assert page.index("code 123 456") < page.index("First &lt;mail&gt;")
    assert 'href="http://127.0.0.1:8000/s/K7Q2M9X4"' in page
    only = (await http.get("/", params={"to": "+254700000001"})).text
    assert "code 123 456" in only
    assert "First" not in only


async def test_a_mails_html_can_run_load_and_frame_nothing(sink: Addresses, http: httpx.AsyncClient) -> None:
    await mail(sink, EVIL)
    page = (await http.get("/")).text
    assert "<script>" not in page
    frame = re.search(r"<iframe[^>]*>", page)
    assert frame
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame[0]
    shown = await http.get("/messages/1/html")
    assert shown.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert '<head><base target="_blank">' in shown.text


async def test_an_attachment_is_downloaded_never_opened(sink: Addresses, http: httpx.AsyncClient) -> None:
    await mail(sink, "<p>hi</p>")
    file = await http.get("/messages/1/attachments/0")
    assert file.headers["content-disposition"] == 'attachment; filename="K7Q2M9X4.ics"'
    assert file.headers["content-type"].startswith("text/calendar")
    assert file.text.startswith("BEGIN:VCALENDAR")
    assert (await http.get("/messages/1/attachments/1")).status_code == 404
    assert (await http.get("/messages/99/html")).status_code == 404


async def test_every_answer_is_strict_and_nothing_is_inline(sink: Addresses, http: httpx.AsyncClient) -> None:
    await mail(sink, "<p>hi</p>")
    page = await http.get("/")
    assert (
        "default-src 'none'; style-src 'self'; script-src 'self'" in page.headers["content-security-policy"]
    )
    assert not re.search(r"<style|style=|\son\w+=|<script(?! src)", page.text)
    for name in ("inbox.css", "inbox.js", "inbox.svg"):
        assert (await http.get(f"/static/{name}")).status_code == 200


async def test_emptying_goes_back_to_the_page(http: httpx.AsyncClient) -> None:
    await sms(http, "x")
    assert (await http.post("/clear")).headers["location"] == "/"
    assert (await http.get("/health")).json()["messages"] == 0


async def test_the_program_starts_says_where_and_stops() -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo_sink", "--http-port=0", "--smtp-port=0", stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout
    line = (await asyncio.wait_for(program.stdout.readline(), 20)).decode()
    url = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert url
    async with httpx.AsyncClient() as client:
        assert (await client.get(url[0] + "health")).json()["status"] == "ok"
    program.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(program.wait(), 10) == 0


@pytest.mark.house
def test_it_shares_no_code_with_kikao() -> None:
    sources = list(Path(demo_sink.__file__).parent.glob("*.py"))
    assert len(sources) > 5
    assert not [p.name for p in sources if re.search(r"(import|from) (kikao|daraja_sim)", p.read_text())]
