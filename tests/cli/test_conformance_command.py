"""`ostiary conformance`: the table, the cases in JSON, and exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from small_suites import LAMPS, WRONG, write_expressions, write_policies


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """Checkouts of both suites, in our own words."""
    write_expressions(tmp_path / "cel-spec", lamps=LAMPS)
    write_policies(tmp_path / "cel-policy")
    return tmp_path


def test_the_table(run: Callable, suites: Path) -> None:
    done = run("conformance", suites)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "CEL expressions, compiled   pass   skip   fail\n"
        "lamps.textproto                1      1      0  concatenation and arithmetic on what is no double 1\n"
        "\n"
        "CEL Policy, official runtime   pass   skip   fail\n"
        "lamps                             2      0      0\n"
        "compile_errors/volts              1      0      0\n"
        "\n"
        "CEL Policy, compiled   pass   skip   fail\n"
        "lamps                     2      0      0\n"
        "\n"
        "CEL expressions, compiled: 1 pass, 1 skip, 0 fail\n"
        "      1  concatenation and arithmetic on what is no double\n"
        "\n"
        "CEL Policy, official runtime: 3 pass, 0 skip, 0 fail\n"
        "\n"
        "CEL Policy, compiled: 2 pass, 0 skip, 0 fail\n"
    )


def test_what_is_left_out_is_listed_when_asked(run: Callable, suites: Path) -> None:
    line = "    skip light/colour: concatenation and arithmetic on what is no double\n"
    assert line in run("conformance", "--verbose", suites).out
    assert line not in run("conformance", suites).out


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("many", r"arithmetic on whole numbers 1, \w.* 1, and [1-9] more; --verbose"),
        ("x" * 60, "[1-9] reasons; --verbose"),
    ],
)
def test_reasons_are_named_as_far_as_there_is_room(run: Callable, suites: Path, name: str, reasons: str) -> None:
    """In 120 columns."""
    expressions = ("1 / 2", "2 + 3", "[1][0] == 1", "'a'.matches('a')", "int('1')", "{1: 2}", "[1]", "5 % 2")
    tests = [
        f'test {{ name: "t{n}" expr: "{text}" value {{ bool_value: true }} }}' for n, text in enumerate(expressions)
    ]
    write_expressions(suites / "many", **{name: f'name: "many" section {{ name: "s" {" ".join(tests)} }}'})
    (row,) = [line for line in run("conformance", suites).out.splitlines() if line.startswith(name)]
    assert len(row) <= 120
    assert re.fullmatch(rf"{name}\.textproto +0 +8 +0  {reasons}", row)
    verbose = run("conformance", "--verbose", suites).out
    assert "--verbose" not in verbose
    assert all(f"    skip s/t{n}: " in verbose for n in range(len(expressions)))


def test_what_fails_is_always_listed(run: Callable, suites: Path) -> None:
    write_expressions(suites / "wrong", dimmers=WRONG)
    done = run("conformance", suites)
    assert (done.code, done.err) == (4, "")
    assert "    fail light/on: it comes to True, and False is expected\n" in done.out
    assert "CEL expressions, compiled: 1 pass, 2 skip, 1 fail\n" in done.out


def test_json(run: Callable, suites: Path) -> None:
    done = run("conformance", "--format", "json", suites)
    assert (done.code, done.err) == (0, "")
    assert done.json["totals"][1] == {
        "suite": "CEL Policy",
        "by": "official runtime",
        "pass": 3,
        "skip": 0,
        "fail": 0,
        "reasons": {},
    }
    left_out = "concatenation and arithmetic on what is no double"
    assert done.json["files"][0] == {
        "suite": "CEL expressions",
        "file": "lamps.textproto",
        "pass": 1,
        "skip": 1,
        "fail": 0,
        "reasons": {left_out: 1},
        "cases": [
            {"name": "light/on", "by": "compiled", "verdict": "pass"},
            {"name": "light/colour", "by": "compiled", "verdict": "skip", "reason": left_out},
        ],
    }


def test_a_directory_with_neither_suite(run: Callable, rules: Path) -> None:
    done = run("conformance", rules)
    assert (done.code, done.out) == (1, "")
    assert "neither a checkout of cel-expr/cel-spec" in done.err


def test_a_file_that_is_malformed(run: Callable, suites: Path) -> None:
    write_expressions(suites / "other", broken="section {")
    done = run("conformance", suites)
    assert (done.code, done.out) == (1, "")
    assert "broken.textproto:1:10: the file ends before `}`" in done.err
