"""The whole corpus, put to an evaluator as fast as that goes: what the deciders need beside it is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

import attrs
import orjson
from matrix_corpus import Entry, entries
from small_rules import DAY, files, item, rule_set

from bench.agreement.contenders import Answer
from bench.agreement.examine import expressions_of
from engine import Decider, load_files
from engine.decision.decider import NO_LAW
from engine.decision.decider import Case as DeciderCase
from engine.evaluators.evaluator import Evaluator
from engine.measures.match import Matcher
from engine.policy.constants import Overrides
from engine.program.expressions import Expr
from engine.program.finding import Finding
from engine.program.rule_set import Rule, RuleSet
from engine.vocabulary.derived import DerivedLists

Make = Callable[[Sequence[RuleSet]], Evaluator]


@attrs.frozen(eq=False)
class Asked:
    """A case of an entry, with the derived lists that belong to it, and who makes a decision of findings."""

    decider: Decider
    number: int
    case: DeciderCase
    derived: DerivedLists


def has_any(entry: Entry, operations: Collection[type[Expr]]) -> bool:
    """Whether one of these operations stands in the program of an entry."""
    return any(type(expr) in operations for expr in expressions_of(entry.policy))


def first_mistake(
    make: Make, unsupported: Collection[type[Expr]] = (), among: Callable[[Entry], bool] = lambda _: True
) -> str | None:
    """The first thing that an evaluator has wrong, as `entry: what`; None when it has all of the corpus right.

    Entries with operations that it does not support are left out, and those that are not `among` what is meant.
    """
    for entry in filter(among, entries()):
        if has_any(entry, unsupported):
            continue
        try:
            mistake = _mistake(entry, make)
        except Exception as error:  # noqa: BLE001 - no evaluator may fail on a program that loads
            mistake = f"{type(error).__name__}: {error}"
        if mistake is not None:
            return f"{entry.name}: {mistake}"
    return None


def _mistake(entry: Entry, make: Make) -> str | None:
    evaluator = make(entry.policy.program)
    for asked in asked_of_corpus()[entry.name]:
        derived = asked.derived
        if entry.policy.orders:
            matcher = Matcher(entry.policy.orders, evaluator.expression)
            case = asked.case
            derived = {**derived, "measures": matcher.match(case.facts, case.as_of, case.action, derived)}
        found = evaluator.findings(asked.case.action, asked.case.as_of, asked.case.facts, derived)
        wrong = entry.cases[asked.number].misses(_answer(asked, found))
        if wrong is not None:
            return wrong
    return _mistake_alone(entry, make, evaluator)


def _answer(asked: Asked, found: list[Finding] | None) -> Answer:
    if found is None:
        return Answer((NO_LAW + "@",))
    decision = asked.decider.decision(asked.case, found, "dry_run")
    return Answer(tuple(f"{one.rule.id}@{one.at}" for one in found), orjson.dumps(decision.document))


def _mistake_alone(entry: Entry, make: Make, evaluator: Evaluator) -> str | None:
    """What is wrong with a condition that stands alone in its program, or with the condition as a function."""
    for id_, expr, single in entry.conditions:
        (rule,) = single.rules
        alone, holds = make((single,)), evaluator.expression(expr, None if rule.each is None else rule.each.element)
        for asked in asked_of_corpus()[entry.name]:
            finds = entry.cases[asked.number].expected["finds"]
            if finds is None:
                continue
            case = asked.case
            found = alone.findings(case.action, case.as_of, case.facts, asked.derived)
            wanted = [name for name in finds if name.partition("@")[0] == id_]
            if len(found or ()) != len(wanted):
                return f"{id_} alone gives {found} on {case}"
            for at, elements in elements_of(rule, case.facts):
                answer = holds(case.facts, case.as_of, case.action, asked.derived, *elements)
                if answer is not (f"{id_}{at}" in wanted):
                    return f"the condition {id_} is {answer} on {case}"
    return None


def elements_of(rule: Rule, facts: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """What the condition of a rule is asked of: nothing, or each element, with `@` and its pointer."""
    if rule.each is None:
        return [("", ())]
    here: Any = facts
    for name in rule.each.names:
        here = (here or {}).get(name)
    base = "".join(f"/{name}" for name in rule.each.names)
    return [(f"@{base}/{index}", (element,)) for index, element in enumerate(here or ())]


def mistake_with_open_constants(make: Make) -> str | None:
    """What is wrong where no reading is chosen: switches and values of the provider's program are facts then."""
    text = "interpretation.Q1 == 'wide' && program.review.interval_days > 30 && has(customer.name)"
    opened = load_files(files(rule_set(item(condition=text))), Overrides(is_open=True))
    evaluator = make(opened.program)
    for switch, days, is_found in (("wide", 31, True), ("narrow", 31, False), ("wide", 30, False)):
        facts = {"interpretation.Q1": switch, "program.review.interval_days": days, "customer": {"name": "x"}}
        try:
            found = evaluator.findings("account.open", DAY, facts, {})
        except Exception as error:  # noqa: BLE001 - as above
            return f"open constants: {type(error).__name__}: {error}"
        if bool(found) is not is_found:
            return f"open constants: {found} on {facts}"
    return None


@cache
def asked_of_corpus() -> Mapping[str, Sequence[Asked]]:
    """The cases of each entry, by its name."""
    return {entry.name: list(_asked_of(entry)) for entry in entries()}


def _asked_of(entry: Entry) -> Any:
    decider = Decider(entry.policy)
    for number, one in enumerate(entry.cases):
        case = decider.case(one.request)
        yield Asked(decider, number, case, decider.derived(case))
