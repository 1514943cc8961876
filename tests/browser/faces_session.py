"""The page of a session, and of its money, as those see them who work here: its buttons, their questions, refusals."""

from __future__ import annotations

from playwright.async_api import expect

from kikao.sessions.rules import STATUSES

from .faces import Stage, face, fills
from .faces_forms import REFUSED, asked, fill_in, refused
from .faces_practice import a_practice_at_work

ASK = {"decline": "pending_approval", "cancel": "approved", "extend": "approved", "complete": "in_progress",
       "break-off": "in_progress", "no-show": "in_progress"}  # fmt: skip
ROUTES = {"correct/client": "correct/{way}", "decide/as-said": "decide/{side}"}
WITH_A_REASON = ("decline", "cancel", "extend", "break-off")


@fills
async def at_work(here: Stage) -> None:
    await a_practice_at_work(here)


def route_of(path: str) -> str:
    return f"POST /s/{{reference}}/{ROUTES.get(path, path)}"


def opened(status: str, who: str) -> None:
    @face("GET /s/{reference}", "full", who=who, note=f"{status}, {who}")
    async def bring(here: Stage) -> None:
        await here.goto(f"/s/{here.facts[status.lower().replace(' ', '_')]}")


for _status in STATUSES:
    opened(_status, "otieno")
    opened(_status, "halima")
for _status in ("Approved", "Completed"):
    opened(_status, "njeri")
for _path, _status in ASK.items():
    asked(route_of(_path), f"/s/{{{_status}}}", f"/{_path}", "otieno")
for _path in WITH_A_REASON:
    refused(route_of(_path), f"/s/{{{ASK[_path]}}}", "otieno", action=f"/s/{{{ASK[_path]}}}/{_path}", reason=" ",
            pressed=_path == "decline")  # fmt: skip
asked(route_of("correct/client"), "/s/{completed}", "/correct/client")
refused(route_of("correct/client"), "/s/{completed}", action="/s/{completed}/correct/client", reason=" ", pressed=False)
refused("POST /s/{reference}/link", "/s/{approved}", "otieno", link="meet me")


@face("POST /s/{reference}/approve", "error", who="otieno", note="declined meanwhile", pressed=False)
async def declined_meanwhile(here: Stage) -> None:
    """In another window. The page says so, and shows how it stands."""
    address = f"/s/{here.facts['asked_again']}"
    await here.goto(address)
    answer = await here.page.request.post(f"{here.url}{address}/decline", form={"reason": "Not here that day"})
    assert answer.ok
    here.facts["typed"] += ["Not here that day"]
    await here.press(f"{address}/approve")
    await expect(here.page.locator(REFUSED).first).to_be_visible()


@face("POST /s/{reference}/start", "full", who="wanjiru")
async def about_to_begin(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['soon']}")
    await expect(here.page.locator("main form[action$='/start']")).to_be_visible()


# an objection -----------------------------------------------------------------------------------------


@face("GET /s/{reference}", "full", who="njeri", note="objected")
async def objected(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['objected']}")


asked(route_of("decide/as-said"), "/s/{objected}", "/decide/as-said")
refused(route_of("decide/as-said"), "/s/{objected}", action="/s/{objected}/decide/as-said", reason=" ", pressed=False)

# its money --------------------------------------------------------------------------------------------

for _fact in ("approved", "with_code", "completed", "paid_back"):
    for _who in ("wambui", "njeri"):
        @face("GET /s/{reference}/money", "full", who=_who, note=f"{_fact.replace('_', ' ')}, {_who}")
        async def money(here: Stage, fact: str = _fact) -> None:
            await here.goto(f"/s/{here.facts[fact]}/money")
            await expect(here.page.locator("main form[action$='/reject']")).to_have_count(int(fact == "with_code"))

refused("POST /s/{reference}/ring", "/s/{approved}/money", "wambui", which="typed", phone="12")
refused("POST /s/{reference}/verify", "/s/{approved}/money", method="cash", number="31", amount="many")
refused("POST /s/{reference}/waive", "/s/{approved}/money", reason=" ")
refused("POST /s/{reference}/reject", "/s/{with_code}/money", reason=" ")
refused("POST /s/{reference}/give-back", "/s/{paid_back}/money", amount="999999", reason="A burst pipe")


@face("POST /s/{reference}/verify", "expired", who="wambui")
async def signed_out_meanwhile(here: Stage) -> None:
    address = f"/s/{here.facts['approved']}"
    await here.goto(f"{address}/money")
    await fill_in(here, f"{address}/verify", number="31")
    await here.end_sign_ins(here.cast.wambui)
    await here.press(f"{address}/verify")
    await expect(here.page.locator("main [name=login]")).to_be_visible()

