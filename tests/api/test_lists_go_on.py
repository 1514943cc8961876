"""A list goes on where it ended, by a cursor that belongs to that list with those filters and to no other."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from support import app as apps
from support.refusals import problem
from support.routes import NOT_THERE, all_routes

WHO = {
    "/api/psychologists/me/clients": "otieno", "/api/psychologists/me/exceptions": "otieno",
    "/api/sessions/pending-approval": "otieno",
}  # fmt: skip
# Places as lists of every kind write them, without the list that they belong to.
PLACES = (
    f"2026-11-24T09:00:00+00:00|{NOT_THERE}", f"2026-11-24|{NOT_THERE}", f"{NOT_THERE}|Dr Otieno", "", "x",
)  # fmt: skip


def lists() -> list[str]:
    """Every address of the API that takes a cursor."""
    return sorted({
        path for method, path, handler in all_routes()
        if method == "GET" and path.startswith("/api") and "cursor" in handler.parsed_fn_signature.parameters
    })


def test_there_are_lists() -> None:
    assert {"/api/sessions", "/api/sessions/pending-approval", "/api/public/psychologists"} <= set(lists())


@pytest.mark.parametrize("path", lists())
async def test_a_place_without_its_list_is_refused(house: apps.World, path: str) -> None:
    visitor = house.by_name[WHO.get(path, "njeri")]
    assert (await visitor.api("GET", path)).status_code == 200
    for place in PLACES:
        cursor = base64.urlsafe_b64encode(place.encode()).decode()
        for made_up in (cursor, f"{cursor}.", f"{cursor}.0123456789abcdef"):
            answer = await visitor.api("GET", path, params={"cursor": made_up})
            problem(answer, 422, "invalid", "cursor", "bad_cursor")


async def page(world: apps.World, **asked: Any) -> Any:
    return await world.amina.api("GET", "/api/sessions", params=asked)


async def test_a_cursor_goes_on_in_its_own_list_only(world: apps.World) -> None:
    ids = [(await world.request(hour=hour))["id"] for hour in (10, 12)]
    first = (await page(world, limit=1, status="Pending Approval")).json()
    rest = (await page(world, limit=2, status="Pending Approval", cursor=first["next"])).json()
    assert [one["id"] for one in first["sessions"] + rest["sessions"]] == ids
    assert rest["next"] is None
    for other in ({}, {"status": "Confirmed"}, {"status": "Pending Approval", "from": "2026-01-01T00:00:00+03:00"}):
        problem(await page(world, cursor=first["next"], **other), 422, "invalid", "cursor", "bad_cursor")
