"""Several processes serve one socket and one log; any of them may be killed."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_service import COMMAND, RunningService

from api.example import EXAMPLE_REQUEST
from engine.audit import DecisionLog


def _children(parent: int) -> set[int]:
    """Those of all its threads."""
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return {int(line) for thread in lists for line in thread.read_text().split()}


def _wait(until, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    running = RunningService(tmp_path / "data", ("--processes", "2"))
    _wait(lambda: len(_children(running.process.pid)) == 2)
    yield running
    running.kill()


def _is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_they_share_one_log_without_a_hole_and_one_activation(service: RunningService, tmp_path: Path) -> None:
    answers = [service.decide(EXAMPLE_REQUEST) for _ in range(30)]
    assert {answer.status for answer in answers} == {200}
    service.stop()
    with DecisionLog.open(tmp_path / "data") as log:
        kinds = [entry.kind for entry in log.entries()]
    assert kinds.count("decision") == 30
    assert kinds.count("policy_activated") == kinds.count("log_created") == 1


def test_one_that_is_killed_is_replaced_and_loses_nothing(service: RunningService, tmp_path: Path) -> None:
    before = _children(service.process.pid)
    acknowledged = [service.decide(EXAMPLE_REQUEST).document["id"] for _ in range(10)]
    os.kill(min(before), signal.SIGKILL)
    _wait(lambda: len(_children(service.process.pid) - before) == 1)
    acknowledged += [service.decide(EXAMPLE_REQUEST).document["id"] for _ in range(10)]
    service.stop()
    with DecisionLog.open(tmp_path / "data") as log:
        assert all(log.get(id_) for id_ in acknowledged)


def test_none_outlives_the_first(service: RunningService) -> None:
    children = _children(service.process.pid)
    os.kill(service.process.pid, signal.SIGKILL)
    _wait(lambda: not any(map(_is_alive, children)))


def test_mistakes_in_the_rules_end_all(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    arguments = ("serve", "--port", "0", "--processes", "3", "--rules", str(rules), "--data", str(tmp_path / "data"))
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, json.dumps(ended.stderr)
    assert sys.executable not in ended.stderr


def _adopt() -> None:
    """Become the parent of whoever loses theirs, as the first process of a container is."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _ignore_ends() -> None:
    """As a program that started the service may have left it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def test_it_ends_while_one_that_was_killed_waits_to_be_started_again(tmp_path: Path) -> None:
    service = RunningService(tmp_path / "data", ("--processes", "2"))
    try:
        _wait(lambda: len(_children(service.process.pid)) == 2)
        os.kill(min(_children(service.process.pid)), signal.SIGKILL)
        _wait(lambda: len(_children(service.process.pid)) == 1)
        assert service.stop()[0] == 0
    finally:
        service.kill()


@pytest.mark.parametrize("beforehand", [_adopt, _ignore_ends])
def test_one_that_is_killed_is_replaced_whatever_it_leaves_behind(
    beforehand: Callable[[], None], tmp_path: Path
) -> None:
    arguments = ("--processes", "2", "--strict-second-opinion")
    service = RunningService(tmp_path / "data", arguments, preexec_fn=beforehand)
    try:
        _wait(lambda: len(_children(service.process.pid)) == 2)
        before = _children(service.process.pid)
        _wait(lambda: service.decide(EXAMPLE_REQUEST).status == 200 and any(map(_children, before)))
        (killed, *_) = [process for process in before if _children(process)]
        os.kill(killed, signal.SIGKILL)
        _wait(lambda: len(_children(service.process.pid) - before) == 1)
        assert service.decide(EXAMPLE_REQUEST).status == 200
        code, errors = service.stop()
        assert (code, "Traceback" in errors) == (0, False)
    finally:
        service.kill()
