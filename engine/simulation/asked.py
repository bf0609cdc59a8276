"""The policies of a simulation put to its population, on each of its days, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import attrs

from engine.accounts.layout import ROW, Layout
from engine.accounts.population import Population
from engine.decision.decider import NO_LAW
from engine.evaluators.columnar.asking import Asking
from engine.evaluators.columnar.decided import PROFILE, Decided, decide, merged
from engine.evaluators.columnar.decoding import places_of
from engine.evaluators.columnar.drawing import in_rows
from engine.evaluators.columnar.firings import Law, Standing
from engine.evaluators.columnar.separating import Separating
from engine.evaluators.columnar.touches import touches_of
from engine.evaluators.columnar.unrolling import AS_OF
from engine.evaluators.columnar.workplace import Workplace
from engine.language.rule_file import EFFECTS
from engine.ownership import LOOK_THROUGH, SWITCH
from engine.policy.policy import Policy
from engine.program.expressions import Expr, Literal
from engine.simulation.demanding import with_elements
from engine.vocabulary.model import DATE

BASELINE = ""
"""The key of the baseline among the policies; candidates have their ids."""


@attrs.frozen
class ComesTo:
    """The outcome of a case, and the rules that apply to it: each with the order that it rests on, or with none."""

    outcome: str
    rules: frozenset[tuple[str, str]]


@attrs.frozen(eq=False)
class Asked:
    """Every account decided under each policy on each day. `numbers` are those of the laws, by policy and day: policies
    and days that come to the same law share one."""

    decided: Decided
    layout: Layout
    laws: Sequence[Law]
    numbers: Mapping[tuple[str, str], int]

    def law(self, policy: str, day: str) -> Law:
        """A policy as it stands on a day."""
        return self.laws[self.numbers[policy, day]]

    def outcome(self, policy: str, day: str) -> str:
        """The column with the outcomes, by their place in `EFFECTS`."""
        return f"q{self.numbers[policy, day]}_outcome"

    def answers(self, policy: str, day: str) -> list[str]:
        """The columns with what fired and what is lacking."""
        prefix = f"q{self.numbers[policy, day]}_"
        return [name for name in self.decided.answers.columns if name.startswith(prefix)]

    def places(self, policy: str, day: str, row: Mapping[str, Any], letter: str) -> list[int]:
        """The places in a law of what fired (`f`) or what is lacking (`n`), of a row of answers."""
        return places_of(letter, self.numbers[policy, day], row)

    def has_law(self, policy: str, day: str, row: Mapping[str, Any]) -> bool:
        """Whether any rule set is about the accounts of a row of answers."""
        return bool(row[f"q{self.numbers[policy, day]}_law"])

    def at(self, workplace: Workplace, rows: Sequence[int]) -> dict[int, dict[tuple[str, str], ComesTo]]:
        """What the accounts in these rows come to, by policy and day."""
        accounts = self.decided.accounts
        found = workplace.rows(in_rows(accounts.select(ROW, PROFILE), rows).join(self.decided.answers, PROFILE))
        return {row[ROW]: {key: self._comes_to(key, row) for key in self.numbers} for row in found}

    def _comes_to(self, key: tuple[str, str], row: Mapping[str, Any]) -> ComesTo:
        law = self.law(*key)
        firings = [law.firings[place] for place in self.places(*key, row, "f")]
        rules = {(firing.rule.id, "" if firing.touch is None else firing.touch.order.id) for firing in firings}
        if not self.has_law(*key, row):
            rules.add((NO_LAW, ""))
        return ComesTo(EFFECTS[row[self.outcome(*key)]], frozenset(rules))


def law_on(policy: Policy, day: str) -> Law:
    """A policy as it stands on a day."""
    return laws_on(policy, [day], Separating())[0]


def laws_on(policy: Policy, days: Sequence[str], separating: Separating) -> list[Law]:
    """A policy as it stands on each of the days. What `separating` has done for other policies is not done again."""
    touches = touches_of(policy.orders, policy.vocabulary, AS_OF)
    standing = Standing(policy.program, touches, separating)
    return [with_elements(standing.law(Literal(day, DATE)), separating) for day in days]


def ask(
    policies: Mapping[str, Policy],
    days: Sequence[str],
    populations: Callable[[str], Population],
    workplace: Workplace,
    *,
    further: Mapping[str, Expr],
    labels: Sequence[str],
) -> Asked:
    """Put the policies, by their keys, to a population on each of the days.

    `populations` gives the population with owners resolved by a reading of Q01: policies that read it alike are asked
    in one pass. `further` and `labels` are as `decide` has them, by the reading of the first policy.
    """
    alike: dict[str, list[str]] = {}
    for key, policy in policies.items():
        alike.setdefault(policy.reading(SWITCH, LOOK_THROUGH), []).append(key)
    laws: list[Law] = []
    numbers: dict[tuple[str, str], int] = {}
    separating = Separating()
    decided: Decided | None = None
    for reading, keys in alike.items():
        first, known = len(laws), dict[Hashable, int]()
        for key in keys:
            for day, law in zip(days, laws_on(policies[key], days, separating), strict=True):
                number = numbers[key, day] = known.setdefault(law.said, len(laws))
                if number == len(laws):
                    laws.append(law)
        asking = Asking(laws[first:], _layout(policies), first)
        population = populations(reading)
        accounts = workplace.accounts(population, asking.layout)
        if decided is None:
            decided = decide(asking, workplace, accounts, further=further, labels=labels)
        else:
            own = decide(asking, workplace, accounts)
            decided = merged(decided, own, workplace, f"merged{asking.first}")
    assert decided is not None
    return Asked(decided, _layout(policies), tuple(laws), numbers)


def _layout(policies: Mapping[str, Policy]) -> Layout:
    return Layout(next(iter(policies.values())).vocabulary)
