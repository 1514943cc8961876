"""The operator's commands: what they do, and one sentence when they cannot."""

from __future__ import annotations

import io
from collections.abc import Iterator

import psycopg
import pytest

from kikao import cli
from kikao.core import migrate
from kikao.core.crypto import new_key
from support import server

TOLD = {
    "BASE_URL": "https://jacaranda.example",
    "KEYS": new_key(),
    "TRADING_NAME": "Jacaranda Rooms",
    "PRACTICE_PHONE": "+254700000090",
    "MPESA_URL": "https://mobile.example",
    "MPESA_CONSUMER_KEY": "k",
    "MPESA_CONSUMER_SECRET": "s",
    "MPESA_SHORTCODE": "600999",
    "MPESA_PASSKEY": "p",
    "MPESA_RECEIVER_NAME": "JACARANDA ROOMS",
    "MPESA_CALLBACK_URL": "https://hooks.jacaranda.example",
    "MAIL_HOST": "mail.example",
    "MAIL_SENDER": "hello@jacaranda.example",
    "SMS_URL": "https://sms.example",
    "SMS_USERNAME": "u",
    "SMS_API_KEY": "a",
}


@pytest.fixture
def empty_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database, and an environment that names it."""
    name = server.current().empty()
    url = server.current().url(name)
    for key, value in (TOLD | {"DATABASE_URL": url}).items():
        monkeypatch.setenv(f"KIKAO_{key}", value)
    yield url
    server.current().drop(name)


@pytest.fixture
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*TOLD, "DATABASE_URL", "DEMO"]:
        monkeypatch.delenv(f"KIKAO_{name}", raising=False)


def run(*words: str) -> int:
    return cli.main(words)


@pytest.mark.usefixtures("nothing_told")
@pytest.mark.parametrize("command", ["serve", "work", "check"])
def test_a_missing_setting_stops_the_start_with_its_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command) == 1
    complaint = capsys.readouterr().err
    for name in ("KIKAO_DATABASE_URL", "KIKAO_KEYS", "KIKAO_MPESA_PASSKEY", "KIKAO_MPESA_SHORTCODE"):
        assert f"kikao: {name} is not set" in complaint
    assert "Traceback" not in complaint


@pytest.mark.usefixtures("nothing_told")
def test_migrate_needs_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate") == 1
    assert capsys.readouterr().err.startswith("kikao: KIKAO_DATABASE_URL is not set")


def test_migrate_brings_an_empty_database_up(empty_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate") == 0
    assert migrate.current(empty_url) == migrate.newest()
    assert run("migrate") == 0
    assert f"The database is at {migrate.newest()}." in capsys.readouterr().out


@pytest.mark.usefixtures("empty_url")
@pytest.mark.parametrize("command", ["serve", "work"])
def test_nothing_starts_on_another_schema(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command) == 1
    assert "please run: kikao migrate" in capsys.readouterr().err


@pytest.mark.usefixtures("empty_url")
def test_nothing_starts_without_a_database(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIKAO_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/kikao")
    assert run("work") == 1
    assert capsys.readouterr().err.startswith("kikao: The database cannot be reached")


def test_the_first_admin_is_made_once(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("migrate")
    words = ("user", "create-admin", "--name", "Njeri", "--email", "njeri@example.test")
    for typed, code in (("short", 1), ("mango juice at noon", 0), ("mango juice at noon", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        assert run(*words) == code
    with psycopg.connect(empty_url) as conn:
        rows = conn.execute("select role from accounts.role").fetchall()
    assert rows == [("admin",)]
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.usefixtures("empty_url")
def test_check_ends_with_1_while_something_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    run("migrate")
    assert run("check") == 1
    assert "missing: Nobody is an admin" in capsys.readouterr().out


def test_no_command_is_no_crash(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("dance")
    assert ended.value.code == 2
