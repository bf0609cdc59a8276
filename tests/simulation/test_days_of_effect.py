"""On which days a candidate changes something, against every day decided one by one."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import small_law
from counted_one_by_one import OneByOne, Ran, ran

from engine.simulation.result import Bite

SINCE = "has(customer.located_in) && customer.located_in == 'KP'"


def run(folder: Path, *changes: tuple[str, str], dates: Any, measures: Sequence[str] = (), **said: Any) -> Ran:
    """The small law against the same with texts replaced, and orders added."""
    small_law.accounts(folder / "accounts.ndjson")
    small_law.rules(folder / "old")
    small_law.rules(folder / "new", *changes)
    candidate = {"id": "c", "title": "C", "rules": ["new"], "measures": list(measures), **said}
    when = {} if dates is None else {"dates": dates}
    path = small_law.job(folder, baseline={"rules": ["old"]}, candidates=[candidate], evasion=[], examples=0, **when)
    return ran(path)


def every_day(done: Ran) -> dict[str, int]:
    """The accounts that change, on every day from the first to the last that was looked at."""
    alone = OneByOne(done)
    first, last = (datetime.date.fromisoformat(done.days.dates[n]).toordinal() for n in (0, -1))
    days = [datetime.date.fromordinal(day).isoformat() for day in range(first, last + 1)]
    return {day: sum(alone.changed("c", day)) for day in days}


def bite(done: Ran) -> Bite | None:
    return done.result.alternatives[0].bite


def agrees(done: Ran) -> bool:
    """Whether what is told of the days is so."""
    counts, told = every_day(done), bite(done)
    hit = [day for day, count in counts.items() if count]
    if told is None:
        return not hit
    return (told.from_, told.until, told.days, told.account_days) == (hit[0], hit[-1], len(hit), sum(counts.values()))


def test_the_days_of_an_order_are_exact(tmp_path: Path) -> None:
    small_law.order(tmp_path / "draft.yaml", target={"jurisdiction": "FR"})
    done = run(tmp_path, dates=None, measures=["draft.yaml"])
    told = bite(done)
    assert told is not None
    assert (told.from_, told.until, told.days) == ("2027-07-10", "2028-01-10", 185)
    assert told.is_exact
    assert agrees(done)


@pytest.mark.parametrize(
    ("condition", "dates"),
    [
        ("as_of >= date('2027-02-10') && as_of <= date('2027-02-20')", ["2027-01-01", "2027-03-01"]),
        ("as_of == date('2027-02-10')", ["2027-01-01", "2027-02-10", "2027-03-01"]),
        ("as_of < date('2027-02-10')", ["2027-02-01", "2027-03-01"]),
        ("as_of <= date('2027-02-10')", ["2027-02-01", "2027-02-10", "2027-03-01"]),
        ("calendar.days_between(date('2027-01-01'), as_of) < 20", ["2027-01-01", "2027-03-01"]),
    ],
)
def test_what_changes_between_two_days_is_not_called_exact(tmp_path: Path, condition: str, dates: list[str]) -> None:
    done = run(tmp_path, (SINCE, f"({condition}) && {SINCE}"), dates=dates)
    told = bite(done)
    assert told is None or not told.is_exact
    assert not agrees(done)


@pytest.mark.parametrize(
    "dates",
    [
        ["2027-02-09", "2027-02-10", "2027-02-11", "2027-03-01"],
        {"from": "2027-02-01", "until": "2027-02-20"},
    ],
)
def test_a_rule_of_some_days_is_exact_when_its_days_are_looked_at(tmp_path: Path, dates: Any) -> None:
    done = run(tmp_path, (SINCE, f"as_of != date('2027-02-10') && {SINCE}"), dates=dates)
    told = bite(done)
    assert told is not None
    assert told.is_exact
    assert agrees(done)


def test_an_order_that_lives_between_two_days_is_not_overlooked(tmp_path: Path) -> None:
    small_law.order(tmp_path / "draft.yaml", target={"jurisdiction": "FR"})
    change = (SINCE, "has(customer.located_in) && customer.located_in == 'BR'")
    done = run(tmp_path, change, dates=["2026-12-01", "2028-06-01"], measures=["draft.yaml"])
    told = bite(done)
    assert told is not None
    assert told.is_exact
    assert agrees(done)


def test_no_day_of_effect_lies_beyond_the_life_of_the_order(tmp_path: Path) -> None:
    """Whatever days are asked for: those on which its state changes are looked at, too, and no others."""
    small_law.order(tmp_path / "draft.yaml", target={"jurisdiction": "FR"})
    asked = ["2027-06-01", "2027-08-01", "2027-09-01", "2028-03-01"]
    done = run(tmp_path, dates=asked, measures=["draft.yaml"])
    told = bite(done)
    assert told is not None
    assert (told.from_, told.until, told.days) == ("2027-07-10", "2028-01-10", 185)
    assert agrees(done)
    assert set(done.days.dates) == {*asked, "2027-07-10", "2028-01-11"}
    assert done.days.main in asked


def test_a_rule_set_that_is_in_force_between_two_days_is_not_overlooked(tmp_path: Path) -> None:
    change = ("effective: {from: 2024-01-29}", "effective: {from: 2027-02-01, until: 2027-02-10}")
    done = run(tmp_path, change, dates=["2027-01-01", "2027-03-01"])
    told = bite(done)
    assert told is not None
    assert not told.is_exact
    assert not agrees(done)
    # Where no rule set is in force a person decides, which is told among the rules.
    assert {rule.rule: (rule.before, rule.after) for rule in done.result.alternatives[0].rules}[
        "ostiary.law/not-in-force"
    ] == (0, len(small_law.PLACES) * 4)
