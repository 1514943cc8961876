"""The pages: they work without JavaScript, show what customers typed as text, and are usable in a browser."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright

from fixtures.daraja.merchant import PHONE, Merchant


async def page(sim: Merchant, path: str) -> str:
    answer = await sim.call("GET", path)
    assert (answer.status, answer.content_type) == (200, "text/html")
    return answer.text


async def test_a_prompt_is_paid_by_a_plain_form(sim: Merchant) -> None:
    assert 'id="prompt"' not in await page(sim, f"/phone/{PHONE}")
    await sim.pushed()
    text = await page(sim, f"/phone/{PHONE}")
    assert all(f'id="{name}"' in text for name in ("prompt", "pin", "send", "cancel"))
    done = await sim.call("POST", f"/phone/{PHONE}/pin", data={"pin": "1234"})
    assert "Confirmed. Ksh2,500.00 sent to" in done.text
    late = await sim.call("POST", f"/phone/{PHONE}/cancel")
    assert "there is no prompt on this phone" in late.text


async def test_the_other_forms(sim: Merchant) -> None:
    await sim.call("POST", f"/phone/{PHONE}/mode", data={"mode": "auto", "delaySeconds": "", "answer": "cancel"})
    assert (await sim.call("POST", f"/phone/{PHONE}/mode", data={"mode": "off", "delaySeconds": "3"})).status == 200
    await sim.call("POST", f"/phone/{PHONE}/wallet", data={"balance": "700"})
    await sim.call("POST", f"/phone/{PHONE}/lock-pin", data={"locked": "true"})
    phone = await sim.phone()
    assert (phone["mode"], phone["delaySeconds"], phone["wallet"], phone["pinLocked"]) == ("off", 3, 700, True)
    form = {"what": "push busy", "when": "", "phone": "0700000011", "amount": "", "times": "2", "seconds": "5"}
    await sim.call("POST", "/do/faults", data=form)
    [fault] = (await sim.api("GET", "/faults"))["faults"]
    assert (fault["on"], fault["kind"], fault["phone"], fault["times"]) == ("push", "busy", PHONE, 2)
    assert "push" in await page(sim, "/")
    await sim.call("POST", "/do/clear-faults")
    assert (await sim.api("GET", "/faults"))["faults"] == []
    await sim.call("POST", "/do/clock", data={"advanceSeconds": "60"})
    assert (await sim.api("GET", "/clock"))["movedBySeconds"] > 59
    assert (await sim.call("POST", "/do/nothing")).status == 404


async def test_a_number_in_any_form_leads_to_its_phone(sim: Merchant) -> None:
    assert "254700000021" in await page(sim, "/phone?number=0700+000+021")
    assert "not a Kenyan mobile number" in await page(sim, "/phone?number=12")
    assert "not a Kenyan mobile number" in await page(sim, "/phone?number=")


async def test_what_a_merchant_sends_is_text(sandbox: Merchant) -> None:
    await sandbox.pushed(AccountReference="<b>'\"&</b>")
    for path in (f"/phone/{PHONE}", "/"):
        text = await page(sandbox, path)
        assert "&lt;b&gt;" in text
        assert "<b>" not in text
    assert "<script>" not in await page(sandbox, "/?said=<script>")


async def test_the_favicon_and_the_policy(sim: Merchant) -> None:
    assert (await sim.call("GET", "/favicon.ico")).status == 200
    async with sim.session.get(sim.base + "/") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")


async def pay_by_keyboard(sim: Merchant, view: Page) -> None:
    await view.goto(f"{sim.base}/phone/{PHONE}")
    await sim.pushed()
    await view.wait_for_selector("#prompt")
    await view.keyboard.type("12")
    async with view.expect_response(lambda answer: answer.url.endswith(PHONE)):
        pass  # one refresh passes while the PIN is half typed
    await view.keyboard.type("34")
    await view.keyboard.press("Enter")
    await view.wait_for_selector("#sms li")
    await view.wait_for_selector("#prompt", state="detached")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_in_a_browser(sim: Merchant, scheme: str) -> None:
    complaints: list[str] = []
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = await browser.new_context(
            viewport={"width": 360, "height": 740},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        view = await context.new_page()
        view.on("console", lambda message: complaints.append(message.text))
        view.on("pageerror", lambda error: complaints.append(str(error)))
        await pay_by_keyboard(sim, view)
        assert (await sim.phone())["wallet"] == 47_500
        for path in ("/", f"/phone/{PHONE}"):
            await view.goto(sim.base + path)
            assert await view.evaluate("document.documentElement.scrollWidth") == 360
            found = await Axe().run(view)
            assert [violation["id"] for violation in found.response["violations"]] == []
        await browser.close()
    assert complaints == []
