"""Where a demo lives, and the sentences when it cannot live there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kikao.demo import environment, place
from kikao.demo.place import HERE, DemoFailed, Place


@pytest.fixture
def here(tmp_path: Path) -> Place:
    made = Place(tmp_path / "k", 18_000)
    place.prepare(made)
    return made


def test_five_ports_follow_from_one() -> None:
    read = place.read({"PORT": "9000", "KIKAO_DATA": "x"})
    assert read.ports == {"web": 9000, "simulator": 9002, "sink": 9003, "mail": 9004}
    assert read.folder == Path("x").absolute()


def test_usual_place() -> None:
    assert place.read({}) == Place(Path(".kikao").absolute(), 8000)


@pytest.mark.parametrize("port", ["80", "http", "70000", "-1", "8000.5"])
def test_a_port_that_cannot_be_gets_a_sentence(port: str) -> None:
    with pytest.raises(DemoFailed, match="PORT must be a number"):
        place.read({"PORT": port})


@pytest.mark.parametrize("plus", [0, 2, 3, 4])
def test_a_port_in_use_gets_a_sentence(here: Place, plus: int) -> None:
    with socket.create_server((HERE, here.port + plus)), pytest.raises(DemoFailed, match=rf"Port {here.port + plus},"):
        place.must_be_free(here)


def test_one_demo_a_folder(here: Place) -> None:
    with place.taken(here), pytest.raises(DemoFailed, match="already runs"), place.taken(here):
        pass
    with place.taken(here):
        pass


def test_secrets_are_made_once_and_are_nobody_elses(here: Place) -> None:
    first = place.secrets_of(here)
    assert place.secrets_of(here) == first
    assert (here.folder / "secrets.json").stat().st_mode & 0o077 == 0
    other = Place(here.folder / "other", here.port)
    place.prepare(other)
    assert place.secrets_of(other).key != first.key


def test_secrets_that_were_spoilt_are_not_made_anew(here: Place) -> None:
    place.secrets_of(here)
    (here.folder / "secrets.json").write_text("{}")
    with pytest.raises(DemoFailed, match="cannot be read"):
        place.secrets_of(here)


def test_lost_secrets_beside_a_database_are_not_made_anew(here: Place) -> None:
    (here.folder / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(DemoFailed, match="cannot be read"):
        place.secrets_of(here)


def test_a_folder_that_cannot_be_made_gets_a_sentence() -> None:
    with pytest.raises(DemoFailed, match="cannot be used"):
        place.prepare(Place(Path("/proc/kikao"), 8000))


def test_the_callers_own_settings_reach_no_program(here: Place) -> None:
    real = {"KIKAO_DATABASE_URL": "postgresql://real", "KIKAO_MPESA_PASSKEY": "real"}
    callers = real | {"HTTPS_PROXY": "x", "PGHOST": "x"}
    told = environment.of_programs(callers | {"LANG": "C"}, here, place.secrets_of(here), "postgresql://demo")
    assert told["KIKAO_DATABASE_URL"] == "postgresql://demo"
    assert told["KIKAO_MPESA_PASSKEY"].startswith("sim-")
    assert told["LANG"] == "C"
    assert {"HTTPS_PROXY", "PGHOST"}.isdisjoint(told)
