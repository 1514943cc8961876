"""The practice's forms in their faces: refused, sent by somebody whose sign-in is over, and too late."""

from __future__ import annotations

import re

from playwright.async_api import expect

from .faces import Stage, face, fills
from .faces_practice import CONSENT, a_practice_at_work

# A form that is filled in as somebody types, wherever it is folded away: names and what stands there then.
FORM = """
  const fits = new RegExp(`^${action}$`), names = Object.keys(typed);
  const path = one => new URL(one.getAttribute("action"), document.baseURI).pathname;
  const fields = (one, name) => [...one.elements].filter(field => field.name === name && field.type !== "hidden");
  const forms = [...document.forms].filter(one => one.getAttribute("action") && fits.test(path(one)));
  const form = forms.find(one => names.every(name => fields(one, name).length));
  const ticked = field => ["checkbox", "radio"].includes(field.type);
"""
FILL = f"""([action, typed]) => {{{FORM}
  if (!form) throw new Error(`no form with ${{names}} goes to ${{action}}`);
  for (const [name, value] of Object.entries(typed)) for (const one of fields(form, name)) {{
    if (ticked(one)) one.checked = one.value === value; else one.value = value;
    one.dispatchEvent(new Event("input", {{bubbles: true}}));
  }}
}}"""
KEPT = f"""([action, typed]) => {{{FORM}
  const same = (one, value) => one.value.trim() === value.trim() && (one.checked || !ticked(one));
  return names.filter(name => !form || !fields(form, name).some(one => same(one, typed[name])));
}}"""
REFUSED = "main .notice--danger, main .notice--attention"


@fills
async def at_work(here: Stage) -> None:
    await a_practice_at_work(here)


def path_of(route: str) -> str:
    return re.sub(r"{\w+}", "[^/]+", route.partition(" ")[2])


async def fill_in(here: Stage, action: str, **typed: str) -> None:
    await here.page.evaluate(FILL, [action, {name.rstrip("_"): value for name, value in typed.items()}])


async def send(here: Stage, action: str, **typed: str) -> None:
    """Sent and refused: that is said, and what was typed stands there still."""
    await fill_in(here, action, **typed)
    await here.press(action)
    await expect(here.page.locator(REFUSED).first).to_be_visible()
    lost = await here.page.evaluate(KEPT, [action, {name.rstrip("_"): value for name, value in typed.items()}])
    assert lost == [], f"{action} lost what was typed as {lost}"


def refused(
    route: str, on: str, who: str = "njeri", /, *, action: str = "", note: str = "", pressed: bool | None = None,
    **typed: str,
) -> None:
    """The form of `route` on the page `on`, filled in with something that cannot be used."""

    @face(route, "error", who=who, note=note, pressed=pressed)
    async def bring(here: Stage) -> None:
        await here.goto(on.format(**here.facts))
        await send(here, action.format(**here.facts) or path_of(route), **typed)


async def with_a_dialog(here: Stage, page: str, action: str) -> None:
    """Its question is asked: the dialog stands over the page."""
    await here.goto(page.format(**here.facts))
    opener = here.page.locator("details.ask").filter(has=here.page.locator(f"form[action$='{action}']")).first
    await opener.locator("summary").first.click()
    await expect(here.page.locator("dialog.is-modal")).to_be_visible()


def asked(route: str, page: str, action: str, who: str = "njeri", note: str = "") -> None:
    """A button that asks first."""

    @face(route, "full", who=who, note=note)
    async def bring(here: Stage) -> None:
        await with_a_dialog(here, page, action.format(**here.facts))




# finding ----------------------------------------------------------------------------------------------

SEARCHED = (("caller", "wambui"), ("people", "njeri"), ("journal", "njeri"))
for _name, _who in SEARCHED:
    refused(f"POST /practice/{_name}", f"/practice/{_name}", _who, who="x")
refused("POST /practice/payments", "/practice/payments", phone="12", since="2026-11-02", until="2026-11-01")


def nobody_fits(name: str, who: str) -> None:
    @face(f"GET /practice/{name}", "empty", who=who)
    async def bring(here: Stage) -> None:
        here.facts["typed"] += [CONSENT]
        await here.goto(f"/practice/{name}")
        await fill_in(here, f"/practice/{name}", who_="Zzyzx")
        await here.press(f"/practice/{name}")


def somebody_fits(name: str, who: str) -> None:
    @face(f"GET /practice/{name}", "full", who=who, note="found")
    async def bring(here: Stage) -> None:
        await here.goto(f"/practice/{name}")
        await fill_in(here, f"/practice/{name}", who_="am")
        await here.press(f"/practice/{name}")
        await expect(here.page.locator("main table a").first).to_be_visible()


for _name, _who in SEARCHED:
    nobody_fits(_name, _who)
    somebody_fits(_name, _who)

# a caller on the line ---------------------------------------------------------------------------------

refused("POST /practice/caller/new", "/practice/caller", "wambui", name="", phone="12", email="nobody")
refused("POST /practice/caller/{person_id}/agree", "/practice/caller/{unheard}", "wambui", how="paper")
refused("POST /practice/caller/{person_id}/child", "/practice/caller/{halima}", "wambui", name="Kioko",
        birthDate="1990-01-01", agreed="yes")  # fmt: skip
refused("POST /practice/caller/{person_id}/code", "/practice/caller/{kamau}", "wambui",
        action="/practice/caller/{kamau}/code", contact="12", pressed=False)  # fmt: skip


@face("GET /practice/caller/{person_id}", "full", who="wambui", note="a code was sent")
async def a_code_was_sent(here: Stage) -> None:
    await here.goto(f"/practice/caller/{here.facts['kamau']}")
    await fill_in(here, "/practice/caller/[^/]+/code", contact="0700 000 042")
    await here.press("/practice/caller/[^/]+/code")
    await expect(here.page.locator("main [name=code]")).to_be_visible()


@face("POST /practice/caller/{person_id}/read-out", "error", who="wambui")
async def another_code(here: Stage) -> None:
    await a_code_was_sent(here)
    await send(here, "/practice/caller/[^/]+/read-out", code="000000")


# finance ----------------------------------------------------------------------------------------------

asked("POST /practice/duties/{duty_id}/done", "/practice/duties", "/done")
asked("POST /practice/stuck/{kind}/{row_id}/again", "/practice/stuck", "/again")
asked("POST /practice/unreached/{row_id}/told", "/practice/unreached", "/told", "wambui")
asked("POST /practice/payments/{charge_id}/reversed/{receipt_id}", "/practice/payments/{charge}", "{charge_receipt}")
asked("POST /practice/suspense/{receipt_id}/place", "/practice/suspense", "/place")
asked("POST /practice/suspense/{receipt_id}/back", "/practice/suspense", "/back")
refused("POST /practice/suspense/{receipt_id}/place", "/practice/suspense", reference="NONSENSE")


@face("POST /practice/suspense/{receipt_id}/back", "error", pressed=False, who="njeri")
async def somebody_placed_it(here: Stage) -> None:
    """Between the look and the press; afterwards it lies there again."""
    await here.goto("/practice/suspense")
    moved = "update payments.receipt set charge_id = $1 where charge_id is not distinct from $2 returning id"
    receipt = await here.db.pool.fetchval(moved, here.facts["charge"], None)
    try:
        await here.press("/practice/suspense/[^/]+/back")
        await expect(here.page.locator(REFUSED).first).to_be_visible()
    finally:
        await here.db.pool.execute("update payments.receipt set charge_id = null where id = $1", receipt)


# an admin ---------------------------------------------------------------------------------------------

refused("POST /practice/hire", "/practice/hire", name="", email="nobody")
refused("POST /practice/lines", "/practice/lines", name="", number="call us", for_whom="", hours="always")
refused("POST /practice/places", "/practice/places", name="", address="1")
refused("POST /practice/places/{place_id}", "/practice/places/{place}", name="Therapy house", address="")
refused("POST /practice/settings/{code}", "/practice/settings/{setting}", value="900", reason="")
refused("POST /practice/terms", "/practice/terms", percent0="50", percent1="100", reason="A new year")
refused("POST /practice/people/{person_id}/{deed}", "/practice/people/{wambui}", state="blocked", reason="",
        action="/practice/people/{wambui}/state", pressed=False)  # fmt: skip
refused("POST /practice/listing/{person_id}/{decision}", "/practice/listing/{otieno}", until="2026-01-01", reason="",
        action="/practice/listing/{otieno}/grace", note="grace", pressed=False)  # fmt: skip
refused("POST /practice/listing/{person_id}/{decision}", "/practice/listing?show=waiting",
        action="/practice/listing/{wanjiru}/list", note="not ready", pressed=False)  # fmt: skip
refused("POST /practice/decisions/reversed/{reversal_id}", "/practice/decisions", reason=" ")
refused("POST /practice/places/{place_id}/close", "/practice/places", note="hours are there")
asked("POST /practice/places/{place_id}/close", "/practice/places", "/close")
asked("POST /practice/lines/{line_id}/{deed}", "/practice/lines", "/remove")
asked("POST /practice/listing/{person_id}/{decision}", "/practice/listing", "{otieno}/disable")
asked("POST /practice/people/{person_id}/{deed}", "/practice/people/{wambui}", "/disable")
asked("POST /practice/decisions/reversed/{reversal_id}", "/practice/decisions", "/decisions/reversed/{reversal}")


@face("POST /practice/people/{person_id}/contacts", "full", who="njeri")
async def contacts_are_opened(here: Stage) -> None:
    await here.goto(f"/practice/people/{here.facts['halima']}")
    await here.press("/practice/people/[^/]+/contacts")
    here.facts["typed"] += [here.cast.halima.email]


@face("POST /practice/lines/{line_id}/{deed}", "error", who="njeri", pressed=False)
async def somebody_removed_it(here: Stage) -> None:
    await here.goto("/practice/lines")
    taken = await here.db.pool.fetchrow(
        "delete from directory.emergency_line where id = (select id from directory.emergency_line order by position"
        " desc limit 1) returning *")
    assert taken is not None
    await here.press(f"/practice/lines/{taken['id']}/rung")
    await expect(here.page.locator(REFUSED).first).to_be_visible()
    await here.db.pool.execute(
        f"insert into directory.emergency_line ({', '.join(taken.keys())})"
        f" values ({', '.join(f'${at}' for at in range(1, len(taken) + 1))})", *taken.values())


@face("GET /practice/decisions", "full", who="njeri")
async def somebody_has_left(here: Stage) -> None:
    status = "update directory.psychologist set status = $2 where id = $1"
    await here.db.pool.execute(status, here.cast.wanjiru.person_id, "disabled")
    await here.goto("/practice/decisions")
    await here.db.pool.execute(status, here.cast.wanjiru.person_id, "waiting")


# whose sign-in is over --------------------------------------------------------------------------------


@face("POST /practice/settings/{code}", "expired", who="njeri")
async def signed_out_meanwhile(here: Stage) -> None:
    await here.goto(f"/practice/settings/{here.facts['setting']}")
    await fill_in(here, "/practice/settings/[^/]+", value="12", reason="People pay on the day itself")
    await here.end_sign_ins(here.cast.njeri)
    await here.press("/practice/settings/[^/]+")
    await expect(here.page.locator("main [name=login]")).to_be_visible()
