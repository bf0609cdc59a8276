"""Counts of few accounts left untold, so that nobody can be found in a published result.

A count of more than nothing and less than a threshold is None, and so is every other count from which, together with
what is told, one of these could be worked out by adding and subtracting:

- of counts whose sum is known none is hidden alone, and those that are hidden come to the threshold together;
- whoever changes, is caught or is released, and whoever is not, is told apart only where each part is large enough;
- a count is hidden, too, where so few accounts are left of the whole.

Counts that overlap (rules, facts asked for) are each looked at by themselves and against all accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from typing import TypeVar

import attrs

from engine.simulation.factors import FactorCounts
from engine.simulation.result import (
    Alternative,
    Bite,
    Cell,
    Count,
    Day,
    Demand,
    Evasion,
    Example,
    PopulationSummary,
    Precision,
    RuleImpact,
    Term,
)

_Pair = TypeVar("_Pair", RuleImpact, Demand, Term)


@attrs.frozen
class Suppression:
    """Hides counts of `accounts` in all that are `below` a threshold; none when it is 0 or 1."""

    below: int
    accounts: int

    @property
    def hides(self) -> bool:
        """Whether anything can be hidden at all."""
        return self.below > 1

    def alternative(self, alternative: Alternative) -> Alternative:
        """The alternative without the counts of few accounts, and without examples of flips that are not told."""
        if not self.hides:
            return alternative
        main = self.day(alternative.main)
        timeline = tuple(self.day(day) for day in alternative.timeline)
        precision = alternative.precision
        return attrs.evolve(
            alternative,
            main=main,
            timeline=timeline,
            bite=None if alternative.bite is None else _bite(alternative.bite, timeline),
            impact={name: self.cells(cells, main) for name, cells in alternative.impact.items()},
            rules=[self.pair(rule) for rule in alternative.rules],
            demands=[self.pair(demand) for demand in alternative.demands],
            restrictions=[self.pair(term) for term in alternative.restrictions],
            examples=self.examples(alternative.examples, main),
            evasion=[self.evasion(way, main.caught) for way in alternative.evasion],
            precision=None if precision is None else self.precision(precision, alternative.main, main),
        )

    def population(self, summary: PopulationSummary) -> PopulationSummary:
        """The population's own counts."""
        if not self.hides:
            return summary
        malicious, legitimate = self._labels(summary.malicious or 0, summary.legitimate or 0)
        names = list(summary.actions)
        counts = [summary.actions[name] or 0 for name in names]
        hidden = self._hidden(counts, [range(len(names))])
        return attrs.evolve(
            summary,
            actions={name: None if n in hidden else counts[n] for n, name in enumerate(names)},
            malicious=malicious,
            legitimate=legitimate,
            left_out=summary.left_out if self._is_told(summary.left_out or 0) else None,
        )

    def factors(self, counts: FactorCounts) -> FactorCounts:
        """What is counted for the factors; what other parts of a result tell, too, has been looked at there."""
        if not self.hides:
            return counts
        whole = counts.accounts
        return attrs.evolve(
            counts,
            there=self._part(counts.there, whole),
            there_malicious=self._part(counts.there_malicious, counts.there, counts.malicious),
            resold_there=self._part(counts.resold_there, counts.there),
            resold_there_malicious=self._part(
                counts.resold_there_malicious, counts.resold_there, counts.there_malicious
            ),
            own=self._part(counts.own, whole),
            own_malicious=self._part(counts.own_malicious, counts.own, counts.malicious),
            offered=self._part(counts.offered, whole),
            offered_malicious=self._part(counts.offered_malicious, counts.offered, counts.malicious),
            offered_legitimate=self._part(counts.offered_legitimate, counts.offered, counts.legitimate),
            asked=self._part(counts.asked, whole),
        )

    def day(self, day: Day) -> Day:
        """A day, with what shifts on it."""
        shifts = day.shifts
        counts = [shift.accounts or 0 for shift in shifts]
        kinds = [shift.kind for shift in shifts]
        sums = {kind: sum(n for n, k in zip(counts, kinds, strict=True) if k == kind) for kind in kinds}
        changed = sum(n for kind, n in sums.items() if kind != "same")
        tells_changed = self._is_told(changed) and self._is_told(sums.get("same", 0))
        tells_parts = tells_changed and all(map(self._is_told, sums.values()))
        parts = {kind: kind if tells_parts or kind == "same" else "changed" for kind in sums} if tells_changed else {}
        blocks = [
            range(len(shifts)),
            *_alike([parts.get(kind, "any") for kind in kinds]),
            # How many come to an outcome under either policy may be told by the rules that lead there.
            *_alike([shift.before for shift in shifts]),
            *_alike([shift.after for shift in shifts]),
        ]
        hidden = self._hidden(counts, blocks)
        return attrs.evolve(
            day,
            shifts=[attrs.evolve(shift, accounts=None) if n in hidden else shift for n, shift in enumerate(shifts)],
            changed=day.changed if tells_changed or not changed else None,
            caught=day.caught if tells_parts or not changed else None,
            released=day.released if tells_parts or not changed else None,
        )

    def cells(self, cells: Sequence[Cell], main: Day) -> list[Cell]:
        """Accounts by the values of a dimension; `main` is the day that they are about, as it is told."""
        tells_changed, tells_caught = main.changed is not None, main.caught is not None
        # Nothing is said apart of those caught where it is not told how many there are.
        rows = [
            _Row(cell.accounts or 0, cell.changed or 0, (cell.caught or 0) if tells_caught else 0) for cell in cells
        ]
        flips = self._untold_flips(rows) if tells_changed else {n for n, row in enumerate(rows) if row.changed}
        accounts = self._untold_accounts(rows, flips)
        return [
            attrs.evolve(
                cell,
                accounts=None if n in accounts else cell.accounts,
                changed=None if n in flips else cell.changed,
                caught=None if n in flips or (cell.changed and not tells_caught) else cell.caught,
            )
            for n, cell in enumerate(cells)
        ]

    def pair(self, item: _Pair) -> _Pair:
        """What holds of some accounts before and after; by how many they became more is not told either."""
        before, after = (self._part(count, self.accounts) for count in (item.before, item.after))
        grown = abs((item.after or 0) - (item.before or 0))
        return attrs.evolve(item, before=before, after=after if self._is_told(grown) else None)

    def examples(self, examples: Sequence[Example], main: Day) -> list[Example]:
        """Those that stand for accounts enough, of flips that are told; for how many is told where not few are left."""
        shown: list[Example] = []
        for shift in main.shifts:
            of_kind = (shift.before, shift.after)
            kept = [
                one
                for one in examples
                if (one.before, one.after) == of_kind
                and shift.accounts is not None
                and self._is_told(one.accounts or 0)
            ]
            is_told = self._is_told((shift.accounts or 0) - sum(one.accounts or 0 for one in kept))
            shown += kept if is_told else [attrs.evolve(one, accounts=None) for one in kept]
        return [one for example in examples for one in shown if one.row == example.row]

    def evasion(self, way: Evasion, caught: Count) -> Evasion:
        """A way around, of which the accounts caught are those that could go it and those that could not."""
        tried = self._part(way.tried, None if way.sample else caught)
        evaded = None if tried is None else self._part(way.evaded, tried)
        return attrs.evolve(
            way,
            tried=tried,
            evaded=evaded,
            malicious=None if evaded is None else self._part(way.malicious, evaded),
        )

    def precision(self, found: Precision, day: Day, told: Day) -> Precision:
        """Those labelled, and those of them who are caught."""
        malicious, legitimate = self._labels(found.malicious or 0, found.legitimate or 0)
        hit, wrong = found.malicious_caught or 0, found.legitimate_caught or 0
        unlabelled = self.accounts - (found.malicious or 0) - (found.legitimate or 0)
        others = (day.caught or 0) - hit - wrong
        parts = (hit, (found.malicious or 0) - hit, wrong, (found.legitimate or 0) - wrong, others, unlabelled - others)
        is_told = malicious is not None and told.caught is not None and all(map(self._is_told, parts))
        return Precision(malicious, hit if is_told else None, legitimate, wrong if is_told else None)

    def _labels(self, malicious: int, legitimate: int) -> tuple[Count, Count]:
        """How many are labelled either way, where it can be told."""
        parts = (malicious, legitimate, self.accounts - malicious - legitimate)
        return (malicious, legitimate) if all(map(self._is_told, parts)) else (None, None)

    def _is_told(self, count: int) -> bool:
        return not 0 < count < self.below

    def _part(self, count: Count, *wholes: Count) -> Count:
        """A count of accounts that are part of others: told where neither they nor the rest are few."""
        if count is None:
            return None
        rests = [whole - count for whole in wholes if whole is not None]
        return count if all(map(self._is_told, (count, *rests))) else None

    def _hidden(self, counts: Sequence[int], blocks: Sequence[Collection[int]]) -> set[int]:
        """The places of counts that are not told; of each block the sum is known."""
        hidden = {n for n, count in enumerate(counts) if not self._is_told(count)}
        is_safe = False
        while not is_safe:
            is_safe = True
            for block in blocks:
                within = [n for n in block if n in hidden]
                others = [n for n in block if n not in hidden and counts[n]]
                if within and others and (len(within) == 1 or sum(counts[n] for n in within) < self.below):
                    hidden.add(min(others, key=lambda n: (counts[n], n)))
                    is_safe = False
        return hidden

    def _untold_flips(self, rows: Sequence[_Row]) -> set[int]:
        """The places of rows of which it is not told who changes: those of few, and more until no sum is of few."""
        touched = [n for n, row in enumerate(rows) if row.changed]
        hidden = {n for n in touched if not all(map(self._is_told, rows[n].parts))}
        while hidden and len(hidden) < len(touched):
            _, *sums = _sum(rows, hidden).parts
            if len(hidden) > 1 and all(map(self._is_told, sums)):
                break
            hidden.add(min((n for n in touched if n not in hidden), key=lambda n: (rows[n].changed, n)))
        return hidden

    def _untold_accounts(self, rows: Sequence[_Row], flips: Collection[int]) -> set[int]:
        """The places of rows of which it is not told how many accounts there are."""
        hidden = {n for n, row in enumerate(rows) if not self._is_told(row.accounts)}
        if not self._is_told(_sum(rows, flips).parts[0]):
            hidden |= set(flips)
        while hidden and len(hidden) < len(rows):
            together = _sum(rows, hidden)
            if len(hidden) > 1 and together.accounts >= self.below and self._is_told(together.parts[0]):
                break
            hidden.add(min((n for n in range(len(rows)) if n not in hidden), key=lambda n: (rows[n].accounts, n)))
        return hidden


@attrs.frozen
class _Row:
    """The counts of a cell."""

    accounts: int
    changed: int
    caught: int

    @property
    def parts(self) -> tuple[int, int, int]:
        """Accounts that do not change, that change and are not caught, and that are caught."""
        return self.accounts - self.changed, self.changed - self.caught, self.caught


def _sum(rows: Sequence[_Row], places: Collection[int]) -> _Row:
    chosen = [attrs.astuple(rows[n]) for n in places]
    return _Row(*map(sum, zip(*chosen, strict=True))) if chosen else _Row(0, 0, 0)


def _bite(bite: Bite, timeline: Sequence[Day]) -> Bite:
    is_known = all(day.changed is not None for day in timeline)
    return bite if is_known else attrs.evolve(bite, account_days=None)


def _alike(marks: Sequence[Hashable]) -> list[list[int]]:
    """The places of marks that are alike."""
    found: dict[Hashable, list[int]] = {}
    for n, mark in enumerate(marks):
        found.setdefault(mark, []).append(n)
    return list(found.values())
