"""Answers to counts of accounts: what shifts, which rules fire, what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.evaluators.columnar.decided import ACCOUNTS_OF
from engine.evaluators.columnar.firings import Firing
from engine.evaluators.columnar.workplace import Workplace
from engine.language.rule_file import EFFECTS
from engine.program.rule_set import Rule
from engine.simulation.asked import BASELINE, Asked
from engine.simulation.demanding import demanded, order_of
from engine.simulation.result import Day, Demand, RuleImpact, Shift, Term
from engine.simulation.trial import Trial


def day_of(asked: Asked, workplace: Workplace, candidate: str, day: str) -> Day:
    """The baseline and a candidate on a day."""
    answers = asked.decided.answers
    before, after = asked.outcome(BASELINE, day), asked.outcome(candidate, day)
    counted = answers.group_by(before=before, after=after).aggregate(accounts=answers[ACCOUNTS_OF].sum())
    rows = sorted(workplace.rows(counted), key=lambda row: (row["before"], row["after"]))
    shifts = [Shift(EFFECTS[row["before"]], EFFECTS[row["after"]], int(row["accounts"])) for row in rows]
    kinds = Counter[str]()
    for shift in shifts:
        kinds[shift.kind] += shift.accounts or 0
    return Day(day, shifts, kinds.total() - kinds["same"], kinds["caught"], kinds["released"])


@attrs.define
class Tally:
    """Accounts before and after."""

    before: int = 0
    after: int = 0

    def add(self, accounts: int, *, is_after: bool) -> None:
        """Count accounts under one of the two policies."""
        if is_after:
            self.after += accounts
        else:
            self.before += accounts


@attrs.frozen
class Said:
    """What the rules say under the baseline and a candidate on a day: which apply, what they ask for and restrict.

    `newly_asked` are the accounts of which some fact is asked under the candidate and not under the baseline.
    """

    rules: Sequence[RuleImpact]
    demands: Sequence[Demand]
    restrictions: Sequence[Term]
    newly_asked: int


def said_of(trial: Trial, about: Mapping[str, str]) -> Said:
    """What the rules say. `about` has words for facts, by pointers without the index of lists."""
    rules: dict[tuple[str, str], tuple[Rule, Tally]] = {}
    demands: dict[str, Tally] = {}
    terms: dict[tuple[str, str, str], Tally] = {}
    newly_asked = 0
    for accounts, sides in _signatures(trial):
        for saying, is_after in zip(sides, (False, True), strict=True):
            for id_, rule in saying.rules.items():
                rules.setdefault(id_, (rule, Tally()))[1].add(accounts, is_after=is_after)
            for at in saying.demands:
                demands.setdefault(at, Tally()).add(accounts, is_after=is_after)
            for term in saying.terms:
                terms.setdefault(term, Tally()).add(accounts, is_after=is_after)
        before, after = sides
        newly_asked += accounts * (not after.demands <= before.demands)
    return Said(
        [
            RuleImpact(rule.id, order, rule.effect, rule.section, rule.message, tally.before, tally.after)
            for (_, order), (rule, tally) in sorted(rules.items(), key=lambda item: item[0])
        ],
        [Demand(at, about.get(at.replace("/*", ""), ""), t.before, t.after) for at, t in sorted(demands.items())],
        # Terms of one rule stay in its order.
        [
            Term(rule, order, term, t.before, t.after)
            for (rule, order, term), t in sorted(terms.items(), key=lambda item: item[0][:2])
        ],
        newly_asked,
    )


@attrs.frozen
class _Saying:
    """What a policy says to accounts that are alike: each rule by its id and order."""

    rules: Mapping[tuple[str, str], Rule]
    demands: frozenset[str]
    terms: tuple[tuple[str, str, str], ...]


def _signatures(trial: Trial) -> Iterator[tuple[int, tuple[_Saying, _Saying]]]:
    """How many accounts there are of which both policies say the same, and what."""
    asked, day = trial.asked, trial.day
    answers = asked.decided.answers
    keys = (BASELINE, trial.candidate)
    columns = list(dict.fromkeys(name for key in keys for name in asked.answers(key, day)))
    counted = answers.group_by(columns).aggregate(accounts=answers[ACCOUNTS_OF].sum())
    sayings = {key: _Sayings(trial, key) for key in keys}
    # The order in which groups come is not always the same.
    for row in sorted(trial.workplace.rows(counted), key=lambda row: tuple(row[name] for name in columns)):
        before, after = (sayings[key].of(row) for key in keys)
        yield int(row["accounts"]), (before, after)


class _Sayings:
    """What one policy says, worked out once for all that fires and is lacking alike."""

    def __init__(self, trial: Trial, key: str) -> None:
        self._asked, self._key, self._day = trial.asked, key, trial.day
        self._law = trial.asked.law(key, trial.day)
        self._no_law = trial.deciders.of(key).no_law.rule
        self._columns = trial.asked.answers(key, trial.day)
        self._known: dict[tuple[Any, ...], _Saying] = {}

    def of(self, row: Mapping[str, Any]) -> _Saying:
        """What it says to the accounts of a row of answers."""
        answers = tuple(row[name] for name in self._columns)
        if answers not in self._known:
            self._known[answers] = self._saying(row)
        return self._known[answers]

    def _saying(self, row: Mapping[str, Any]) -> _Saying:
        fired, lacking = (self._asked.places(self._key, self._day, row, letter) for letter in "fn")
        firings = [self._law.firings[place] for place in fired]
        rules = {(firing.rule.id, order_of(firing)): firing.rule for firing in firings}
        if not self._asked.has_law(self._key, self._day, row):
            rules[self._no_law.id, ""] = self._no_law
        is_restricted = EFFECTS[row[self._asked.outcome(self._key, self._day)]] == "restrict"
        terms = tuple(dict.fromkeys(_terms(firings))) if is_restricted else ()
        return _Saying(rules, demanded(self._law, fired, lacking), terms)


def _terms(firings: Sequence[Firing]) -> Iterator[tuple[str, str, str]]:
    for firing in firings:
        if firing.rule.effect == "restrict":
            of_order = () if firing.touch is None else tuple(c.message for c in firing.touch.order.conditions)
            for term in (*of_order, *firing.rule.terms) or (firing.rule.message,):
                yield firing.rule.id, order_of(firing), term
