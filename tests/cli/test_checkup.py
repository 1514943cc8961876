"""`kikao check` says what is missing before strangers find out."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from kikao.admin import checkup, first_rows
from kikao.core.db import Conn
from support.cast import Cast

GOOD = checkup.Outside(
    names={"The trading name": "Jacaranda Rooms"},
    base_url="https://jacaranda.example",
    callback_url="https://hooks.jacaranda.example",
    sms_sender="JACARANDA",
    proxies=("127.0.0.1",),
)


def texts(outside: checkup.Outside, psychologists: tuple[str, ...] = ()) -> str:
    return "\n".join(map(str, checkup.of_outside(outside, psychologists)))


def test_a_neutral_practice_has_nothing_to_change() -> None:
    assert checkup.of_outside(GOOD) == []


@pytest.mark.parametrize("name", ["Nairobi Therapy", "Ushauri na Nasaha", "Afya ya Akili Ltd", "mind-clinic.example"])
def test_a_telling_name_is_found_in_english_and_swahili(name: str) -> None:
    assert "says what this is about" in texts(msgspec.structs.replace(GOOD, names={"The trading name": name}))


def test_a_psychologists_name_tells() -> None:
    named = msgspec.structs.replace(GOOD, names={"The sender of mail": "otieno@jacaranda.example"})
    assert texts(named) == ""
    assert "otieno" in texts(named, ("Otieno",))


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("https://mpesa.jacaranda.example", "refuses an address that holds “mpesa”"),
        ("https://jacaranda.example/Query", "refuses an address that holds “query”"),
        ("http://jacaranda.example", "must begin with https"),
    ],
)
def test_an_address_that_safaricom_refuses_is_found(address: str, sentence: str) -> None:
    assert sentence in texts(msgspec.structs.replace(GOOD, callback_url=address))


def test_other_slips_are_found() -> None:
    assert "11 characters" in texts(msgspec.structs.replace(GOOD, sms_sender="JACARANDA-ROOMS"))
    assert "look at:" in texts(msgspec.structs.replace(GOOD, base_url="https://a.example/kikao"))
    assert "look at: No proxy is trusted" in texts(msgspec.structs.replace(GOOD, proxies=()))
    assert texts(msgspec.structs.replace(GOOD, proxies=(), base_url="http://127.0.0.1:8000")) == ""


async def test_an_empty_database_lacks_what_booking_needs(conn: Conn, now: datetime) -> None:
    found = "\n".join(map(str, await checkup.of_database(conn, now)))
    for word in ("emergency", "terms", "admin", "listed"):
        assert word in found
    await first_rows.put(conn, now)
    await first_rows.put(conn, now)
    assert "terms" not in "\n".join(map(str, await checkup.of_database(conn, now)))
    assert await conn.fetchval("select count(*) from sessions.terms") == 1


async def test_an_old_schema_is_all_that_is_said(conn: Conn, now: datetime) -> None:
    await conn.execute("update public.alembic_version set version_num = '0000'")
    (finding,) = await checkup.of_database(conn, now)
    assert "kikao migrate" in finding.text


async def test_an_emergency_number_must_have_been_rung(conn: Conn, cast: Cast, now: datetime) -> None:
    insert = """
    insert into directory.emergency_line (id, name, number, for_whom, hours) values
        (gen_random_uuid(), 'Line', '0700 000 095', 'anyone', 'always')
    """
    await conn.execute("delete from directory.emergency_line")
    await conn.execute(insert)
    assert "emergency" in str(await checkup.of_database(conn, now))
    await conn.execute(
        "update directory.emergency_line set rung_at = $1, rung_by = $2", now, cast.njeri.account_id
    )
    assert await checkup.of_database(conn, now) == []


async def test_a_place_is_named_neutrally(conn: Conn, cast: Cast, now: datetime) -> None:
    await conn.execute(
        """
        insert into availability.place (id, name, address, created_at) values
            (gen_random_uuid(), 'Upper Hill', '3 Elgon Road', now()),
            (gen_random_uuid(), 'Otieno''s room', '3 Elgon Road', now())
        """
    )
    (finding,) = await checkup.of_database(conn, now)
    assert "Otieno's room" in finding.text
    assert not finding.must


def test_a_silent_worker_and_a_wrong_clock_are_seen(now: datetime) -> None:
    assert checkup.of_worker(now, 100, now) == []
    assert "kikao work" in str(checkup.of_worker(None, 0, now))
    assert "kikao work" in str(checkup.of_worker(now - timedelta(minutes=5), 0, now))
    assert "clock" in str(checkup.of_worker(now, 5000, now))
