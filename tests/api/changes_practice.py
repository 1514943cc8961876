"""Good requests of psychologists about their own work, and of those who run the practice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.changes import Ask, Form, Scene, good
from kikao.admin.rules import SETTINGS
from support.app import MAKENA
from support.cast import workday

WHY = "people pay on the day itself"
PAY = "sessions.pay_hours"
CLIENT = "/me/clients/{person_id}"
PERSON = "/practice/people/{person_id}"
LISTING = "/practice/listing/{person_id}"

# a psychologist's own work ------------------------------------------------------------------------


@good("PUT /api/psychologists/me")
async def profile(_scene: Scene) -> Ask:
    return Ask("otieno", {"bio": "I listen."})


@good("POST /me/profile")
async def profile_on_a_page(scene: Scene) -> Ask:
    form = {
        "bio": "Calm.", "specialities": "Grief", "languages": "en", "sees": "adults", "session_types": "Individual",
        "modes": "Online", "title": "Counselling psychologist", "board": "Counsellors and Psychologists Board",
        "registration_number": "CPB/0012", "licence_number": "L/0012", "public": "yes", "takes": "asks first",
        "licence_until": (scene.now.date() + timedelta(days=300)).isoformat(),
    }  # fmt: skip
    return Ask("wanjiru", form)


@good("POST /api/psychologists/me/rates")
async def rate(_scene: Scene) -> Ask:
    return Ask("otieno", {"sessionType": "Individual", "amount": 3000, "minutes": 50})


@good("POST /me/rates")
async def rate_on_a_page(_scene: Scene) -> Ask:
    return Ask("wanjiru", {"session_type": "Individual", "amount": "3,100", "minutes": "50"})


@good("PUT /api/psychologists/me/hours")
async def hours(_scene: Scene) -> Ask:
    return Ask("otieno", {"hours": [{"weekday": 1, "from": "09:00", "to": "12:00"}], "keep": True})


@good("POST /me/hours")
async def hours_on_a_page(_scene: Scene) -> Ask:
    form = {"rows": "1", "day-0": "2", "from-0": "09:00", "to-0": "12:00", "online-0": "yes", "keep": "yes"}
    return Ask("wanjiru", form)


def _day(scene: Scene) -> str:
    scene.made += 1
    return workday(scene.now, ahead=20 + scene.made).date().isoformat()


@good("POST /api/psychologists/me/exceptions")
async def day_off(scene: Scene) -> Ask:
    return Ask("otieno", {"date": _day(scene), "kind": "off"})


@good("POST /me/hours/days")
async def day_off_on_a_page(scene: Scene) -> Ask:
    return Ask("otieno", {"date": _day(scene), "kind": "off"})


@good("DELETE /api/psychologists/me/exceptions/{exception_id}", "POST /me/hours/days/{exception_id}/remove")
async def no_day_off(scene: Scene) -> Ask:
    form = {"date": _day(scene), "kind": "off"}
    made = await scene.must("otieno", "POST", "/api/psychologists/me/exceptions", form)
    return Ask("otieno", names={"exception_id": made.json()["id"]})


@good("POST /me/hours/numbers")
async def numbers(_scene: Scene) -> Ask:
    return Ask("otieno", {"zone": "Africa/Nairobi", "buffer": "10"})


async def _client(scene: Scene) -> dict[str, Any]:
    """Somebody more who has asked Dr Wanjiru for a time."""
    await scene.session("Completed", psychologist="wanjiru")
    return {"person_id": scene.cast.amina.person_id}


@good("PUT /api/psychologists/me/clients/{person_id}", f"POST {CLIENT}/taking")
async def client(scene: Scene) -> Ask:
    names = await _client(scene)
    before = await scene.value("select at_once from directory.relation where client_id = $1", names["person_id"])
    return Ask("wanjiru", {"atOnce": not before} if before is None else {"at_once": "no"}, names)


@good(f"POST {CLIENT}/close")
async def close(scene: Scene) -> Ask:
    return Ask("wanjiru", names=await _client(scene))


@good(f"POST {CLIENT}/reopen")
async def reopen(scene: Scene) -> Ask:
    names = await _client(scene)
    await scene.must("wanjiru", "POST", f"/me/clients/{names['person_id']}/close")
    return Ask("wanjiru", names=names)


RATE: Form = {"session_type": "Individual", "amount": "1,200", "minutes": "60"}


@good(f"POST {CLIENT}/rate")
async def agree(scene: Scene) -> Ask:
    return Ask("wanjiru", RATE, await _client(scene))


@good(f"POST {CLIENT}/rate/end")
async def end_rate(scene: Scene) -> Ask:
    names = await _client(scene)
    await scene.must("wanjiru", "POST", f"/me/clients/{names['person_id']}/rate", RATE)
    return Ask("wanjiru", {"session_type": "Individual"}, names)


# listing ------------------------------------------------------------------------------------------


@good("PUT /api/admin/psychologists/{psychologist_id}/list", f"POST {LISTING}/list",
      "PUT /api/admin/psychologists/{psychologist_id}/refuse", f"POST {LISTING}/refuse")
async def list_again(scene: Scene) -> Ask:
    found = scene.cast.wanjiru.person_id
    await scene.value("update directory.psychologist set status = 'waiting' where id = $1", found)
    return Ask("njeri", names={"psychologist_id": found, "person_id": found})


@good("PUT /api/admin/psychologists/{psychologist_id}/disable", f"POST {LISTING}/disable")
async def off_the_list(scene: Scene) -> Ask:
    """Listed by plain SQL first, whatever the request before did."""
    found = scene.cast.wanjiru.person_id
    await scene.value("update directory.psychologist set status = 'listed' where id = $1", found)
    return Ask("njeri", names={"psychologist_id": found, "person_id": found})


@good(f"POST {LISTING}/check")
async def check(scene: Scene) -> Ask:
    return Ask("njeri", names={"person_id": scene.cast.otieno.person_id})


@good(f"POST {LISTING}/grace")
async def grace(scene: Scene) -> Ask:
    until = (scene.now + timedelta(days=310)).date().isoformat()
    return Ask("njeri", {"until": until, "reason": "being renewed"}, {"person_id": scene.cast.otieno.person_id})


@good(f"POST {LISTING}/supervisor")
async def supervisor(scene: Scene) -> Ask:
    await off_the_list(scene)
    form = {"supervisor": str(scene.cast.wanjiru.person_id)}
    return Ask("njeri", form, {"person_id": scene.cast.otieno.person_id})


# people -------------------------------------------------------------------------------------------


@good("POST /practice/hire")
async def hire(_scene: Scene) -> Ask:
    return Ask("njeri", {"name": "Achieng", "email": "achieng@example.test", "roles": "desk"})


@good(f"POST {PERSON}/contacts")
async def open_contacts(scene: Scene) -> Ask:
    return Ask("njeri", names={"person_id": scene.cast.amina.person_id})


@good(f"POST {PERSON}/state")
async def state(scene: Scene) -> Ask:
    form = {"state": "blocked", "reason": "shouted at the desk"}
    return Ask("njeri", form, {"person_id": scene.cast.baraka.person_id})


@good(f"POST {PERSON}/give")
async def give_role(scene: Scene) -> Ask:
    return Ask("njeri", {"role": "finance"}, {"person_id": scene.cast.wambui.person_id})


@good(f"POST {PERSON}/take")
async def take_role(scene: Scene) -> Ask:
    return Ask("njeri", {"role": "desk"}, {"person_id": scene.cast.wambui.person_id})


@good(f"POST {PERSON}/invite")
async def invite(scene: Scene) -> Ask:
    return Ask("njeri", names={"person_id": scene.cast.wambui.person_id})


@good(f"POST {PERSON}/disable")
async def disable(_scene: Scene) -> Ask:
    return Ask("njeri", names={"person_id": MAKENA.person_id})


@good(f"POST {PERSON}/enable")
async def enable(scene: Scene) -> Ask:
    gone = scene.cast.baraka
    await scene.must("njeri", "POST", f"/practice/people/{gone.person_id}/disable")
    return Ask("njeri", names={"person_id": gone.person_id})


# places, numbers for emergencies, settings, terms -------------------------------------------------


async def _place(scene: Scene) -> UUID:
    scene.made += 1
    form = {"name": f"House {scene.made}", "address": f"{scene.made} Elgon Road"}
    return UUID((await scene.must("njeri", "POST", "/api/places", form)).json()["id"])


PLACE = {"name": "Upper Hill", "address": "3 Elgon Road"}


@good("POST /api/places")
async def place(_scene: Scene) -> Ask:
    return Ask("njeri", PLACE)


@good("POST /practice/places")
async def place_on_a_page(_scene: Scene) -> Ask:
    return Ask("njeri", {"name": "Lower Hill", "address": "4 Elgon Road"})


@good("PUT /api/places/{place_id}", "POST /practice/places/{place_id}")
async def correct_place(scene: Scene) -> Ask:
    found = await _place(scene)
    return Ask("njeri", {"name": f"House {scene.made} B", "address": "5 Elgon Road"}, {"place_id": found})


@good("DELETE /api/places/{place_id}", "POST /practice/places/{place_id}/close")
async def close_place(scene: Scene) -> Ask:
    return Ask("njeri", names={"place_id": await _place(scene)})


@good("POST /practice/lines")
async def line(_scene: Scene) -> Ask:
    form = {"name": "Night line", "number": "0700 000 097", "for_whom": "anyone", "hours": "day and night",
            "for_whom_sw": "mtu yeyote", "hours_sw": "usiku na mchana"}
    return Ask("njeri", form)


async def _line(scene: Scene) -> dict[str, Any]:
    last = "select id from directory.emergency_line order by position desc limit 1"
    return {"line_id": await scene.value(last)}


@good("POST /practice/lines/{line_id}/rung", "POST /practice/lines/{line_id}/up",
      "POST /practice/lines/{line_id}/remove")  # fmt: skip
async def about_a_line(scene: Scene) -> Ask:
    return Ask("njeri", names=await _line(scene))


@good("PUT /api/admin/settings")
async def settings(scene: Scene) -> Ask:
    seen = (await scene.must("njeri", "GET", "/api/admin/settings")).json()["version"]
    return Ask("njeri", {"version": seen, "reason": WHY, "settings": [{"name": PAY, "value": 20}]})


@good("POST /practice/settings/{code}")
async def setting(scene: Scene) -> Ask:
    seen = (await scene.must("njeri", "GET", "/api/admin/settings")).json()["version"]
    form = {"seen": str(seen), "reason": WHY, "value": "12"}
    return Ask("njeri", form, {"code": SETTINGS[PAY].code})


@good("PUT /api/admin/terms")
async def terms_by_json(scene: Scene) -> Ask:
    seen = (await scene.must("njeri", "GET", "/api/admin/terms")).json()["seen"]
    return Ask("njeri", {"seen": seen, "reason": WHY, "tiers": [{"hours": 24, "percent": 100}]})


@good("POST /practice/terms")
async def terms(scene: Scene) -> Ask:
    seen = (await scene.must("njeri", "GET", "/api/admin/terms")).json()["seen"]
    form = {"seen": seen, "reason": WHY, "hours0": "24", "percent0": "100"}
    return Ask("njeri", form)


# what leaves none ---------------------------------------------------------------------------------


@good("POST /practice/people", "POST /practice/journal", "POST /practice/caller")
async def find(_scene: Scene) -> Ask:
    return Ask("njeri", {"who": "Amina"})


@good("POST /team")
async def narrow(_scene: Scene) -> Ask:
    return Ask("nobody", {"q": "grief"})


@good("POST /api/mpesa/test-connection")
async def try_the_connection(_scene: Scene) -> Ask:
    return Ask("njeri")
