"""The embedded PostgreSQL comes up, comes back after a crash, and says in a sentence why it does not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from kikao.core.embedded import LONGEST_SOCKET, Cluster, EmbeddedFailed, _must_traverse


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """pytest's own folders may be closed to the user that the server runs as."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def folder(home: Path) -> Path:
    """A name that shells and addresses stumble over."""
    return home / "it's a \"$HOME\" é"


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    """Running, with the data of the tests before."""
    made = Cluster(folder, durable=False)
    made.start()
    yield made
    made.stop()


def ask(cluster: Cluster, question: str, database: str = "postgres") -> object:
    with psycopg.connect(cluster.url(database)) as conn:
        row = conn.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def test_it_has_no_network_and_writes_utc(cluster: Cluster) -> None:
    assert ask(cluster, "show listen_addresses") == ""
    assert ask(cluster, "show timezone") == "UTC"
    assert ask(cluster, "show server_encoding") == "UTF8"


def test_others_may_not_enter(cluster: Cluster) -> None:
    assert cluster.folder.stat().st_mode & 0o077 == 0


def test_a_database_is_made_once(cluster: Cluster) -> None:
    cluster.create_database("kikao")
    cluster.create_database("kikao")
    assert ask(cluster, "select current_database()", "kikao") == "kikao"


def test_a_running_one_is_used_and_left_running(cluster: Cluster) -> None:
    second = Cluster(cluster.folder, durable=False)
    second.start()
    second.stop()
    assert cluster.answers()


def test_what_a_dead_program_started_is_taken_over(cluster: Cluster) -> None:
    (cluster.folder / "started-by").write_text("99999999")
    second = Cluster(cluster.folder, durable=False)
    second.start()
    second.stop()
    assert not cluster.answers()


def test_data_survive_a_crash(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url()) as conn:
        conn.execute("set synchronous_commit = on")
        conn.execute("create table kept as select 42 as n")
    os.kill(postmaster(cluster), signal.SIGKILL)
    while cluster.answers():
        time.sleep(0.05)
    cluster.start()
    assert ask(cluster, "select n from kept") == 42


OURS = "our own\n"


@pytest.mark.parametrize("left", ["", "nonsense\n", OURS])
def test_a_stale_process_number_is_no_server(cluster: Cluster, left: str) -> None:
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n" if left == OURS else left)
    cluster.start()
    assert cluster.answers()


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    long = Cluster(tmp_path / ("x" * LONGEST_SOCKET))
    assert len(os.fsencode(long.socket_folder)) < 80
    assert Cluster(tmp_path / "a,b").socket_folder != tmp_path / "a,b"


def test_a_broken_database_gets_a_sentence(cluster: Cluster) -> None:
    cluster.stop()
    control = cluster.data / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"x" * 100)
    with pytest.raises(EmbeddedFailed, match=r"did not start: .*pg_control"):
        cluster.start()
    control.write_bytes(whole)


def test_another_version_gets_a_sentence(cluster: Cluster) -> None:
    cluster.stop()
    version = cluster.data / "PG_VERSION"
    whole = version.read_bytes()
    version.write_text("9\n")
    with pytest.raises(EmbeddedFailed, match="made by PostgreSQL 9"):
        cluster.start()
    version.write_bytes(whole)


def test_a_folder_of_other_things_is_left_alone(home: Path) -> None:
    cluster = Cluster(home / "other")
    cluster.data.mkdir(parents=True)
    (cluster.data / "letter.txt").write_text("mine")
    with pytest.raises(EmbeddedFailed, match="holds files but no PostgreSQL"):
        cluster.start()


def test_a_folder_that_cannot_be_made_gets_a_sentence() -> None:
    with pytest.raises(EmbeddedFailed, match="cannot be used"):
        Cluster(Path("/proc/kikao")).start()


def test_root_is_told_which_folder_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    stranger = 65534
    with pytest.raises(EmbeddedFailed, match="may not enter"):
        _must_traverse(tmp_path, stranger)
