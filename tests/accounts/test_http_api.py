"""Accounts by JSON, as api.md says."""

import io
import logging
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from kikao.accounts import actions
from kikao.core import logs
from kikao.core.db import Database
from support.cast import PASSWORD, Cast
from support.people import code_of

NEW = "a better one, longer"


async def register(http: httpx.AsyncClient, **changed: Any) -> httpx.Response:
    text = (await http.get("/api/public/consent")).json()
    body = {
        "name": "Chebet", "phone": "0700 000 031", "password": PASSWORD,
        "consent": {"textId": text["textId"], "language": text["language"]},
    } | changed  # fmt: skip
    return await http.post("/api/users/register", json={key: value for key, value in body.items() if value is not None})


async def login(http: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    return await http.post("/api/users/login", json={"login": name, "password": password})


async def bearer(http: httpx.AsyncClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await login(http, name, password)).json()['token']}"}


def problem(answer: httpx.Response) -> tuple[int, str, list[str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["msg"] == body["detail"]
    return answer.status_code, body["code"], [error["field"] for error in body.get("errors", [])]


async def test_register_verify_and_be_somebody(http: httpx.AsyncClient, db: Database, now: datetime) -> None:
    answer = await register(http)
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"verificationId", "channel", "to", "expiresAt"}
    assert (body["channel"], body["to"]) == ("sms", "+2547•••••031")
    assert datetime.fromisoformat(body["expiresAt"]) == now + timedelta(minutes=10)
    code = await code_of(db, UUID(body["verificationId"]), now)
    verified = await http.post(
        "/api/verification/verify", json={"verificationId": body["verificationId"], "code": code}
    )
    assert verified.status_code == 200
    assert set(verified.json()) == {"token", "user"}
    me = await http.get("/api/auth", headers={"Authorization": f"Bearer {verified.json()['token']}"})
    assert me.json() == verified.json()["user"]
    assert set(me.json()) == {"id", "personId", "name", "contacts", "roles", "role", "language", "timeZone"}
    assert (me.json()["name"], me.json()["role"]) == ("Chebet", "client")
    assert not http.cookies


async def test_a_known_contact_is_answered_alike_until_the_code(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    """D28."""
    known = await register(http, phone=None, email=cast.amina.email)
    unknown = await register(http, phone=None, email="adhiambo@example.test")
    shape = [
        (one.status_code, set(one.json()), one.json()["channel"], one.json()["expiresAt"]) for one in (known, unknown)
    ]
    assert shape[0] == shape[1]
    about = known.json()["verificationId"]
    code = await code_of(db, UUID(about), now)
    answer = await http.post("/api/verification/verify", json={"verificationId": about, "code": code})
    assert (answer.status_code, answer.json()) == (200, {"known": True})


@pytest.mark.parametrize(
    "changed, fields",
    [
        ({"name": ""}, ["name"]),
        ({"password": "short"}, ["password"]),
        ({"phone": "12"}, ["phone"]),
        ({"phone": "+447400123456"}, ["phone"]),
        ({"email": "a@example.test"}, ["email"]),
        ({"phone": None}, ["phone", "phone"]),
        ({"phone": None, "email": "x"}, ["email"]),
        ({"name": " ", "password": "1", "phone": "x"}, ["name", "password", "phone"]),
        ({"role": "admin"}, ["role"]),
        ({"role": "psychologist"}, ["role"]),
        ({"skipVerification": True}, ["skipVerification"]),
        ({"consent": None}, ["consent"]),
    ],
)
async def test_what_cannot_be_used_is_named(
    http: httpx.AsyncClient, db: Database, changed: dict[str, Any], fields: list[str]
) -> None:
    """D25: a flag that would skip the code is an unknown field, whatever it is called."""
    assert problem(await register(http, **changed)) == (422, "invalid", fields)
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.account where proved_at is null") == 0


async def test_an_old_or_invented_consent_text_is_refused(http: httpx.AsyncClient) -> None:
    for text_id in ("01900000-0000-7000-8000-000000000000", "no id"):
        answer = await register(http, consent={"textId": text_id, "language": "en"})
        assert problem(answer) == (422, "outdated_consent", [])


async def test_resend(http: httpx.AsyncClient, db: Database, clock: Any, now: datetime) -> None:
    about = (await register(http)).json()["verificationId"]
    clock.now = now + timedelta(minutes=5)
    answer = await http.post("/api/verification/resend", json={"verificationId": about})
    assert answer.status_code == 202
    assert datetime.fromisoformat(answer.json()["expiresAt"]) == now + timedelta(minutes=15)
    assert await code_of(db, UUID(about), now, version=2)
    for strange in ("01900000-0000-7000-8000-000000000000", "x"):
        assert problem(await http.post("/api/verification/resend", json={"verificationId": strange}))[0] == 404


async def test_too_many_codes_say_when_to_come_back(http: httpx.AsyncClient, clock: Any, now: datetime) -> None:
    clock.now = now.replace(minute=0)
    answers = [(await register(http)).status_code for _ in range(3)]
    late = await register(http)
    assert answers == [202, 202, 202]
    assert problem(late)[:2] == (429, "too_often")
    assert 0 < int(late.headers["retry-after"]) <= 86400


async def test_login_says_one_sentence_for_everything(http: httpx.AsyncClient, cast: Cast) -> None:
    answers = [
        await login(http, "nobody@example.test"), await login(http, cast.amina.email, "wrong wrong"),
        await login(http, "x" * 5000), await login(http, cast.amina.phone, "y" * 100_000),
    ]
    assert {(one.status_code, one.text) for one in answers} == {(401, answers[0].text)}
    assert "WWW-Authenticate" in answers[0].headers
    assert problem(answers[0])[1] == "sign_in_refused"


async def test_older_programs_may_say_email(http: httpx.AsyncClient, cast: Cast) -> None:
    answer = await http.post("/api/users/login", json={"email": cast.amina.email, "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"]["id"] == str(cast.amina.account_id)
    assert problem(await http.post("/api/users/login", json={"password": PASSWORD})) == (422, "invalid", ["login"])


async def test_logout_ends_the_token(http: httpx.AsyncClient, cast: Cast) -> None:
    mine = await bearer(http, cast.amina.email)
    assert (await http.get("/api/auth", headers=mine)).status_code == 200
    assert (await http.post("/api/users/logout", headers=mine)).status_code == 204
    assert problem(await http.get("/api/auth", headers=mine))[:2] == (401, "not_signed_in")


async def test_nobody_is_asked_to_sign_in(http: httpx.AsyncClient) -> None:
    for answer in (
        await http.get("/api/auth"), await http.post("/api/users/logout"),
        await http.put("/api/users/password", json={"currentPassword": "x", "newPassword": NEW}),
    ):
        assert problem(answer)[:2] == (401, "not_signed_in")


async def test_a_disabled_account_meets_401_at_its_next_call(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    """D12, D27."""
    mine = await bearer(http, cast.otieno.email)
    async with db.transaction() as conn:
        await actions.disable(conn, cast.njeri.actor, cast.otieno.account_id, now)
    assert problem(await http.get("/api/auth", headers=mine))[0] == 401
    assert problem(await login(http, cast.otieno.email))[0] == 401


async def test_forgot_and_reset(http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime) -> None:
    """D63."""
    old = await bearer(http, cast.amina.email)
    answers = [
        await http.post("/api/users/password/forgot", json={"contact": typed})
        for typed in (cast.amina.email, "nobody@example.test", "0700 000 077", "some.name")
    ]
    assert {(one.status_code, tuple(one.json())) for one in answers} == {(202, ("resetId",))}
    reset_id = answers[0].json()["resetId"]
    code = await code_of(db, UUID(reset_id), now, kind="reset")
    body = {"resetId": reset_id, "code": code, "password": NEW}
    assert problem(await http.post("/api/users/password/reset", json=body | {"password": "1"})) == (
        422, "invalid", ["password"],
    )  # fmt: skip
    assert (await http.post("/api/users/password/reset", json=body)).status_code == 204
    assert problem(await http.post("/api/users/password/reset", json=body)) == (422, "code_refused", ["code"])
    assert problem(await http.get("/api/auth", headers=old))[0] == 401
    assert (await login(http, cast.amina.email, NEW)).status_code == 200


async def test_a_new_password_ends_all_other_tokens(http: httpx.AsyncClient, cast: Cast) -> None:
    """D27."""
    here, there = await bearer(http, cast.amina.email), await bearer(http, cast.amina.email)
    wrong = await http.put(
        "/api/users/password", json={"currentPassword": "wrong wrong", "newPassword": NEW}, headers=here
    )
    assert problem(wrong) == (422, "invalid", ["currentPassword"])
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert (await http.put("/api/users/password", json=body, headers=here)).status_code == 204
    assert (await http.get("/api/auth", headers=here)).status_code == 200
    assert problem(await http.get("/api/auth", headers=there))[0] == 401


async def test_the_api_reads_no_cookie(http: httpx.AsyncClient, cast: Cast) -> None:
    page = await http.post("/sign-in", data={"login": cast.amina.email, "password": PASSWORD})
    assert page.status_code == 303
    assert http.cookies["kikao"]
    assert problem(await http.get("/api/auth"))[0] == 401


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "\u202e", "x" * 200_000])
async def test_odd_text_is_refused_and_never_a_500(http: httpx.AsyncClient, cast: Cast, text: str) -> None:
    import json

    for path, body in (
        ("/api/users/login", {"login": text, "password": text}),
        ("/api/users/login", {"login": cast.amina.email, "password": text}),
        ("/api/users/register", {
            "name": text, "phone": "0700000031", "password": text * 9, "consent": {"textId": text},
        }),
        ("/api/verification/verify", {"verificationId": text, "code": text}),
        ("/api/users/password/forgot", {"contact": text}),
        ("/api/users/password/reset", {"resetId": str(cast.amina.account_id), "code": text, "password": text * 9}),
    ):
        answer = await http.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
        assert answer.status_code in (202, 400, 401, 404, 422), (path, answer.status_code)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 50_000])
async def test_what_is_no_body_is_refused(http: httpx.AsyncClient, content: bytes) -> None:
    answer = await http.post("/api/users/login", content=content, headers={"content-type": "application/json"})
    assert problem(answer)[0] in (400, 422)


async def test_nothing_personal_reaches_the_log(
    http: httpx.AsyncClient,
    cast: Cast,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """D26: no fragment of a password, a token, a name or a contact, at any level."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "_stream", stream)
    with caplog.at_level(logging.DEBUG):
        await register(http, name="Chebetsecret", password="mangosecret")
        token = (await login(http, cast.amina.email)).json()["token"]
        await login(http, cast.amina.email, "wrongsecret")
        await http.post("/api/users/login", content=b'{"login": "dr.secret", "password": "\\u0000secret"}')
    seen = stream.getvalue() + caplog.text + "".join(capsys.readouterr())
    for fragment in ("secret", "7000000", cast.amina.email, PASSWORD[:5], token[:6]):
        assert fragment not in seen
