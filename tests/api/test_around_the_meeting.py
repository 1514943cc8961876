"""The doors to the meeting and its end: by JSON and by the buttons of the page, each pressed twice."""

from __future__ import annotations

from typing import Any

from support import app as apps
from support.refusals import nothing_changes, problem


async def confirmed(world: apps.World, minutes: int) -> dict[str, Any]:
    """Amina's with Dr Otieno; it began so many minutes ago."""
    session: dict[str, Any] = await world.approved("amina")
    waived = await world.njeri.api("POST", f"/api/sessions/{session['id']}/waive", json={"reason": "a gift"})
    assert waived.json()["status"] == "Confirmed"
    async with world.db.connection() as conn:
        await conn.execute(
            """
            update sessions.session s
            set starts_at = t.at, ends_at = t.at + interval '60 minutes', first_starts_at = t.at,
                occupied_until = t.at + make_interval(mins => 60 + buffer_minutes)
            from (select now() - make_interval(mins => $2) as at) t where s.id = $1::uuid
            """,
            session["id"], minutes,
        )  # fmt: skip
    return session


async def twice(world: apps.World, who: apps.Visitor, method: str, path: str, **body: Any) -> dict[str, Any]:
    """The answer, and that the same once more answers 200 and writes nothing."""
    first = await who.api(method, path, **body)
    assert first.status_code == 200, first.text
    async with nothing_changes(world.db):
        again = await who.api(method, path, **body)
    assert again.status_code == 200, again.text
    shown: dict[str, Any] = again.json()
    return shown


async def test_from_the_start_to_a_decision_by_json(world: apps.World) -> None:
    address = f"/api/sessions/{(await confirmed(world, 20))['id']}"
    link = {"meetingLink": "https://meet.example.test/r/77"}
    await twice(world, world.otieno, "PUT", f"{address}/link", json=link)
    assert (await world.amina.api("GET", address)).json()["meetingLink"] == link["meetingLink"]
    assert (await twice(world, world.amina, "PUT", f"{address}/start-call"))["status"] == "In Progress"
    assert (await twice(world, world.amina, "PUT", f"{address}/end-call"))["status"] == "In Progress"
    assert (await twice(world, world.amina, "POST", f"{address}/no-show", json={}))["status"] == "No Show"
    why = {"reason": "I was in the room"}
    await twice(world, world.otieno, "POST", f"{address}/objection", json=why)
    told = (await world.njeri.api("GET", f"{address}/ending")).json()
    assert (told["absent"], told["objection"]) == ("psychologist", "open")
    assert [one["text"] for one in told["reasons"]] == [why["reason"]]
    assert (await world.njeri.page("GET", "/practice/objections")).text.count("/s/") == 1
    problem(await world.otieno.api("POST", f"{address}/correct", json={"reason": "no"}), 403, "forbidden")
    await twice(world, world.njeri, "PUT", f"{address}/objection", json={"reason": "rang both"})
    assert (await world.amina.api("GET", f"{address}/ending")).json()["objection"] == "decided"


async def test_a_link_of_its_own_stands_in_the_list_for_those_who_meet(world: apps.World) -> None:
    session, link = await confirmed(world, 20), "https://meet.example.test/r/77"
    await world.otieno.api("PUT", f"/api/sessions/{session['id']}/link", json={"meetingLink": link})
    for visitor, shown in ((world.amina, link), (world.otieno, link), (world.wambui, None)):
        [listed] = (await visitor.api("GET", "/api/sessions")).json()["sessions"]
        one = (await visitor.api("GET", f"/api/sessions/{session['id']}")).json()
        assert listed["meetingLink"] == one["meetingLink"] == shown
    await world.otieno.api("POST", f"/api/sessions/{session['id']}/complete")
    [listed] = (await world.amina.api("GET", "/api/sessions")).json()["sessions"]
    assert listed["meetingLink"] is None


async def test_who_pays_is_told_to_the_payer_and_the_practice_only(world: apps.World) -> None:
    """A mother pays for her child; the psychologist is not told who does."""
    mother, child = world.cast.halima, world.cast.zuri
    session = await world.request("halima", forPersonId=str(child.person_id))
    payer = {"id": str(mother.person_id), "name": mother.name}
    assert [one["payer"] for one in session["charges"]] == [payer]
    for visitor, shown in ((world.halima, payer), (world.wambui, payer), (world.njeri, payer), (world.otieno, None)):
        [listed] = (await visitor.api("GET", "/api/sessions")).json()["sessions"]
        one = (await visitor.api("GET", f"/api/sessions/{session['id']}")).json()
        for charge in (*listed["charges"], *one["charges"]):
            assert (charge["amount"], charge["payer"]) == (2500, shown)


async def test_whoever_left_comes_back_and_it_ends_completed(world: apps.World) -> None:
    """Begun by either, left, entered again by both, completed once: each entry has its line."""
    address = f"/api/sessions/{(await confirmed(world, 20))['id']}"
    for who, deed in (
        (world.otieno, "start-call"), (world.amina, "start-call"), (world.amina, "end-call"),
        (world.amina, "start-call"), (world.otieno, "end-call"), (world.otieno, "start-call"),
    ):  # fmt: skip
        answer = await who.api("PUT", f"{address}/{deed}")
        assert (answer.status_code, answer.json()["status"]) == (200, "In Progress"), answer.text
    problem(await world.amina.api("POST", f"{address}/complete"), 403, "forbidden")
    assert (await twice(world, world.otieno, "POST", f"{address}/complete"))["status"] == "Completed"
    problem(await world.amina.api("PUT", f"{address}/start-call"), 409, "not_possible")
    lines = (await world.njeri.api("GET", f"{address}/timeline")).json()["timeline"]
    assert [line["verb"] for line in lines] == ["request", "approve", "waive", *["start"] * 4, "complete"]


async def test_completed_and_put_right_by_json(world: apps.World) -> None:
    address = f"/api/sessions/{(await confirmed(world, 20))['id']}"
    assert (await twice(world, world.otieno, "POST", f"{address}/complete"))["status"] == "Completed"
    body = {"reason": "a mistake", "to": "No Show"}
    assert (await twice(world, world.otieno, "POST", f"{address}/correct", json=body))["status"] == "No Show"
    plain = {"meetingLink": "http://x.example.test"}
    problem(await world.otieno.api("PUT", f"{address}/link", json=plain), 422, "invalid")


async def test_the_buttons_that_a_page_shows_are_those_that_work(world: apps.World) -> None:
    session = await confirmed(world, 20)
    address = f"/s/{session['reference']}"
    for who, verbs, not_theirs in (
        (world.amina, ("start", "no-show"), ("complete", "break-off", "link")),
        (world.otieno, ("start", "complete", "no-show", "link"), ("break-off", "give-back")),
        (world.wambui, ("no-show",), ("start", "complete", "link")),
    ):
        html = (await who.page("GET", address)).text
        assert {verb for verb in (*verbs, *not_theirs) if f'action="{address}/{verb}"' in html} == set(verbs)
    for _ in range(2):
        assert (await world.otieno.page("POST", f"{address}/complete")).status_code == 303
    assert "Completed" in (await world.amina.page("GET", address)).text
    late = await world.otieno.page("POST", f"{address}/start")
    assert (late.status_code, "That was no longer possible." in late.text) == (409, True)
    html = (await world.amina.page("GET", address)).text
    assert f'action="{address}/object"' in html
    for typed, why in ((" ", "Please say why"), ("long " * 101, "500 characters at most")):
        refused = await world.amina.page("POST", f"{address}/object", data={"reason": typed})
        asked = refused.text.partition('<details class="ask" open>')[2].partition("</details>")[0]
        assert why in asked  # beside its field, with what was typed
        assert typed.strip() in asked
    assert (await world.amina.page("POST", f"{address}/object", data={"reason": "I was alone"})).status_code == 303
    assert f'action="{address}/decide/as-said"' in (await world.njeri.page("GET", address)).text
    assert "I was alone" in (await world.njeri.page("GET", address)).text
    assert "I was alone" not in (await world.otieno.page("GET", address)).text


async def test_kept_longer_by_json(world: apps.World) -> None:
    session = await world.approved("amina")
    extended = await twice(world, world.otieno, "POST", f"/api/sessions/{session['id']}/extend", json={"reason": "ill"})
    assert extended["holdUntil"] > session["holdUntil"]


async def test_nobody_is_asked_to_object_when_it_is_too_late(world: apps.World) -> None:
    session = await confirmed(world, 20)
    assert (await world.otieno.api("POST", f"/api/sessions/{session['id']}/no-show", json={})).status_code == 200
    assert "Is that not so?" in (await world.amina.page("GET", f"/s/{session['reference']}")).text
    async with world.db.connection() as conn:
        await conn.execute(
            "update sessions.session set ended_at = ended_at - interval '25 hours' where id = $1::uuid", session["id"]
        )
    assert "Is that not so?" not in (await world.amina.page("GET", f"/s/{session['reference']}")).text
