"""The command as a whole: exit codes, help, what is imported, colour, pipes, and that the page about it is complete."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from api.cli import decision_text, options, ostiary
from api.cli.exit_codes import ExitCode

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
COMMANDS = ["serve", "decide", "check", "test", "conformance", "export"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("check", "--nothing"),
        ("check", "/nowhere"),
        ("check", "--format", "yaml"),
        ("check", "--rules", "/nowhere"),
        ("decide", "/nowhere"),
        ("decide", "a", "b"),
        ("serve", "--port", "http"),
        ("serve", "--data"),
    ],
)
def test_wrong_usage_is_exit_code_1(run: Callable, arguments: tuple) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (1, "")
    assert "Error: " in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), *((name, "--help") for name in COMMANDS), ("--version",)])
def test_help_and_version_are_exit_code_0(run: Callable, arguments: tuple) -> None:
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    assert "ostiary" in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    command = ostiary.get_command(click.Context(ostiary), name)
    assert f"## `ostiary {name}`" in DOCS
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert f"`{parameter.opts[0]}" in DOCS, parameter.opts
            assert parameter.help or parameter.name == "form"


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_documented(code: ExitCode) -> None:
    assert f"| {code.value} | " in DOCS


def test_checking_rules_does_not_import_the_web() -> None:
    script = "import sys, api.cli.check, api.cli.test, api.cli.decide; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"flask", "marshmallow", "waitress"} & set(done.stdout.split())


def test_a_reader_that_goes_away_is_no_traceback(rules: Path, ask: Callable) -> None:
    command = f"{sys.executable} -m api decide --rules {rules} --batch | head -n 1"
    lines = (ask() + "\n") * 5_000
    done = subprocess.run(["sh", "-c", command], input=lines, capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("environment", "is_terminal", "expected"),
    [({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, True, False)],
)
def test_colour_is_for_terminals_whose_owner_wants_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict, is_terminal: bool, expected: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    assert options.wants_colour() is expected


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "boolean"}, "true or false"),
        ({"type": "array", "items": {"type": "string", "format": "email"}, "minItems": 1}, "list of email"),
        ({"type": "string", "enum": ["a", "b"]}, "one of a, b"),
        ({"type": "string", "format": "date", "pattern": "x"}, "date"),
        ({"type": "object", "properties": {"kind": {}, "city": {}}}, "object with kind, city"),
        ({"type": "object"}, "object"),
        ({"type": "integer"}, "whole number"),
    ],
)
def test_a_schema_in_a_few_words(schema: dict, words: str) -> None:
    assert decision_text.form(schema) == words
