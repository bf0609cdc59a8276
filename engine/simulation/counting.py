"""Answers to counts of accounts: what shifts, which rules fire, what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from engine.evaluators.columnar.decided import ACCOUNTS_OF
from engine.evaluators.columnar.firings import Firing, Law
from engine.evaluators.columnar.workplace import Workplace
from engine.language.rule_file import EFFECTS
from engine.program.finding import pointer
from engine.program.rule_set import FactPath, Rule
from engine.simulation.asked import BASELINE, Asked
from engine.simulation.result import Day, Demand, RuleImpact, Shift, Term
from engine.simulation.trial import ALLOWED, Trial


def day_of(asked: Asked, workplace: Workplace, candidate: str, day: str) -> Day:
    """The baseline and a candidate on a day."""
    answers = asked.decided.answers
    before, after = asked.outcome(BASELINE, day), asked.outcome(candidate, day)
    counted = answers.group_by(before=before, after=after).aggregate(accounts=answers[ACCOUNTS_OF].sum())
    rows = sorted(workplace.rows(counted), key=lambda row: (row["before"], row["after"]))
    changed = caught = released = 0
    for row in rows:
        changed += row["accounts"] * (row["before"] != row["after"])
        caught += row["accounts"] * (row["before"] < ALLOWED <= row["after"])
        released += row["accounts"] * (row["after"] < ALLOWED <= row["before"])
    shifts = [Shift(EFFECTS[row["before"]], EFFECTS[row["after"]], int(row["accounts"])) for row in rows]
    return Day(day, shifts, int(changed), int(caught), int(released))


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
    """What the rules say under the baseline and a candidate on a day: which fire, what they ask for and restrict."""

    rules: Sequence[RuleImpact]
    demands: Sequence[Demand]
    restrictions: Sequence[Term]


def said_of(trial: Trial, about: Mapping[str, str]) -> Said:
    """What the rules say. `about` has words for facts, by pointers without the index of lists."""
    rules: dict[tuple[str, str], tuple[Rule, Tally]] = {}
    demands: dict[str, Tally] = {}
    terms: dict[tuple[str, str, str], Tally] = {}
    for key, is_after in ((BASELINE, False), (trial.candidate, True)):
        law = trial.asked.law(key, trial.day)
        for fired, lacking, outcome, accounts in _signatures(trial.asked, trial.workplace, key, trial.day):
            firings = [law.firings[place] for place in fired]
            for id_, rule in {(f.rule.id, _order(f)): f.rule for f in firings}.items():
                rules.setdefault(id_, (rule, Tally()))[1].add(accounts, is_after=is_after)
            for at in _demanded(law, firings, lacking):
                demands.setdefault(at, Tally()).add(accounts, is_after=is_after)
            if outcome == "restrict":
                for term in dict.fromkeys(_terms(firings)):
                    terms.setdefault(term, Tally()).add(accounts, is_after=is_after)
    return Said(
        [
            RuleImpact(rule.id, order, rule.effect, rule.section, rule.message, tally.before, tally.after)
            for (_, order), (rule, tally) in rules.items()
        ],
        [Demand(at, about.get(at.replace("/*", ""), ""), t.before, t.after) for at, t in sorted(demands.items())],
        [Term(rule, order, term, t.before, t.after) for (rule, order, term), t in terms.items()],
    )


def _signatures(
    asked: Asked, workplace: Workplace, key: str, day: str
) -> Iterator[tuple[list[int], list[int], str, int]]:
    """What fires and what is lacking, by places in the law, with the outcome and the accounts of which it is so."""
    answers = asked.decided.answers
    columns = asked.answers(key, day)
    counted = answers.group_by(columns).aggregate(accounts=answers[ACCOUNTS_OF].sum())
    outcome = asked.outcome(key, day)
    for row in workplace.rows(counted):
        fired, lacking = (asked.places(key, day, row, letter) for letter in "fn")
        yield fired, lacking, EFFECTS[row[outcome]], int(row["accounts"])


def _demanded(law: Law, firings: Sequence[Firing], lacking: Sequence[int]) -> list[str]:
    """The facts asked for, as `engine.decision.needs` has them, with `*` for the index of a list's element."""
    lacks = [law.needs[place] for place in lacking]
    wanted: dict[str, None] = {}
    for firing in firings:
        if EFFECTS.index(firing.rule.effect) < ALLOWED:
            continue
        of_order = [lack.need.at for lack in lacks if lack.order == _order(firing)]
        needs = [*of_order, *(_pattern(firing.rule, need) for need in firing.rule.needs)]
        if not needs:
            return []
        wanted |= dict.fromkeys(needs)
    return [at for at in wanted if not any(at.startswith(f"{other}/") for other in wanted)]


def _pattern(rule: Rule, need: FactPath) -> str:
    above = f"/{'/'.join(rule.each.names)}/*" if rule.each is not None and need.below_element else ""
    return above + pointer(need)


def _terms(firings: Sequence[Firing]) -> Iterator[tuple[str, str, str]]:
    for firing in firings:
        if firing.rule.effect == "restrict":
            of_order = () if firing.touch is None else tuple(c.message for c in firing.touch.order.conditions)
            for term in (*of_order, *firing.rule.terms) or (firing.rule.message,):
                yield firing.rule.id, _order(firing), term


def _order(firing: Firing) -> str:
    return "" if firing.touch is None else firing.touch.order.id
