"""The reference evaluator, on values at the edge and on the shipped rules: it finds what the compiled one finds."""

from __future__ import annotations

import gc
import json
import re
import weakref
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from decided_alike import decided_alike, holds_alike
from small_rules import DAY, item, policy, rule_set

from engine import Decider, load
from engine.evaluators.evaluator import NoOpinionError
from engine.evaluators.reference import Reference
from engine.evaluators.registry import evaluator_kind, make_evaluator
from engine.language.document import read_document
from engine.language.source import Source
from engine.language.yaml_nodes import compose
from engine.policy.files import read_files
from engine.program.expressions import Arithmetic, Compare, DaysBetween, Element, Expr, Literal, Read, Root, Size
from engine.testing.edit import edited
from engine.vocabulary.explain import Shape
from engine.vocabulary.model import DATE, INT, NUMBER, STRING, Type

ROOT = Path(__file__).resolve().parents[2]
NOTHING: Mapping[str, Any] = {"owners": (), "ownership_problems": (), "measures": ()}


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[Decider]]:
    """For no orders and for those of the fixtures: who decides, compiled first."""
    made = {}
    for name, directory in (("none", "jurisdictions"), ("fixtures", "fixtures/jurisdictions")):
        loaded = load(ROOT / "rules", ROOT / directory)
        made[name] = [
            Decider(loaded, None, make_evaluator(evaluator, loaded.program)) for evaluator in ("compiled", "reference")
        ]
    return made


def test_the_reference_leaves_nothing_out() -> None:
    assert not evaluator_kind("reference").unsupported


def test_example_requests_are_decided_alike(shipped: dict[str, list[Decider]]) -> None:
    directory = ROOT / "fixtures" / "requests"
    index = yaml.safe_load((directory / "index.yaml").read_text("utf-8"))
    assert len(index) > 40
    for name, expected in index.items():
        request = {"as_of": DAY, **json.loads((directory / name).read_text("utf-8"))}
        one, other = (orjson.dumps(d.decide(request).document) for d in shipped[expected["jurisdictions"]])
        assert one == other, name


def test_cases_of_the_rule_tests_are_decided_alike(shipped: dict[str, list[Decider]]) -> None:
    compiled, reference = shipped["none"]
    seen = 0
    for request in _requests_of_rule_tests():
        one, other = (orjson.dumps(d.decide(request).document) for d in (compiled, reference))
        assert one == other, request
        seen += 1
    assert seen > 800


def _requests_of_rule_tests() -> Iterator[dict[str, Any]]:
    """Every rule test as a request under the rules as they are, whatever it overrides."""
    files = read_files([ROOT / "rules"], ROOT / "jurisdictions", [])
    read = {key: _plain(key, text) for key, text in files.texts.items() if key.endswith(("_test.yaml", "/cases.yaml"))}
    (cases,) = (content["cases"] for key, content in read.items() if key.endswith("/cases.yaml"))
    for content in (content for key, content in read.items() if key.endswith("_test.yaml")):
        for test in content["tests"]:
            given = test["given"]
            facts = cases[given] if isinstance(given, str) else given
            when = {**content.get("when", {}), **test.get("when", {})}
            yield {**when, "facts": edited(facts, test.get("without", []), test.get("but", {}))}


def _plain(key: str, text: str) -> Any:
    source = Source(key, text)
    return read_document(source, compose(source, []), Shape({"type": "object"}), "R405", []).plain


@pytest.mark.parametrize(
    ("fact", "value", "condition", "holds"),
    [
        ("customer.name", "a\0b", r"_ == 'a\u0000b' && _.contains('\u0000b') && size(_) == 3", True),
        ("customer.phones", ["a\0b@x", "c@d"], r"_.exists_one(e, e.startsWith('a\u0000b'))", True),
        ("customer.name", "e\u0301\U0001f600", "size(_) == 3 && _ != 'é\U0001f600'", True),
        ("customer.name", "\ue000", r"_ < '\U00010000'", True),
        ("customer.name", "it's \"\\ \n \U0001f600 Ä", r"""_ == 'it\'s "\\ \n \U0001f600 Ä'""", True),
        ("training.ops", 10**26, "_ > 1.0e26", False),
        ("training.ops", 10**26 + 2**40, "_ > 1.0e26", True),
        ("training.ops", 9007199254740993, "_ == 9007199254740992.0 && _ in [9007199254740992.0]", True),
        ("training.ops", 5e-324, "_ > 0.0 && _ == 5e-324", True),
        ("training.ops", 1.7976931348623157e308, "_ * 10.0 > 1.7976931348623157e308", True),
        ("training.ops", 1.7976931348623157e308, "_ * 10.0 - _ * 10.0 == 0.0", False),
        ("training.ops", -0.0, "_ - -0.5 == 0.5 && _ == 0.0", True),
        ("reseller.tier", 2.0, "_ == 2 && _ in [1, 2]", True),
        ("reseller.tier", -(2**63), "_ == -9223372036854775808", True),
        ("reseller.tier", 2**63 - 1, "_ >= 9223372036854775807", True),
        ("customer.payments", [{}, {"kind": None}], "_.all(p, !has(p.kind)) && size(_) == 2", True),
        ("customer.access_log", [{"at": "2016-12-31T23:59:60Z"}], "_.all(a, has(a.at))", True),
        ("customer.access_log", [{"at": "0001-01-01t00:00:00.5+23:59"}, {}], "_.exists_one(a, has(a.at))", True),
        ("customer.locations_of_use", ["PR", "DE"], "_.exists_one(p, p.within('US')) && 'DE' in _", True),
        ("customer.organized_in", "DE-BY", "(action == 'account.open' ? _ : customer.organized_in).within('DE')", True),
        ("customer.date_of_birth", "0001-01-01", "calendar.days_between(_, date('9999-12-31')) == 3652058", True),
        ("customer.date_of_birth", "9999-12-31", "calendar.days_between(_, date('0001-01-01')) == -3652058", True),
        ("customer.date_of_birth", "2024-02-28", "calendar.days_between(_, date('2024-03-01')) == 2", True),
        ("customer.date_of_birth", "0001-01-01", "_ < date('1969-12-31') && _ in [date('0001-01-01')]", True),
        ("customer.date_of_birth", "2026-11-22", "_ == as_of && calendar.days_between(_, as_of) == 0", True),
    ],
)
def test_values_at_the_edge_come_out_alike(fact: str, value: object, condition: str, holds: bool) -> None:
    root, name = fact.split(".")
    assert holds_alike(f"has({fact}) && {re.sub(r'_(?![a-z])', fact, condition)}", {root: {name: value}}) == holds


@pytest.mark.parametrize(
    ("fact", "facts", "holds"),
    [
        ("customer.emails", {"customer": {"emails": []}}, False),
        ("customer.address", {"customer": {"address": {"kind": None, "city": None}}}, False),
        ("customer.address.kind", {"customer": None}, False),
        ("customer.payments", {"customer": {"payments": [{}]}}, True),
        ("training.report", {"training": {"report": {"a": {"b": None}}}}, False),
        ("training.report", {"training": {"report": {"a": {"b": 0}}}}, True),
        ("customer.is_business", {"customer": {"is_business": False}}, True),
    ],
)
def test_presence_comes_out_alike(fact: str, facts: dict[str, Any], holds: bool) -> None:
    assert holds_alike(f"has({fact})", facts) == holds


def test_findings_point_to_the_same_elements() -> None:
    small = {"effect": "hold", "needs": ["o.phones"], "condition": "!has(o.phones)"}
    made = policy(
        rule_set(
            item("a", "has(o.name)", **{"for": {"o": "owners"}}),
            item("b", **small, **{"for": {"o": "customer.beneficial_owners"}}),
            item(
                "c", "has(o.ownership_pct) && o.ownership_pct >= 25.0", **{"for": {"o": "customer.beneficial_owners"}}
            ),
        )
    )
    owners = [{"name": "Ada", "ownership_pct": 25}, {}, {"name": "Bo", "phones": ["1"], "ownership_pct": 24.999}]
    facts = {"customer": {"beneficial_owners": owners}}
    found = json.loads(decided_alike(made, {"action": "account.open", "as_of": DAY, "facts": facts}))
    assert [(f["rule"].partition("/")[2], f["at"].rpartition("/")[2]) for f in found["findings"]] == [
        *[("a", "0"), ("a", "2"), ("b", "phones"), ("b", "phones"), ("c", "0")]
    ]


@pytest.mark.parametrize("kind", ["individual", "entity", None])
def test_what_is_said_of_the_case_beside_the_element_comes_out_alike(kind: str | None) -> None:
    entity, named = "has(customer.kind) && customer.kind == 'entity'", "has(o.name)"
    switches = ("interpretation.Q1 == 'narrow'", "interpretation.Q1 == 'wide'")
    conditions = (entity, f"{entity} && {named}", f"{named} && {entity}", f"({entity}) == {named}", *switches)
    for listed in ("owners", "customer.beneficial_owners"):
        items = [item(f"i{n}", condition, **{"for": {"o": listed}}) for n, condition in enumerate(conditions)]
        facts = {"customer": {"kind": kind, "beneficial_owners": [{"name": "Ada"}, {}]}}
        request = {"action": "account.open", "as_of": DAY, "facts": facts}
        found = json.loads(decided_alike(policy(rule_set(*items)), request))["findings"]
        times = [sum(one["rule"] == f"small/i{n}" for one in found) for n in range(len(conditions))]
        assert times == ([2, 1, 1, 1, 2, 0] if kind == "entity" else [0, 0, 0, 1, 2, 0])


NAME = Read(Root("customer", Type("record", "customer")), "name", STRING)
BORN = Read(Root("customer", Type("record", "customer")), "date_of_birth", DATE)


@pytest.mark.parametrize(
    ("expr", "facts"),
    [
        (NAME, {"customer": {"name": "a\0b"}}),
        (BORN, {"customer": {"date_of_birth": "0001-01-01"}}),
        (BORN, {"customer": {"date_of_birth": "9999-12-31"}}),
        (Root("as_of", DATE), {}),
        (Size(NAME), {"customer": {"name": "\U0001f600"}}),
        (DaysBetween(BORN, Root("as_of", DATE)), {"customer": {"date_of_birth": "2024-02-29"}}),
        (Arithmetic("*", Literal(0.1, NUMBER), Literal(3.0, NUMBER)), {}),
        (Compare("==", Root("program.x", NUMBER), Literal(100.0, NUMBER)), {"program.x": 100}),
        (Compare("==", Root("interpretation.Q1", STRING), Literal("a\0b", STRING)), {"interpretation.Q1": "a\0b"}),
    ],
)
def test_single_expressions_have_the_same_values(expr: Expr, facts: dict[str, Any]) -> None:
    compiled, reference = (
        make_evaluator(name, ()).expression(expr)(facts, DAY, "account.open", NOTHING)
        for name in ("compiled", "reference")
    )
    assert (reference, type(reference)) == (compiled, type(compiled))


@pytest.mark.parametrize(("value", "holds"), [("a\0b", True), ("a", False)])
def test_an_expression_can_be_about_an_element(value: str, holds: bool) -> None:
    element = Element("e#1", STRING)
    about = Compare("==", element, Literal("a\0b", STRING))
    for name in ("compiled", "reference"):
        asked = make_evaluator(name, ()).expression(about, element)
        assert asked({}, DAY, "account.open", NOTHING, value) is holds


@pytest.mark.parametrize(
    ("expr", "facts", "complaint"),
    [
        (Compare("<", Literal(1, INT), Literal("1", STRING)), {}, "no matching overload"),
        (Compare("<", Root("program.x", INT), Literal(1, INT)), {"program.x": 2**64}, "out of range"),
    ],
)
def test_a_complaint_of_the_runtime_is_no_opinion(expr: Expr, facts: dict[str, Any], complaint: str) -> None:
    asked = Reference(()).expression(expr)
    with pytest.raises(NoOpinionError, match=complaint):
        asked(facts, DAY, "account.open", NOTHING)


def test_threads_may_share_it(shipped: dict[str, list[Decider]]) -> None:
    policy_ = shipped["none"][0].policy
    decider = Decider(policy_, None, Reference(policy_.program))
    requests = list(_requests_of_rule_tests())[:30]
    expected = [orjson.dumps(shipped["none"][0].decide(request).document) for request in requests]
    with ThreadPoolExecutor(8) as pool:
        # Each thread begins elsewhere, so that all of them compile expressions at once.
        turned = [requests[n * 3 :] + requests[: n * 3] for n in range(8)]
        decided = list(pool.map(lambda part: [orjson.dumps(decider.decide(r).document) for r in part], turned))
    assert decided == [expected[n * 3 :] + expected[: n * 3] for n in range(8)]


def test_nothing_of_an_evaluator_is_left_when_it_is_gone(shipped: dict[str, list[Decider]]) -> None:
    decider = Decider(shipped["none"][0].policy, None, Reference(shipped["none"][0].policy.program))
    decider.decide(next(_requests_of_rule_tests()))
    gone = weakref.ref(decider.evaluator)
    del decider
    gc.collect()
    assert gone() is None
