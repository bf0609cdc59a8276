"""Plain documents: what is refused and why, and what the official runtime makes of the rest."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.cel_policy.cel_types import CelType, list_of, read_type
from engine.cel_policy.check import check_policy
from engine.cel_policy.checked import CheckedPolicy
from engine.cel_policy.configuration import Configuration
from engine.cel_policy.document import CelPolicyError
from engine.cel_policy.evaluate import NOTHING, EvaluationError, Optional, evaluate_policy
from engine.cel_policy.reading import read_policy
from engine.language.source import Source

MAP = {"type_name": "map", "params": [{"type_name": "string"}, {"type_name": "dyn"}]}
CONFIG = {"variables": [{"name": "n", "type_name": "int"}, {"name": "m", **MAP}]}


def document(rule: dict[str, Any], **keys: Any) -> str:
    return yaml.safe_dump({"name": "lamps", **keys, "rule": rule}, sort_keys=False, width=1000)


def checked(text: str) -> CheckedPolicy:
    return check_policy(read_policy(Source("p", text)), Configuration(CONFIG))


def evaluate(rule: dict[str, Any], **inputs: Any) -> Any:
    return evaluate_policy(checked(document(rule)), {"n": 0, "m": {}, **inputs})


def problems(text: str) -> list[str]:
    with pytest.raises(CelPolicyError) as error:
        checked(text)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", ["p:1:1: a policy is a mapping"]),
        ("", ["p:1:1: the file is empty"]),
        ("a: 1", ["p:1:1: unknown key `a` in a policy; known here: ", "p:1:1: a policy has a `name`",
                  "p:1:1: a policy has a `rule`"]),
        ("name: a\nrule: b", ["p:2:7: a rule is a mapping"]),
        ("name: a\nrule: {}", ["p:2:7: a rule has either a `match` or an `aggregate`"]),
        ("name: a\nrule: {match: []}", ["p:2:7: `match` has at least one choice"]),
        ("name: a\nrule: {match: b}", ["p:2:15: `match` is a list", "p:2:7: `match` has at least one choice"]),
        ("name: a\nrule: {match: [b]}", ["p:2:16: an entry of `match` is a mapping", "p:2:7: `match` has"]),
        ("name: a\nrule: {match: [{output: '1'}], aggregate: [{output: '1'}]}", ["p:2:7: a rule has either"]),
        ("name: a\nrule: {match: [{condition: 'true'}]}", ["p:2:16: either `output` or `rule` "]),
        ("name: a\nrule: {match: [{output: '1', rule: {match: [{output: '1'}]}}]}", ["p:2:16: either `output` or"]),
        ("name: a\nrule: {match: [{output: [1]}]}", ["p:2:25: `output` is a text", "p:2:16: either"]),
        ("name: a\nrule: {aggregate: [{output: '1', explanation: '2'}]}", ["p:2:34: unknown key `explanation` in an"]),
        ("name: a\nrule: {variables: [{name: b}], match: [{output: '1'}]}", ["p:2:20: a variable has a `name` and an"]),
        ("name: a\nverification: 1\nrule: {match: [{output: '1'}]}", ["p:2:15: `verification` is a mapping"]),
        ("name: a\nverification: {invariants: [{id: b}]}\nrule: {match: [{output: '1'}]}", ["p:2:29: an invariant"]),
        ("kind: ValidatingAdmissionPolicy", ["p:1:1: a ValidatingAdmissionPolicy has a `spec`"]),
    ],
)  # fmt: skip
def test_what_is_no_document(text: str, said: list[str]) -> None:
    found = problems(text)
    assert len(found) == len(said), found
    assert all(problem.startswith(start) for problem, start in zip(found, said, strict=True)), found


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"match": [{"condition": "n", "output": "1"}]}, ["condition must produce a boolean output, got: int"]),
        ({"match": [{"condition": "m.a", "output": "1"}]}, ["condition must produce a boolean output, got: dyn"]),
        ({"match": [{"output": "1", "explanation": "2"}]}, ["explanation must produce a string output, got: int"]),
        ({"match": [{"output": "n +"}]}, ["Syntax error"]),
        ({"match": [{"output": "variables.later"}]}, ["undeclared reference to 'variables"]),
        ({"variables": [{"name": "v", "expression": "variables.v"}], "match": [{"output": "1"}]}, ["undeclared"]),
        # A variable at fault is reported once, not wherever it is used.
        ({"variables": [{"name": "v", "expression": "x"}], "match": [{"output": "variables.v + 1"}]}, ["undeclared"]),
        (
            {
                "match": [
                    {"condition": "n > 0", "output": "1"},
                    {"condition": "n > 1", "output": "'a'"},
                    {"output": "2"},
                ]
            },
            [
                "incompatible output types: block has output type string, but previous outputs have type int",
                "incompatible output types: block has output type int, but previous outputs have type string",
            ],
        ),
        ({"match": [{"condition": "true", "output": "1"}, {"output": "2"}]}, ["match creates unreachable outputs"]),
        ({"aggregate": [{"condition": "false", "output": "1"}]}, ["condition is always false"]),
        ({"aggregate": [{"rule": {"aggregate": [{"output": "1"}]}}]}, ["nested aggregate rules are not allowed"]),
        (
            {"aggregate": [{"rule": {"match": [{"condition": "n > 0", "rule": {"aggregate": [{"output": "1"}]}}]}}]},
            ["nested aggregate rules are not allowed"],
        ),
    ],
)
def test_what_does_not_check(rule: dict, said: list[str]) -> None:
    found = problems(document(rule))
    assert len(found) == len(said), found
    assert all(words in problem for problem, words in zip(found, said, strict=True)), found


def test_a_problem_stands_where_it_was_typed() -> None:
    text = "name: a\nrule:\n  match:\n  - output: >\n      n +\n      volts\n"
    assert problems(text) == ["p:6:7: undeclared reference to 'volts' (in container '')"]


def test_invariants_are_checked_and_not_proven() -> None:
    rule = {"match": [{"condition": "n > 0", "output": "n"}]}
    invariant = {"id": "positive", "assume": ["rule.result.hasValue()"], "assert": ["rule.result.value() > 0"]}
    assert checked(document(rule, verification={"invariants": [invariant]})).rule.is_optional
    wrong = {"id": "wrong", "assert": ["rule.result.value()", "rule.outcome"]}
    said = problems(document(rule, verification={"invariants": [wrong]}))
    assert [problem.partition(": ")[2].partition(",")[0] for problem in said] == [
        "an invariant must produce a boolean output",
        "undeclared reference to 'rule.outcome' (in container '')",
    ]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, "rest"), (1, NOTHING), (2, "two"), (7, "seven"), (8, "rest")],
)
def test_a_nested_rule_without_a_condition_lets_the_rest_through(n: int, expected: object) -> None:
    low = {"match": [{"condition": "n == 2", "output": "'two'"}]}
    open_ = {"match": [{"condition": "n == 7", "output": "'seven'"}]}
    rule = {"match": [{"condition": "n in [1, 2]", "rule": low}, {"rule": open_}, {"output": "'rest'"}]}
    assert evaluate(rule, n=n) == expected


def test_an_aggregate_leaves_out_what_came_to_nothing() -> None:
    nested = {"match": [{"condition": "n > 5", "output": "'high'"}, {"condition": "n > 2", "output": "'middle'"}]}
    rule = {"aggregate": [{"condition": "n > 0", "output": "'some'"}, {"rule": nested}]}
    assert [evaluate(rule, n=n) for n in (0, 1, 3, 6)] == [[], ["some"], ["some", "middle"], ["some", "high"]]


def test_variables_are_evaluated_where_they_are_needed() -> None:
    rule = {
        "variables": [
            {"name": "name", "expression": "m.name"},
            {"name": "greeting", "expression": "'I am ' + variables.name"},
        ],
        "match": [{"condition": "has(m.name) && variables.greeting != ''", "output": "variables.greeting"}],
    }
    assert evaluate(rule, m={"name": "a lamp"}) == "I am a lamp"
    assert evaluate(rule) is NOTHING


def test_a_variable_of_a_nested_rule_hides_one_of_its_name() -> None:
    nested = {
        "variables": [{"name": "v", "expression": "variables.v + 10"}],
        "match": [{"output": "variables.v"}],
    }
    rule = {
        "variables": [{"name": "v", "expression": "n"}],
        "aggregate": [{"output": "variables.v"}, {"rule": nested}, {"output": "variables.v"}],
    }
    assert evaluate(rule, n=1) == [1, 11, 1]


@pytest.mark.parametrize(("m", "expected"), [({"a": {"b": 3}}, [True, 4]), ({"a": {}}, [False, 0]), ({}, [False, 0])])
def test_variables_that_are_optionals(m: dict, expected: list) -> None:
    rule = {
        "variables": [
            {"name": "b", "expression": "m.?a.?b"},
            {"name": "more", "expression": "variables.b.optMap(x, int(x) + 1) // 'variables.b'"},
        ],
        "match": [{"output": "[dyn(variables.b.hasValue()), dyn(variables.more.orValue(0))]"}],
    }
    assert evaluate(rule, m=m) == expected


def test_outputs_that_are_optionals() -> None:
    rule = {"aggregate": [{"output": "m.?a"}, {"output": "optional.of(dyn(n))"}]}
    assert evaluate(rule, n=2) == [Optional(is_present=False), Optional(is_present=True, value=2)]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("1 / n", "p:4:13: INVALID_ARGUMENT: divide by zero"),
        ("'[m.?a]'", "p:4:13: the runtime hands out no such value"),
        ("variables.v", 'p:4:13: UNKNOWN: No value with name "variables.v" found in Activation; p:'),
    ],
)
def test_an_error_says_where(output: str, said: str) -> None:
    text = f"name: a\nrule:\n  match:\n  - output: {output}\n  variables: [{{name: v, expression: m.b}}]\n"
    with pytest.raises(EvaluationError) as error:
        evaluate_policy(checked(text), {"n": 0, "m": {}})
    assert str(error.value).startswith(said)


def test_validations_of_kubernetes_are_choices_turned_round() -> None:
    text = """
name: a
kind: ValidatingAdmissionPolicy
metadata: {name: anything}
spec:
  variables:
  - {name: limit, expression: '3'}
  validations:
  - expression: n < variables.limit // few
    messageExpression: "'at most ' + string(variables.limit)"
"""
    policy = checked(text)
    assert evaluate_policy(policy, {"n": 2, "m": {}}) is NOTHING
    assert evaluate_policy(policy, {"n": 3, "m": {}}) == "at most 3"


@pytest.mark.parametrize(
    ("name", "type_", "shown"),
    [
        ("INT", CelType("int"), "int"),
        ("LIST<DYN>", list_of(CelType("dyn")), "list(dyn)"),
        ("MAP<STRING, LIST<BOOL>>", CelType("map", (CelType("string"), list_of(CelType("bool")))),
         "map(string, list(bool))"),
        ("optional_type<INT>", CelType("optional_type", (CelType("int"),)), "optional_type(int)"),
        ("TIMESTAMP", CelType("google.protobuf.Timestamp"), "google.protobuf.Timestamp"),
        ("facts.Person", CelType("facts.Person"), "facts.Person"),
    ],
)  # fmt: skip
def test_types(name: str, type_: CelType, shown: str) -> None:
    assert read_type(name) == type_
    assert str(type_) == shown
    assert type_.agrees_with(CelType("dyn"))
    assert not type_.agrees_with(CelType("bytes"))
