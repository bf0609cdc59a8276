"""The expression suite: what passes, what is left out and under which name, and that a wrong result is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_suites import LAMPS, WRONG, verdicts

from engine.conformance.expression_suite import run_file
from engine.conformance.results import Case

BOOL = "value { bool_value: true }"


def run(tmp_path: Path, test: str, name: str = "lamps") -> Case:
    """The one test of a file."""
    path = tmp_path / f"{name}.textproto"
    path.write_text(f'name: "f" section {{ name: "s" test {{ name: "t" {test} }} }}')
    (case,) = run_file(path).cases
    return case


def declared(name: str, type_: str, binding: str) -> str:
    return (
        f'type_env {{ name: "{name}" ident {{ type {{ {type_} }} }} }} '
        f'bindings {{ key: "{name}" value {{ value {{ {binding} }} }} }}'
    )


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "lamps.textproto").write_text(LAMPS)
    result = run_file(tmp_path / "lamps.textproto")
    left_out = "concatenation and arithmetic on what is no double"
    assert verdicts(result.cases) == [("light/on", "pass", ""), ("light/colour", "skip", left_out)]
    assert (result.suite, result.file) == ("CEL expressions", "lamps.textproto")


def test_a_wrong_expectation_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "lamps.textproto").write_text(WRONG)
    assert verdicts(run_file(tmp_path / "lamps.textproto").cases)[0] == (
        "light/on",
        "fail",
        "it comes to True, and False is expected",
    )


@pytest.mark.parametrize(
    "test",
    [
        f'expr: "1 < 2" {BOOL}',
        'expr: "2.5 * 2.0" value { double_value: 5 }',
        'expr: "0.0 * x" value { double_value: nan } ' + declared("x", "primitive: DOUBLE", "double_value: inf"),
        "expr: \"size('Öl')\" value { int64_value: 2 }",
        'expr: "true"',
        f"expr: \"a.b == 'x'\" {BOOL} " + declared("a.b", "primitive: STRING", 'string_value: "x"'),
        f'expr: "l.exists(e, e > 2)" {BOOL} '
        + declared(
            "l",
            "list_type { elem_type { primitive: INT64 } }",
            "list_value { values { int64_value: 1 } values { int64_value: 3 } }",
        ),
        'expr: "1 < 2" check_only: true typed_result { deduced_type { primitive: BOOL } }',
        'expr: "2" typed_result { result { int64_value: 2 } deduced_type { primitive: INT64 } }',
    ],
)
def test_passes(tmp_path: Path, test: str) -> None:
    assert run(tmp_path, test).verdict == "pass", run(tmp_path, test)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ('expr: "2" value { double_value: 2 }', "it comes to 2, and 2.0 is expected"),
        ('expr: "2" value { uint64_value: 2 }', "it comes to 2, and a `uint64_value` is expected"),
        ('expr: "2" value { bool_value: true }', "it comes to 2, and True is expected"),
        ('expr: "false"', "it comes to False, and True is expected"),
        ('expr: "2" eval_error { errors { message: "no" } }', "it comes to 2, and `eval_error` is expected"),
        ('expr: "x > 2" ' + declared("x", "primitive: INT64", 'string_value: "3"'), "`x`: no int is given"),
        ('expr: "x > 2" type_env { name: "x" ident { type { primitive: INT64 } } }', "`x`: no int is given"),
        ('expr: "2" value { double_value: two }', "it comes to 2, and 'two' is expected"),
        ('expr: "2" unknown { exprs: 1 }', "it comes to 2, and `unknown` is expected"),
        (
            'expr: "2" check_only: true typed_result { deduced_type { primitive: BOOL } }',
            "the type is `int`, and `bool` is expected",
        ),
    ],
)
def test_fails(tmp_path: Path, test: str, reason: str) -> None:
    case = run(tmp_path, test)
    assert (case.verdict, case.reason) == ("fail", reason)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ('expr: "1 + 1"', "arithmetic on whole numbers"),
        ('expr: "4 / 2"', "division"),
        ('expr: "[1][0]"', "indexes"),
        ('expr: "{1: 2} == {1: 2}"', "maps and messages"),
        ('expr: "[1] == [1]"', "lists as values"),
        (
            'expr: "l.map(x, x)" ' + declared("l", "list_type { elem_type { primitive: BOOL } }", "list_value { }"),
            "macros that build lists",
        ),
        ('expr: "null"', "constants of other types (null, bytes, unsigned)"),
        ("expr: \"'a'.matches('a')\"", "regular expressions"),
        ('expr: "int(2.0)"', "conversions"),
        ('expr: "type(1) == int"', "types as values"),
        ("expr: \"'a'.lowerAscii()\"", "functions and macros of other libraries"),
        ('expr: "Message{}"', "names of types, messages and containers"),
        ('expr: "false < true"', "an order of truth values"),
        ('expr: "1 == 1.0"', "operands of types that do not fit"),
        ('expr: "1 +"', "not well-formed CEL"),
        ('expr: "m.a" ' + declared("m", "map_type { }", "map_value { }"), "variables of other types (map)"),
        ('expr: "u" ' + declared("u", "primitive: UINT64", "uint64_value: 1"), "variables of other types (uint)"),
        ('expr: "y" container: "a" ' + declared("a.y", "primitive: BOOL", "bool_value: true"), "containers"),
    ],
)
def test_left_out_under_a_name(tmp_path: Path, test: str, reason: str) -> None:
    case = run(tmp_path, test)
    assert (case.verdict, case.reason) == ("skip", reason)


def test_a_file_about_a_library_is_left_out_under_its_name(tmp_path: Path) -> None:
    assert run(tmp_path, 'expr: "4 / 2"', "optionals").reason == "optional values"
    assert run(tmp_path, 'expr: "4 / 2"', "lamp_ext").reason == "functions and macros of other libraries"
    assert run(tmp_path, f'expr: "2 < 4" {BOOL}', "lamp_ext").verdict == "pass"


def test_a_variable_that_is_not_mentioned_keeps_nothing_from_running(tmp_path: Path) -> None:
    assert run(tmp_path, f'expr: "1 < 2" {BOOL} ' + declared("m", "map_type { }", "map_value { }")).verdict == "pass"
