"""A few accounts of each kind of flip, decided and explained, without what identifies somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.accounts.accounts import Account, accounts_at
from engine.decision.decider import Case
from engine.decision.decision import Decision
from engine.decision.derived_facts import derived_facts
from engine.evaluators.columnar.decided import ACCOUNTS_OF, FIRST
from engine.simulation.asked import BASELINE
from engine.simulation.result import Example
from engine.simulation.trial import Trial
from engine.vocabulary.model import Type, Vocabulary

_IDENTIFYING = frozenset({"string", "email", "instant", "object"})
"""Kinds of facts that may identify somebody, whatever field they stand in."""
_LEFT_OUT = frozenset({"date_of_birth", "nationalities"})


def examples_of(trial: Trial, each: int, least: int) -> list[Example]:
    """For each kind of flip as many accounts, each unlike the others in what the rules ask: the most frequent first.

    Where `least` is more than 1, they are of answers that so many accounts share, and without facts, which are those of
    one account alone.
    """
    rows = _rows(trial, each, least) if each else []
    found = accounts_at(trial.population, trial.asked.layout, rows) if rows else ()
    accounts = {account.row: account for account in found}
    return [_example(trial, accounts[row], has_facts=least <= 1) for row in rows]


def _rows(trial: Trial, each: int, least: int) -> list[int]:
    answers = trial.asked.decided.answers
    flipped = answers.filter(trial.before != trial.after).select(
        ACCOUNTS_OF, FIRST, before=trial.before, after=trial.after
    )
    kinds = trial.workplace.rows(flipped.group_by(["before", "after"]).aggregate(accounts=flipped[ACCOUNTS_OF].sum()))
    rows: list[int] = []
    for kind in sorted(kinds, key=lambda kind: (-kind["accounts"], kind["before"], kind["after"])):
        alike = flipped.filter((flipped.before == kind["before"]) & (flipped.after == kind["after"]))
        most = alike.order_by([alike[ACCOUNTS_OF].desc(), alike[FIRST]]).limit(each)
        rows += [row[FIRST] for row in trial.workplace.rows(most) if row[ACCOUNTS_OF] >= least]
    return rows


def _example(trial: Trial, account: Account, *, has_facts: bool) -> Example:
    case = Case(account.action, trial.day, account.facts)
    before, after = (trial.deciders.decision(key, case) for key in (BASELINE, trial.candidate))
    decider = trial.deciders.of(trial.candidate)
    touching = [
        f"Order {measure.order} is {_words(measure.state)} and touches the account by {_words(measure.ground)}."
        for measure in derived_facts(decider, case).measures
    ]
    return Example(
        row=account.row,
        before=before.outcome,
        after=after.outcome,
        facts=without_identity(account.facts, decider.policy.vocabulary) if has_facts else {},
        decisions=(before.document, after.document),
        reasons=[*_differences(before, after), *touching],
    )


def _differences(before: Decision, after: Decision) -> Iterator[str]:
    """The findings that come and go, as sentences."""
    old, new = ({(f.rule.id, f.at, f.order): f.rule for f in decision.findings} for decision in (before, after))
    for key, rule in new.items():
        if key not in old:
            yield f"New: {rule.message} ({rule.section})"
    for key, rule in old.items():
        if key not in new:
            yield f"No longer: {rule.message} ({rule.section})"


def _words(word: str) -> str:
    return word.replace("_", " ")


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
