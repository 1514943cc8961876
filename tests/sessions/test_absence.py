"""Who did not come, objections, what is put right, and what all of that does to the money."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from kikao.core.errors import Forbidden, Invalid, NotPossible
from kikao.core.practice import EMPTY
from kikao.notifications.kinds import Post, Reader, Tools
from kikao.payments.rules import Numbers
from kikao.sessions import absence, notices
from kikao.sessions.actions import Reason, SlotTaken
from kikao.sessions.reasons import open_reasons
from kikao.sessions.rules import COMPLETED, CONFIRMED, DECLINED, NO_SHOW, PENDING_APPROVAL
from sessions.conftest import VAULT, Desk
from sessions.test_invariants import wrong
from sessions.test_meeting import not_possible, nothing_is_wrong
from support.cast import Member

pytestmark = pytest.mark.database
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = 15 * MINUTE


async def missed(desk: Desk, who: Member, says: str = "") -> UUID:
    """Paid, and said to have been missed at a quarter past."""
    session_id = await desk.paid_one()
    await desk.do("mark a no-show", who, session_id, desk.start + QUARTER, says=says)
    return session_id


async def absent(desk: Desk, session_id: UUID) -> str | None:
    return await desk.value("select absent from sessions.session where id = $1", session_id)  # type: ignore[no-any-return]


# no-shows -----------------------------------------------------------------------------------------


async def test_each_side_says_it_of_the_other_from_a_quarter_past(desk: Desk) -> None:
    cast = desk.cast
    for who, says in ((cast.otieno, "client"), (cast.wambui, "client"), (cast.amina, "psychologist")):
        session_id = await desk.paid_one()
        await not_possible(desk.do("mark a no-show", who, session_id, desk.start + QUARTER - MINUTE))
        await desk.do("mark a no-show", who, session_id, desk.start + QUARTER)
        assert (await desk.stored(session_id), await absent(desk, session_id)) == (NO_SHOW, says)
    await nothing_is_wrong(desk)


async def test_nobody_says_it_of_themselves(desk: Desk) -> None:
    session_id = await desk.paid_one()
    for who, says in ((desk.cast.amina, "client"), (desk.cast.otieno, "psychologist"), (desk.cast.njeri, "client"),
                      (desk.cast.wambui, "psychologist")):
        with pytest.raises(Forbidden):
            await desk.do("mark a no-show", who, session_id, desk.start + HOUR, says=says)


async def test_no_money_moves_for_a_day_and_then_it_is_earned_in_full(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    await desk.clock(session_id, desk.start + QUARTER + DAY - MINUTE)
    assert await desk.money(session_id) == {"charge": 2500}
    await desk.clock(session_id, desk.start + QUARTER + DAY)
    assert (await desk.money(session_id), await desk.owed(session_id)) == ({"earned": 2500}, 0)
    await nothing_is_wrong(desk)


async def test_a_client_reports_an_absent_psychologist_and_is_given_everything_back(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.amina)
    await desk.clock(session_id, desk.start + QUARTER + DAY - MINUTE)
    assert await desk.money(session_id) == {"charge": 2500}
    await desk.clock(session_id, desk.start + QUARTER + DAY)
    assert (await desk.money(session_id), await desk.owed(session_id)) == ({"duty": 2500}, 2500)
    assert await desk.value("select count(*) from payments.earning") == 0
    await desk.clock(session_id, desk.start + 9 * DAY)
    assert await desk.owed(session_id) == 2500, "once"
    await nothing_is_wrong(desk)


async def test_the_practice_keeps_its_share(desk: Desk) -> None:
    await desk.run(
        "insert into core.setting (name, value, from_at, set_at, set_by, reason)"
        " values ('payments.practice_share_percent', '30', $1, $1, $2, 'rent')", desk.now, desk.cast.njeri.account_id)
    session_id = await missed(desk, desk.cast.otieno)
    assert await desk.value("select array[amount, share] from payments.earning_state") == [1750, 750]
    await desk.clock(session_id, desk.start + 2 * DAY)
    assert await desk.money(session_id) == {"earned": 1750, "share": 750}
    assert Numbers().practice_share_percent == 0
    await nothing_is_wrong(desk)


# objections ---------------------------------------------------------------------------------------


async def test_an_objection_stops_the_money_until_an_admin_has_decided(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    await desk.do("object", desk.cast.amina, session_id, desk.start + HOUR, reason="I waited in the room")
    await desk.clock(session_id, desk.start + 9 * DAY)
    assert await desk.money(session_id) == {"charge": 2500}
    assert await desk.value("select count(*) from sessions.overview where to_decide") == 1
    for who in (desk.cast.amina, desk.cast.otieno, desk.cast.wambui):
        with pytest.raises(Forbidden):
            await desk.do("decide", who, session_id, desk.start + 10 * DAY)
    await not_possible(desk.do("correct", desk.cast.otieno, session_id, desk.start + 2 * HOUR))
    await desk.do("decide", desk.cast.njeri, session_id, desk.start + 10 * DAY)
    assert await desk.value("select count(*) from sessions.overview where to_decide") == 0
    await desk.clock(session_id, desk.start + 11 * DAY)
    assert await desk.money(session_id) == {"earned": 2500}
    await nothing_is_wrong(desk)


async def test_an_admin_may_decide_that_it_was_the_other_side(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    await desk.do("object", desk.cast.amina, session_id, desk.start + HOUR)
    await desk.do("decide", desk.cast.njeri, session_id, desk.start + DAY, says="psychologist")
    assert await absent(desk, session_id) == "psychologist"
    await desk.clock(session_id, desk.start + 2 * DAY)
    assert await desk.money(session_id) == {"duty": 2500}
    await not_possible(desk.do("decide", desk.cast.njeri, session_id, desk.start + 2 * DAY))


async def test_both_say_it_of_each_other_is_for_the_admin(desk: Desk) -> None:
    for first, second in ((desk.cast.otieno, desk.cast.amina), (desk.cast.amina, desk.cast.otieno)):
        session_id = await missed(desk, first)
        said = await absent(desk, session_id)
        await desk.do("mark a no-show", second, session_id, desk.start + HOUR)
        await desk.do("mark a no-show", second, session_id, desk.start + HOUR)  # pressed twice
        assert await absent(desk, session_id) == said, "nobody overrules the other"
        by = await desk.value("select objected_by from sessions.session where id = $1", session_id)
        assert by == second.account_id
        await desk.clock(session_id, desk.start + 9 * DAY)
        assert await desk.money(session_id) == {"charge": 2500}
    await nothing_is_wrong(desk)


async def test_only_the_other_side_objects_once_and_within_a_day(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    with pytest.raises(Forbidden):
        await desk.do("object", desk.cast.otieno, session_id, desk.start + HOUR)
    await not_possible(desk.do("object", desk.cast.amina, session_id, desk.start + QUARTER + DAY))
    await desk.do("object", desk.cast.amina, session_id, desk.start + QUARTER + DAY - MINUTE)
    await not_possible(desk.do("object", desk.cast.amina, session_id, desk.start + QUARTER + DAY - MINUTE))


async def test_a_client_objects_to_what_is_called_completed(desk: Desk) -> None:
    session_id = await desk.paid_one()
    await desk.do("complete", desk.cast.otieno, session_id, desk.start)
    await desk.do("mark a no-show", desk.cast.amina, session_id, desk.start + 30 * MINUTE)
    assert (await desk.stored(session_id), await absent(desk, session_id)) == (COMPLETED, None)
    await desk.clock(session_id, desk.start + 9 * DAY)
    assert await desk.money(session_id) == {"charge": 2500}
    await desk.do("correct", desk.cast.njeri, session_id, desk.start + 9 * DAY, says="psychologist")
    assert (await desk.stored(session_id), await absent(desk, session_id)) == (NO_SHOW, "psychologist")
    await desk.clock(session_id, desk.start + 10 * DAY)
    assert await desk.money(session_id) == {"duty": 2500}
    await nothing_is_wrong(desk)


async def test_an_objection_is_read_by_who_decides_and_who_wrote_it(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    await desk.do("object", desk.cast.amina, session_id, desk.start + HOUR, reason="I waited in the room")
    read = {}
    async with desk.db.transaction() as conn:
        for who in (desk.cast.amina, desk.cast.otieno, desk.cast.wambui, desk.cast.njeri):
            seen = await desk.see(conn, who, session_id)
            read[who.name] = [one.text for one in await open_reasons(conn, who.actor, seen, VAULT, desk.now)]
    words = ["I waited in the room"]
    assert read == {"Amina": words, "Dr Otieno": [], "Wambui": [], "Njeri": words}
    assert await desk.value("select count(*) from journal.entry where verb = 'open the reason'") == 2
    assert words[0].encode() not in await desk.value("select sealed_text from sessions.reason")


# correct ------------------------------------------------------------------------------------------


async def test_its_psychologist_puts_right_within_two_days_whether_the_client_came(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.otieno)
    await desk.do("correct", desk.cast.otieno, session_id, desk.start + HOUR, to=COMPLETED)
    assert await desk.stored(session_id) == COMPLETED
    await desk.do("correct", desk.cast.otieno, session_id, desk.start + HOUR, to=COMPLETED)  # pressed twice
    assert await desk.stored(session_id) == COMPLETED
    await desk.do("correct", desk.cast.otieno, session_id, desk.start + 2 * DAY, to=NO_SHOW)
    assert (await desk.stored(session_id), await absent(desk, session_id)) == (NO_SHOW, "client")
    await not_possible(desk.do("correct", desk.cast.otieno, session_id, desk.start + 2 * DAY + QUARTER, to=COMPLETED))
    await desk.clock(session_id, desk.start + 2 * DAY + HOUR)
    assert await desk.money(session_id) == {"charge": 2500}, "a day from the last word"
    await desk.clock(session_id, desk.start + 3 * DAY)
    assert await desk.money(session_id) == {"earned": 2500}
    await nothing_is_wrong(desk)


async def test_that_they_did_not_come_is_not_theirs_to_put_right(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.amina)
    with pytest.raises(Forbidden):
        await desk.do("correct", desk.cast.otieno, session_id, desk.start + HOUR)
    done = await desk.paid_one(desk.start + DAY)
    await desk.do("complete", desk.cast.otieno, done, desk.start + DAY)
    with pytest.raises(Forbidden):
        await desk.do("correct", desk.cast.otieno, done, desk.start + DAY, says="psychologist")
    await desk.do("correct", desk.cast.njeri, session_id, desk.start + HOUR)
    assert await desk.stored(session_id) == COMPLETED


async def test_an_admin_puts_right_until_money_has_moved(desk: Desk) -> None:
    session_id = await missed(desk, desk.cast.amina)
    await desk.clock(session_id, desk.start + 2 * DAY)
    await not_possible(desk.do("correct", desk.cast.njeri, session_id, desk.start + 2 * DAY))
    earned = await desk.paid_one(desk.start + DAY)
    await desk.do("complete", desk.cast.otieno, earned, desk.start + DAY)
    await desk.clock(earned, desk.start + 2 * DAY)
    await not_possible(
        desk.do("correct", desk.cast.njeri, earned, desk.start + 2 * DAY, says="psychologist"))
    assert await desk.money(earned) == {"earned": 2500}
    await nothing_is_wrong(desk)


# declined by mistake ------------------------------------------------------------------------------


async def told(desk: Desk, session_id: UUID, kind: str) -> bool:
    """Whether that message is still true, for the client."""
    tools = Tools(vault=VAULT, trading_name="Mti", base_url="https://mti.example.test", practice_phone="0700 000 090",
                  now=desk.now)
    cast = desk.cast
    reader = Reader(person_id=cast.amina.person_id, state="active", language="en", time_zone="Africa/Nairobi")
    post = Post(id=session_id, kind=kind, about=session_id, recipient=cast.amina.person_id, version=1,
                created_at=desk.now)
    found = next(one for one in notices.KINDS if one.name == kind)
    async with desk.db.transaction() as conn:
        return await found.compose(conn, post, reader, tools) is not None


async def test_a_decline_can_be_taken_back_before_anybody_is_told(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    due = "select due_at from notifications.outbox where kind = 'declined' order by version desc"
    assert await desk.value(due) == desk.now + 10 * MINUTE
    assert await told(desk, session_id, "declined")
    await not_possible(desk.do("correct", desk.cast.otieno, session_id, desk.now + 10 * MINUTE))
    with pytest.raises((Forbidden, NotPossible)):
        await desk.do("correct", desk.cast.njeri, session_id, desk.now + MINUTE)
    await desk.do("correct", desk.cast.otieno, session_id, desk.now + 9 * MINUTE)
    assert await desk.stored(session_id) == PENDING_APPROVAL
    assert await desk.value("select hold_until from sessions.session where id = $1", session_id) == (
        desk.now + 9 * MINUTE + DAY)
    assert not await told(desk, session_id, "declined")
    await desk.approve(desk.cast.otieno, session_id, desk.now + HOUR)
    await desk.pay(session_id, now=desk.now + HOUR)
    assert await desk.stored(session_id) == CONFIRMED
    await nothing_is_wrong(desk)


async def test_declined_again_is_told_again(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    await desk.do("correct", desk.cast.otieno, session_id, desk.now + MINUTE)
    await desk.decline(desk.cast.otieno, session_id, desk.now + 2 * MINUTE)
    assert await desk.value("select array_agg(version order by version) from notifications.outbox"
                            " where kind = 'declined'") == [1, 2]


async def test_a_time_that_has_gone_meanwhile_is_not_taken_back(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    await desk.request(desk.cast.baraka, desk.cast.otieno)
    with pytest.raises(SlotTaken):
        await desk.do("correct", desk.cast.otieno, session_id, desk.now + MINUTE)
    assert await desk.stored(session_id) == DECLINED


async def test_an_overdue_hold_is_in_nobodys_way(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    await desk.stage(PENDING_APPROVAL, client=desk.cast.baraka, hold=MINUTE)
    await desk.do("correct", desk.cast.otieno, session_id, desk.now + 2 * MINUTE)
    assert await desk.stored(session_id) == PENDING_APPROVAL
    await nothing_is_wrong(desk)


async def test_money_that_came_for_a_declined_one_buys_nothing_when_it_is_taken_back(desk: Desk) -> None:
    """It is owed back already: a request with a settled charge would be Confirmed for nothing."""
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    await desk.pay(session_id, now=desk.now + MINUTE)
    assert await desk.owed(session_id) == 2500
    await not_possible(desk.do("correct", desk.cast.otieno, session_id, desk.now + 2 * MINUTE))
    assert await desk.stored(session_id) == DECLINED


# more than the terms ------------------------------------------------------------------------------


async def test_an_admin_gives_back_more_than_the_terms_never_less(desk: Desk) -> None:
    session_id = await desk.paid_one()
    assert await desk.cancel(desk.cast.amina, session_id, desk.start - 13 * HOUR) == 1250
    for amount in (1249, 2501):
        with pytest.raises(Invalid):
            await desk.do("give back more", desk.cast.njeri, session_id, desk.start, amount=amount)
    for who in (desk.cast.amina, desk.cast.otieno, desk.cast.wambui):
        with pytest.raises(Forbidden):
            await desk.do("give back more", who, session_id, desk.start, amount=2000)
    for _ in range(2):  # pressed twice
        await desk.do("give back more", desk.cast.njeri, session_id, desk.start, amount=2000)
    assert await desk.owed(session_id) == 2000
    assert await desk.value("select amount from payments.earning_state") == 500
    await nothing_is_wrong(desk)


async def test_a_look_that_is_old_decides_nothing(desk: Desk) -> None:
    """Two admins look; one has decided when the other presses."""
    session_id = await missed(desk, desk.cast.otieno)
    await desk.do("object", desk.cast.amina, session_id, desk.start + HOUR)
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, desk.cast.njeri, session_id, desk.start + DAY)
    await desk.do("decide", desk.cast.njeri, session_id, desk.start + DAY)
    why = Reason("seen too late")
    async with desk.db.transaction() as conn:
        with pytest.raises(NotPossible):
            await absence.decide(conn, desk.cast.njeri.actor, seen, "psychologist", why, desk.start + DAY, VAULT)
    async with desk.db.transaction() as conn:
        with pytest.raises(NotPossible):
            await absence.correct(
                conn, desk.cast.njeri.actor, seen, "", "", why, desk.start + DAY, EMPTY, VAULT)
        assert await wrong(conn) == {}
