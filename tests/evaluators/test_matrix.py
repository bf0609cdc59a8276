"""One corpus, every evaluator: each case of `corpus/` must come to the same on all of them, and on the rules' text."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from corpus_check import first_mistake, has_any, mistake_with_open_constants
from corpus_over_tables import first_mistake_over_tables
from matrix_corpus import Entry, entries

from bench.agreement.contenders import answers, contender, kind_of, known
from bench.agreement.examine import expressions_of
from engine.evaluators.compiled import Compiled
from engine.evaluators.registry import EVALUATORS, FOR_POPULATIONS, evaluator_kind
from engine.program.expressions import OPERATIONS, Arithmetic, Compare, Member, Quantify, Read, TextTest

DEVIATIONS: Mapping[tuple[str, str], str] = {}
"""What an evaluator does otherwise, by its name and that of the entry, with the reason. Such a mark is strict."""

_FEW = {"shares in percent", "actions", "measures"}
"""A list, the case, and orders: entries about which evaluators for populations are asked case by case."""


def _runs() -> list[object]:
    return [
        pytest.param(name, entry, id=f"{name}: {entry.name}", marks=_marks(name, entry.name))
        for name in known()
        for entry in entries()
    ]


def _marks(name: str, entry: str) -> tuple[pytest.MarkDecorator, ...]:
    reason = DEVIATIONS.get((name, entry))
    return () if reason is None else (pytest.mark.xfail(reason=reason, strict=True),)


@pytest.mark.parametrize(("name", "entry"), _runs())
def test_finds_what_it_must(name: str, entry: Entry) -> None:
    kind = kind_of(name)
    assert kind is None or kind.absence() is None, "the suite runs where all of them work"
    answering = contender(name, entry.policy)
    given = answers(answering, [case.request for case in entry.cases])
    if kind is not None and has_any(entry, kind.unsupported):
        assert all(answer.has_no_opinion for answer in given)
        return
    wrong = [(case.request, case.misses(answer)) for case, answer in zip(entry.cases, given, strict=True)]
    assert [one for one in wrong if one[1] is not None] == []


@pytest.mark.parametrize("name", EVALUATORS)
def test_conditions_alone_and_as_functions(name: str) -> None:
    """Beside others a condition may come out right by what they do: each is a program of its own, too.

    Those that are for populations take long to be asked so often: of them it is a few entries.
    """
    kind = evaluator_kind(name)
    assert kind.absence() is None, "the suite runs where all of them work"
    is_meant = (lambda entry: entry.name in _FEW) if name in FOR_POPULATIONS else lambda _: True
    assert first_mistake(kind.make, kind.unsupported, is_meant) is None


def test_conditions_alone_and_as_functions_over_tables() -> None:
    """What the test before it leaves out."""
    assert {entry.name for entry in entries()} >= _FEW
    assert first_mistake_over_tables() is None


def test_constants_that_are_left_open() -> None:
    """Only the compiled evaluator is asked about them, by the tests of rules."""
    assert mistake_with_open_constants(Compiled) is None


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_every_item_of_the_corpus_is_found_and_not_found(entry: Entry) -> None:
    """A case that comes out one way only would let an evaluator that knows no other way pass."""
    cases = [one for one in entry.cases if one.expected["finds"] is not None]
    found = [{name.partition("@")[0] for name in case.expected["finds"]} for case in cases]
    for rule_set in entry.policy.program:
        for rule in rule_set.rules:
            id_ = rule.id.removeprefix("small/")
            times = sum(id_ in names for names in found)
            is_alike = "choices" in entry.content and id_[1:].isdigit()
            if id_.rpartition("/")[2] not in entry.content.get("never", ()) and not is_alike:
                assert 0 < times < len(found), id_


def test_the_corpus_has_every_operation_in_each_of_its_forms() -> None:
    seen = {expr for entry in entries() for expr in expressions_of(entry.policy)}
    assert {type(expr) for expr in seen} == set(OPERATIONS)
    assert {expr.operator for expr in seen if isinstance(expr, Compare)} == {"==", "!=", "<", "<=", ">", ">="}
    assert {expr.operator for expr in seen if isinstance(expr, Arithmetic)} == {"+", "-", "*"}
    assert {expr.operator for expr in seen if isinstance(expr, TextTest)} == {"startsWith", "endsWith", "contains"}
    assert {expr.kind for expr in seen if isinstance(expr, Quantify)} == {"exists", "all", "exists_one"}
    assert {isinstance(expr.values, Read) for expr in seen if isinstance(expr, Member)} == {True, False}


@pytest.mark.parametrize("name", EVALUATORS)
def test_an_evaluator_says_of_every_operation_whether_it_knows_it(name: str) -> None:
    kind = evaluator_kind(name)
    assert kind.name == name
    assert kind.operations | set(kind.unsupported) == set(OPERATIONS)
    assert all(kind.unsupported.values())


def test_deviations_name_what_is_there() -> None:
    names = {entry.name for entry in entries()}
    assert all(name in known() and entry in names for name, entry in DEVIATIONS)
    assert len(names) == len(entries())
