"""Counts of few accounts left untold, so that nobody can be found in a published result.

A count of more than nothing and less than a threshold becomes None, and where it is the only one of a group whose sum
is told, so does the smallest of the others: else it could be worked out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from engine.simulation.result import Alternative, Count, Day, Precision

_T = TypeVar("_T")


def suppressed(alternative: Alternative, below: int) -> Alternative:
    """The alternative without the counts of few accounts and examples of these; all of it when `below` is 0."""
    if below <= 1:
        return alternative
    hiding = _Hiding(below)
    timeline = tuple(hiding.day(day) for day in alternative.timeline)
    told = {(shift.before, shift.after) for day in timeline for shift in day.shifts if shift.accounts is not None}
    bite, precision, impact = alternative.bite, alternative.precision, alternative.impact
    return attrs.evolve(
        alternative,
        main=hiding.day(alternative.main),
        timeline=timeline,
        bite=None if bite is None else hiding.one(bite, "account_days"),
        impact={name: hiding.group(cells, "accounts", "changed", "caught") for name, cells in impact.items()},
        rules=hiding.each(alternative.rules, "before", "after"),
        demands=hiding.each(alternative.demands, "before", "after"),
        restrictions=hiding.each(alternative.restrictions, "before", "after"),
        examples=tuple(one for one in alternative.examples if (one.before, one.after) in told),
        evasion=hiding.each(alternative.evasion, "tried", "evaded", "malicious"),
        precision=None if precision is None else hiding.one(precision, *_PRECISION),
    )


_PRECISION = tuple(field.name for field in attrs.fields(Precision))


@attrs.frozen
class _Hiding:
    below: int

    def one(self, item: _T, *names: str) -> _T:
        """The item with each of these counts told or not."""
        return _evolved(item, {name: self._count(getattr(item, name)) for name in names})

    def each(self, items: Sequence[_T], *names: str) -> tuple[_T, ...]:
        """Likewise for several."""
        return tuple(self.one(item, *names) for item in items)

    def group(self, items: Sequence[_T], *names: str) -> tuple[_T, ...]:
        """Likewise, of items whose counts add up to something that is told."""
        hidden = list(self.each(items, *names))
        for name in names:
            counts = [getattr(item, name) for item in hidden]
            told = [(count, number) for number, count in enumerate(counts) if count]
            if counts.count(None) == 1 and told:
                _, smallest = min(told)
                hidden[smallest] = _evolved(hidden[smallest], {name: None})
        return tuple(hidden)

    def day(self, day: Day) -> Day:
        """A day, with what shifts on it."""
        shifts = self.group(day.shifts, "accounts")
        return attrs.evolve(self.one(day, "changed", "caught", "released"), shifts=shifts)

    def _count(self, count: Count) -> Count:
        return None if count is not None and 0 < count < self.below else count


def _evolved(item: _T, counts: Mapping[str, Count]) -> _T:
    # Every item is of a class of attrs, which a type variable cannot say.
    made: _T = attrs.evolve(item, **counts)  # type: ignore[misc]
    return made
