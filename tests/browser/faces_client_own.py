"""Faces of what somebody signed in calls their own: sessions, account, consent, people, payments."""

from __future__ import annotations

from datetime import timedelta

from kikao.core.clock import utc_now
from kikao.sessions import rules
from support.cast import PASSWORD

from .faces import Stage, face
from .faces_client import staged


@face("GET /me", "empty", who="baraka")
@face("GET /me", "full")
@face("GET /me", "full", who="otieno", note="of a psychologist")
async def own_sessions(here: Stage) -> None:
    await here.goto("/me")


@face("GET /me", "empty", who="baraka", note="past")
@face("GET /me", "full", note="past")
async def own_past(here: Stage) -> None:
    await here.goto("/me?show=past")


@face("GET /me", "expired")
async def sign_in_has_ended(here: Stage) -> None:
    await here.end_sign_ins(here.cast.amina)
    await here.goto("/me")


@face("GET /me", "loading")
async def on_the_way_to_a_list(here: Stage) -> None:
    await here.goto("/me")
    await here.hold()
    await here.page.locator(".tabs a[href='/me/payments']").click()
    await here.page.locator(".busy:not(:empty)").wait_for()


@face("GET /me/payments", "empty", who="baraka")
@face("GET /me/payments", "full")
async def own_payments(here: Stage) -> None:
    await here.goto("/me/payments")


# account ------------------------------------------------------------------------------------------


@face("GET /me/account", "empty", who="baraka")
@face("GET /me/account", "full")
async def account(here: Stage) -> None:
    await here.goto("/me/account")


@face("POST /me/account/reading", "error")
async def no_such_zone(here: Stage) -> None:
    await here.goto("/me/account")
    await here.page.locator("[name=time_zone] option").last.evaluate("one => { one.value = 'Nowhere/At_All' }")
    await here.page.locator("[name=time_zone]").select_option("Nowhere/At_All")
    await here.press("/me/account/reading")


@face("POST /me/account/password", "error")
async def not_the_old_password(here: Stage) -> None:
    await here.goto("/me/account")
    await here.fill(current_password="not the one", new_password="short")
    await here.press("/me/account/password")


async def of_the_new_contact(here: Stage, password: str = PASSWORD) -> None:
    await here.page.locator("form[action='/me/account/contacts'] [name=password]").fill(password)


async def beside_a_contact(here: Stage, verb: str) -> None:
    """The password into the question before this verb, unseen: another face shows it."""
    field = here.page.locator(f"form[action$='/{verb}'] [name=password]").first
    await field.evaluate("(one, typed) => { one.value = typed }", PASSWORD)


@face("POST /me/account/contacts", "error")
async def not_their_password(here: Stage) -> None:
    await here.goto("/me/account")
    await here.fill(contact="0700 000 052")
    await of_the_new_contact(here, "not the one")
    await here.press("/me/account/contacts")


@face("POST /me/account/contacts", "expired")
async def contact_of_somebody_whose_sign_in_ended(here: Stage) -> None:
    await here.goto("/me/account")
    await here.fill(contact="0700 000 052")
    await of_the_new_contact(here)
    await here.end_sign_ins(here.cast.amina)
    await here.press("/me/account/contacts")


@face("POST /me/account/contacts/{contact_id}/remove", "full", pressed=True)
async def take_a_contact_away(here: Stage) -> None:
    await here.goto("/me/account")
    await here.ask("remove")


@face("POST /me/account/contacts/{contact_id}/remove", "error")
async def the_last_one_stays(here: Stage) -> None:
    """Asked twice, in two windows: one contact is left, and stays."""
    contacts = "update accounts.contact_point set proved_at = {} where person_id = $1 and kind = 'email'"
    await here.goto("/me/account")
    await here.db.pool.execute(contacts.format("null"), here.cast.amina.person_id)
    await beside_a_contact(here, "remove")
    await here.press("/me/account/contacts/[^/]+/remove")
    await here.db.pool.execute(contacts.format("now()"), here.cast.amina.person_id)


@face("POST /me/account/contacts/{contact_id}/not-sign-in", "error")
async def not_their_password_beside_a_contact(here: Stage) -> None:
    await here.goto("/me/account")
    await here.press("/me/account/contacts/[^/]+/not-sign-in")


@face("POST /me/account/contacts/{contact_id}/sign-in", "error", who="otieno")
async def nor_to_sign_in_with_it(here: Stage) -> None:
    await here.db.pool.execute("delete from accounts.login where name = $1", here.cast.otieno.phone)
    await here.goto("/me/account")
    await here.press("/me/account/contacts/[^/]+/sign-in")


@face("POST /me/account/contacts/{contact_id}/prove", "error")
async def codes_too_often(here: Stage) -> None:
    for _time in range(4):
        await here.goto("/me/account")
        await beside_a_contact(here, "prove")
        await here.press("/me/account/contacts/[^/]+/prove")


@face("GET /me/account/consent", "full")
@face("GET /me/account/consent", "empty", who="njeri")
async def consent(here: Stage) -> None:
    await here.goto("/me/account/consent")


@face("POST /me/account/consent", "error", who="njeri")
async def not_agreed(here: Stage) -> None:
    await here.goto("/me/account/consent")
    await here.press("/me/account/consent")


@face("POST /me/account/consent/{person_id}/withdraw", "full", pressed=True)
async def take_consent_back(here: Stage) -> None:
    await here.goto("/me/account/consent")
    await here.ask("withdraw")


# those whom one acts for --------------------------------------------------------------------------


@face("GET /me/people", "empty", who="baraka")
@face("GET /me/people", "full", who="halima")
async def people(here: Stage) -> None:
    await here.goto("/me/people")


@face("POST /me/people", "error", who="halima")
async def too_old_to_be_acted_for(here: Stage) -> None:
    await here.goto("/me/people")
    await here.fill(name="Kioko", birthDate="1990-01-01")
    await here.press("/me/people")


@face("POST /me/people", "expired", who="halima")
async def signed_out_meanwhile(here: Stage) -> None:
    await here.goto("/me/people")
    await here.fill(name="Kioko", birthDate="2019-01-01")
    await here.end_sign_ins(here.cast.halima)
    await here.press("/me/people")


@face("GET /kept", "full", who="halima")
async def signed_in_again(here: Stage) -> None:
    await signed_out_meanwhile(here)
    await here.fill(login=here.cast.halima.email, password=PASSWORD)
    await here.press("/sign-in")


@face("POST /me/people/{person_id}/end", "full", who="halima", pressed=True)
async def stop_acting(here: Stage) -> None:
    await here.goto("/me/people")
    await here.ask("end")


@face("POST /me/people/{person_id}/agree", "error", who="halima")
async def not_agreed_for_them(here: Stage) -> None:
    """Consent was taken back; the form stands there again."""
    withdrawn = "update accounts.consent set withdrawn_at = {0}, withdrawn_by = {1} where person_id = $1"
    await here.db.pool.execute(
        withdrawn.format("now()", f"'{here.cast.halima.account_id}'"), here.cast.zuri.person_id
    )
    await here.goto("/me/people")
    await here.press("/me/people/[^/]+/agree")
    await here.db.pool.execute(withdrawn.format("null", "null"), here.cast.zuri.person_id)


# one session --------------------------------------------------------------------------------------


@face("GET /s/{reference}", "full", who="halima", note="not answered yet")
async def not_answered_yet(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['asked']}")


@face("GET /s/{reference}", "full", note="to pay")
async def accepted(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['to_pay']}")


@face("GET /s/{reference}", "full", note="confirmed")
async def confirmed(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['paid']}")


@face("GET /s/{reference}", "error")
async def somebody_elses(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['asked']}")


@face("GET /s/{reference}", "expired")
async def lapsed(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['lapsed']}")


@face("POST /s/{reference}/cancel", "full", pressed=True)
async def about_to_cancel(here: Stage) -> None:
    await here.goto(f"/s/{here.facts['paid']}")
    await here.ask("cancel")


@face("POST /s/{reference}/cancel", "expired", who="baraka", note="the hold is over")
async def cancelled_too_late(here: Stage) -> None:
    await staged(here, "lapses", rules.APPROVED, hour=16, ahead=9, client=here.cast.baraka)
    await here.goto(f"/s/{here.facts['lapses']}")
    past = utc_now() - timedelta(minutes=1)
    await here.db.pool.execute(
        "update sessions.session set hold_until = $2, due_at = $2 where reference = $1", here.facts["lapses"], past
    )
    await here.press("/s/[^/]+/cancel")


@face("POST /s/{reference}/code", "error")
async def no_such_code(here: Stage) -> None:
    await here.goto(here.facts["to_pay_link"])
    await here.fill(transaction_code="12")
    await here.press("/s/[^/]+/code")


@face("POST /s/{reference}/no-show", "full", who="baraka", pressed=True)
async def about_to_say_that_nobody_came(here: Stage) -> None:
    await staged(here, "begun", rules.CONFIRMED, hour=-30, ahead=0, client=here.cast.baraka)
    await here.goto(f"/s/{here.facts['begun']}")
    await here.ask("no-show")


@face("POST /s/{reference}/object", "error", who="baraka")
async def objects_without_a_word(here: Stage) -> None:
    await here.db.pool.execute(
        "update sessions.session set status = 'No Show', absent = 'client', ended_at = now(), ended_by = $2,"
        " due_at = now() + interval '1 day' where reference = $1", here.facts["begun"], here.cast.otieno.account_id,
    )
    await here.goto(f"/s/{here.facts['begun']}")
    await here.ask("object")
    await here.press("/s/[^/]+/object")
