"""A message that asks for money asks for what is missing, not for the price."""

from __future__ import annotations

import pytest

from kikao.core.ids import new_id
from kikao.notifications.kinds import Post, Reader
from kikao.sessions import after_notices, notices
from sessions.conftest import VAULT, Desk
from sessions.test_paid_too_late import tools


@pytest.mark.parametrize("kind", ["accepted", "extended"])
async def test_of_what_is_part_paid_a_message_asks_for_the_rest(desk: Desk, kind: str) -> None:
    amina = desk.cast.amina
    session_id = await desk.request(amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    await desk.pay(session_id, 1000)
    await desk.do("extend", desk.cast.otieno, session_id, desk.now)
    reader = Reader(person_id=amina.person_id, state="active", language="en", time_zone="Africa/Nairobi")
    post = Post(id=new_id(), kind=kind, about=session_id, recipient=amina.person_id, version=1, created_at=desk.now)
    compose = next(one.compose for one in (*notices.KINDS, *after_notices.KINDS) if one.name == kind)
    async with desk.db.connection() as conn:
        made = await compose(conn, post, reader, tools(desk, VAULT))
    assert made is not None
    for text in (made.sms, made.paragraphs[0]):
        assert "1,500" in text
        assert "2,500" not in text
