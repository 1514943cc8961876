"""Good requests around a session: from asking to giving back, as JSON and on its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from api.changes import GOOD, Ask, Form, Good, Scene, Staged, good
from kikao.directory.rules import code_of
from kikao.payments.links import link_hash
from sessions.staging import money_arrives
from support.app import asking
from support.cast import workday

ONE = "/api/sessions/{session_id}"
PENDING, APPROVED, CONFIRMED, IN_PROGRESS = "Pending Approval", "Approved", "Confirmed", "In Progress"
WHY = {"reason": "unwell"}
CODE = {"transactionCode": "UKM1234567"}

# Route, status that it begins from, who, what is sent.
VERBS: tuple[tuple[str, str, str, Form], ...] = (
    (f"PUT {ONE}/approve", PENDING, "otieno", {}),
    ("POST /s/{reference}/approve", PENDING, "otieno", {}),
    (f"PUT {ONE}/decline", PENDING, "otieno", WHY),
    ("POST /s/{reference}/decline", PENDING, "otieno", WHY),
    (f"POST {ONE}/cancel", APPROVED, "amina", WHY),
    (f"DELETE {ONE}", APPROVED, "amina", {}),
    ("POST /s/{reference}/cancel", APPROVED, "amina", WHY),
    (f"POST {ONE}/extend", PENDING, "otieno", WHY),
    ("POST /s/{reference}/extend", PENDING, "otieno", WHY),
    (f"PUT {ONE}/end-call", IN_PROGRESS, "amina", {}),
    (f"POST {ONE}/complete", CONFIRMED, "otieno", {}),
    ("POST /s/{reference}/complete", IN_PROGRESS, "otieno", {}),
    (f"POST {ONE}/break-off", IN_PROGRESS, "otieno", WHY),
    ("POST /s/{reference}/break-off", IN_PROGRESS, "otieno", WHY),
    (f"PUT {ONE}/link", PENDING, "otieno", {"meetingLink": "https://meet.example.test/1"}),
    ("POST /s/{reference}/link", PENDING, "otieno", {"link": "https://meet.example.test/1"}),
    (f"POST {ONE}/no-show", CONFIRMED, "amina", {}),
    ("POST /s/{reference}/no-show", CONFIRMED, "otieno", {}),
    (f"POST {ONE}/objection", "No Show", "amina", WHY),
    ("POST /s/{reference}/object", "No Show", "amina", WHY),
    (f"POST {ONE}/correct", "Completed", "otieno", WHY),
    (f"POST {ONE}/submit-payment", APPROVED, "amina", CODE),
    (f"PUT {ONE}/verify-payment", APPROVED, "wambui", {"method": "cash", "number": "C7", "amount": 2500}),
    ("POST /s/{reference}/verify", APPROVED, "makena", {"method": "cash", "number": "C8", "amount": "2,500"}),
    (f"POST {ONE}/waive", APPROVED, "njeri", WHY),
    ("POST /s/{reference}/waive", APPROVED, "njeri", WHY),
    ("POST /s/{reference}/ring", APPROVED, "wambui", {"phone": "0700000041"}),
)


def _from(status: str, who: str, form: Form) -> Good:
    async def make(scene: Scene) -> Ask:
        return Ask(who, form, (await scene.session(status)).names)

    return make


GOOD.update({route: _from(status, who, form) for route, status, who, form in VERBS})


# what needs a story -------------------------------------------------------------------------------


@good(f"PUT {ONE}/start-call")
async def start_call(scene: Scene) -> Ask:
    return Ask("amina", names=(await scene.session(CONFIRMED, scene.now, buffer=0)).names)


@good("POST /s/{reference}/start")
async def start(scene: Scene) -> Ask:
    found = await scene.session(CONFIRMED, scene.now, client="baraka", psychologist="wanjiru", buffer=0)
    return Ask("wanjiru", names=found.names)


async def _objected(scene: Scene) -> Staged:
    found = await scene.session("No Show")
    await scene.must("amina", "POST", f"/api/sessions/{found.id}/objection", WHY)
    return found


@good(f"PUT {ONE}/objection")
async def decide(scene: Scene) -> Ask:
    return Ask("njeri", WHY, (await _objected(scene)).names)


@good("POST /s/{reference}/decide/{side}")
async def decide_on_its_page(scene: Scene) -> Ask:
    return Ask("njeri", WHY, {**(await _objected(scene)).names, "side": "as-said"})


@good("POST /s/{reference}/correct/{way}")
async def correct(scene: Scene) -> Ask:
    return Ask("otieno", WHY, {**(await scene.session("No Show")).names, "way": "completed"})


async def _typed(scene: Scene, code: str) -> Staged:
    found = await scene.session(APPROVED)
    await scene.must("amina", "POST", f"/api/sessions/{found.id}/submit-payment", {"transactionCode": code})
    return found


@good(f"PUT {ONE}/reject-payment")
async def reject(scene: Scene) -> Ask:
    return Ask("wambui", WHY, (await _typed(scene, "UKM1234568")).names)


@good("POST /s/{reference}/reject")
async def reject_on_its_page(scene: Scene) -> Ask:
    return Ask("makena", WHY, (await _typed(scene, "UKM1234569")).names)


@good("POST /s/{reference}/code")
async def type_a_code(scene: Scene) -> Ask:
    return Ask("amina", {"transaction_code": "UKM1234560"}, (await scene.session(APPROVED)).names)


async def _paid_and_cancelled(scene: Scene, client: str) -> Staged:
    """So late that nothing comes back by the terms."""
    start = scene.now + timedelta(hours=2 if client == "halima" else 4)
    found = await scene.session(APPROVED, start, client=client, psychologist="wanjiru")
    async with scene.world.db.transaction() as conn:
        await money_arrives(conn, found.id, 2500, scene.now)
    await scene.must(client, "POST", f"/api/sessions/{found.id}/cancel", {})
    return found


@good(f"POST {ONE}/give-back")
async def give_back(scene: Scene) -> Ask:
    return Ask("njeri", {"amount": 2500, **WHY}, (await _paid_and_cancelled(scene, "halima")).names)


@good("POST /s/{reference}/give-back")
async def give_back_on_its_page(scene: Scene) -> Ask:
    return Ask("njeri", {"amount": "2500", **WHY}, (await _paid_and_cancelled(scene, "baraka")).names)


# asking and booking -------------------------------------------------------------------------------


def _free(scene: Scene, hour: int) -> Any:
    return workday(scene.now, ahead=40, hour=hour)


@good("POST /api/sessions/request")
async def request(scene: Scene) -> Ask:
    return Ask("baraka", asking(scene.cast.wanjiru, _free(scene, 9)))


@good("POST /api/sessions")
async def book(scene: Scene) -> Ask:
    await scene.session("Completed", client="baraka", psychologist="wanjiru")  # a client of hers
    person = str(scene.cast.baraka.person_id)
    return Ask("wanjiru", {**asking(scene.cast.wanjiru, _free(scene, 11)), "personId": person})


@good("POST /t/{slug}/request")
async def ask(scene: Scene) -> Ask:
    form = {"k": code_of("Individual"), "start": _free(scene, 13).isoformat()}
    return Ask("halima", form, {"slug": f"kbt{scene.cast.wanjiru.number:03d}"})


@good("POST /book/{person_id}")
async def book_on_a_page(scene: Scene) -> Ask:
    form = {"t": f"kbt{scene.cast.wanjiru.number:03d}", "k": code_of("Individual"),
            "start": _free(scene, 15).isoformat()}  # fmt: skip
    await scene.session("Completed", client="halima", psychologist="wanjiru")
    return Ask("wanjiru", form, {"person_id": scene.cast.halima.person_id})


# paying -------------------------------------------------------------------------------------------


@good("POST /api/mpesa/initiate")
async def initiate(scene: Scene) -> Ask:
    found = await scene.session(APPROVED)
    return Ask("amina", {"sessionId": str(found.id), "phoneNumber": "0700000042"})


@good("POST /p/{token}")
async def pay(scene: Scene) -> Ask:
    found = await scene.session(APPROVED)
    link = await scene.world.pay_link({"id": str(found.id)})
    await scene.value(
        "update payments.charge set link_hash = $2 where purpose_id = $1", found.id, link_hash(link))
    return Ask("nobody", {"phone": "0700000043"}, {"token": link})
