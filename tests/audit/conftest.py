"""A log in a directory of its own, entries to put in it, and child processes that use it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from log_builder import LogBuilder
from log_samples import open_log
from talking import tell

import engine.audit
from engine.audit import Entry

HERE = Path(__file__).parent
ROOT = Path(engine.audit.__file__).parents[2]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def log(data):
    with open_log(data) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request):
    """Where the log is, for tests that speak of any store: None in its directory, or the URL of a database."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def new_entry():
    numbers = itertools.count()

    def make(**fields) -> Entry:
        number = next(numbers)
        body = f'{{"number":{number},"outcome":"allow"}}'.encode()
        return Entry(**{"kind": "decision", "id": f"0198-{number}", "body": body, **fields})

    return make


@pytest.fixture
def written(tmp_path):
    """Write a log of the builder into a data directory of its own, and say where."""

    def write(log: LogBuilder) -> Path:
        directory = tmp_path / f"data{len(list(tmp_path.iterdir()))}"
        directory.mkdir()
        log.write(directory / "log.db")
        return directory

    return write


@pytest.fixture
def start():
    """Start a script of `children/` to talk to; it and what it started are killed when the test ends."""
    running = []

    def run(script, *arguments, **environment) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", HERE / "children" / script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}", **environment},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def forked(start):
    """Fork a process that appends to a log with the nursery of those options and environment; its process id."""
    nurseries = {}

    def begin(data, name, output, *, threads=4, times=0, url="", options=(), environment=MappingProxyType({})) -> int:
        key = (*options, *environment.items())
        if key not in nurseries:
            nurseries[key] = start("nursery.py", *options, **environment)
        nursery = nurseries[key]
        nursery.stdin.write(f"{data} {name} {threads} {times} {output} {url}\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline())

    return begin


@pytest.fixture
def ask(start, data):
    """Talk to a child that has the log open."""
    children = []

    def say(line, **environment):
        if not children:
            children.append(start("follower.py", data, **environment))
        return tell(children[0], line)

    return say


@pytest.fixture
def fault(tmp_path, faulty_disk):
    """Say what the disk is to do from now on; also the environment a child needs for it."""
    path = tmp_path / "fault"

    def become(words=""):
        # In one step, as the child reads it at every write.
        path.with_suffix(".new").write_text(words)
        path.with_suffix(".new").replace(path)
        return {"LD_PRELOAD": str(faulty_disk), "FAULT": str(path)}

    return become
