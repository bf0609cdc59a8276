"""The power fails at any moment while services decide, sign and publish: what was answered is on record afterwards.

OSTIARY_SERVICE_POWER_CUTS says at how many moments, 20 by default.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from memory import memory_directory
from power_cut import MARK, Change, mark, power_cuts, put, read_trace
from running_service import RunningService

from api.app import create_app
from api.application import service_of
from api.example import EXAMPLE_REQUEST
from api.settings import Settings
from engine import Policy
from engine.audit import LogUnavailable

CUTS = int(os.environ.get("OSTIARY_SERVICE_POWER_CUTS", "20"))
SEED = 20_261_122
SECONDS = 0.7
"""For how long each service is asked: a checkpoint is signed twice in that time."""


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory_directory()) as directory:
        yield Path(directory).resolve()


def ask(service: RunningService, trace: Path, name: str) -> None:
    """Ask for decisions on customers, some of them twice, and put every answer on the record once it is there."""
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        request = copy.deepcopy(EXAMPLE_REQUEST)
        request["facts"]["customer"]["id"] = f"{name}-{number // 2}"
        answer = service.decide(request)
        assert answer.status == 200
        mark(trace, answer.body.decode() + "\n")
        number += 1


@pytest.fixture
def trace(start_service: Callable[..., RunningService], root: Path, recording_disk: Path) -> list[Change]:
    """The record of one service from its first start to its end, then of two at once on what it left."""
    (root / "disk").mkdir()
    record = root / "trace"
    environment = {
        **os.environ,
        "LD_PRELOAD": str(recording_disk),
        "RECORDED": str(root / "disk"),
        "TRACE": str(record),
        "OSTIARY_CHECKPOINT": str(root / "disk" / "published"),
    }
    for names in ["a", "bc"]:
        services = [start_service(root / "disk" / "data", env=environment) for _ in names]
        clients = [
            threading.Thread(target=ask, args=(service, record, f"{name}{client}"))
            for service, name in zip(services, names, strict=True)
            for client in range(3)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        for service in services:
            assert service.stop()[0] == 0
    return read_trace(record)


def check_trace(trace: list[Change]) -> None:
    """Keys were made, checkpoints were written over older ones, and all was asked of two services at once."""
    assert {"data/kek.key", "data/log.key"} <= {change.data.decode() for change in trace if change.kind == "l"}
    replaced = [change.data.decode() for change in trace if change.kind == "r"]
    assert replaced.count("data/checkpoint") > 3
    assert replaced.count("published") > 3
    answers = [json.loads(change.data) for change in trace if change.kind == MARK]
    assert len(answers) > 30
    assert len({answer["id"] for answer in answers}) == len(answers)


def check_cut(app: Flask, answers: list[str]) -> None:
    """Every answer can be given again, byte for byte, its facts can be opened, and decisions go on."""
    service = service_of(app)
    for answer in answers:
        id_ = json.loads(answer)["id"]
        assert service.find(id_) == answer.encode()
        assert service.facts(id_) is not None
    entries = list(service.log.entries())
    assert [entry.index for entry in entries] == list(range(len(entries)))
    answer = app.test_client().post("/v1/decisions", json=EXAMPLE_REQUEST)
    assert answer.status_code == 200
    assert answer.json["log"]["index"] >= len(entries)


def published_size(image: Mapping[str, bytes | None]) -> int:
    """The size in the checkpoint that was published, 0 if none was."""
    note = image.get("published")
    return 0 if note is None else int(note.split(b"\n")[1])


def failures(
    trace: list[Change], cuts: int, root: Path, start: Callable[[Path], Flask]
) -> Iterator[tuple[str, Exception]]:
    """What went wrong after which cut."""
    for point, choose, image in power_cuts(trace, cuts, Random(SEED)):
        directory = Path(tempfile.mkdtemp(dir=root))
        put(image, directory)
        answers = "".join(change.data.decode() for change in trace[:point] if change.kind == MARK).splitlines()
        try:
            app = start(directory / "data")
            with contextlib.closing(service_of(app)) as service:
                assert service.log.size() >= published_size(image)
                check_cut(app, answers)
        except (LogUnavailable, AssertionError) as error:
            yield f"after change {point}, with {choose.__name__} of what was not flushed", error
        shutil.rmtree(directory)


def test_what_was_answered_outlives_a_power_cut(
    trace: list[Change], root: Path, policy: Policy, make_settings: Callable[[Path], Settings]
) -> None:
    """The service starts by itself after each: its keys, its checkpoint and its databases agree."""
    check_trace(trace)

    def start(data: Path) -> Flask:
        return create_app(make_settings(data), policy=policy)

    for cut, error in failures(trace, CUTS, root, start):
        raise AssertionError(cut) from error
    # The same on services that do not flush one of their files, so that the test is known to be able to fail.
    for name in ["data/kek.key", "data/keys.db-wal"]:
        careless = [change for change in trace if not (change.kind == "s" and change.name.startswith(name))]
        assert any(failures(careless, max(CUTS // 5, 10), root, start)), name
