"""The rete evaluator finds what the compiled one does, on the shipped rules and where it has to lower otherwise."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import rfc8785
import yaml
from small_rules import DAY, definitions, item, policy, rule_set

from engine import Decider, Policy, load
from engine.decision.explain import explain
from engine.evaluators.compiled import Compiled
from engine.evaluators.evaluator import Evaluator, NoOpinionError
from engine.evaluators.registry import EVALUATORS, evaluator_kind, make_evaluator
from engine.evaluators.rete import KIND, Process, Rete
from engine.evaluators.rete.law import Law
from engine.evaluators.rete.net import _Rules, fnv1a
from engine.program.expressions import OPERATIONS, TRUE, And, Choose, Compare, Has, Literal, Read, Root
from engine.program.rule_set import RuleSet
from engine.vocabulary import Type
from engine.vocabulary.derived import DerivedLists

ROOT = Path(__file__).resolve().parents[2]
REQUESTS = ROOT / "fixtures" / "requests"
INDEX = yaml.load((REQUESTS / "index.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds only strings
NOTHING_DERIVED: DerivedLists = {"owners": [], "ownership_problems": [], "measures": []}


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    process = Process(deadline_s=10)
    yield process
    process.close()


def told(evaluator: Evaluator, facts: dict[str, Any], lists: DerivedLists, action: str = "account.open") -> Any:
    """Everything a decision takes from findings."""
    findings = evaluator.findings(action, DAY, facts, lists)
    return findings and [
        (f.rule.id, f.at, f.needs and [attrs.astuple(n) for n in f.needs], f.order, f.terms) for f in findings
    ]


def ids(program: list[RuleSet], facts: dict[str, Any], process: Process) -> list[str]:
    """The rules that apply, on which both agree."""
    expected = told(Compiled(program), facts, NOTHING_DERIVED)
    assert told(Rete(program, process), facts, NOTHING_DERIVED) == expected
    return [finding[0].partition("/")[2] for finding in expected]


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    return {
        "none": load(ROOT / "rules", ROOT / "jurisdictions"),
        "fixtures": load(ROOT / "rules", ROOT / "fixtures" / "jurisdictions"),
    }


def test_example_requests_byte_for_byte(policies: dict[str, Policy], process: Process) -> None:
    def today() -> datetime.date:
        return datetime.date(2026, 11, 22)

    deciders = {
        name: (Decider(policy, today), Decider(policy, today, Rete(policy.program, process)))
        for name, policy in policies.items()
    }
    for name in INDEX:
        request = json.loads((REQUESTS / name).read_text("utf-8"))
        compiled, rete = deciders[INDEX[name]["jurisdictions"]]
        assert rfc8785.dumps(rete.decide(request).document) == rfc8785.dumps(compiled.decide(request).document), name
    assert len(INDEX) > 80
    assert process.failures == 0, process.last_failure


@pytest.mark.parametrize("name", ["entity-two-owners-one-incomplete.json", "measure-conditions-unknown.json"])
def test_explanations(name: str, policies: dict[str, Policy], process: Process) -> None:
    policy = policies[INDEX[name]["jurisdictions"]]
    request = json.loads((REQUESTS / name).read_text("utf-8"))
    by_rete = explain(Decider(policy, evaluator=Rete(policy.program, process)), request)
    assert by_rete.document == explain(Decider(policy), request).document


def test_no_law(process: Process) -> None:
    rete = Rete(policy(rule_set(item(at="customer"))).program, process)
    assert rete.findings("training.start", DAY, {}, NOTHING_DERIVED) is None
    assert rete.findings("account.open", "2024-01-28", {}, NOTHING_DERIVED) is None
    assert told(rete, {}, NOTHING_DERIVED)


def test_nothing_to_chain(process: Process) -> None:
    never = item("never", "interpretation.Q1 == 'wide'", at="customer")
    program = policy(rule_set(item("always", at="customer"), never)).program
    assert ids(program, {}, process) == ["always"]


def test_numbers_are_doubles(process: Process) -> None:
    """2^53 + 1 is no double; the nearest is 2^53."""
    same = "has(training.ops) && training.ops == 9007199254740992.0"
    program = policy(rule_set(item("same", same, at="training"))).program
    assert ids(program, {"training": {"ops": 2**53 + 1}}, process) == ["same"]
    assert ids(program, {"training": {"ops": 2**53 + 2}}, process) == []


def test_more_parts_than_a_rule_joins(process: Process) -> None:
    names = [f"customer.name != 'w{n}'" for n in range(40)]
    both = [item("all", f"has(customer.name) && {' && '.join(names)}", at="customer")]
    either = item("any", f"has(customer.name) && !({' && '.join(names)})", at="customer")
    program = policy(rule_set(*both, either)).program
    assert ids(program, {"customer": {"name": "x"}}, process) == ["all"]
    assert ids(program, {"customer": {"name": "w39"}}, process) == ["any"]
    assert ids(program, {}, process) == []


@pytest.mark.parametrize(("kind", "expected"), [("aggregate", 600), ("match", 1)])
def test_more_rules_on_a_fact_than_its_list_takes(kind: str, expected: int, process: Process) -> None:
    items = [
        item(f"r{n}", f"has(customer.name) && customer.name != 'w{n}' && has(customer.emails)", at="customer")
        for n in range(600)
    ]
    program = policy(rule_set(*items, kind=kind)).program
    found = ids(program, {"customer": {"name": "w0", "emails": ["a@example.org"]}}, process)
    assert found == [f"r{n}" for n in range(1, 600)][:expected]
    assert ids(program, {"customer": {"emails": ["a@example.org"]}}, process) == []


def test_more_rules_than_the_library_takes(process: Process) -> None:
    items = [item(f"r{n}", f"has(customer.name) && customer.name == 'w{n}'", at="customer") for n in range(1_100)]
    rete = Rete(policy(rule_set(*items, kind="match")).program, process)
    with pytest.raises(NoOpinionError, match="more than 4000 rules of durable-rules"):
        rete.findings("account.open", DAY, {}, NOTHING_DERIVED)
    assert process.failures == 0


def test_expressions(process: Process) -> None:
    """A connective is chained, a leaf is not; what rests on an absent fact is no opinion."""
    rete = Rete((), process)
    customer = Root("customer", Type("record", "customer"))
    name = Read(customer, "name", Type("string"))
    is_ada = Compare("==", name, Literal("Ada", Type("string")))
    has_and_is = rete.expression(And((Has(name), is_ada)))
    for facts, holds in (({"customer": {"name": "Ada"}}, True), ({"customer": {"name": "x"}}, False), ({}, False)):
        assert has_and_is(facts, DAY, "account.open", NOTHING_DERIVED) is holds
    assert rete.expression(Has(name))({}, DAY, "account.open", NOTHING_DERIVED) is False
    assert rete.expression(Literal(True, Type("bool")))({}, DAY, "account.open", NOTHING_DERIVED) is True
    for unguarded in (is_ada, And((is_ada, Compare("!=", name, Literal("x", Type("string")))))):
        with pytest.raises(NoOpinionError):
            rete.expression(unguarded)({}, DAY, "account.open", NOTHING_DERIVED)


def test_a_choice_that_is_made_beforehand_rests_on_what_was_chosen(process: Process) -> None:
    """Two atoms and no rule: that the other one is settled tells nothing of this one."""
    rete = Rete((), process)
    customer = Root("customer", Type("record", "customer"))
    is_ada = Compare("==", Read(customer, "name", Type("string")), Literal("Ada", Type("string")))
    has_emails = Has(Read(customer, "emails", Type("list", element=Type("string"))))
    chosen = rete.expression(Choose(TRUE, is_ada, has_emails, Type("bool")))
    for name in ("Ada", "x"):
        assert chosen({"customer": {"name": name}}, DAY, "account.open", NOTHING_DERIVED) is (name == "Ada")
    with pytest.raises(NoOpinionError, match="a fact that is absent"):
        chosen({"customer": {"emails": ["a@example.org"]}}, DAY, "account.open", NOTHING_DERIVED)


def test_in_the_table_of_evaluators(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "rete" in EVALUATORS
    assert evaluator_kind("rete") is KIND
    assert KIND.operations == frozenset(OPERATIONS)
    assert KIND.absence() is None
    first, second = make_evaluator("rete", ()), make_evaluator("rete", ())
    assert isinstance(first, Rete)
    assert isinstance(second, Rete)
    assert first.process is second.process, "a reload must not leave a process behind"
    monkeypatch.setattr("sys.version_info", (3, 13, 0))
    assert KIND.absence() == (
        "durable-rules cannot be imported on Python 3.13; use Python 3.11 or 3.12, or another evaluator"
    )


def test_absence_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    assert KIND.absence() == "durable-rules is not installed; `pip install durable-rules==2.0.28` needs a C compiler"


def test_definitions_are_chained() -> None:
    """A definition is a fact of its own, from which conditions follow: one rule for it, however many rules use it."""
    shared = definitions(functions=(("is_near", "c: customer", "has(c.located_in) && c.located_in.within('US')"),))
    program = policy(
        rule_set(
            item("a", "!d.is_near(customer) && has(customer.name)", at="customer"),
            item("b", "d.is_near(customer) && has(customer.emails)", at="customer"),
            uses=["definitions.d"],
        ),
        definitions__d=shared,
    ).program
    rules = json.loads(Law(program).nets.text)[0]["rules"]
    parts = {name: [part["c"] for _, part in map(_pattern, rule["all"])] for name, rule in rules.items()}
    assert (parts["4t"], parts["6t"], parts["8t"]) == (["2t", "3t"], ["4f", "5t"], ["4t", "7t"])
    assert len(rules) == 10


def test_no_two_facts_have_ids_of_one_hash() -> None:
    """durable-rules would drop the second. These two would collide under the ids that facts have as a rule."""
    rules = _Rules(groups=1)
    rules.add("both", ("89577f", "228152t"), ())
    assert fnv1a("0.89577f") == fnv1a("0.228152t")
    assert [fact["id"] for fact in rules.facts().values()] == ["1.89577f", "1.228152t"]


def _pattern(named: dict[str, Any]) -> list[dict[str, str]]:
    (pattern,) = named.values()
    return pattern["$and"]
