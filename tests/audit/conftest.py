"""A log in a directory of its own, entries to put in it, and child processes that use it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import engine.audit
from engine.audit import DecisionLog, Entry

HERE = Path(__file__).parent
ROOT = Path(engine.audit.__file__).parents[2]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def log(data):
    with DecisionLog.open(data) as opened:
        yield opened


@pytest.fixture
def new_entry():
    numbers = itertools.count()

    def make(**fields) -> Entry:
        number = next(numbers)
        body = f'{{"number":{number},"outcome":"allow"}}'.encode()
        return Entry(**{"kind": "decision", "id": f"0198-{number}", "body": body, **fields})

    return make


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
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{HERE}", **environment},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(scope="session")
def faulty_disk(tmp_path_factory):
    """A library that, preloaded, makes the disk fail in the way the file named by FAULT says."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler named cc")
    library = tmp_path_factory.mktemp("faulty-disk") / "faulty_disk.so"
    source = HERE / "children" / "faulty_disk.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, timeout=60)
    return library
