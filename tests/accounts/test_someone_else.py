"""A contact that signs somebody in already: its account's password, or a way of one's own.

About every sixth phone user does not own the phone; two people, one number, two accounts.
"""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kikao.accounts import queries, signing_in, signing_up, wires
from kikao.accounts.codes import CodeRefused
from kikao.accounts.signing_in import SignInRefused
from kikao.core.db import Conn, Database
from kikao.core.errors import Invalid
from support.people import NETWORK, PASSWORD, USUAL, VAULT, code_of, proved, sign_up

OTHER = "another password"
PHONE = "0700 000 031"


class Two:
    """Chebet, who has an account, and somebody with the same phone whose code was just typed."""

    def __init__(self, first: signing_up.Proved, made: signing_up.SignUp, second: signing_up.Proved) -> None:
        self.first = first
        self.second = second
        self.about = made.verification_id


@pytest.fixture
async def two(db: Database, now: datetime) -> Two:
    first = await proved(db, now)
    made = await sign_up(db, now, name="Kiptoo", password=OTHER)
    second = await signing_up.prove(
        db, VAULT, made.verification_id, await code_of(db, made.verification_id, now), now, network=NETWORK,
        numbers=USUAL
    )
    assert second.known
    return Two(first, made, second)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[wires.Verified]:
    heard: list[wires.Verified] = []

    async def hear(_conn: Conn, fact: wires.Verified) -> None:
        heard.append(fact)

    monkeypatch.setattr(wires, "verified", [hear])
    return heard


async def join(db: Database, two: Two, password: str, now: datetime, ticket: str | None = None) -> UUID:
    made = await signing_up.join_existing(
        db, VAULT, two.about, ticket=two.second.ticket if ticket is None else ticket, login=PHONE, password=password,
        now=now, network=NETWORK, numbers=USUAL,
    )  # fmt: skip
    return made.person_id


async def other(db: Database, two: Two, login: str, now: datetime, ticket: str | None = None) -> signing_up.SomeoneElse:
    async with db.transaction() as conn:
        return await signing_up.someone_else(
            conn, VAULT, two.about, ticket=two.second.ticket if ticket is None else ticket, login=login, now=now,
            network=NETWORK, numbers=USUAL,
        )  # fmt: skip


async def test_with_that_accounts_password_the_request_goes_over(
    db: Database, two: Two, told: list[wires.Verified], now: datetime
) -> None:
    assert await join(db, two, PASSWORD, now) == two.first.person_id
    assert told == [wires.Verified(two.first.person_id, two.first.account_id, now, two.second.person_id)]
    async with db.connection() as conn:
        given = await conn.fetch("select given_by from accounts.consent where person_id = $1", two.first.person_id)
    assert [row["given_by"] for row in given] == [two.first.person_id] * 2
    with pytest.raises(CodeRefused):
        await join(db, two, PASSWORD, now)


async def test_a_contact_that_comes_to_another_account_is_told_to_those_it_had(
    db: Database, two: Two, told: list[wires.Verified], now: datetime
) -> None:
    await proved(db, now, "third@example.test")
    await signing_up.join_existing(
        db, VAULT, two.about, ticket=two.second.ticket, login="third@example.test", password=PASSWORD, now=now,
        network=NETWORK, numbers=USUAL,
    )  # fmt: skip
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            select c.value from notifications.outbox o join accounts.contact_point c on c.id = o.recipient
            where o.kind = 'contact added' order by c.value
            """
        )
    assert [row["value"] for row in rows] == ["third@example.test"]


async def test_the_password_of_the_sign_up_itself_opens_nothing(
    db: Database, two: Two, told: list[wires.Verified], now: datetime
) -> None:
    with pytest.raises(SignInRefused):
        await join(db, two, OTHER, now)
    assert told == []
    assert await join(db, two, PASSWORD, now) == two.first.person_id


async def test_wrong_passwords_here_count_like_at_the_door(db: Database, two: Two, now: datetime) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await join(db, two, "wrong wrong", now)
    with pytest.raises(SignInRefused):
        await signing_in.sign_in(
            db, PHONE, PASSWORD, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
        )


async def test_a_name_of_ones_own_choosing(
    db: Database, two: Two, told: list[wires.Verified], now: datetime
) -> None:
    new = await other(db, two, " Kiptoo.K ", now)
    assert (new.account_id, new.verification_id) == (two.second.account_id, None)
    assert told == [wires.Verified(two.second.person_id, two.second.account_id, now)]
    await signing_in.sign_in(
        db, "kiptoo.k", OTHER, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
    )
    await signing_in.sign_in(db, PHONE, PASSWORD, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL)
    with pytest.raises(SignInRefused):
        await signing_in.sign_in(
            db, PHONE, OTHER, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
        )
    async with db.connection() as conn:
        user = await queries.user(conn, two.second.account_id)
    assert user is not None
    assert user.own_names == ("kiptoo.k",)
    assert [one.proved for one in user.contacts] == [True]  # reached by the shared phone


async def test_an_email_must_be_proved_by_a_code_of_its_own(
    db: Database, two: Two, told: list[wires.Verified], now: datetime
) -> None:
    new = await other(db, two, "kiptoo@example.test", now)
    assert new.verification_id is not None
    assert told == []
    with pytest.raises(SignInRefused):
        await signing_in.sign_in(
            db, "kiptoo@example.test", OTHER, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
        )
    code = await code_of(db, new.verification_id, now)
    got = await signing_up.prove(db, VAULT, new.verification_id, code, now, network=NETWORK, numbers=USUAL)
    assert (got.account_id, got.known) == (two.second.account_id, False)
    assert told == [wires.Verified(two.second.person_id, two.second.account_id, now)]
    await signing_in.sign_in(
        db, "kiptoo@example.test", OTHER, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
    )
    for late in (join(db, two, PASSWORD, now), other(db, two, "kiptoo.k", now)):
        with pytest.raises(CodeRefused):
            await late


@pytest.mark.parametrize(
    "login", ["ab", "x" * 41, "has space", "0700000032", "+254700000032", "12345", "naïve", "a@b", "", "..."]
)
async def test_what_is_no_name_and_no_email_is_refused(db: Database, two: Two, now: datetime, login: str) -> None:
    with pytest.raises(Invalid) as refused:
        await other(db, two, login, now)
    assert refused.value.fields[0].field == "login"


async def test_a_taken_name_is_refused_and_another_one_works(db: Database, two: Two, now: datetime) -> None:
    async with db.connection() as conn:
        await conn.execute(
            "insert into accounts.login (name, account_id, since) values ('kiptoo', $1, $2)", two.first.account_id, now
        )
    with pytest.raises(Invalid) as refused:
        await other(db, two, "kiptoo", now)
    assert refused.value.fields[0].code == "taken"
    await other(db, two, "kiptoo2", now)


@pytest.mark.parametrize("ticket", ["", "0" * 64, "ünïcode"])
async def test_the_address_of_the_page_alone_is_not_enough(
    db: Database, two: Two, now: datetime, ticket: str
) -> None:
    """Ids are no secrets: what follows is open to whoever typed the code, who holds a ticket."""
    for attempt in (join(db, two, PASSWORD, now, ticket), other(db, two, "kiptoo.k", now, ticket)):
        with pytest.raises(CodeRefused):
            await attempt


async def test_an_hour_later_the_question_is_closed(db: Database, two: Two, now: datetime) -> None:
    later = now + timedelta(minutes=61)
    for attempt in (join(db, two, PASSWORD, later), other(db, two, "kiptoo.k", later)):
        with pytest.raises(CodeRefused):
            await attempt


async def test_a_ticket_needs_a_proved_contact(db: Database, now: datetime) -> None:
    """Negative control: the ticket of a sign-up whose code was never typed opens nothing."""
    await proved(db, now)
    made = await sign_up(db, now)
    ticket = signing_up._ticket(VAULT, made.verification_id)
    with pytest.raises(CodeRefused):
        async with db.transaction() as conn:
            await signing_up.someone_else(
                conn, VAULT, made.verification_id, ticket=ticket, login="kiptoo.k", now=now, network=NETWORK,
                numbers=USUAL
            )
