"""Faces of the public pages, of signing in and up, and of codes; what makes a client's practice full."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core.clock import utc_now
from kikao.payments.links import link_hash, pay_token
from kikao.sessions import rules
from sessions.staging import money_arrives, stage
from support.cast import PASSWORD, Member, workday

from .faces import Stage, face, fills

TIME = ".chips a.chip[href*='/request']"


async def charge_of(here: Stage, name: str, session_id: UUID) -> None:
    """Its reference, and the link that pays for it, by name."""
    row = await here.db.pool.fetchrow("select reference, charge_id from sessions.session where id = $1", session_id)
    assert row is not None
    token = pay_token(here.vault, row["charge_id"])
    await here.db.pool.execute(
        "update payments.charge set link_hash = $2 where id = $1", row["charge_id"], link_hash(token)
    )
    here.facts |= {name: row["reference"], f"{name}_charge": row["charge_id"], f"{name}_link": f"/p/{token}"}


async def staged(here: Stage, name: str, status: str, *, hour: int = 9, ahead: int = 3, client: Member | None = None,
                 psychologist: Member | None = None, open_no: int = 1, paid: bool = False) -> None:
    cast, now = here.cast, utc_now()
    start = workday(now, ahead=ahead, hour=hour) if ahead > 0 else now - timedelta(days=1 - ahead)
    if ahead == 0:
        start = now.replace(second=0, microsecond=0) + timedelta(minutes=hour)
    async with here.db.transaction() as conn:
        made = await stage(conn, cast, status, start, now if ahead > 0 else now - timedelta(days=30), open_no=open_no,
                           client=client, psychologist=psychologist)
        if paid:
            await money_arrives(conn, made, 2500, now)
    await charge_of(here, name, made)


@fills
async def a_full_life(here: Stage) -> None:
    """Of Amina's: one to pay, one that was lost, one about to begin, one begun, one over, one that gives back."""
    cast = here.cast
    await staged(here, "to_pay", rules.APPROVED)
    await staged(here, "lapsed", rules.EXPIRED, hour=11)
    await staged(here, "soon", rules.CONFIRMED, hour=10, ahead=0, psychologist=cast.wanjiru)
    await staged(here, "over", rules.COMPLETED, ahead=-9)
    await staged(here, "cancelled", rules.CANCELLED, ahead=-20)
    await staged(here, "paid", rules.APPROVED, hour=12, ahead=8, open_no=2, paid=True)
    await staged(here, "back", rules.CANCELLED, hour=15, ahead=8, open_no=2, paid=True)
    await staged(here, "asked", rules.PENDING_APPROVAL, hour=13, client=cast.halima)
    await here.db.pool.execute(
        """
        insert into accounts.contact_point (id, person_id, kind, value, created_at)
        values (gen_random_uuid(), $1, 'phone', '+254700000051', now())
        """,
        cast.amina.person_id,
    )


async def nobody_is_listed(here: Stage, path: str) -> None:
    """As a practice is on its first day."""
    await here.db.pool.execute("update directory.psychologist set status = 'waiting'")
    await here.goto(path)
    await here.db.pool.execute("update directory.psychologist set status = 'listed'")


# public -------------------------------------------------------------------------------------------


@face("GET /", "empty", who=None)
async def no_times_yet(here: Stage) -> None:
    await nobody_is_listed(here, "/")


@face("GET /", "full", who=None)
async def home(here: Stage) -> None:
    await here.goto("/")


@face("GET /team", "empty", who=None)
async def nobody_yet(here: Stage) -> None:
    await nobody_is_listed(here, "/team")


@face("GET /team", "full", who=None)
async def team(here: Stage) -> None:
    await here.goto("/team")


@face("POST /team", "empty", who=None)
async def nobody_fits(here: Stage) -> None:
    await here.goto("/team")
    await here.fill(q="Zebra")
    await here.press("/team")


@face("POST /team", "loading", who=None)
async def looking_for_somebody(here: Stage) -> None:
    await here.goto("/team")
    await here.fill(q="Otieno")
    await here.press_and_wait("/team")


@face("GET /t/{slug}", "full", who=None)
async def one_of_them(here: Stage) -> None:
    await here.goto("/t/kbt011")


@face("GET /t/{slug}", "empty", who=None)
async def nothing_free(here: Stage) -> None:
    before = await here.db.pool.fetchval("select licence_until from directory.psychologist where slug = 'kbt012'")
    change = "update directory.psychologist set licence_until = $1 where slug = 'kbt012'"
    await here.db.pool.execute(change, utc_now().date())
    await here.goto("/t/kbt012")
    await here.db.pool.execute(change, before)


@face("GET /t/{slug}", "loading", who=None)
async def a_time_was_tapped(here: Stage) -> None:
    await here.goto("/t/kbt011")
    await here.hold()
    await here.page.locator(TIME).first.click()
    await here.page.locator(".busy:not(:empty)").wait_for()


async def choose_a_time(here: Stage, slug: str = "kbt011") -> None:
    await here.goto(f"/t/{slug}")
    await here.page.locator(TIME).last.click()
    await here.page.locator("form[action$='/request']").wait_for()


@face("GET /t/{slug}/request", "full", who=None, note="nobody yet")
@face("GET /t/{slug}/request", "full", who="halima")
async def a_request(here: Stage) -> None:
    await choose_a_time(here)


@face("POST /t/{slug}/request", "error", who=None, note="nothing typed")
async def nothing_typed(here: Stage) -> None:
    await choose_a_time(here)
    await here.press("/t/[^/]+/request")


@face("POST /t/{slug}/request", "error", who="halima")
async def note_too_long(here: Stage) -> None:
    await choose_a_time(here)
    await here.page.locator("[name=note]").evaluate("one => { one.maxLength = 900 }")
    await here.fill(note="Kikao " * 100)
    await here.press("/t/[^/]+/request")


@face("POST /t/{slug}/request", "expired", who="halima", note="the time is gone")
async def time_is_gone(here: Stage) -> None:
    await choose_a_time(here)
    start = await here.page.locator("[name=start]").first.get_attribute("value")
    async with here.db.transaction() as conn:
        assert start is not None
        await stage(conn, here.cast, rules.CONFIRMED, datetime.fromisoformat(start.replace(" ", "+")), utc_now(),
                    client=here.cast.baraka)
    await here.fill(note="Asante")
    await here.press("/t/[^/]+/request")


@face("POST /t/{slug}/request", "expired", who="halima")
async def request_of_somebody_whose_sign_in_ended(here: Stage) -> None:
    await choose_a_time(here, "kbt012")
    await here.fill(note="Asante")
    await here.end_sign_ins(here.cast.halima)
    await here.press("/t/[^/]+/request")


@face("GET /t/{slug}", "error", who=None)
async def nobody_of_that_name(here: Stage) -> None:
    await here.goto("/t/nobody")


@face("GET /team", "error", who=None)
async def something_went_wrong(here: Stage) -> None:
    """As when the program and the database do not fit together."""
    await here.db.pool.execute("alter table directory.rate rename to rate_away")
    await here.goto("/team")
    await here.db.pool.execute("alter table directory.rate_away rename to rate")
    here.screen.complaints.clear()  # of the 500, which is meant


# signing in and up --------------------------------------------------------------------------------


@face("GET /sign-in", "full", who=None)
async def sign_in(here: Stage) -> None:
    await here.goto("/sign-in")


@face("POST /sign-in", "error", who=None)
async def wrong_password(here: Stage) -> None:
    await here.goto("/sign-in")
    await here.fill(login="nobody@example.test", password="not the one")
    await here.press("/sign-in")


@face("POST /sign-in", "error", who=None, note="too often")
async def wrong_too_often(here: Stage) -> None:
    for _time in range(6):
        await here.goto("/sign-in")
        await here.fill(login="somebody@example.test", password="not the one")
        await here.press("/sign-in")


@face("POST /sign-out", "full", who="baraka", pressed=False)
async def signed_out(here: Stage) -> None:
    await here.goto("/me")
    await here.press("/sign-out")
    await here.sign_in(here.cast.baraka)


@face("GET /sign-up", "full", who=None)
async def sign_up(here: Stage) -> None:
    await here.goto("/sign-up")


@face("POST /sign-up", "error", who=None)
async def signed_up_with_nothing(here: Stage) -> None:
    await here.goto("/sign-up")
    await here.fill(name="Chebet", contact="12", password="short")
    await here.press("/sign-up")


async def new_code(here: Stage, contact: str) -> UUID:
    """Signs somebody up; the code's page is there."""
    await here.goto("/sign-up")
    await here.fill(name="Chebet", contact=contact, password=PASSWORD)
    await here.page.locator("label[for=f-consent]").click()
    await here.press("/sign-up")
    return UUID(here.page.url.split("/code/")[1].split("?")[0])


@face("GET /code/{verification_id}", "full", who=None)
async def a_code(here: Stage) -> None:
    await new_code(here, "0700 000 041")


@face("POST /code/{verification_id}", "error", who=None)
async def wrong_code(here: Stage) -> None:
    about = await new_code(here, "0700 000 042")
    await here.give_code(about, "123456")
    await here.fill(code="654321")
    await here.press("/code/[^/]+")


async def expired(here: Stage, contact: str) -> None:
    about = await new_code(here, contact)
    await here.give_code(about, "123456")
    await here.db.pool.execute(
        "update accounts.verification set created_at = created_at - interval '1 hour',"
        " expires_at = expires_at - interval '1 hour' where id = $1", about,
    )


@face("GET /code/{verification_id}", "expired", who=None)
async def code_ran_out(here: Stage) -> None:
    await expired(here, "0700 000 043")
    await here.page.reload()


@face("POST /code/{verification_id}", "expired", who=None)
async def code_ran_out_and_was_typed(here: Stage) -> None:
    await expired(here, "0700 000 044")
    await here.fill(code="123456")
    await here.press("/code/[^/]+")


@face("POST /code/{verification_id}/resend", "full", who=None, pressed=True)
async def sent_again(here: Stage) -> None:
    await new_code(here, "0700 000 045")
    await here.press("/code/[^/]+/resend")


@face("POST /code/{verification_id}/resend", "error", who=None)
async def sent_too_often(here: Stage) -> None:
    await new_code(here, "0700 000 046")
    for _time in range(4):
        await here.press("/code/[^/]+/resend")


async def known(here: Stage, contact: str) -> None:
    """The contact is somebody's already, and the code was right: "Is that you?"."""
    about = await new_code(here, contact)
    await here.give_code(about, "123456")
    await here.fill(code="123456")
    await here.press("/code/[^/]+")


@face("POST /code/{verification_id}", "full", who=None, note="somebody signs in with it already", pressed=False)
async def is_that_you(here: Stage) -> None:
    await known(here, here.cast.otieno.phone)


@face("POST /code/{verification_id}/join", "error", who=None)
async def not_that_password(here: Stage) -> None:
    await known(here, here.cast.wanjiru.phone)
    await here.fill(password="not the one")
    await here.press("/code/[^/]+/join")


@face("POST /code/{verification_id}/else", "error", who=None)
async def name_is_taken(here: Stage) -> None:
    await known(here, here.cast.baraka.phone)
    await here.page.locator("form[action$='/else'] [name=login]").fill("a b")
    await here.press("/code/[^/]+/else")


@face("GET /forgot", "full", who=None)
async def forgot(here: Stage) -> None:
    await here.goto("/forgot")


@face("POST /forgot", "error", who=None)
async def forgot_who(here: Stage) -> None:
    await here.goto("/forgot")
    await here.press("/forgot")


async def ask_for_reset(here: Stage, who: Member) -> UUID:
    await here.goto("/forgot")
    await here.fill(contact=who.email)
    await here.press("/forgot")
    link = await here.page.locator("a[href^='/reset/']").get_attribute("href")
    assert link is not None
    return UUID(link.rsplit("/", 1)[1])


@face("POST /forgot", "full", who=None, pressed=False)
async def reset_was_sent(here: Stage) -> None:
    await ask_for_reset(here, here.cast.baraka)


@face("GET /reset/{reset_id}", "full", who=None)
async def reset(here: Stage) -> None:
    await here.goto(f"/reset/{await ask_for_reset(here, here.cast.halima)}")


@face("POST /reset/{reset_id}", "error", who=None)
async def reset_with_a_short_password(here: Stage) -> None:
    await here.goto(f"/reset/{await ask_for_reset(here, here.cast.wanjiru)}")
    await here.fill(code="123456", password="short")
    await here.press("/reset/[^/]+")


@face("POST /reset/{reset_id}", "expired", who=None)
async def reset_ran_out(here: Stage) -> None:
    about = await ask_for_reset(here, here.cast.amina)
    await here.give_code(about, "123456")
    await here.goto(f"/reset/{about}")
    await here.fill(code="123456", password=PASSWORD)
    await here.db.pool.execute(
        "update accounts.verification set created_at = created_at - interval '3 hours',"
        " expires_at = expires_at - interval '3 hours' where id = $1", about,
    )
    await here.press("/reset/[^/]+")
