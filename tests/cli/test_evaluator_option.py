"""`--evaluator`: the same answers by another evaluator, and what is said when there is none."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

import absent_evaluator
import mute_evaluator
import partial_evaluator
import pytest

from api.settings import from_environment


@pytest.mark.parametrize("options", [(), ("--explain",), ("--format", "json")])
def test_decide_says_the_same_by_the_reference(run: Callable, ask: Callable, options: tuple) -> None:
    request = ask(removed_as_unverified=True, name="Watched")
    done = run("decide", "--evaluator", "reference", *options, given=request)
    assert done == run("decide", *options, given=request)
    assert done.code == 2


def test_the_environment_names_it_too(run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    mute_evaluator.register(monkeypatch)
    monkeypatch.setenv("OSTIARY_EVALUATOR", "mute")
    assert run("decide", given=ask(name="Mute")).code == 1
    assert run("decide", "--evaluator", "compiled", given=ask(name="Mute")).code == 2


@pytest.mark.parametrize("name", ["reference", "Reference"])
def test_names_are_read_as_settings_are(
    run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("OSTIARY_EVALUATOR", name)
    assert from_environment(os.environ, {}).evaluator == "reference"
    assert run("decide", given=ask()) == run("decide", "--evaluator", "reference", given=ask())


@pytest.mark.parametrize("options", [(), ("--explain",)])
def test_without_an_answer_decide_says_why(
    run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch, options: tuple
) -> None:
    mute_evaluator.register(monkeypatch)
    done = run("decide", "--evaluator", "mute", *options, given=ask(name="Mute"))
    assert (done.code, done.out) == (1, "")
    assert "the evaluator lost its voice; --evaluator names another one" in done.err


def test_of_many_lines_the_others_are_decided(run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    mute_evaluator.register(monkeypatch)
    lines = f"{ask(name='Mute')}\n{ask(name='Ada')}\n"
    done = run("decide", "--evaluator", "mute", "--batch", given=lines)
    problem, decision = map(json.loads, done.out.splitlines())
    assert (done.code, problem["type"], decision["outcome"]) == (1, "/problems/no-opinion", "hold")


def test_rule_tests_are_decided_by_it(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    mute_evaluator.register(monkeypatch)
    assert run("test", "--evaluator", "reference") == run("test")
    assert run("test", "--evaluator", "mute").code == 0


@pytest.mark.parametrize("command", ["decide", "test"])
def test_one_that_cannot_be_used_is_refused_with_the_reason(
    run: Callable, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    absent_evaluator.register(monkeypatch)
    done = run(command, "--evaluator", "absent")
    assert done.code == 1
    assert "`absent` cannot be used here: there is no voice on this machine; buy one" in done.err
    unknown = run(command, "--evaluator", "abacus")
    assert unknown.code == 1
    assert "`abacus` is no evaluator; give one of compiled, reference" in unknown.err


@pytest.mark.parametrize("arguments", [("decide",), ("decide", "--batch"), ("decide", "--explain"), ("test",)])
def test_one_that_does_not_evaluate_the_rules_is_refused_with_the_reason(
    run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch, arguments: tuple
) -> None:
    partial_evaluator.register(monkeypatch)
    done = run(*arguments, "--evaluator", "partial", given=ask())
    assert (done.code, done.out) == (1, "")
    assert partial_evaluator.UNABLE in done.err
    assert "it sees what is there alone; --evaluator names another one" in done.err


@pytest.mark.parametrize("options", [("--explain",), ("--format", "json")])
def test_one_for_populations_decides_single_requests_too(run: Callable, ask: Callable, options: tuple) -> None:
    request = ask(removed_as_unverified=True, name="Watched")
    assert run("decide", "--evaluator", "columnar", *options, given=request) == run("decide", *options, given=request)


def test_where_its_libraries_are_not_installed_all_else_works(
    run: Callable, ask: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_ever = run("decide", given=ask())
    for name in ("ibis", "duckdb", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run("decide", given=ask()) == as_ever
    done = run("decide", "--evaluator", "columnar", given=ask())
    assert (done.code, done.out) == (1, "")
    assert "`columnar` cannot be used here: Ibis, DuckDB and PyArrow are not all installed; run `make" in done.err


def test_the_service_offers_those_that_it_asks(run: Callable) -> None:
    assert "What decides: compiled, reference, rete." in " ".join(run("serve", "--help").out.split())
    assert "What decides: compiled, reference, rete, columnar." in " ".join(run("decide", "--help").out.split())
