"""`ostiary log settle`: what evaluators differed on, up to the entry that was looked into and no further."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from records import Written

from api.asker import Asker
from api.example import EXAMPLE_REQUEST
from api.recorder import new_id, now
from api.second_opinion import alarm
from api.service import DecisionService
from api.settings import Settings
from api.startup import open_service
from engine import Policy
from engine.audit import Receipt
from engine.opinion import Opinion, Verdict


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Policy) -> Iterator[DecisionService]:
    monkeypatch.setenv("OSTIARY_DATA", str(tmp_path / "data"))
    settings = Settings(tmp_path / "data", (), Path(), second_opinion=0)
    opened = open_service(settings, policy=shipped, new_id=new_id, now=now)
    yield opened
    opened.close()


@pytest.fixture
def disagree(service: DecisionService) -> Callable[[], str]:
    """Has evaluators differ on a decision; its id."""

    def disagree() -> str:
        given = json.loads(service.decide(EXAMPLE_REQUEST, Asker("tests")))
        leaf = bytes.fromhex(given["log"]["leaf"].removeprefix("sha256:"))
        receipt = Receipt(given["log"]["index"], leaf, given["id"])
        alarm = service.second_opinion.alarm
        other = {"rete": Opinion(Verdict.DIFFERENT, {"outcome": "allow"})}
        service.log.append(alarm.entry(receipt, given, other, is_withheld=False))
        return given["id"]

    return disagree


def test_it_is_on_record_who_settled_what_and_why(
    run: Callable, service: DecisionService, disagree: Callable[[], str], tmp_path: Path
) -> None:
    first, last = disagree(), disagree()
    entry = service.log.last_of("opinions_differ")
    which = f"on 2 decisions since entry {entry.index - 2}, the last decision {last} (entry {entry.index})"
    assert f"evaluators differ {which}: " in service.second_opinion.alarm.standing()
    done = run("log", "settle", last, "--reason", "rete was wrong")
    assert (done.code, done.out, done.err) == (
        *(0, f"Settled: evaluators differed {which}.\n"),
        "",
    )
    written = Written(tmp_path / "data", {}, {})
    (record,) = written.entries("opinions_settled")
    assert {key: record[key] for key in ("decision", "entry", "reason")} == {
        "decision": last,
        "entry": entry.index,
        "reason": "rete was wrong",
    }
    assert record["caller"].startswith("cli:")
    assert service.second_opinion.alarm.standing() is None
    assert first != last


def test_what_came_since_is_not_settled(run: Callable, service: DecisionService, disagree: Callable[[], str]) -> None:
    first, last = disagree(), disagree()
    done = run("log", "settle", first, "--reason", "r")
    assert (done.code, done.out) == (1, "")
    assert f"differ on 2 decisions since entry 3, the last decision {last} (entry 5); look into all" in done.err
    assert run("log", "settle", last, "--reason", "r").code == 0
    newest = disagree()
    assert newest in service.second_opinion.alarm.standing()


def test_one_that_comes_while_it_is_settled_stands(service: DecisionService, disagree: Callable[[], str]) -> None:
    disagree()
    seen = service.log.last_of("opinions_differ")
    last = disagree()
    fields = {"decision": "d", "entry": seen.index, "reason": "r"}
    service.log.append(service.recorder.entry("opinions_settled", fields))
    assert last in service.second_opinion.alarm.standing()


def test_without_a_disagreement_there_is_nothing_to_settle(run: Callable, service: DecisionService) -> None:
    done = run("log", "settle", "0198", "--reason", "r")
    assert (done.code, done.out) == (1, "")
    assert "`0198` is no decision on which evaluators differed; nothing is to settle" in done.err
    assert service.log.last_of("opinions_settled") is None


def test_of_very_many_the_last_are_counted(
    service: DecisionService, disagree: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "MOST_COUNTED", 2)
    names = [disagree() for _ in range(3)]
    said = f"on 2 decisions since entry 5, the last decision {names[-1]} (entry 7) (the last 2 are counted): "
    assert said in service.second_opinion.alarm.standing()


def test_what_is_settled_is_not_settled_again(
    run: Callable, service: DecisionService, disagree: Callable[[], str]
) -> None:
    first, last = disagree(), disagree()
    assert run("log", "settle", last, "--reason", "r").code == 0
    size = service.log.size()
    for settled in (first, last):
        done = run("log", "settle", settled, "--reason", "r")
        assert (done.code, done.out, done.err) == (0, f"Decision {settled} is already settled.\n", "")
        assert service.log.size() == size
    newest = disagree()
    done = run("log", "settle", last, "--reason", "r")
    assert done.out.startswith(f"Decision {last} is already settled; evaluators differ on decision {newest} (entry ")


def test_a_decision_on_which_none_differed_is_said_to_be_one(
    run: Callable, service: DecisionService, disagree: Callable[[], str]
) -> None:
    other = json.loads(service.decide(EXAMPLE_REQUEST, Asker("tests")))["id"]
    last = disagree()
    done = run("log", "settle", other, "--reason", "r")
    assert (done.code, done.out) == (1, "")
    assert f"`{other}` is no decision on which evaluators differed; they differ on decision {last} (entry" in done.err


@pytest.mark.parametrize("reason", ["", " \n"])
def test_a_reason_is_words(run: Callable, service: DecisionService, disagree: Callable[[], str], reason: str) -> None:
    done = run("log", "settle", disagree(), "--reason", reason)
    assert (done.code, done.out) == (1, "")
    assert "is empty" in done.err
    assert service.log.last_of("opinions_settled") is None
