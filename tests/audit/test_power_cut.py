"""The power fails at any moment while two processes append: whatever was acknowledged is in the log afterwards.

OSTIARY_POWER_CUTS says at how many moments, 250 by default.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import attrs
import pytest
from memory import memory_directory
from numbered import acknowledgements, closed_facts, lost, numbered_entry, read_whole
from power_cut import Change, Disk, everything, power_cuts, put, read_trace
from processes import wait_until_gone

from engine.audit import DecisionLog, LogUnavailable

CUTS = int(os.environ.get("OSTIARY_POWER_CUTS", "250"))
SEED = 20_261_122
THREADS = 4
RUNS = {"a": 20, "bc": 60, "d": 20}
"""Appends of each thread, by the names of the processes that run side by side."""

WRITE_AHEAD_LOG = "data/log.db-wal"


@attrs.frozen
class Loss:
    """Acknowledged entries that are gone, index by id, and ids of entries whose facts nothing opens any more."""

    entries: dict[str, int]
    facts: list[str]


@pytest.fixture
def root():
    with tempfile.TemporaryDirectory(dir=memory_directory()) as directory:
        yield Path(directory).resolve()


@pytest.fixture
def record(forked, root, recording_disk):
    """Append from one process, then from two at once, then from one again; everything they did to files, in order."""

    def run(*options) -> list[Change]:
        environment = {
            "LD_PRELOAD": str(recording_disk),
            "RECORDED": str(root / "disk"),
            "TRACE": str(root / "trace"),
        }
        (root / "disk").mkdir()
        for names, times in RUNS.items():
            wait_until_gone(
                forked(
                    root / "disk" / "data",
                    name,
                    root / "disk" / f"acknowledged-{name}",
                    threads=THREADS,
                    times=times,
                    options=options,
                    environment=environment,
                )
                for name in names
            )
        return read_trace(root / "trace")

    return run


def acknowledged_in(trace: Sequence[Change]) -> dict[str, int]:
    told = [change for change in trace if change.kind == "w" and change.name.startswith("acknowledged-")]
    return acknowledgements("".join(change.data.decode() for change in told))


def check_cut(directory: Path, image: dict[str, bytes | None], acknowledged: dict[str, int]) -> Loss:
    """Open what is left as the service would, and go on; what is lost."""
    put(image, directory)
    with DecisionLog.open(directory / "data") as log:
        loss = Loss(lost(acknowledged, read_whole(log)), closed_facts(log))
        size = log.size()
        assert log.append(numbered_entry("after-the-cut")).index == size
    return loss


def losses(root: Path, trace: Sequence[Change], cuts: int) -> list[Loss]:
    """What each cut lost, if anything. A cut after which the log does not open or is not whole fails the test."""
    found = []
    for point, choose, image in power_cuts(trace, cuts, Random(SEED)):
        directory = root / "cut"
        directory.mkdir()
        try:
            found.append(check_cut(directory, image, acknowledged_in(trace[:point])))
        except (LogUnavailable, AssertionError) as error:
            raise AssertionError(f"after change {point}, with {choose.__name__} of what was not flushed") from error
        shutil.rmtree(directory)
    return [loss for loss in found if loss.entries or loss.facts]


def test_the_record_misses_nothing(record, root):
    trace = record()
    disk = Disk()
    for change in trace:
        disk.feed(change)
    for name in ["", "data"]:
        disk.feed(Change("d", name, 0, 0, b""))
    paths = [path for path in (root / "disk").rglob("*") if not path.name.endswith("-shm")]
    real = {str(path.relative_to(root / "disk")): path.read_bytes() if path.is_file() else None for path in paths}
    assert disk.cut(Random(SEED), everything) == real
    assert len(acknowledged_in(trace)) == THREADS * sum(len(names) * times for names, times in RUNS.items())


def test_the_record_holds_what_is_hard(record):
    """The two processes wrote so much that the write-ahead log was moved into the database and begun anew."""
    trace = [change for change in record() if not change.name.startswith("acknowledged-d")]
    begun = [change for change in trace if (change.kind, change.name, change.offset) == ("w", WRITE_AHEAD_LOG, 0)]
    made = [change for change in trace if (change.kind, change.name) == ("c", WRITE_AHEAD_LOG)]
    assert len(begun) > len(made) >= len(RUNS)


def test_what_was_acknowledged_outlives_a_power_cut(record, root):
    assert losses(root, record(), CUTS) == []


def test_a_log_that_does_not_flush_every_commit_is_found_out(record, root):
    """The same test on SQLite's `synchronous = NORMAL`, so that it is known to be able to fail."""
    cuts = max(CUTS // 5, 20)
    lossy = losses(root, record("--normal"), cuts)
    entries, facts = (sum(map(bool, lost_things)) for lost_things in zip(*map(attrs.astuple, lossy), strict=True))
    print(f"{cuts} cuts on NORMAL: {entries} lost acknowledged entries, {facts} the keys of facts")
    assert entries > cuts // 5
    assert facts
