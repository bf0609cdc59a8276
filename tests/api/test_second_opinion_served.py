"""The second opinion and the metrics of real services: one process, two, a start that is refused; what commands say."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from asking_others import NAME, about, figure, wait_until
from prometheus_client.mmap_dict import MmapedDict
from running_service import COMMAND, RunningService

from engine.audit import DecisionLog

WITH = (sys.executable, str(Path(__file__).parent / "children" / "serve_with.py"))


def metrics(service: RunningService) -> str:
    answer = service.request("GET", "/metrics")
    assert (answer.status, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return answer.body.decode()


def children(service: RunningService) -> set[int]:
    """Those of all its threads."""
    lists = Path(f"/proc/{service.process.pid}/task").glob("*/children")
    return {int(line) for threads in lists for line in threads.read_text().split()}


def has_decided(counters: Path) -> bool:
    """Whether the process that counts in this file has given a decision; its series are there from the start."""
    figures = MmapedDict.read_all_values_from_file(str(counters))
    return any(value > 0 for key, value, *_ in figures if '"hold"' in key)


def test_a_wrong_evaluator_is_found_out_and_the_log_stays_good(
    start_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    # A setting of others, in the spelling that the library still reads.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environ = {**os.environ, "prometheus_multiproc_dir": str(elsewhere)}
    service = start_service(arguments=("--second-opinion", "100"), command=(*WITH, "contrary,absent"), env=environ)
    name = service.decide(about("leaves-out")).document["id"]
    service.decide(about("raises"))
    wait_until(lambda: name in service.request("GET", "/readyz").body.decode())
    wait_until(lambda: figure(metrics(service), "second_opinions_total", evaluator="contrary", verdict="none"))
    text = metrics(service)
    assert figure(text, "second_opinions_total", evaluator="contrary", verdict="different") == 1
    assert figure(text, "decisions_total", mode="authoritative", outcome="hold") == 2
    assert figure(text, "log_entries") >= 5
    code, errors = service.stop()
    assert (code, list(elsewhere.iterdir())) == (0, [])
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["level"] for line in lines if name in line["message"]] == ["error"]
    assert any("`absent` gives no second opinion here" in line["message"] for line in lines)
    assert NAME not in errors
    with DecisionLog.open(tmp_path / "data") as log:
        assert [entry.kind for entry in log.entries()].count("opinions_differ") == 1
    environ = {**os.environ, "OSTIARY_DATA": str(tmp_path / "data")}
    how = {"env": environ, "capture_output": True, "text": True}
    checkpoint = ("--checkpoint", str(tmp_path / "data" / "checkpoint"))
    public = ("--key", str(tmp_path / "data" / "log.pub"))
    verified = subprocess.run([*COMMAND, "log", "verify", *public, *checkpoint], check=False, **how)
    assert (verified.returncode, verified.stderr) == (0, "")
    again = subprocess.run([*COMMAND, "log", "replay"], check=False, **how)
    assert (again.returncode, again.stderr) == (0, "")
    assert "2 the same, 0 differ" in again.stdout


def test_two_strict_processes_count_together_and_leave_nothing_behind(
    start_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    arguments = ("--strict-second-opinion", "--processes", "2", "--threads", "1")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environ = {**os.environ, "TMPDIR": str(temporary)}
    service = start_service(arguments=arguments, command=(*WITH, "contrary"), env=environ)
    assert service.lines[2] == "`compiled` decides; `contrary` is asked before each answer"
    (directory,) = temporary.glob("ostiary-metrics-*")
    given = 0

    def both_have_decided() -> bool:
        nonlocal given
        assert service.decide(about("fine")).document["outcome"] == "hold"
        given += 1
        return sum(map(has_decided, directory.glob("counter_*.db"))) == 2

    wait_until(both_have_decided)
    counted = {figure(metrics(service), "decisions_total", mode="authoritative", outcome="hold") for _ in range(6)}
    assert counted == {given}
    # One that is killed takes nothing with it of what was counted.
    killed = min(children(service))
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(children(service) - {killed}) == 2)
    wait_until(lambda: not list(directory.glob(f"gauge_live*_{killed}.db")))
    assert service.decide(about("leaves-out")).document["outcome"] == "review"
    text = metrics(service)
    assert figure(text, "decisions_total", mode="authoritative", outcome="hold") == given
    assert figure(text, "decisions_total", mode="authoritative", outcome="review") == 1
    assert figure(text, "second_opinions_total", evaluator="contrary", verdict="same") == given
    # It stands in the log, so whichever process is asked says so, until somebody has looked into it.
    ready = [service.request("GET", "/readyz") for _ in range(6)]
    assert {answer.status for answer in ready} == {503}
    (name,) = {re.search(r"decision (\S+) ", answer.document["errors"][0]["detail"])[1] for answer in ready}
    environ = {**os.environ, "OSTIARY_DATA": str(tmp_path / "data")}
    settle = [*COMMAND, "log", "settle", name, "--reason", "It was wrong on purpose"]
    subprocess.run(settle, env=environ, check=True, stdout=subprocess.DEVNULL, timeout=60)
    assert {service.request("GET", "/readyz").status for _ in range(6)} == {200}
    assert service.stop()[0] == 0
    assert list(temporary.iterdir()) == []
    again = subprocess.run(
        [*COMMAND, "log", "replay"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert again.returncode == 0
    assert (
        f"{given + 1} decisions decided again: {given} the same, 0 differ, 0 not replayable, 1 withheld" in again.stdout
    )
    assert "ostiary.opinion/disagreement" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "announced"),
    [
        (("--strict-second-opinion",), ["`compiled` decides; `reference` and `rete` are asked before each answer"]),
        (("--evaluator", "rete"), []),
    ],
)
def test_that_the_rete_process_was_replaced_is_said(
    arguments: tuple[str, ...], announced: list[str], start_service: Callable[..., RunningService]
) -> None:
    service = start_service(arguments=arguments)
    assert [line for line in service.lines if "asked before" in line] == announced
    assert service.decide(about("fine")).document["outcome"] == "hold"
    (worker,) = children(service)
    os.kill(worker, signal.SIGKILL)
    assert service.decide(about("fine")).document["outcome"] == "hold"
    assert figure(metrics(service), "evaluator_restarts_total", evaluator="rete") >= 1
    code, errors = service.stop()
    assert code == 0
    assert "rete: what it runs was replaced, it died with signal 9 (Killed)" in errors


@pytest.mark.parametrize("processes", ["1", "2"])
def test_strictness_without_anybody_to_ask_is_no_start(tmp_path: Path, processes: str) -> None:
    command = [*WITH, "absent", "serve", "--port", "0", "--data", str(tmp_path / "data"), "--strict-second-opinion"]
    ended = subprocess.run(
        [*command, "--processes", processes], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: OSTIARY_STRICT_SECOND_OPINION")
    assert "`absent`: there is no voice on this machine; buy one" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_several_processes_need_a_place_to_count_in(tmp_path: Path) -> None:
    command = [*COMMAND, "serve", "--port", "0", "--data", str(tmp_path / "data"), "--processes", "2"]
    file = tmp_path / "file"
    file.touch()
    script = "import sys, tempfile; tempfile.tempdir = sys.argv.pop(1); from api.cli import main; main(sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", script, str(file), *command[len(COMMAND) :]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "set TMPDIR" in ended.stderr
    assert "Traceback" not in ended.stderr
