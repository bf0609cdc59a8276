"""Results to figures: what a whole log comes to, in memory that does not grow with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

import attrs

from engine.decision.severity import is_allowed
from engine.replay.difference import NO_OUTCOME, OUTCOMES, Difference, RuleAt
from engine.replay.recorded import NotReplayable, Reason
from engine.replay.replay import Replayed, Result, Withheld

_Key = TypeVar("_Key")


@attrs.define
class Examples:
    """How many there are, and the first few of them as (index, id)."""

    count: int = 0
    first: list[tuple[int, str]] = attrs.Factory(list)

    def add(self, index: int, id_: str, most: int) -> None:
        """Count one; keep it if it is among the first `most`."""
        self.count += 1
        if len(self.first) < most:
            self.first.append((index, id_))


@attrs.frozen
class Change:
    """Decisions whose outcome goes from `before` to `after`."""

    before: str
    after: str
    decisions: Examples


@attrs.frozen
class RuleChange:
    """Decisions in which a rule `fires` newly, is `silent` where it fired, or is `altered`: it says something else."""

    change: str
    rule: RuleAt
    decisions: Examples


@attrs.frozen
class Unreplayed:
    """Decisions that could not be decided again for one reason."""

    reason: Reason
    detail: str
    decisions: Examples


class Tally:
    """Counts results; of everything it counts it names the first `most` decisions.

    `programs` counts the decisions replayed by the policy that is recorded with them, `outcomes` by (before, after).
    `differing` are the first decisions that differ, whole; `withheld` are those that were not given as the rules made
    them, by what was objected.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.same = 0
        self.differ = 0
        self.not_replayable = 0
        self.programs: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.differing: list[Replayed] = []
        self.withheld: dict[str, Examples] = {}
        self._changes: dict[tuple[str, str], Examples] = {}
        self._rules: dict[tuple[str, RuleAt], Examples] = {}
        self._parts: dict[str, Examples] = {}
        self._unreplayed: dict[tuple[Reason, str], Examples] = {}

    @property
    def total(self) -> int:
        """Decisions counted."""
        withheld = sum(seen.count for seen in self.withheld.values())
        return self.same + self.differ + withheld + self.not_replayable

    @property
    def changes(self) -> list[Change]:
        """What became of outcomes that are not the same, the worst first.

        What was allowed and no longer is comes first, then what goes furthest towards a refusal; what becomes milder
        comes last.
        """
        found = [Change(before, after, seen) for (before, after), seen in self._changes.items()]
        return sorted(found, key=_goodness)

    @property
    def rules(self) -> list[RuleChange]:
        """The rules that fire newly, then those that no longer do, then those that say something else; the most
        frequent first."""
        found = [RuleChange(change, rule, seen) for (change, rule), seen in self._rules.items()]
        order = ("fires", "silent", "altered")
        return sorted(found, key=lambda one: (order.index(one.change), -one.decisions.count, one.rule.rule))

    @property
    def parts(self) -> dict[str, Examples]:
        """The other parts of a decision that are not the same, by their keys."""
        return dict(sorted(self._parts.items()))

    @property
    def unreplayed(self) -> list[Unreplayed]:
        """Why decisions could not be decided again, the most frequent reason first."""
        found = [Unreplayed(reason, detail, seen) for (reason, detail), seen in self._unreplayed.items()]
        return sorted(found, key=lambda one: (-one.decisions.count, one.reason, one.detail))

    def add_all(self, results: Iterable[Result]) -> None:
        """Count results as they come."""
        for result in results:
            self.add(result)

    def add(self, result: Result) -> None:
        """Count one result."""
        if isinstance(result, NotReplayable):
            self.not_replayable += 1
            self._count(self._unreplayed, (result.reason, result.detail), result)
            return
        if isinstance(result, Withheld):
            self.programs[result.policy] += 1
            self._count(self.withheld, result.objection, result)
            return
        found = result.difference
        self.programs[result.policy] += 1
        self.outcomes[found.before, found.after] += 1
        if result.is_same:
            self.same += 1
            return
        self.differ += 1
        if len(self.differing) < self._most:
            self.differing.append(result)
        self._add_difference(found, result)

    def _add_difference(self, found: Difference, result: Replayed) -> None:
        if found.before != found.after:
            self._count(self._changes, (found.before, found.after), result)
        for change, rules in (("fires", found.fires), ("silent", found.silent), ("altered", found.altered)):
            for rule in rules:
                self._count(self._rules, (change, rule), result)
        for part in found.parts:
            self._count(self._parts, part, result)

    def _count(self, counted: dict[_Key, Examples], key: _Key, result: Result) -> None:
        counted.setdefault(key, Examples()).add(result.index, result.id, self._most)


def _goodness(change: Change) -> tuple[bool, int, int]:
    before, after = OUTCOMES.index(change.before), OUTCOMES.index(change.after)
    is_lost = _allows(change.before) and not _allows(change.after)
    return not is_lost, before - after, before


def _allows(outcome: str) -> bool:
    return outcome != NO_OUTCOME and is_allowed(outcome)
