"""A typed code outlives the wait of its session: until somebody says that its money came, or that it did not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kikao.core.errors import Forbidden, NotPossible
from kikao.core.practice import EMPTY
from kikao.notifications.kinds import Post, Reader
from kikao.payments.errors import ReceiptTaken
from kikao.sessions import checking, evidence, notices, queries, rules, words
from kikao.sessions.actions import Reason
from sessions.conftest import VAULT, Desk
from sessions.test_paid_too_late import tools
from support.cast import Member, workday

CODE = "UKM7A1B2C3"


async def typed(desk: Desk, *, start: datetime | None = None) -> UUID:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, start or workday(desk.now, ahead=6))
    await desk.approve(desk.cast.otieno, session_id)
    await submit(desk, session_id)
    return session_id


async def submit(desk: Desk, session_id: UUID, who: Member | None = None, now: datetime | None = None) -> None:
    client = who or desk.cast.amina
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, client, session_id, now)
        await checking.submit_code(conn, client.actor, session, CODE, now or desk.now, EMPTY)


async def came(
    desk: Desk, session_id: UUID, now: datetime, *, who: Member | None = None, method: str = "mpesa",
    number: str = CODE, amount: int = 2500,
) -> None:
    by = who or desk.cast.wambui
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, by, session_id, now)
        await checking.verify(conn, by.actor, session, method, number, amount, now, EMPTY)


async def did_not_come(desk: Desk, session_id: UUID, now: datetime, who: Member | None = None) -> None:
    by = who or desk.cast.wambui
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, by, session_id, now)
        await checking.reject_code(conn, by.actor, session, Reason("not in the statement"), now, EMPTY, VAULT)


async def claim(desk: Desk) -> str:
    found: str = await desk.value("select string_agg(state, ' ' order by made_at) from payments.claim")
    return found


async def told(desk: Desk, kind: str) -> list[UUID]:
    async with desk.db.connection() as conn:
        rows = await conn.fetch(
            "select recipient from notifications.outbox where kind = $1 order by version, id", kind)
    return [row["recipient"] for row in rows]


@pytest.mark.parametrize("worker", ["has ended it", "was not there"])
async def test_the_money_of_a_code_that_lapsed_takes_the_time_again(desk: Desk, worker: str) -> None:
    session_id, later = await typed(desk), desk.now + timedelta(hours=49)
    if worker == "has ended it":
        assert await desk.expire(session_id, later)
    await came(desk, session_id, later)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == ("Confirmed", 0)
    assert await claim(desk) == "verified"
    assert await desk.money(session_id) == {"charge": 2500}


async def test_where_the_time_is_gone_it_is_owed_back_and_the_client_is_told(desk: Desk) -> None:
    session_id, later = await typed(desk), desk.now + timedelta(hours=49)
    await desk.expire(session_id, later)
    assert await desk.request(desk.cast.baraka, desk.cast.otieno, workday(desk.now, ahead=6), now=later)
    await came(desk, session_id, later)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == ("Expired", 2500)
    assert await told(desk, "paid too late") == [desk.cast.amina.person_id]
    assert await desk.money(session_id) == {"duty": 2500}
    with pytest.raises(NotPossible):  # a second time there is no code to answer
        await came(desk, session_id, later)


async def test_what_was_cancelled_while_its_code_waited_is_owed_back(desk: Desk) -> None:
    session_id = await typed(desk)
    await desk.cancel(desk.cast.amina, session_id)
    await came(desk, session_id, desk.now)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == ("Cancelled", 2500)
    assert await told(desk, "paid too late") == [desk.cast.amina.person_id]


async def test_a_code_beside_other_money_was_paid_twice(desk: Desk) -> None:
    session_id = await typed(desk)
    await desk.pay(session_id)
    assert (await desk.stored(session_id), await claim(desk)) == ("Confirmed", "open")
    await came(desk, session_id, desk.now)
    assert (await desk.stored(session_id), await desk.owed(session_id), await claim(desk)) == (
        "Confirmed", 2500, "verified")
    assert await desk.value("select why from payments.duty") == "twice"
    assert await told(desk, "money comes back") == [desk.cast.amina.person_id]


async def test_one_receipt_is_never_credited_twice(desk: Desk) -> None:
    """Neither the same number elsewhere, nor the number of what M-Pesa told without one."""
    session_id = await typed(desk)
    await desk.pay(session_id)
    attempt = "insert into payments.attempt (id, charge_id, phone, amount, state, created_at, expires_at, token_hash)"
    await desk.run(
        f"{attempt} select id, id, '+254700000001', 2500, 'paid_no_receipt', created_at, created_at, link_hash"
        " from payments.charge")
    await desk.run(
        "update payments.receipt set channel = 'mpesa', number = null, attempt_id = charge_id, method = 'query',"
        " by_account = null")
    await came(desk, session_id, desk.now)
    assert (await claim(desk), await desk.owed(session_id)) == ("verified", 0)
    assert await desk.value("select string_agg(number, ' ') from payments.receipt") == CODE
    other = await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start)
    await desk.approve(desk.cast.otieno, other)
    with pytest.raises(ReceiptTaken):
        await came(desk, other, desk.now)


@pytest.mark.parametrize("end", ["expired", "cancelled", "paid otherwise", "waived"])
async def test_a_code_that_brought_nothing_is_free_for_whoever_it_belongs_to(desk: Desk, end: str) -> None:
    session_id, later = await typed(desk), desk.now
    match end:
        case "expired":
            later = desk.now + timedelta(hours=49)
            await desk.expire(session_id, later)
        case "cancelled":
            await desk.cancel(desk.cast.amina, session_id)
        case "paid otherwise":
            await desk.pay(session_id)
        case "waived":
            async with desk.db.transaction() as conn:
                session = await desk.see(conn, desk.cast.njeri, session_id)
                await checking.waive(conn, desk.cast.njeri.actor, session, Reason("hardship"), later, VAULT)
    was = await desk.stored(session_id)
    await did_not_come(desk, session_id, later)
    assert (await desk.stored(session_id), await claim(desk), await desk.owed(session_id)) == (was, "rejected", 0)
    assert await told(desk, "code rejected") == [desk.cast.amina.person_id]
    theirs = await desk.request(desk.cast.baraka, desk.cast.otieno, workday(desk.now, ahead=8, hour=15), now=later)
    await desk.approve(desk.cast.otieno, theirs, later)
    await submit(desk, theirs, desk.cast.baraka, later)
    with pytest.raises(NotPossible):
        await did_not_come(desk, session_id, later)


async def test_only_who_looks_after_money_answers_for_a_code(desk: Desk) -> None:
    session_id = await typed(desk)
    await desk.cancel(desk.cast.amina, session_id)
    for who in (desk.cast.amina, desk.cast.otieno):
        with pytest.raises(Forbidden):
            await came(desk, session_id, desk.now, who=who)
        with pytest.raises(Forbidden):
            await did_not_come(desk, session_id, desk.now, who)
    assert await claim(desk) == "open"


async def test_without_an_open_code_nobody_enters_money_for_what_ended(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    await desk.cancel(desk.cast.amina, session_id)
    with pytest.raises(NotPossible):
        await came(desk, session_id, desk.now, method="cash", number="slip 17")


@pytest.mark.parametrize(("method", "number"), [("cash", "slip 17"), ("mpesa", "UKM7A1B2C4")])
async def test_what_is_paid_in_another_way_says_nothing_of_a_code(desk: Desk, method: str, number: str) -> None:
    """It waits to be checked; refused, it is free for whoever it belongs to."""
    session_id = await typed(desk)
    await came(desk, session_id, desk.now, method=method, number=number)
    assert (await desk.stored(session_id), await claim(desk)) == ("Confirmed", "open")
    await did_not_come(desk, session_id, desk.now)
    assert (await claim(desk), await desk.owed(session_id)) == ("rejected", 0)


async def test_a_part_in_cash_leaves_the_code_to_be_checked(desk: Desk) -> None:
    session_id = await typed(desk)
    await came(desk, session_id, desk.now, method="cash", number="slip 17", amount=1000)
    assert (await desk.stored(session_id), await claim(desk)) == ("Payment Submitted", "open")
    await came(desk, session_id, desk.now, amount=1000)
    assert (await desk.stored(session_id), await claim(desk)) == ("Approved", "verified")


# What was promised --------------------------------------------------------------------------------


async def kept(desk: Desk, session_id: UUID) -> tuple[datetime, datetime]:
    """Until when the time is kept, and until when it can be paid."""
    async with desk.db.connection() as conn:
        row = await conn.fetchrow(
            "select s.hold_until, c.open_until from sessions.session s join payments.charge c on c.id = s.charge_id"
            " where s.id = $1", session_id)
    assert row is not None
    hold, until = row.values()
    assert until <= hold, "no hold lapses while it can be paid"
    return hold, until


async def test_neither_typing_a_code_nor_refusing_it_shortens_what_was_promised(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, workday(desk.now, ahead=10))
    await desk.approve(desk.cast.otieno, session_id)
    await desk.do("extend", desk.cast.otieno, session_id, desk.now)  # 72 hours, and the client was told so
    promised = await kept(desk, session_id)
    await submit(desk, session_id)
    assert await kept(desk, session_id) == promised
    await did_not_come(desk, session_id, desk.now + timedelta(hours=1))
    assert await desk.stored(session_id) == "Approved"
    assert await kept(desk, session_id) == promised


async def test_a_code_that_is_refused_leaves_the_time_that_was_kept_for_looking(desk: Desk) -> None:
    session_id = await typed(desk)
    hold, _until = await kept(desk, session_id)
    await did_not_come(desk, session_id, desk.now + timedelta(hours=1))
    after = await kept(desk, session_id)
    assert after == (hold, hold - timedelta(minutes=5))


def test_a_refused_code_leaves_no_longer_to_pay_than_anybody_has() -> None:
    """Looking at it may take until the start; a payment comes two hours before, unless more was promised."""
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    start = now + timedelta(hours=40)

    def until(promised: datetime | None) -> datetime:
        return rules.pay_again_until(now, start, start, promised, rules.Numbers())

    assert until(None) == until(now + timedelta(hours=20)) == start - timedelta(hours=2)
    assert until(start - timedelta(hours=1)) == start - timedelta(hours=1)


async def test_the_rest_of_a_part_that_m_pesa_names_can_be_paid(desk: Desk) -> None:
    session_id = await typed(desk)
    await desk.pay(session_id, 1000)
    assert await desk.stored(session_id) == "Payment Submitted"
    async with desk.db.transaction() as conn:
        await evidence.still_missing(conn, session_id, desk.now)
    assert await desk.stored(session_id) == "Approved"


@pytest.mark.parametrize("ended", [False, True])
async def test_of_a_code_that_m_pesa_refuses_the_client_is_told_each_time(desk: Desk, ended: bool) -> None:
    session_id = await typed(desk)
    charge_id = await desk.value("select charge_id from sessions.session")
    if ended:
        await desk.cancel(desk.cast.amina, session_id)
    else:
        await did_not_come(desk, session_id, desk.now)
        await submit(desk, session_id)
    async with desk.db.transaction() as conn:
        await conn.execute(
            "update payments.claim set state = 'rejected', decided_at = $1, decided_by = made_by where state = 'open'",
            desk.now)
        await evidence.claim_rejected(conn, session_id, charge_id, desk.now)
    assert await desk.stored(session_id) == ("Cancelled" if ended else "Approved")
    assert len(await told(desk, "code rejected")) == (1 if ended else 2)


async def test_refusing_a_late_code_once_more_changes_nothing(desk: Desk) -> None:
    refused = await typed(desk)
    await desk.cancel(desk.cast.amina, refused)
    await did_not_come(desk, refused, desk.now)
    verified = await desk.request(desk.cast.baraka, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, verified)
    await submit(desk, verified, desk.cast.baraka)
    await desk.cancel(desk.cast.baraka, verified)
    await came(desk, verified, desk.now)
    async with desk.db.connection() as conn:
        found = [await queries.done_already(conn, one, "reject the code", desk.cast.wambui.actor)
                 for one in (refused, verified)]  # fmt: skip
        assert await queries.done_already(conn, refused, "cancel", desk.cast.amina.actor)
    assert found == [True, False]


# Late parts ---------------------------------------------------------------------------------------


async def test_late_money_that_buys_nothing_reaches_the_client_each_time(desk: Desk) -> None:
    """A part of the price; and all of it, once a part went back."""
    session_id, later = await desk.request(desk.cast.amina, desk.cast.otieno), desk.now + timedelta(hours=26)
    await desk.approve(desk.cast.otieno, session_id)
    await desk.run("update payments.charge set payer_account = null")  # a link was sent on: nobody knows who pays
    await desk.expire(session_id, later)
    await desk.pay(session_id, 1000, later)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == ("Expired", 1000)
    assert await told(desk, "paid too late") == [desk.cast.amina.person_id]
    await desk.pay(session_id, 2500, later)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == ("Expired", 3500)
    assert await told(desk, "paid too late") == [desk.cast.amina.person_id] * 2


async def test_whoever_is_told_that_late_money_comes_back_is_told_once(desk: Desk) -> None:
    session_id, later = await desk.request(desk.cast.amina, desk.cast.otieno), desk.now + timedelta(hours=26)
    await desk.approve(desk.cast.otieno, session_id)
    await desk.expire(session_id, later)
    await desk.pay(session_id, 1000, later)
    assert await told(desk, "money comes back") == [desk.cast.amina.person_id]
    assert await told(desk, "paid too late") == []


async def test_each_message_of_late_money_names_its_own_amount(desk: Desk) -> None:
    """And what was cancelled is said to be; nobody else has taken it."""
    session_id, later = await typed(desk), desk.now + timedelta(hours=1)
    await desk.cancel(desk.cast.amina, session_id)
    await came(desk, session_id, later)
    await desk.run("update payments.charge set payer_account = null")
    await desk.pay(session_id, 1000, later + timedelta(hours=1))
    amina = desk.cast.amina.person_id
    reader = Reader(person_id=amina, state="active", language="en", time_zone="Africa/Nairobi")
    compose = next(one.compose for one in notices.KINDS if one.name == "paid too late")
    async with desk.db.connection() as conn:
        rows = await conn.fetch("select * from notifications.outbox where kind = 'paid too late' order by version")
        posts = [Post(id=row["id"], kind=row["kind"], about=session_id, recipient=amina, version=row["version"],
                      created_at=row["created_at"]) for row in rows]
        made = [await compose(conn, post, reader, tools(desk, VAULT)) for post in posts]
    said = [one.paragraphs[0] for one in made if one is not None]
    assert [text.split("called off. ")[1] for text in said] == [
        "KSh 2,500 will be given back.", "KSh 1,000 will be given back."]


async def test_who_typed_a_code_does_not_read_that_nothing_was_charged(desk: Desk) -> None:
    session_id = await typed(desk)
    await desk.cancel(desk.cast.amina, session_id)

    async def read() -> str:
        async with desk.db.connection() as conn:
            session = await desk.see(conn, desk.cast.amina, session_id)
        return words.told(session, "Africa/Nairobi", desk.now, None).sentence or ""

    assert "still being checked" in await read()
    await did_not_come(desk, session_id, desk.now)
    assert "Nothing was charged" in await read()


async def test_a_code_that_is_open_beside_other_money_is_found_from_its_session(desk: Desk) -> None:
    session_id = await typed(desk)
    await came(desk, session_id, desk.now, method="cash", number="R-17")
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.wambui, session_id)
    assert session.status == "Confirmed"
    assert [one["url"].rsplit("/", 1)[-1] for one in words.first_actions(session, None)] == ["money"]
    await did_not_come(desk, session_id, desk.now)
    async with desk.db.connection() as conn:
        assert words.first_actions(await desk.see(conn, desk.cast.wambui, session_id), None) == []
