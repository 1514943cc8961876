"""Good requests of people about themselves, and of the desk about a caller."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.changes import Ask, Form, Scene, good
from kikao.accounts.signing_in import open_sign_in
from support.cast import PASSWORD
from support.people import USUAL

NEW = "a warm cup of chai"
CODES = "/code/{verification_id}"
CONTACT = "/me/account/contacts/{contact_id}"
CALLER = "/practice/caller/{person_id}"


def agreed(scene: Scene) -> Form:
    return {"consent": "1", "agreed": "1", "consent_text": str(scene.cast.consent_text_id), "how": "voice"}


# signing up and in --------------------------------------------------------------------------------


async def _registered(scene: Scene, **contact: str) -> str:
    """Of somebody new; the id of their code."""
    text = {"textId": str(scene.cast.consent_text_id), "language": "en"}
    form = {"name": "Chebet", "password": PASSWORD, "consent": text, **contact}
    answer = await scene.must("nobody", "POST", "/api/users/register", form)
    return str(answer.json()["verificationId"])


@good("POST /api/users/register")
async def register(scene: Scene) -> Ask:
    text = {"textId": str(scene.cast.consent_text_id), "language": "en"}
    return Ask("nobody", {"name": "Chebet", "password": PASSWORD, "consent": text, "phone": "0700000051"})


@good("POST /sign-up")
async def sign_up(scene: Scene) -> Ask:
    form = {"name": "Chebet", "contact": "0700000052", "password": PASSWORD, **agreed(scene)}
    return Ask("nobody", form)


@good("POST /api/verification/verify")
async def verify(scene: Scene) -> Ask:
    about = await _registered(scene, phone="0700000053")
    return Ask("nobody", {"verificationId": about, "code": await scene.code(about)})


@good(f"POST {CODES}")
async def type_the_code(scene: Scene) -> Ask:
    about = await _registered(scene, phone="0700000054")
    return Ask("nobody", {"code": await scene.code(about)}, {"verification_id": about})


async def _known(scene: Scene) -> tuple[str, str]:
    """Somebody new gave Baraka's number and typed its code: the id, and the ticket that the page shows."""
    about = await _registered(scene, phone="0700000004")
    await scene.must("nobody", "POST", f"/code/{about}", {"code": await scene.code(about)})
    return about, scene.vault.digest("accounts.ticket", about).hex()


@good(f"POST {CODES}/join")
async def join(scene: Scene) -> Ask:
    about, ticket = await _known(scene)
    form = {"ticket": ticket, "login": "0700000004", "password": PASSWORD}
    return Ask("nobody", form, {"verification_id": about})


@good(f"POST {CODES}/else")
async def someone_else(scene: Scene) -> Ask:
    about, ticket = await _known(scene)
    return Ask("nobody", {"ticket": ticket, "login": "chebet.njoki"}, {"verification_id": about})


@good("POST /api/users/login")
async def login(_scene: Scene) -> Ask:
    return Ask("nobody", {"login": "0700000001", "password": PASSWORD})


@good("POST /sign-in")
async def sign_in(_scene: Scene) -> Ask:
    return Ask("nobody", {"login": "amina@example.test", "password": PASSWORD})


@good("POST /api/users/logout", "POST /sign-out", "POST /leave")
async def sign_out(_scene: Scene) -> Ask:
    return Ask("makena")


async def _asked_for_a_reset(scene: Scene) -> str:
    answer = await scene.must("nobody", "POST", "/api/users/password/forgot", {"contact": "halima@example.test"})
    return str(answer.json()["resetId"])


@good("POST /api/users/password/reset")
async def reset(scene: Scene) -> Ask:
    about = await _asked_for_a_reset(scene)
    return Ask("nobody", {"resetId": about, "code": await scene.code(about, "reset"), "password": NEW})


@good("POST /reset/{reset_id}")
async def reset_on_a_page(scene: Scene) -> Ask:
    about = await _asked_for_a_reset(scene)
    form = {"code": await scene.code(about, "reset"), "password": NEW}
    return Ask("nobody", form, {"reset_id": about})


@good("PUT /api/users/password")
async def password(_scene: Scene) -> Ask:
    return Ask("amina", {"currentPassword": PASSWORD, "newPassword": NEW})


@good("POST /me/account/password")
async def password_on_a_page(_scene: Scene) -> Ask:
    return Ask("wanjiru", {"current_password": PASSWORD, "new_password": NEW})


@good("POST /me/account/sign-ins/end-others")
async def end_others(_scene: Scene) -> Ask:
    return Ask("wambui")


@good("POST /me/account/sign-ins/{sign_in_id}/end")
async def end_one(scene: Scene) -> Ask:
    async with scene.world.db.transaction() as conn:
        await open_sign_in(
            conn, scene.cast.baraka.account_id, kind="page", own_phone=True, now=scene.now, numbers=USUAL
        )
    newest = "select id from accounts.sign_in where account_id = $1 order by id desc limit 1"
    return Ask("baraka", names={"sign_in_id": await scene.value(newest, scene.cast.baraka.account_id)})


# one's own account --------------------------------------------------------------------------------


@good("POST /me/account/reading")
async def reading(_scene: Scene) -> Ask:
    return Ask("amina", {"language": "sw", "time_zone": "Africa/Kampala"})


@good("POST /language")
async def language(_scene: Scene) -> Ask:
    return Ask("halima", {"language": "sw", "next": "/me"})


@good("POST /me/account/consent")
async def consent(scene: Scene) -> Ask:
    return Ask("otieno", agreed(scene))


@good("POST /me/account/consent/{person_id}/withdraw")
async def withdraw(scene: Scene) -> Ask:
    return Ask("baraka", names={"person_id": scene.cast.baraka.person_id})


@good("POST /me/account/contacts")
async def contact(_scene: Scene) -> Ask:
    return Ask("baraka", {"contact": "0700000055", "password": PASSWORD})


async def _contact(scene: Scene, who: str, kind: str = "phone") -> UUID:
    found: UUID = await scene.value(
        "select id from accounts.contact_point where person_id = $1 and kind = $2 order by proved_at limit 1",
        getattr(scene.cast, who).person_id, kind,
    )
    return found


@good(f"POST {CONTACT}/choose")
async def choose(scene: Scene) -> Ask:
    return Ask("otieno", names={"contact_id": await _contact(scene, "otieno")})


@good(f"POST {CONTACT}/not-sign-in")
async def not_sign_in(scene: Scene) -> Ask:
    return Ask("otieno", {"password": PASSWORD}, names={"contact_id": await _contact(scene, "otieno")})


@good(f"POST {CONTACT}/sign-in")
async def sign_in_with(scene: Scene) -> Ask:
    found = await _contact(scene, "njeri")
    await scene.must("njeri", "POST", f"/me/account/contacts/{found}/not-sign-in", {"password": PASSWORD})
    return Ask("njeri", {"password": PASSWORD}, names={"contact_id": found})


@good(f"POST {CONTACT}/remove")
async def remove(scene: Scene) -> Ask:
    return Ask("wambui", {"password": PASSWORD}, names={"contact_id": await _contact(scene, "wambui")})


@good("POST /me/people")
async def act_for(scene: Scene) -> Ask:
    form = {"name": "Tumaini", "birthDate": "2019-02-01", "relation": "parent", **agreed(scene)}
    return Ask("halima", form)


@good("POST /api/users/me/people")
async def act_for_by_json(scene: Scene) -> Ask:
    text = {"textId": str(scene.cast.consent_text_id), "language": "en"}
    return Ask("halima", {"name": "Baraka", "birthDate": "2019-02-01", "relation": "parent", "consent": text})


@good("POST /me/people/{person_id}/agree")
async def agree_for(scene: Scene) -> Ask:
    zuri = scene.cast.zuri.person_id
    await scene.must("halima", "POST", f"/me/account/consent/{zuri}/withdraw")
    return Ask("halima", agreed(scene), {"person_id": zuri})


@good("POST /me/people/{person_id}/end", "DELETE /api/users/me/people/{person_id}")
async def end_acting(scene: Scene) -> Ask:
    ask = await act_for_by_json(scene)
    answer = await scene.must("halima", "POST", "/api/users/me/people", ask.form)
    return Ask("halima", names={"person_id": answer.json()["id"]})


# a caller at the desk -----------------------------------------------------------------------------


@good("POST /api/people/search")
async def look_for(_scene: Scene) -> Ask:
    return Ask("wambui", {"who": "Kamau"})


@good("POST /api/people")
async def make(scene: Scene) -> Ask:
    text = {"textId": str(scene.cast.consent_text_id), "how": "voice"}
    return Ask("wambui", {"name": "Chebet", "consent": text, "phone": "0700000056"})


@good("POST /practice/caller/new")
async def make_on_a_page(scene: Scene) -> Ask:
    return Ask("wambui", {"name": "Chebet", "phone": "0700000057", **agreed(scene)})


@good("POST /api/people/{person_id}/code")
async def send_code(scene: Scene) -> Ask:
    return Ask("wambui", {"contact": "0700000058"}, {"person_id": scene.cast.kamau.person_id})


@good(f"POST {CALLER}/code")
async def send_code_on_a_page(scene: Scene) -> Ask:
    return Ask("njeri", {"contact": "0700000059"}, {"person_id": scene.cast.kamau.person_id})


async def _sent(scene: Scene, phone: str) -> str:
    ask: Any = {"contact": phone}
    answer = await scene.must("wambui", "POST", f"/api/people/{scene.cast.kamau.person_id}/code", ask)
    return str(answer.json()["verificationId"])


@good("POST /api/people/code/{verification_id}")
async def read_out(scene: Scene) -> Ask:
    about = await _sent(scene, "0700000060")
    return Ask("wambui", {"code": await scene.code(about)}, {"verification_id": about})


@good(f"POST {CALLER}/read-out")
async def read_out_on_a_page(scene: Scene) -> Ask:
    about = await _sent(scene, "0700000061")
    form = {"sent": about, "code": await scene.code(about)}
    return Ask("wambui", form, {"person_id": scene.cast.kamau.person_id})


@good(f"POST {CALLER}/agree")
async def hear_consent(scene: Scene) -> Ask:
    """For a child: the consent is its mother's, the line is the desk's."""
    return Ask("wambui", agreed(scene), {"person_id": scene.cast.zuri.person_id})


@good(f"POST {CALLER}/child")
async def child(scene: Scene) -> Ask:
    form = {"name": "Neema", "birthDate": "2019-02-01", "relation": "parent", **agreed(scene)}
    return Ask("wambui", form, {"person_id": scene.cast.halima.person_id})


# what leaves none ---------------------------------------------------------------------------------


@good("POST /api/users/password/forgot", "POST /forgot")
async def forgot(_scene: Scene) -> Ask:
    return Ask("nobody", {"contact": "halima@example.test"})


@good("POST /api/verification/resend")
async def resend(scene: Scene) -> Ask:
    return Ask("nobody", {"verificationId": await _registered(scene, phone="0700000062")})


@good(f"POST {CODES}/resend")
async def resend_on_a_page(scene: Scene) -> Ask:
    return Ask("nobody", names={"verification_id": await _registered(scene, phone="0700000063")})


@good(f"POST {CONTACT}/prove")
async def prove(scene: Scene) -> Ask:
    await scene.must("baraka", "POST", "/me/account/contacts", {"contact": "0700000064", "password": PASSWORD})
    newest = "select id from accounts.contact_point where value = '+254700000064'"
    return Ask("baraka", {"password": PASSWORD}, names={"contact_id": await scene.value(newest)})
