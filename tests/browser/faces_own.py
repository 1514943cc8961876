"""A psychologist's own pages in their faces; and a time that the practice books for somebody."""

from __future__ import annotations

from urllib.parse import urlencode

from playwright.async_api import expect

from kikao.core.clock import utc_now
from kikao.core.ids import new_id
from support.cast import workday

from .faces import Stage, face, fills
from .faces_forms import REFUSED, asked, fill_in, refused, send
from .faces_practice import a_practice_at_work

LISTS = ("calendar", "clients", "earnings", "hours/days")
FORMS = ("hours", "hours/numbers", "profile", "rates", "clients/{halima}")
CLIENT = "/me/clients/{halima}"


@fills
async def at_work(here: Stage) -> None:
    await a_practice_at_work(here)


def a_page(name: str, which: str, who: str) -> None:
    route = f"/me/{name}".replace("{halima}", "{person_id}")

    @face(f"GET {route}", which, who=who)
    async def opened(here: Stage) -> None:
        await here.goto(f"/me/{name}".format(**here.facts))


for _name in LISTS:
    a_page(_name, "empty", "wanjiru")
for _name in ("calendar", "clients", "earnings", *FORMS):
    if _name != "hours/numbers":
        a_page(_name, "full", "otieno")


@face("GET /me/hours/numbers", "full", who="otieno")
async def numbers_of_ones_own(here: Stage) -> None:
    """Looked at, and given back to the practice."""
    change = ("update availability.calendar set buffer_minutes = $2, notice_minutes = $3, horizon_days = $4,"
              " step_minutes = $5 where psychologist_id = $1")
    await here.db.pool.execute(change, here.cast.otieno.person_id, 10, 1440, 90, 15)
    await here.goto("/me/hours/numbers")
    await here.db.pool.execute(change, here.cast.otieno.person_id, None, None, None, None)


@face("GET /me/hours", "empty", who="wanjiru")
async def no_hours_yet(here: Stage) -> None:
    """Looked at, and put back."""
    async with here.db.transaction() as conn:
        week = await conn.fetch(
            "delete from availability.hours where psychologist_id = $1 returning id, psychologist_id, weekday,"
            " from_minute, until_minute, modes", here.cast.wanjiru.person_id)
    await here.goto("/me/hours")
    await here.db.pool.executemany(
        "insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)"
        " values ($1, $2, $3, $4, $5, $6)", [tuple(row.values()) for row in week])


async def a_day_off(here: Stage, ahead: int = 20) -> str:
    day_id = new_id()
    await here.db.pool.execute(
        "insert into availability.exception (id, psychologist_id, on_date, kind, created_at, created_by)"
        " values ($1, $2, $3, 'off', now(), $4)",
        day_id, here.cast.otieno.person_id, workday(utc_now(), ahead=ahead).date(), here.cast.otieno.account_id)
    return str(day_id)


@face("GET /me/hours/days", "full", who="otieno")
async def days_that_differ(here: Stage) -> None:
    await a_day_off(here)
    await here.goto("/me/hours/days")


@face("POST /me/hours/days/{exception_id}/remove", "error", who="otieno", pressed=False)
async def out_already(here: Stage) -> None:
    day_id = await a_day_off(here, ahead=21)
    await here.goto("/me/hours/days")
    await here.db.pool.execute("delete from availability.exception where id::text = $1", day_id)
    await here.press(f"/me/hours/days/{day_id}/remove")
    await expect(here.page.locator(REFUSED).first).to_be_visible()




@face("POST /me/hours", "error", who="otieno")
async def ends_before_it_begins(here: Stage) -> None:
    await here.goto("/me/hours")
    await send(here, "/me/hours", **{"from-0": "17:00", "to-0": "09:00"})


refused("POST /me/hours/days", "/me/hours/days", "otieno", kind="extra", from_="17:00", to="09:00")
refused("POST /me/hours/numbers", "/me/hours/numbers", "otieno", buffer="-1", notice="9999", horizon="0", step="1")
refused("POST /me/profile", "/me/profile", "otieno", title="", meeting_link="meet me", bio="A long text of mine.")
refused("POST /me/profile", "/me/profile", "otieno", note="a language", pressed=False, other_languages="Swedhili")
refused("POST /me/rates", "/me/rates", "otieno", amount="many", minutes="50")
refused("POST /me/clients/{person_id}/rate", CLIENT, "otieno", amount="2000", minutes="5")
asked("POST /me/clients/{person_id}/close", CLIENT, "/close", "otieno")


@face("POST /me/hours", "error", who="otieno", note="outside", pressed=False)
async def no_day_is_left(here: Stage) -> None:
    await here.goto("/me/hours")
    await send(here, "/me/hours", **{f"gone-{number}": "yes" for number in range(5)})


@face("POST /me/hours/days", "error", who="otieno", note="outside", pressed=False)
async def a_day_with_sessions(here: Stage) -> None:
    await here.goto("/me/hours/days")
    await send(here, "/me/hours/days", date=str(workday(utc_now()).date()))


@face("POST /me/profile", "expired", who="otieno")
async def signed_out_meanwhile(here: Stage) -> None:
    await here.goto("/me/profile")
    await fill_in(here, "/me/profile", bio="A long text of mine.")
    await here.end_sign_ins(here.cast.otieno)
    await here.press("/me/profile")
    await expect(here.page.locator("main [name=login]")).to_be_visible()


# a time that the practice books -----------------------------------------------------------------------


@face("GET /book/{person_id}", "empty", who="wambui")
async def nobody_lets_the_desk_answer(here: Stage) -> None:
    await here.goto(f"/book/{here.cast.kamau.person_id}")


@face("GET /book/{person_id}", "full", who="njeri", note="with whom")
async def with_whom(here: Stage) -> None:
    """Of two who let the desk book; one of them is listed for this look alone."""
    await here.db.pool.execute("update directory.psychologist set desk_may_answer = true")
    listed = ("update directory.psychologist set status = $2, public_yes_at = $3::timestamptz,"
              " licence_until = ($3::timestamptz + interval '1 year')::date where id = $1")
    await here.db.pool.execute(listed, here.cast.wanjiru.person_id, "listed", utc_now())
    await here.goto(f"/book/{here.cast.kamau.person_id}")
    await here.db.pool.execute(listed, here.cast.wanjiru.person_id, "waiting", None)
    await expect(here.page.locator("main .rows a[href*='t=kbt01']")).to_have_count(2)


@face("GET /book/{person_id}", "full", who="njeri", note="when")
async def when(here: Stage) -> None:
    await here.goto(f"/book/{here.cast.kamau.person_id}?t=kbt011")
    await expect(here.page.locator("main .chips a[href*='start=']").first).to_be_visible()


async def check(here: Stage, **typed: str) -> None:
    day = str(workday(utc_now(), ahead=10).date())
    await here.goto(f"/book/{here.cast.kamau.person_id}?{urlencode({'t': 'kbt011', 'on': day} | typed)}")


@face("GET /book/{person_id}", "error", who="njeri", note="no time of day")
async def no_time_of_day(here: Stage) -> None:
    await check(here, at="")
    await expect(here.page.locator("main [aria-invalid=true]").first).to_be_visible()


@face("GET /book/{person_id}", "full", who="njeri", note="check")
async def one_that_is_free(here: Stage) -> None:
    await when(here)
    first = await here.page.locator("main .chips a[href*='start=']").first.get_attribute("href")
    await here.goto(str(first))
    await expect(here.page.locator("main form input[type=hidden][name=start]")).to_have_count(1)
    await expect(here.page.locator(REFUSED)).to_have_count(0)


@face("GET /book/{person_id}", "full", who="njeri", note="check, taken")
async def one_that_is_taken(here: Stage) -> None:
    await check(here, at="10:00")
    await expect(here.page.locator("main [data-focus]")).to_be_visible()
    await expect(here.page.locator("main form input[type=radio][name=start]").first).to_be_attached()


@face("POST /book/{person_id}", "error", who="njeri", note="without a reason")
async def against_a_rule(here: Stage) -> None:
    await check(here, at="19:10")
    await send(here, "/book/[^/]+", reason="")


@face("POST /book/{person_id}", "error", who="njeri", note="taken meanwhile", pressed=False)
async def taken_meanwhile(here: Stage) -> None:
    """By somebody at another desk: the nearest free ones stand there instead."""
    await check(here, at="11:00")
    hidden = await here.page.evaluate("Object.fromEntries(new FormData([...document.forms].find("
                                      "one => (one.getAttribute('action') || '').startsWith('/book/'))))")
    hidden.pop("idempotency_key")
    taken = await here.page.request.post(f"{here.url}/book/{here.cast.amina.person_id}", form=hidden)
    assert taken.ok
    await here.press("/book/[^/]+")
    await expect(here.page.locator("main form input[type=radio][name=start]").first).to_be_attached()
