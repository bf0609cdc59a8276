"""The suite of CEL Policy: both evaluators, results and refusals, and that a wrong expectation is a failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_suites import BRIGHT, CONFIG, DARK, POLICY, one_section, verdicts, write_folder

from engine.cel_policy.document import CelPolicyError
from engine.conformance.policy_suite import run_folder
from engine.conformance.results import by_suite

MAP = {"name": "lamp", "type_name": "map", "params": [{"type_name": "string"}, {"type_name": "dyn"}]}


def rule(*choices: dict[str, Any], kind: str = "match", **keys: Any) -> dict[str, Any]:
    return {"name": "lamps", "rule": {**keys, kind: list(choices)}}


def test_results_on_both_evaluators(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "lamps", policy=POLICY, config=CONFIG, tests=one_section(BRIGHT, DARK))
    result = run_folder(folder)
    assert [(case.name, case.by, case.verdict) for case in result.cases] == [
        ("s/bright", "official runtime", "pass"),
        ("s/dark", "official runtime", "pass"),
        ("s/bright", "compiled", "pass"),
        ("s/dark", "compiled", "pass"),
    ]
    assert [(suite, by, counts.passed) for suite, by, counts in by_suite([result])] == [
        ("CEL Policy", "official runtime", 2),
        ("CEL Policy", "compiled", 2),
    ]


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ({**BRIGHT, "output": {"value": "dim"}}, "it comes to 'bright', and 'dim' is expected"),
        ({**BRIGHT, "output": {"expr": "'dim'"}}, "it comes to 'bright', and \"'dim'\" is expected"),
        ({**BRIGHT, "output": {"expr": "optional.none()"}}, "it comes to 'bright', and 'optional.none()' is expected"),
        ({**DARK, "output": {"value": "dim"}}, "it comes to optional.none(), and 'dim' is expected"),
    ],
)
def test_a_wrong_expectation_is_a_failure_of_both(tmp_path: Path, test: dict, reason: str) -> None:
    cases = run_folder(write_folder(tmp_path / "lamps", policy=POLICY, config=CONFIG, tests=one_section(test))).cases
    assert [(case.verdict, case.reason) for case in cases] == [("fail", reason)] * 2


def test_a_number_is_not_what_it_equals(tmp_path: Path) -> None:
    config = {"variables": [{"name": "watts", "type_name": "double"}]}
    tests = one_section({"name": "t", "input": {"watts": {"value": 1.0}}, "output": {"value": 1}})
    folder = write_folder(tmp_path / "lamps", policy=rule({"output": "watts"}), config=config, tests=tests)
    assert {case.reason for case in run_folder(folder).cases} == {"it comes to 1.0, and 1 is expected"}


def test_a_refusal_has_to_say_what_the_suite_asks_for(tmp_path: Path) -> None:
    policy = rule({"output": "'a'"}, {"output": "'b'"})
    unreachable = {"name": "a", "output": {"error_set": ["creates unreachable outputs"]}}
    other = {"name": "b", "output": {"error_set": ["creates unreachable outputs", "a draught"]}}
    folder = write_folder(tmp_path / "compile_errors" / "x", policy=policy, tests=one_section(unreachable, other))
    assert verdicts(run_folder(folder).cases) == [
        ("s/a", "pass", ""),
        ("s/b", "fail", "the refusal lacks 'a draught': match creates unreachable outputs"),
    ]


def test_a_document_that_is_to_be_refused_and_is_not(tmp_path: Path) -> None:
    test = {"name": "a", "output": {"error_set": ["anything"]}}
    folder = write_folder(tmp_path / "compile_errors" / "x", policy=POLICY, config=CONFIG, tests=one_section(test))
    assert verdicts(run_folder(folder).cases) == [
        ("s/a", "fail", "the document is taken, and it is to be refused"),
    ]
    untested = write_folder(tmp_path / "compile_errors" / "y", policy=POLICY, config=CONFIG)
    assert [case.verdict for case in run_folder(untested).cases] == ["fail"]
    refused = write_folder(tmp_path / "compile_errors" / "z", policy=rule({"output": "volts"}))
    assert verdicts(run_folder(refused).cases) == [("refused", "pass", "")]


def test_a_document_that_is_refused_and_is_not_to_be(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "x", policy=rule({"output": "volts"}), tests=one_section(BRIGHT))
    ((_, verdict, reason),) = verdicts(run_folder(folder).cases)
    assert verdict == "fail"
    assert "the document is refused: undeclared reference to 'volts'" in reason


def test_an_error_of_the_runtime_is_a_failure(tmp_path: Path) -> None:
    test = {"name": "t", "input": {"watts": {"value": 0}}, "output": {"value": 1}}
    folder = write_folder(tmp_path / "x", policy=rule({"output": "1 / watts"}), config=CONFIG, tests=one_section(test))
    official, compiled = run_folder(folder).cases
    assert (official.verdict, compiled.verdict, compiled.reason) == ("fail", "skip", "division")
    assert "divide by zero" in official.reason


@pytest.mark.parametrize(
    ("policy", "config", "test", "reason"),
    [
        (rule({"output": "1 + watts"}), CONFIG, {"watts": {"value": 1}}, "arithmetic on whole numbers"),
        (rule({"output": "size(lamp)"}), {"variables": [MAP]}, {"lamp": {"value": {"a": 1}}}, "variables of other"),
        (rule({"output": "2", "condition": "true"}, kind="aggregate"), {}, {}, ""),
        (rule({"condition": "watts > 0", "rule": {"aggregate": [{"output": "2"}]}}), CONFIG, {"watts": {"value": 1}},
         "an aggregate in a match"),
    ],
)  # fmt: skip
def test_what_our_language_does_without_runs_officially_only(
    tmp_path: Path, policy: dict, config: dict, test: dict, reason: str
) -> None:
    value: Any = [2] if "aggregate" in str(policy) else 2 if "1 +" in str(policy) else 1
    tests = one_section({"name": "t", "input": test, "output": {"value": value}})
    official, compiled = run_folder(write_folder(tmp_path / "x", policy=policy, config=config, tests=tests)).cases
    assert official.verdict == "pass", official
    assert compiled.verdict == ("skip" if reason else "pass")
    assert compiled.reason.startswith(reason)


@pytest.mark.parametrize("inputs", [{}, {"watts": {"value": "many"}}, {"watts": {"expr": "1.5"}}])
def test_inputs_that_do_not_fit_are_failures_of_both(tmp_path: Path, inputs: dict) -> None:
    test = {**BRIGHT, "input": inputs}
    cases = run_folder(write_folder(tmp_path / "x", policy=POLICY, config=CONFIG, tests=one_section(test))).cases
    assert [case.verdict for case in cases] == ["fail", "fail"]
    assert cases[1].reason == "`watts`: no int is given"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({**CONFIG, "container": "not a name"}, "invalid qualified name: not a name"),
        ({**CONFIG, "context_variable": {"type_name": "google.protobuf.Lamp"}}, "google.protobuf.Lamp"),
    ],
)
def test_a_configuration_that_the_library_does_not_take(tmp_path: Path, config: dict, said: str) -> None:
    cases = run_folder(write_folder(tmp_path / "x", policy=POLICY, config=config, tests=one_section(BRIGHT))).cases
    assert [case.verdict for case in cases] == ["fail"]
    assert said in cases[0].reason


def test_messages_are_left_out_under_their_name(tmp_path: Path) -> None:
    config = {"variables": [{"name": "lamp", "type": {"type_name": "lamps.v1.Lamp"}}]}
    tests = one_section({"name": "t", "input": {}, "output": {"value": 1}})
    folder = write_folder(tmp_path / "x", policy=rule({"output": "lamp.watts"}), config=config, tests=tests)
    assert verdicts(run_folder(folder).cases) == [("s/t", "skip", "protobuf messages")]


def test_functions_of_the_suite_take_any_value(tmp_path: Path) -> None:
    any_value, truth = {"type_name": "dyn"}, {"type_name": "bool"}
    overload = {"id": "hasCreditCard", "args": [any_value], "return": truth}
    config = {"variables": [MAP], "functions": [{"name": "hasCreditCard", "overloads": [overload]}]}
    tests = one_section(
        {"name": "yes", "input": {"lamp": {"value": {"cc": "1"}}}, "output": {"value": True}},
        {"name": "no", "input": {"lamp": {"value": {}}}, "output": {"value": False}},
    )
    policy = rule({"output": "hasCreditCard(lamp)"})
    cases = run_folder(write_folder(tmp_path / "x", policy=policy, config=config, tests=tests)).cases
    assert [case.verdict for case in cases] == ["pass", "pass", "skip", "skip"]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"tests": "section: lamps"}, "tests.yaml:1:10: `section` is text, not a list"),
        ({"tests": "sections:\n- name: s\n  tests:\n  - name: t"}, "tests.yaml:4:5: `output` is missing"),
        ({"tests": "lamps: 1"}, "tests.yaml:1:1: the tests stand under neither `section` nor `sections`"),
        ({"tests": "- 1"}, "tests.yaml:1:1: the file is a list, not an object"),
        ({"tests": "a: ["}, "tests.yaml:1:5: while parsing"),
        ({"config": "variables: watts"}, "config.yaml:1:12: `variables` is text, not a list"),
        ({"config": "variables:\n- name: watts"}, "config.yaml:2:3: entry 1 of `variables` fits none of the forms"),
        (
            {"config": "variables:\n- {name: watts, type_name: list, params: [1]}"},
            "config.yaml:2:43: entry 1 of `params`",
        ),
        ({"config": "functions:\n- name: f"}, "config.yaml:2:3: `overloads` is missing"),
    ],
)
def test_malformed_files(tmp_path: Path, files: dict, complaint: str) -> None:
    folder = write_folder(tmp_path / "x", policy=POLICY, **{"tests": one_section(BRIGHT), "config": CONFIG, **files})
    with pytest.raises(CelPolicyError) as error:
        run_folder(folder)
    assert complaint in str(error.value)
