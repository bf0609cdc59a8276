"""Opinions as values: what is the same, what is another decision, and what is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest
from small_rules import DAY, definitions, item, policy, rule_set

from engine import Decider
from engine.decision.decider import NO_LAW, Case
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import NoOpinionError
from engine.opinion import (
    DISAGREEMENT,
    NO_OPINION,
    OBJECTIONS,
    NoneWhy,
    Opinion,
    Verdict,
    objection_to,
    opinion,
    withheld,
)
from engine.program.finding import Finding, Need
from engine.vocabulary.model import STRING

POLICY = policy(
    rule_set(
        item("name", "!has(customer.name)", effect="hold", needs=["customer.name"]),
        item("owner", "!has(o.name)", **{"for": {"o": "customer.beneficial_owners"}}, effect="restrict"),
    ),
    definitions__d=definitions(functions=(("named", "p: person", "has(p.name)"),)),
)
CASE = Case("account.open", DAY, {"customer": {"beneficial_owners": [{"name": "Ada"}, {}]}})
GIVEN = Decider(POLICY).decide({"action": CASE.action, "as_of": DAY, "facts": CASE.facts}).document
Alter = Callable[[list[Finding]], list[Finding] | None]


class Altered(Compiled):
    """What the compiled evaluator finds, altered."""

    def __init__(self, alter: Alter) -> None:
        super().__init__(POLICY.program)
        self._alter = alter

    def findings(self, action: str, as_of: str, facts: Mapping[str, Any], derived: Any) -> list[Finding] | None:
        return self._alter(super().findings(action, as_of, facts, derived))


def of(alter: Alter, case: Case = CASE) -> Opinion:
    return opinion(Decider(POLICY, evaluator=Altered(alter)), case, "authoritative", GIVEN)


def fail(error: BaseException) -> Alter:
    def alter(_: list[Finding]) -> list[Finding]:
        raise error

    return alter


def first(**changes: Any) -> Alter:
    return lambda found: [attrs.evolve(found[0], **changes), *found[1:]]


def test_the_same_bytes_are_the_same() -> None:
    assert [finding["rule"] for finding in GIVEN["findings"]] == ["small/name", "small/owner"]
    found = of(lambda findings: findings)
    assert (found.verdict, found.document, found.why) == (Verdict.SAME, GIVEN, None)


@pytest.mark.parametrize(
    "alter",
    [
        lambda found: found[1:],
        lambda found: found[::-1],
        lambda found: [*found, found[0]],
        lambda found: [found[0], attrs.evolve(found[1], at="/customer/beneficial_owners/0")],
        lambda found: [attrs.evolve(found[0], needs=()), found[1]],
        lambda _: [],
        lambda _: None,
    ],
)
def test_anything_else_that_rules_can_say_is_another_decision(alter: Alter) -> None:
    found = of(alter)
    assert (found.verdict, found.why) == (Verdict.DIFFERENT, None)
    assert found.document is not None
    assert found.document != GIVEN
    assert list(found.document) == list(GIVEN)


def test_that_no_law_is_in_force_can_be_an_opinion() -> None:
    found = of(lambda _: None)
    assert found.document is not None
    assert [finding["rule"] for finding in found.document["findings"]] == [NO_LAW]


@pytest.mark.parametrize(
    "alter",
    [
        first(at="/customer/Ada"),
        first(at="customer"),
        first(at="/customer/beneficial_owners/4930555"),
        first(at="/customer/beneficial_owners/٣"),
        first(order="ada"),
        lambda found: [attrs.evolve(found[1], terms=("Ada may not.",))],
        first(needs=(Need("/customer/Ada", STRING),)),
        lambda found: [attrs.evolve(found[0], rule=attrs.evolve(found[0].rule, message="Ada has no name."))],
        lambda found: [attrs.evolve(found[0], rule=attrs.evolve(found[0].rule, id="small/ada"))],
        lambda found: [attrs.evolve(found[0], rule=attrs.evolve(found[0].rule, id="ostiary.ada/ada"))],
        lambda found: [attrs.evolve(found[0], rule=attrs.evolve(found[0].rule, id=NO_LAW, message="Ada has no name."))],
    ],
)
def test_what_no_rule_can_say_is_none(alter: Alter) -> None:
    assert of(alter) == Opinion.none(NoneWhy.NONSENSE)


@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (fail(NoOpinionError("died")), NoneWhy.UNABLE),
        (fail(KeyError("x")), NoneWhy.DEFECT),
        (fail(RecursionError()), NoneWhy.DEFECT),
        (lambda _: 5, NoneWhy.DEFECT),
        (lambda _: ["a finding"], NoneWhy.DEFECT),
        (first(at=b"bytes"), NoneWhy.DEFECT),
    ],
)
def test_whatever_goes_wrong_is_none(alter: Alter, why: NoneWhy) -> None:
    found = of(alter)
    assert (found.verdict, found.document, found.why) == (Verdict.NONE, None, why)


SAME, DIFFERENT, NONE = Opinion(Verdict.SAME), Opinion(Verdict.DIFFERENT), Opinion.none(NoneWhy.LATE)


@pytest.mark.parametrize(
    ("opinions", "objection"),
    [
        ([SAME], None),
        ([SAME, NONE], None),
        ([DIFFERENT], DISAGREEMENT),
        ([SAME, DIFFERENT], DISAGREEMENT),
        ([NONE, DIFFERENT], DISAGREEMENT),
        ([NONE], NO_OPINION),
        ([], NO_OPINION),
    ],
)
def test_what_opinions_come_to(opinions: list[Opinion], objection: str | None) -> None:
    assert objection_to(opinions) == objection


@pytest.mark.parametrize("objection", OBJECTIONS)
def test_what_is_withheld_is_a_review_and_nothing_else(objection: str) -> None:
    document = withheld(Decider(POLICY), CASE, "authoritative", objection).document
    assert (document["outcome"], document["allowed"], document["needs"], document["restrictions"]) == (
        *("review", False, []),
        [],
    )
    assert document["findings"] == [
        {"rule": objection, "effect": "review", "section": "SRC", "message": OBJECTIONS[objection], "at": ""}
    ]
    assert document["policy"] == GIVEN["policy"]
