"""Counts of few accounts left untold, so that nobody can be found in a published result.

A count of more than nothing and less than a threshold becomes None, and where it is the only one of a group whose sum is
told, so does the smallest of the others: else it could be worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import attrs

from engine.simulation.result import Alternative, Count, Day, Precision

_T = TypeVar("_T")


def suppressed(alternative: Alternative, below: int) -> Alternative:
    """The alternative without the counts of few accounts, and without examples of these; all of it when `below` is 0."""
    if below <= 1:
        return alternative
    hiding = _Hiding(below)
    timeline = tuple(hiding.day(day) for day in alternative.timeline)
    told = {(shift.before, shift.after) for day in timeline for shift in day.shifts if shift.accounts is not None}
    return attrs.evolve(
        alternative,
        main=hiding.day(alternative.main),
        timeline=timeline,
        bite=alternative.bite
        and attrs.evolve(alternative.bite, account_days=hiding.count(alternative.bite.account_days)),
        impact={name: hiding.group(cells, "accounts", "changed", "caught") for name, cells in alternative.impact.items()},
        rules=hiding.each(alternative.rules, "before", "after"),
        demands=hiding.each(alternative.demands, "before", "after"),
        restrictions=hiding.each(alternative.restrictions, "before", "after"),
        examples=tuple(one for one in alternative.examples if (one.before, one.after) in told),
        evasion=hiding.each(alternative.evasion, "tried", "evaded", "malicious"),
        precision=alternative.precision and hiding.precision(alternative.precision),
    )


@attrs.frozen
class _Hiding:
    below: int

    def count(self, count: Count) -> Count:
        return None if count is not None and 0 < count < self.below else count

    def each(self, items: Sequence[_T], *names: str) -> tuple[_T, ...]:
        """The items with each of these counts told or not."""
        return tuple(self._evolved(item, {name: self.count(getattr(item, name)) for name in names}) for item in items)

    def group(self, items: Sequence[_T], *names: str) -> tuple[_T, ...]:
        """Likewise, of items whose counts add up to something that is told."""
        hidden = self.each(items, *names)
        for name in names:
            untold = [number for number, item in enumerate(hidden) if getattr(item, name) is None]
            told = [number for number, item in enumerate(hidden) if getattr(item, name)]
            if len(untold) == 1 and told:
                smallest = min(told, key=lambda number, name=name: getattr(hidden[number], name))  # type: ignore[misc]
                hidden = tuple(
                    self._evolved(item, {name: None}) if number == smallest else item
                    for number, item in enumerate(hidden)
                )
        return hidden

    def day(self, day: Day) -> Day:
        shifts = self.group(day.shifts, "accounts")
        counts = {name: self.count(getattr(day, name)) for name in ("changed", "caught", "released")}
        return attrs.evolve(day, shifts=shifts, **counts)

    def precision(self, precision: Precision) -> Precision:
        names = [field.name for field in attrs.fields(Precision)]
        return attrs.evolve(precision, **{name: self.count(getattr(precision, name)) for name in names})

    @staticmethod
    def _evolved(item: _T, counts: dict[str, Any]) -> _T:
        made: _T = attrs.evolve(item, **counts)  # type: ignore[type-var]
        return made
