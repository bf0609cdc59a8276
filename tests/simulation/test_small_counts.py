"""Counts of few accounts are not told, and cannot be worked out from what is told."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pytest
import small_law
from counted_one_by_one import Ran, ran

from api.report import render
from engine.language.rule_file import EFFECTS
from engine.simulation.result import Cell, Day, Demand, Evasion, PopulationSummary, Precision, Shift
from engine.simulation.suppression import Suppression

BELOW = 10
ALLOWED = ("allow", "restrict")
COUNTS = {
    "accounts", "changed", "caught", "released", "before", "after", "account_days", "tried", "evaded", "malicious",
    "malicious_caught", "legitimate", "legitimate_caught", "left_out",
}  # fmt: skip
SIZES = (0, 0, 1, 2, 9, 10, 11, 60, 5000)


class Attacker:
    """Whoever adds and subtracts what is told: `unknown` are the parts that nobody told, by name."""

    def __init__(self, parts: Mapping[Any, int]) -> None:
        self._parts = parts
        self._names = list(parts)
        self._told: list[list[int]] = []

    def hears(self, of: Iterable[Any]) -> None:
        """The sum of some parts."""
        chosen = set(of)
        self._told.append([int(name in chosen) for name in self._names])

    def finds(self, below: int) -> list[Any]:
        """The parts of few accounts that follow from what was heard."""
        told = np.array(self._told or [[0] * len(self._names)])
        rank = np.linalg.matrix_rank(told)
        found = []
        for n, name in enumerate(self._names):
            if 0 < self._parts[name] < below:
                alone = np.eye(len(self._names), dtype=int)[n]
                if np.linalg.matrix_rank(np.vstack([told, alone])) == rank:
                    found.append(name)
        return found


def a_day(rng: random.Random) -> Day:
    shifts = [
        Shift(before, after, count)
        for before in rng.sample(EFFECTS, rng.randint(1, 5))
        for after in rng.sample(EFFECTS, rng.randint(1, 5))
        if (count := rng.choice(SIZES))
    ]

    def total(*kinds: tuple[bool, bool]) -> int:
        kept = [s for s in shifts if (s.before in ALLOWED, s.after in ALLOWED) in kinds and s.before != s.after]
        return sum(shift.accounts or 0 for shift in kept)

    every = [(a, b) for a in (True, False) for b in (True, False)]
    return Day("2027-01-01", shifts, total(*every), total((True, False)), total((False, True)))


def kinds_of(day: Day, name: str) -> list[tuple[str, str]]:
    """The shifts that a sum is about."""
    chosen = []
    for shift in day.shifts:
        was, is_ = shift.before in ALLOWED, shift.after in ALLOWED
        wanted = {
            "changed": shift.before != shift.after,
            "caught": was and not is_,
            "released": is_ and not was,
        }
        chosen += [(shift.before, shift.after)] if wanted[name] else []
    return chosen


def test_nothing_of_a_day_can_be_worked_out() -> None:
    rng = random.Random(1)
    for _ in range(1000):
        day = a_day(rng)
        parts = {(shift.before, shift.after): shift.accounts or 0 for shift in day.shifts}
        # How many accounts there are at all is told anyway.
        if sum(parts.values()) < BELOW:
            continue
        told = Suppression(BELOW, sum(parts.values())).day(day)
        attacker = Attacker(parts)
        attacker.hears(parts)
        for shift in told.shifts:
            assert shift.accounts is None or shift.accounts >= BELOW
            if shift.accounts is not None:
                attacker.hears([(shift.before, shift.after)])
        for name in ("changed", "caught", "released"):
            count = getattr(told, name)
            assert count is None or count == 0 or count >= BELOW
            if count is not None:
                attacker.hears(kinds_of(day, name))
        assert attacker.finds(BELOW) == [], (day, told)


def test_a_day_of_many_accounts_is_told_whole() -> None:
    shifts = [Shift("allow", "allow", 500), Shift("allow", "deny", 40), Shift("deny", "deny", 60)]
    day = Day("2027-01-01", shifts, 40, 40, 0)
    assert Suppression(BELOW, 600).day(day) == day


def cells(rng: random.Random) -> list[Cell]:
    found = []
    for n in range(rng.randint(1, 6)):
        same, other, caught = (rng.choice(SIZES) for _ in range(3))
        if same + other + caught:
            found.append(Cell(f"v{n}", "", same + other + caught, other + caught, caught))
    return found


def test_nothing_of_a_table_can_be_worked_out() -> None:
    rng = random.Random(2)
    looked = 0
    while looked < 1000:
        table = cells(rng)
        changed, caught, total = (sum(getattr(c, name) for c in table) for name in ("changed", "caught", "accounts"))
        if total < BELOW:
            continue
        shifts = [
            Shift("allow", "allow", total - changed),
            Shift("allow", "hold", caught),
            Shift("allow", "restrict", changed - caught),
        ]
        main = Suppression(BELOW, total).day(Day("d", [s for s in shifts if s.accounts], changed, caught, 0))
        looked += 1
        told = Suppression(BELOW, total).cells(table, main)
        parts = {}
        for cell in table:
            parts[cell.value, "same"] = (cell.accounts or 0) - (cell.changed or 0)
            parts[cell.value, "other"] = (cell.changed or 0) - (cell.caught or 0)
            parts[cell.value, "caught"] = cell.caught or 0
        attacker = Attacker(parts)
        attacker.hears(parts)
        sums = {"accounts": ("same", "other", "caught"), "changed": ("other", "caught"), "caught": ("caught",)}
        for name, of in sums.items():
            if name != "accounts" and getattr(main, name) is not None:
                attacker.hears(part for part in parts if part[1] in of)
            for cell in told:
                count = getattr(cell, name)
                assert count is None or count == 0 or count >= BELOW
                if count is not None:
                    attacker.hears((cell.value, part) for part in of)
        assert attacker.finds(BELOW) == [], (table, told, main)


@pytest.mark.parametrize(
    ("pair", "told"),
    [((0, 0), (0, 0)), ((0, 9), (0, None)), ((0, 10), (0, 10)), ((50, 55), (50, None)), ((95, 50), (None, 50))],
)
def test_what_holds_of_few_or_of_all_but_few(pair: tuple[int, int], told: tuple[Any, Any]) -> None:
    item = Suppression(BELOW, 100).pair(Demand("/a", "", *pair))
    assert (item.before, item.after) == told


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((60, 30, 15), (60, 30, 15)),
        ((95, 30, 15), (None, None, None)),
        ((60, 55, 15), (60, None, None)),
        ((60, 30, 25), (60, 30, None)),
        ((60, 30, None), (60, 30, None)),
    ],
)
def test_ways_around(way: tuple[Any, ...], told: tuple[Any, ...]) -> None:
    shown = Suppression(BELOW, 1000).evasion(Evasion("w", "", *way), 100)
    assert (shown.tried, shown.evaded, shown.malicious) == told


def test_labels() -> None:
    day = Day("d", [], 100, 100, 0)
    hiding = Suppression(BELOW, 1000)
    assert hiding.precision(Precision(400, 50, 600, 50), day, day) == Precision(400, 50, 600, 50)
    assert hiding.precision(Precision(400, 95, 600, 5), day, day) == Precision(400, None, 600, None)
    assert hiding.precision(Precision(400, 50, 595, 50), day, day) == Precision(None, None, None, None)
    untold = attrs.evolve(day, caught=None)
    assert hiding.precision(Precision(400, 50, 600, 50), day, untold) == Precision(400, None, 600, None)


def test_the_population() -> None:
    summary = PopulationSummary("", 1000, {"a": 3, "b": 400, "c": 597}, 4, 996, 2, {})
    shown = Suppression(BELOW, 1000).population(summary)
    assert shown.actions == {"a": None, "b": None, "c": 597}
    assert (shown.malicious, shown.legitimate, shown.left_out) == (None, None, None)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Of each kind of account there are six, so that of most parts there are few."""
    folder = tmp_path_factory.mktemp("few")
    small_law.accounts(folder / "accounts.ndjson", each=6)
    small_law.rules(folder / "rules")
    small_law.order(folder / "draft.yaml", target={"jurisdiction": "FR"}, issued_on="2026-06-01")
    small_law.order(folder / "person.yaml", target={"person": "DE-1"}, issued_on="2026-06-01")
    return ran(
        small_law.job(
            folder,
            baseline={"rules": ["rules"]},
            candidates=[
                {"id": "country", "title": "Country", "measures": ["draft.yaml"]},
                {"id": "person", "title": "Person", "measures": ["person.yaml"]},
            ],
            dates=["2027-01-15", "2027-02-01"],
            suppress_below=BELOW,
        )
    )


def counts(value: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Every count of a document, by the key it stands under."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in {"decisions", "source"}:
                yield from counts(inner, "accounts" if name == "actions" else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from counts(inner, name)
    elif isinstance(value, int) and not isinstance(value, bool) and name in COUNTS:
        yield name, value


def test_no_small_count_is_anywhere_in_a_result(done: Ran) -> None:
    document = done.result.document
    told = list(counts(document))
    assert len(told) > 20
    assert [one for one in told if 0 < one[1] < BELOW] == []
    for one in document["alternatives"]:
        assert [factor for factor in one["factors"] if "6" in (factor["shown"] or "").split()] == []


def test_examples_are_of_flips_that_are_told_and_show_no_account(done: Ran) -> None:
    country, person = done.result.alternatives
    assert person.examples == []
    told = {(shift.before, shift.after) for shift in country.main.shifts if shift.accounts is not None}
    assert all((one.before, one.after) in told and one.facts == {} for one in country.examples)


def test_the_report_bears_it(done: Ran) -> None:
    text = render(done.result)
    assert "not shown" in text
    assert "fewer than" not in text
