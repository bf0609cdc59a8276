"""A few accounts of each kind of flip, decided and explained, without what identifies somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from engine.accounts.accounts import Account, accounts_at
from engine.decision.decider import Case
from engine.decision.decision import Decision
from engine.decision.derived_facts import derived_facts
from engine.evaluators.columnar.decided import ACCOUNTS_OF, FIRST
from engine.simulation.asked import BASELINE
from engine.simulation.in_words import GROUNDS, STATES
from engine.simulation.result import Example
from engine.simulation.trial import Trial
from engine.vocabulary.model import Type, Vocabulary

_IDENTIFYING = frozenset({"string", "email", "instant", "object"})
"""Kinds of facts that may identify somebody, whatever field they stand in."""
_LEFT_OUT = frozenset({"date_of_birth", "nationalities"})


@attrs.frozen
class _Alike:
    """Accounts whose outcome changes in the same way for the same reasons: the first, and how many there are."""

    row: int
    accounts: int


def examples_of(trial: Trial, each: int, least: int) -> list[Example]:
    """For each kind of flip as many accounts, each for other reasons than the others: the most frequent first.

    Where `least` is more than 1, they stand for so many accounts at least, and without facts, which are those of one
    account alone.
    """
    alike = [one for one in (_alike(trial, each) if each else ()) if one.accounts >= least]
    rows = [one.row for one in alike]
    found = accounts_at(trial.population, trial.asked.layout, rows) if rows else ()
    accounts = {account.row: account for account in found}
    return [_example(trial, accounts[one.row], one.accounts, has_facts=least <= 1) for one in alike]


def _alike(trial: Trial, each: int) -> list[_Alike]:
    answers, asked, day = trial.asked.decided.answers, trial.asked, trial.day
    columns = dict.fromkeys([*asked.answers(BASELINE, day), *asked.answers(trial.candidate, day)])
    flipped = answers.filter(trial.before != trial.after)
    counted = flipped.group_by(list(columns)).aggregate(first=flipped[FIRST].min(), accounts=flipped[ACCOUNTS_OF].sum())
    kinds: dict[tuple[int, int], dict[object, _Alike]] = {}
    for row in trial.workplace.rows(counted):
        old, new = (_fired(trial, key, row) for key in (BASELINE, trial.candidate))
        kind = row[asked.outcome(BASELINE, day)], row[asked.outcome(trial.candidate, day)]
        reasons = kinds.setdefault(kind, {})
        known = reasons.get((new - old, old - new), _Alike(row["first"], 0))
        reasons[new - old, old - new] = _Alike(min(known.row, row["first"]), known.accounts + int(row["accounts"]))
    frequent = sorted(kinds.items(), key=lambda item: (-sum(one.accounts for one in item[1].values()), *item[0]))
    return [
        one
        for _, reasons in frequent
        for one in sorted(reasons.values(), key=lambda one: (-one.accounts, one.row))[:each]
    ]


def _fired(trial: Trial, key: str, row: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The rules that fire under a policy, each with the order that it rests on, or with none."""
    law = trial.asked.law(key, trial.day)
    firings = [law.firings[place] for place in trial.asked.places(key, trial.day, row, "f")]
    return frozenset((f.rule.id, "" if f.touch is None else f.touch.order.id) for f in firings)


def _example(trial: Trial, account: Account, accounts: int, *, has_facts: bool) -> Example:
    case = Case(account.action, trial.day, account.facts)
    before, after = (trial.deciders.decision(key, case) for key in (BASELINE, trial.candidate))
    old, new = (derived_facts(trial.deciders.of(key), case).measures for key in (BASELINE, trial.candidate))
    known = {(measure.order, measure.ground, measure.state) for measure in old}
    touching = [
        f"Order {measure.order} {STATES[measure.state]} and touches the account: {GROUNDS[measure.ground]}."
        for measure in new
        if (measure.order, measure.ground, measure.state) not in known
    ]
    return Example(
        row=account.row,
        before=before.outcome,
        after=after.outcome,
        accounts=accounts,
        facts=without_identity(account.facts, trial.deciders.of(trial.candidate).policy.vocabulary)
        if has_facts
        else {},
        decisions=(before.document, after.document),
        reasons=[*_differences(before, after), *touching],
    )


def _differences(before: Decision, after: Decision) -> Iterator[str]:
    """The findings that come and go, as sentences."""
    old, new = ({(f.rule.id, f.at, f.order): f.rule for f in decision.findings} for decision in (before, after))
    for key, rule in new.items():
        if key not in old:
            yield f"New: {rule.message} (§ {_section(rule.section)})"
    for key, rule in old.items():
        if key not in new:
            yield f"No longer: {rule.message} (§ {_section(rule.section)})"


def _section(section: str) -> str:
    """A section without the document that it is of."""
    return section.rpartition("/")[2]


def without_identity(facts: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """The facts without texts: names, addresses, numbers and whatever else may identify somebody is left out."""
    found = {name: _kept(value, vocabulary.facts[name].type, vocabulary) for name, value in facts.items()}
    return {name: value for name, value in found.items() if value is not None}


def _kept(value: Any, type_: Type, vocabulary: Vocabulary) -> Any:  # noqa: ANN401 - a JSON value
    if value is None or type_.kind in _IDENTIFYING:
        return None
    if type_.element is not None:
        kept: Sequence[Any] = [_kept(item, type_.element, vocabulary) for item in value]
        return [item for item in kept if item is not None] or None
    if type_.kind != "record":
        return value
    fields = vocabulary.records[type_.name].fields
    found = {
        name: _kept(inner, fields[name].type, vocabulary) for name, inner in value.items() if name not in _LEFT_OUT
    }
    return {name: inner for name, inner in found.items() if inner is not None} or None
